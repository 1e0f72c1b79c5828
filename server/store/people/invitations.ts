/** Invitations, and what accepting one does to members and accounts. */
import type { Selectable } from 'kysely';
import { inTransaction } from '../database/in-transaction.ts';
import type { Database } from '../database/open.ts';
import type { InvitationTable } from '../database/schema-people.ts';
import type { Role } from './accounts.ts';
import { limit } from './grants.ts';

export type InvitationRow = Selectable<InvitationTable>;

export interface InvitationRows {
  addInvitation(row: InvitationRow): Promise<void>;
  invitations(accountId: string): Promise<(InvitationRow & { inviter: string | null })[]>;
  invitation(accountId: string, id: string): Promise<InvitationRow | undefined>;
  /** By the link's hash, while it is pending. */
  pendingInvitation(hash: string, now: number): Promise<InvitationRow | undefined>;
  renewInvitation(accountId: string, id: string, set: { hash: string; expires_at: number }): Promise<boolean>;
  removeInvitation(accountId: string, id: string): Promise<boolean>;
  /** Marks it used and makes the member; false when somebody was quicker. */
  acceptInvitation(row: InvitationRow, personId: string, now: number): Promise<boolean>;
  /** Moves every workspace and channel of `from` into `into`; `from` ends. Answers the moved workspaces' ids. */
  mergeAccounts(from: string, into: string, now: number): Promise<string[]>;
}

export function invitationRows(db: Database): InvitationRows {
  const of = (accountId: string, id: string) =>
    db.selectFrom('invitation').selectAll().where('account_id', '=', accountId).where('id', '=', id);
  return {
    addInvitation: async (row: InvitationRow) => {
      await db.insertInto('invitation').values(row).execute();
    },
    invitations: async (accountId: string) =>
      db
        .selectFrom('invitation')
        .leftJoin('person', 'person.id', 'invitation.invited_by')
        .selectAll('invitation')
        .select((eb) => eb.fn.coalesce('person.name', 'person.email').as('inviter'))
        .where('invitation.account_id', '=', accountId)
        .orderBy('invitation.created_at', 'desc')
        .execute(),
    invitation: (accountId: string, id: string) => of(accountId, id).executeTakeFirst(),
    pendingInvitation: (hash: string, now: number) =>
      db
        .selectFrom('invitation')
        .selectAll()
        .where('hash', '=', hash)
        .where('accepted_at', 'is', null)
        .where('expires_at', '>', now)
        .executeTakeFirst(),
    renewInvitation: async (accountId: string, id: string, set: { hash: string; expires_at: number }) => {
      const renewed = await db
        .updateTable('invitation')
        .set(set)
        .where('account_id', '=', accountId)
        .where('id', '=', id)
        .where('accepted_at', 'is', null)
        .executeTakeFirst();
      return renewed.numUpdatedRows > 0n;
    },
    removeInvitation: async (accountId: string, id: string) => {
      const removed = await db
        .deleteFrom('invitation')
        .where('account_id', '=', accountId)
        .where('id', '=', id)
        .where('accepted_at', 'is', null)
        .executeTakeFirst();
      return removed.numDeletedRows > 0n;
    },
    acceptInvitation: (row: InvitationRow, personId: string, now: number) =>
      inTransaction(db, (trx) => accept(trx, row, personId, now)),
    mergeAccounts: (from, into, now) => inTransaction(db, (trx) => merge(trx, from, into, now)),
  };
}

async function accept(
  trx: Database,
  { account_id, id, role, workspaces }: InvitationRow,
  personId: string,
  now: number,
): Promise<boolean> {
  const taken = await trx
    .updateTable('invitation')
    .set({ accepted_by: personId, accepted_at: now })
    .where('account_id', '=', account_id)
    .where('id', '=', id)
    .where('accepted_at', 'is', null)
    .executeTakeFirst();
  if (taken.numUpdatedRows === 0n) return false;
  await trx
    .insertInto('member')
    .values({ account_id, person_id: personId, role, created_at: now, limited: 0 })
    .onConflict((it) => it.doNothing())
    .execute();
  if (workspaces) await limit(trx, account_id, personId, JSON.parse(workspaces));
  return true;
}

/**
 * People of the ended account come along as members who see what they saw before and nothing else; who is in both
 * already keeps their role. Its tokens and sessions end: they spoke for an account that is gone.
 */
async function merge(trx: Database, from: string, into: string, now: number): Promise<string[]> {
  const moved = await trx
    .updateTable('workspace')
    .set({ account_id: into, updated_at: now })
    .where('account_id', '=', from)
    .returning('id')
    .execute();
  const ids = moved.map((row) => row.id);
  const people = await trx.selectFrom('member').selectAll().where('account_id', '=', from).execute();
  for (const person of people) await bringAlong(trx, { person, from, into, ids, now });
  for (const rows of ['session', 'api_token', 'member', 'workspace_grant', 'invitation'] as const)
    await trx.deleteFrom(rows).where('account_id', '=', from).execute();
  await trx.updateTable('join_request').set({ account_id: into }).where('account_id', '=', from).execute();
  await trx.deleteFrom('account').where('id', '=', from).execute();
  return ids;
}

async function bringAlong(
  trx: Database,
  {
    person,
    from,
    into,
    ids,
    now,
  }: {
    person: { person_id: string; role: Role; limited: number };
    from: string;
    into: string;
    ids: string[];
    now: number;
  },
): Promise<void> {
  const made = await trx
    .insertInto('member')
    .values({ account_id: into, person_id: person.person_id, role: 'member', created_at: now, limited: 1 })
    .onConflict((it) => it.doNothing())
    .executeTakeFirst();
  const isNew = (made.numInsertedOrUpdatedRows ?? 0n) > 0n;
  const seen =
    Number(person.limited) === 0
      ? ids
      : (
          await trx
            .selectFrom('workspace_grant')
            .select('workspace_id')
            .where('account_id', '=', from)
            .where('person_id', '=', person.person_id)
            .execute()
        ).map((row) => row.workspace_id);
  await trx
    .deleteFrom('workspace_grant')
    .where('account_id', '=', from)
    .where('person_id', '=', person.person_id)
    .execute();
  if (isNew) await limit(trx, into, person.person_id, seen);
  else await widen(trx, into, person.person_id, seen);
}

/** For who was in the other account before: a limit that they have there covers what they bring. */
async function widen(trx: Database, accountId: string, personId: string, seen: string[]): Promise<void> {
  const limited = await trx
    .selectFrom('member')
    .select('limited')
    .where('account_id', '=', accountId)
    .where('person_id', '=', personId)
    .executeTakeFirst();
  if (Number(limited?.limited) === 1 && seen.length > 0)
    await trx
      .insertInto('workspace_grant')
      .values(seen.map((workspace_id) => ({ workspace_id, person_id: personId, account_id: accountId })))
      .onConflict((it) => it.doNothing())
      .execute();
}
