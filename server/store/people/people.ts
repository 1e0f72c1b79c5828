/** Teams and who wants to join. Every row belongs to one account and is only found with its id. */

import { inTransaction } from '../database/in-transaction.ts';
import type { Database } from '../database/open.ts';
import type { JoinRequest, Role } from './accounts.ts';
import { dropGrants, limit } from './grants.ts';
import { type InvitationRows, invitationRows } from './invitations.ts';

export interface MemberRow {
  person_id: string;
  role: Role;
  limited: boolean;
  created_at: number;
  name: string | null;
  email: string | null;
}

export interface PeopleStore extends InvitationRows {
  members(accountId: string): Promise<MemberRow[]>;
  member(accountId: string, personId: string): Promise<MemberRow | undefined>;
  loginsOf(personIds: string[]): Promise<{ person_id: string; provider: string; created_at: number }[]>;
  accountsOf(personId: string): Promise<{ id: string; name: string; role: Role }[]>;
  /** False when the person has become somebody else's business meanwhile: the owner, or gone. */
  setRole(accountId: string, personId: string, role: 'admin' | 'member'): Promise<boolean>;
  /** Undefined = no limit. */
  setGrants(accountId: string, personId: string, workspaces: string[] | undefined): Promise<void>;
  grants(accountId: string): Promise<{ person_id: string; workspace_id: string }[]>;
  /** With sessions, tokens and grants of this account. False for the owner. */
  removeMember(accountId: string, personId: string): Promise<boolean>;
  /** Both roles in one transaction. False when `from` is not the owner (any more), or `to` no member. */
  transfer(accountId: string, from: string, to: string): Promise<boolean>;
  renameAccount(accountId: string, name: string): Promise<void>;

  takeJoinRequest(accountId: string, id: string): Promise<JoinRequest | undefined>;
  joinRequest(accountId: string, id: string): Promise<JoinRequest | undefined>;
}

export const createPeopleStore = (db: Database): PeopleStore => ({
  ...memberRows(db),
  ...accountChanges(db),
  ...invitationRows(db),
});

const teamOf = (db: Database, accountId: string) =>
  db
    .selectFrom('member')
    .innerJoin('person', 'person.id', 'member.person_id')
    .select(['member.person_id', 'member.role', 'member.limited', 'member.created_at'])
    .select(['person.name', 'person.email'])
    .where('member.account_id', '=', accountId);

const asMember = <Row extends { limited: number; created_at: number }>(row: Row) => ({
  ...row,
  limited: Number(row.limited) === 1,
  created_at: Number(row.created_at),
});

function memberRows(db: Database) {
  return {
    members: async (accountId: string): Promise<MemberRow[]> =>
      (await teamOf(db, accountId).orderBy('member.created_at').execute()).map(asMember),
    member: async (accountId: string, personId: string): Promise<MemberRow | undefined> => {
      const row = await teamOf(db, accountId).where('member.person_id', '=', personId).executeTakeFirst();
      return row && asMember(row);
    },
    loginsOf: async (personIds: string[]) =>
      personIds.length === 0
        ? []
        : (
            await db
              .selectFrom('login')
              .select(['person_id', 'provider', 'created_at'])
              .where('person_id', 'in', personIds)
              .orderBy('created_at')
              .execute()
          ).map((row) => ({ ...row, created_at: Number(row.created_at) })),
    accountsOf: (personId: string) =>
      db
        .selectFrom('member')
        .innerJoin('account', 'account.id', 'member.account_id')
        .select(['account.id', 'account.name', 'member.role'])
        .where('member.person_id', '=', personId)
        .orderBy('member.created_at')
        .execute(),
    grants: (accountId: string) =>
      db
        .selectFrom('workspace_grant')
        .select(['person_id', 'workspace_id'])
        .where('account_id', '=', accountId)
        .execute(),
  };
}

function accountChanges(db: Database) {
  return {
    setRole: (accountId: string, personId: string, role: 'admin' | 'member') =>
      inTransaction(db, async (trx) => {
        const changed = await trx
          .updateTable('member')
          .set({ role, ...(role === 'admin' ? { limited: 0 } : {}) })
          .where('account_id', '=', accountId)
          .where('person_id', '=', personId)
          .where('role', '<>', 'owner')
          .executeTakeFirst();
        if (role === 'admin') await dropGrants(trx, accountId, personId);
        return changed.numUpdatedRows > 0n;
      }),
    setGrants: (accountId: string, personId: string, workspaces: string[] | undefined) =>
      inTransaction(db, (trx) => limit(trx, accountId, personId, workspaces)),
    removeMember: (accountId: string, personId: string) =>
      inTransaction(db, async (trx) => {
        const gone = await trx
          .deleteFrom('member')
          .where('account_id', '=', accountId)
          .where('person_id', '=', personId)
          .where('role', '<>', 'owner')
          .executeTakeFirst();
        if (gone.numDeletedRows === 0n) return false;
        await dropGrants(trx, accountId, personId);
        for (const rows of ['session', 'api_token'] as const)
          await trx
            .deleteFrom(rows)
            .where('account_id', '=', accountId)
            .where('person_id', '=', personId)
            .execute();
        return true;
      }),
    transfer: (accountId: string, from: string, to: string) =>
      inTransaction(db, (trx) => transfer(trx, accountId, from, to)),
    renameAccount: async (accountId: string, name: string) => {
      await db.updateTable('account').set({ name }).where('id', '=', accountId).execute();
    },
    joinRequest: (accountId: string, id: string) =>
      db
        .selectFrom('join_request')
        .selectAll()
        .where('account_id', '=', accountId)
        .where('id', '=', id)
        .executeTakeFirst(),
    takeJoinRequest: (accountId: string, id: string) =>
      db
        .deleteFrom('join_request')
        .where('account_id', '=', accountId)
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirst(),
  };
}

async function transfer(trx: Database, accountId: string, from: string, to: string): Promise<boolean> {
  const role = async (personId: string, is: Role[], becomes: Role) => {
    const changed = await trx
      .updateTable('member')
      .set({ role: becomes, limited: 0 })
      .where('account_id', '=', accountId)
      .where('person_id', '=', personId)
      .where('role', 'in', is)
      .executeTakeFirst();
    return changed.numUpdatedRows === 1n;
  };
  if (!(await role(from, ['owner'], 'admin'))) return false;
  const taken = await role(to, ['admin', 'member'], 'owner');
  if (taken) await dropGrants(trx, accountId, to);
  else await role(from, ['admin'], 'owner');
  return taken;
}
