/**
 * One platform contact per identity: finding or creating it is serialised by a row, across lanes and processes, and
 * whoever comes second gets what the first one made.
 */
import type { Identity } from '../../core/message.ts';
import { oneByOne } from '../database/committer.ts';
import type { Database } from '../database/open.ts';
import type { Seal } from '../sealing/seal.ts';
import { identityKey } from './conversations.ts';

export type ContactLock =
  | { state: 'known'; contactId: string }
  /** Someone else is at it. */
  | { state: 'busy' }
  /** Ours; `resumed`: when a creation began whose end nobody knows (ms). */
  | { state: 'locked'; resumed?: number };

export interface LockRequest {
  workspaceId: string;
  identity: Identity;
  /** Who locks: one claim; a later claim of the same delivery is somebody else. */
  by: string;
  until: number;
  now: number;
  seal: Seal;
}

export const lockContact = oneByOne(async (db: Database, request: LockRequest): Promise<ContactLock> => {
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
  return row?.started_at ? { state: 'locked', resumed: Number(row.started_at) } : { state: 'locked' };
});

/** A creation begins: until its end is certain, somebody may have been made. False: the lock is not ours any more. */
export const beginContact = oneByOne(
  async (db: Database, { workspaceId, identity, by, now, seal }: Omit<LockRequest, 'until'>) => {
    const begun = await db
      .updateTable('contact_link')
      .set({ started_at: now })
      .where('workspace_id', '=', workspaceId)
      .where('identity', '=', identityKey(seal, identity))
      .where('contact_id', 'is', null)
      .where('locked_by', '=', by)
      .where('locked_until', '>', now)
      .executeTakeFirst();
    return begun.numUpdatedRows > 0n;
  },
);

export interface KeepRequest {
  workspaceId: string;
  conversationId: string;
  identities: Identity[];
  contactId: string;
  seal: Seal;
  now: number;
}

/** The conversation and every identity of the customer lead to the contact from now on. */
export const keepContact = oneByOne(
  async (db: Database, { workspaceId, conversationId, identities, contactId, seal, now }: KeepRequest) => {
    await db
      .updateTable('conversation')
      .set({ contact_id: contactId, updated_at: now })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', conversationId)
      .execute();
    const made = { contact_id: contactId, locked_by: null, locked_until: 0, started_at: null };
    const keys = [...new Set(identities.map((identity) => identityKey(seal, identity)))].sort();
    await db
      .insertInto('contact_link')
      .values(keys.map((identity) => ({ workspace_id: workspaceId, identity, ...made })))
      .onConflict((it) => it.columns(['workspace_id', 'identity']).doUpdateSet(made))
      .execute();
  },
);

type UnlockRequest = Omit<LockRequest, 'until' | 'now'> & { certain: boolean };

/** `certain`: nothing was made, and nothing is in doubt; otherwise the next one is told when a creation began. */
export const unlockContact = oneByOne(
  async (db: Database, { workspaceId, identity, by, seal, certain }: UnlockRequest) => {
    await db
      .updateTable('contact_link')
      .set({ locked_by: null, locked_until: 0, ...(certain ? { started_at: null } : {}) })
      .where('workspace_id', '=', workspaceId)
      .where('identity', '=', identityKey(seal, identity))
      .where('locked_by', '=', by)
      .execute();
  },
);

/** As for lanes: at the start of the only process, nobody else can hold a lock. What was in doubt stays in doubt. */
export async function freeContactLocks(db: Database): Promise<void> {
  await db
    .updateTable('contact_link')
    .set({ locked_by: null, locked_until: 0 })
    .where('locked_until', '>', 0)
    .execute();
}

const one = (db: Database, workspaceId: string, identity: string) =>
  db
    .selectFrom('contact_link')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('identity', '=', identity)
    .executeTakeFirst();
