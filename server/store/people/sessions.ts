/** Who is signed in where. The browser holds the secret, these rows its hash. */

import type { Database } from '../database/open.ts';
import type { Membership } from './accounts.ts';
import { grantsOf } from './grants.ts';

export interface NewSession {
  hash: string;
  account_id: string;
  person_id: string;
  expires_at: number;
  agent: string | null;
  provider: string | null;
}
/** The hash names the session: it opens nothing. */
export interface SessionFacts extends Omit<NewSession, 'account_id' | 'person_id'> {
  created_at: number;
  last_used_at: number;
}
export interface SessionRows {
  addSession(session: NewSession): Promise<void>;
  /** Only while it has not expired, was used since `idleSince`, and the person is still a member. Counts as a use. */
  session(hash: string, idleSince: number): Promise<Membership | undefined>;
  removeSession(hash: string): Promise<void>;
  sessionsOf(personId: string): Promise<SessionFacts[]>;
  /** Of one person, in one account or everywhere, except one. */
  removeSessions(of: { personId: string; accountId?: string; except?: string }): Promise<void>;
  /** The same session, in another account of the same person. */
  moveSession(hash: string, accountId: string): Promise<void>;
}

/** A write per request would be a write per click: once a minute is enough to know who is idle. */
const TOUCH_MS = 60_000;

export function sessionRows(db: Database, clock: { now(): number }): SessionRows {
  const one = (hash: string) => db.deleteFrom('session').where('hash', '=', hash);
  return {
    addSession: async (session) => {
      const now = clock.now();
      await db.deleteFrom('session').where('expires_at', '<=', now).execute();
      await db
        .insertInto('session')
        .values({ ...session, created_at: now, last_used_at: now })
        .execute();
    },
    session: (hash, idleSince) => current(db, { hash, idleSince, now: clock.now() }),
    removeSession: async (hash) => void (await one(hash).execute()),
    sessionsOf: async (personId) => {
      const rows = await db
        .selectFrom('session')
        .selectAll()
        .where('person_id', '=', personId)
        .where('expires_at', '>', clock.now())
        .orderBy('created_at', 'desc')
        .execute();
      return rows.map(({ person_id: _person, account_id: _account, ...row }) => ({
        ...row,
        created_at: Number(row.created_at),
        expires_at: Number(row.expires_at),
        last_used_at: Number(row.last_used_at ?? row.created_at),
      }));
    },
    removeSessions: async ({ personId, accountId, except }) => {
      await db
        .deleteFrom('session')
        .where('person_id', '=', personId)
        .$if(accountId !== undefined, (it) => it.where('account_id', '=', accountId as string))
        .$if(except !== undefined, (it) => it.where('hash', '<>', except as string))
        .execute();
    },
    moveSession: async (hash, accountId) => {
      await db.updateTable('session').set({ account_id: accountId }).where('hash', '=', hash).execute();
    },
  };
}

async function current(
  db: Database,
  { hash, idleSince, now }: { hash: string; idleSince: number; now: number },
): Promise<Membership | undefined> {
  const row = await db
    .selectFrom('session')
    .innerJoin('member', (join) =>
      join
        .onRef('member.account_id', '=', 'session.account_id')
        .onRef('member.person_id', '=', 'session.person_id'),
    )
    .select(['member.account_id', 'member.person_id', 'member.role', 'member.limited'])
    .select((eb) => eb.fn.coalesce('session.last_used_at', 'session.created_at').as('used'))
    .where('session.hash', '=', hash)
    .where('session.expires_at', '>', now)
    .executeTakeFirst();
  if (!row || Number(row.used) <= idleSince) return undefined;
  if (now - Number(row.used) > TOUCH_MS)
    await db.updateTable('session').set({ last_used_at: now }).where('hash', '=', hash).execute();
  const { account_id, person_id, role } = row;
  const limit = Number(row.limited) === 0 ? {} : { workspaces: await grantsOf(db, row) };
  return { account_id, person_id, role, ...limit };
}
