/**
 * One platform contact per identity: finding or creating it is serialised by a row, across lanes and processes, and
 * whoever comes second gets what the first one made.
 */
import type { Identity } from '../core/message.ts';
import { identityKey } from './conversations.ts';
import type { Database } from './open.ts';
import type { Seal } from './seal.ts';

export type ContactLock =
  | { state: 'known'; contactId: string }
  /** Someone else is at it. */
  | { state: 'busy' }
  /** Ours; `resumed`: when an earlier run began whose end nobody knows (ms). */
  | { state: 'locked'; resumed?: number };

export interface LockRequest {
  workspaceId: string;
  identity: Identity;
  /** Who locks: a delivery's id; locking again by the same one is fine. */
  by: string;
  until: number;
  now: number;
  seal: Seal;
}

export async function lockContact(db: Database, request: LockRequest): Promise<ContactLock> {
  const { workspaceId, by, until, now } = request;
  const identity = identityKey(request.seal, request.identity);
  await db
    .insertInto('contact_link')
    .values({
      workspace_id: workspaceId,
      identity,
      contact_id: null,
      locked_by: null,
      locked_until: 0,
      started_at: null,
    })
    .onConflict((it) => it.doNothing())
    .execute();
  const taken = await db
    .updateTable('contact_link')
    .set({ locked_by: by, locked_until: until })
    .where('workspace_id', '=', workspaceId)
    .where('identity', '=', identity)
    .where('contact_id', 'is', null)
    .where((eb) => eb.or([eb('locked_until', '<=', now), eb('locked_by', '=', by)]))
    .executeTakeFirst();
  const row = await one(db, workspaceId, identity);
  if (row?.contact_id) return { state: 'known', contactId: row.contact_id };
  if (taken.numUpdatedRows === 0n) return { state: 'busy' };
  if (row?.started_at) return { state: 'locked', resumed: Number(row.started_at) };
  await update(db, workspaceId, [identity], { started_at: now });
  return { state: 'locked' };
}

/** Every identity of the customer leads to the contact from now on. */
export async function keepContact(
  db: Database,
  {
    workspaceId,
    identities,
    contactId,
    seal,
  }: { workspaceId: string; identities: Identity[]; contactId: string; seal: Seal },
): Promise<void> {
  const made = { contact_id: contactId, locked_by: null, locked_until: 0, started_at: null };
  const keys = [...new Set(identities.map((identity) => identityKey(seal, identity)))].sort();
  await db
    .insertInto('contact_link')
    .values(keys.map((identity) => ({ workspace_id: workspaceId, identity, ...made })))
    .onConflict((it) => it.columns(['workspace_id', 'identity']).doUpdateSet(made))
    .execute();
}

/** `certain`: nothing was made; the next run starts afresh. Otherwise it is told when this one began. */
export async function unlockContact(
  db: Database,
  {
    workspaceId,
    identity,
    seal,
    certain,
  }: { workspaceId: string; identity: Identity; seal: Seal; certain: boolean },
): Promise<void> {
  const free = { locked_by: null, locked_until: 0 };
  await update(
    db,
    workspaceId,
    [identityKey(seal, identity)],
    certain ? { ...free, started_at: null } : free,
  );
}

const one = (db: Database, workspaceId: string, identity: string) =>
  db
    .selectFrom('contact_link')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('identity', '=', identity)
    .executeTakeFirst();

const update = (
  db: Database,
  workspaceId: string,
  identities: string[],
  set: { locked_by?: null; locked_until?: number; started_at?: number | null },
) =>
  db
    .updateTable('contact_link')
    .set(set)
    .where('workspace_id', '=', workspaceId)
    .where('identity', 'in', identities)
    .execute();
