/**
 * Who may do what: accounts, people and the identities by which they sign in, members, join requests, sessions, started
 * OAuth round trips and API tokens. Secrets (session, state, token) never come here: only their hashes do.
 */
import type { Selectable } from 'kysely';
import { inTransaction } from '../database/in-transaction.ts';
import type { Database } from '../database/open.ts';
import type {
  AccountTable,
  ApiTokenTable,
  JoinRequestTable,
  MemberTable,
  OauthStateTable,
  PersonTable,
} from '../database/schema-people.ts';
import { grantsOf } from './grants.ts';
import { type SessionRows, sessionRows } from './sessions.ts';

export type Role = MemberTable['role'];
type Account = Selectable<AccountTable>;
type Person = Selectable<PersonTable>;
export type JoinRequest = Selectable<JoinRequestTable>;
export type ApiToken = Omit<Selectable<ApiTokenTable>, 'hash'>;

/** Who someone is at a provider: never an e-mail address alone. */
interface Login {
  provider: string;
  subject: string;
}
/** Someone acting inside one account, with the role that they have there right now. */
export interface Membership {
  account_id: string;
  person_id: string;
  role: Role;
  /** The only workspaces that exist for them; without it: all of the account. */
  workspaces?: string[];
}

export interface AccountStore extends SessionRows {
  account(id: string): Promise<Account | undefined>;
  /** The account and its owner, in one transaction. */
  addAccount(account: { id: string; name: string }, ownerId: string): Promise<void>;
  /** For an account that was made a moment ago and lost the race for its first workspace. */
  removeAccount(id: string): Promise<void>;

  person(id: string): Promise<Person | undefined>;
  personBy(login: Login): Promise<Person | undefined>;
  /** The person behind the login: the given one, or whoever holds the login already. */
  addPerson(person: Pick<Person, 'id' | 'name' | 'email'>, login: Login): Promise<Person>;
  /** One more way in; answers who holds the login now, which may be somebody else. */
  addLogin(personId: string, login: Login): Promise<string>;
  removeLogins(personId: string, provider: string): Promise<void>;
  roleOf(accountId: string, personId: string): Promise<Role | undefined>;
  addMember(member: Membership): Promise<void>;

  /** Asking twice is asking once. */
  addJoinRequest(request: Omit<JoinRequest, 'created_at'>): Promise<void>;
  joinRequests(accountId: string): Promise<JoinRequest[]>;

  addState(state: Selectable<OauthStateTable>): Promise<void>;
  /** Takes the state away, so that it works once; undefined when it is not there (any more) or has expired. */
  takeState(
    hash: string,
    platform: string,
  ): Promise<{ return_to: string | null; payload: string | null } | undefined>;

  addToken(token: Omit<Selectable<ApiTokenTable>, 'created_at' | 'revoked_at'>): Promise<void>;
  /** Only while it is not revoked and its creator is still a member. */
  tokenBy(hash: string): Promise<(Membership & { id: string; scopes: string }) | undefined>;
  tokensOf(accountId: string): Promise<ApiToken[]>;
  /** False when the person has no such token in this account. */
  revokeToken(by: Omit<Membership, 'role'>, id: string): Promise<boolean>;

  /** Which workspace a channel is in, seen from one account: another account's channel does not exist. */
  workspaceOfChannel(accountId: string, channelId: string): Promise<string | undefined>;
  /** The channel that holds this bot, number or page, wherever it is; never an archived one. */
  channelHolding(
    medium: string,
    externalId: string,
  ): Promise<{ id: string; workspace_id: string } | undefined>;
}

interface Clock {
  now(): number;
}

export const createAccountStore = (db: Database, clock: Clock): AccountStore => ({
  ...accountRows(db, clock),
  ...personRows(db, clock),
  ...loginRows(db, clock),
  ...memberRows(db, clock),
  ...joinRequestRows(db, clock),
  ...sessionRows(db, clock),
  ...stateRows(db, clock),
  ...tokenRows(db, clock),
  ...channelLookups(db),
});

const accountRows = (db: Database, clock: Clock) => ({
  account: (id: string) => db.selectFrom('account').selectAll().where('id', '=', id).executeTakeFirst(),
  addAccount: (account: { id: string; name: string }, ownerId: string) =>
    inTransaction(db, async (trx) => {
      const created_at = clock.now();
      await trx
        .insertInto('account')
        .values({ ...account, created_at })
        .execute();
      await trx
        .insertInto('member')
        .values({ account_id: account.id, person_id: ownerId, role: 'owner', created_at })
        .execute();
    }),
  removeAccount: (id: string) =>
    inTransaction(db, async (trx) => {
      await trx.deleteFrom('member').where('account_id', '=', id).execute();
      await trx.deleteFrom('account').where('id', '=', id).execute();
    }),
});

const holderOf = (db: Database, { provider, subject }: Login): Promise<Person | undefined> =>
  db
    .selectFrom('person')
    .innerJoin('login', 'login.person_id', 'person.id')
    .selectAll('person')
    .where('login.provider', '=', provider)
    .where('login.subject', '=', subject)
    .executeTakeFirst();

function personRows(db: Database, clock: Clock) {
  const personBy = (login: Login) => holderOf(db, login);
  return {
    person: (id: string) => db.selectFrom('person').selectAll().where('id', '=', id).executeTakeFirst(),
    personBy,
    addPerson: async (person: Pick<Person, 'id' | 'name' | 'email'>, login: Login) => {
      const created_at = clock.now();
      await inTransaction(db, async (trx) => {
        const taken = await trx
          .insertInto('login')
          .values({ ...login, person_id: person.id, created_at })
          .onConflict((conflict) => conflict.columns(['provider', 'subject']).doNothing())
          .returning('person_id')
          .executeTakeFirst();
        if (taken)
          await trx
            .insertInto('person')
            .values({ ...person, created_at })
            .execute();
      });
      const holder = await personBy(login);
      if (!holder) throw new Error('a login without its person');
      return holder;
    },
  };
}

const loginRows = (db: Database, clock: Clock) => ({
  addLogin: async (personId: string, login: Login) => {
    await db
      .insertInto('login')
      .values({ ...login, person_id: personId, created_at: clock.now() })
      .onConflict((it) => it.doNothing())
      .execute();
    return (await holderOf(db, login))?.id ?? personId;
  },
  removeLogins: async (personId: string, provider: string) => {
    await db.deleteFrom('login').where('person_id', '=', personId).where('provider', '=', provider).execute();
    if (provider === 'password') await db.deleteFrom('password').where('person_id', '=', personId).execute();
  },
});

const memberRows = (db: Database, clock: Clock) => ({
  roleOf: async (accountId: string, personId: string) => {
    const row = await db
      .selectFrom('member')
      .select('role')
      .where('account_id', '=', accountId)
      .where('person_id', '=', personId)
      .executeTakeFirst();
    return row?.role;
  },
  addMember: async (member: Membership) => {
    await db
      .insertInto('member')
      .values({ ...member, created_at: clock.now() })
      .execute();
  },
});

const joinRequestRows = (db: Database, clock: Clock) => ({
  addJoinRequest: async (request: Omit<JoinRequest, 'created_at'>) => {
    await db
      .insertInto('join_request')
      .values({ ...request, created_at: clock.now() })
      .onConflict((conflict) =>
        conflict.columns(['account_id', 'workspace_id', 'provider', 'subject']).doNothing(),
      )
      .execute();
  },
  joinRequests: (accountId: string) =>
    db
      .selectFrom('join_request')
      .selectAll()
      .where('account_id', '=', accountId)
      .orderBy('created_at')
      .execute(),
});

const stateRows = (db: Database, clock: Clock) => ({
  addState: async (state: Selectable<OauthStateTable>) => {
    await db.deleteFrom('oauth_state').where('expires_at', '<=', clock.now()).execute();
    await db.insertInto('oauth_state').values(state).execute();
  },
  takeState: (hash: string, platform: string) =>
    db
      .deleteFrom('oauth_state')
      .where('hash', '=', hash)
      .where('platform', '=', platform)
      .where('expires_at', '>', clock.now())
      .returning(['return_to', 'payload'])
      .executeTakeFirst(),
});

/** Swaps the flag for the workspaces that it limits to. */
async function withGrants<Row extends { account_id: string; person_id: string; limited: number }>(
  db: Database,
  { limited, ...row }: Row,
): Promise<Omit<Row, 'limited'> & { workspaces?: string[] }> {
  return Number(limited) === 0 ? row : { ...row, workspaces: await grantsOf(db, row) };
}

const tokenRows = (db: Database, clock: Clock) => ({
  addToken: async (token: Omit<Selectable<ApiTokenTable>, 'created_at' | 'revoked_at'>) => {
    await db
      .insertInto('api_token')
      .values({ ...token, created_at: clock.now(), revoked_at: null })
      .execute();
  },
  tokenBy: async (hash: string) => {
    const row = await db
      .selectFrom('api_token')
      .innerJoin('member', (join) =>
        join
          .onRef('member.account_id', '=', 'api_token.account_id')
          .onRef('member.person_id', '=', 'api_token.person_id'),
      )
      .select(['api_token.id', 'api_token.scopes'])
      .select(['member.account_id', 'member.person_id', 'member.role', 'member.limited'])
      .where('api_token.hash', '=', hash)
      .where('api_token.revoked_at', 'is', null)
      .executeTakeFirst();
    return row && withGrants(db, row);
  },
  tokensOf: (accountId: string) =>
    db
      .selectFrom('api_token')
      .select(['id', 'account_id', 'person_id', 'name', 'scopes', 'created_at', 'revoked_at'])
      .where('account_id', '=', accountId)
      .orderBy('id')
      .execute(),
  revokeToken: async (by: Omit<Membership, 'role'>, id: string) => {
    const revoked = await db
      .updateTable('api_token')
      .set((eb) => ({ revoked_at: eb.fn.coalesce('revoked_at', eb.val(clock.now())) }))
      .where('account_id', '=', by.account_id)
      .where('person_id', '=', by.person_id)
      .where('id', '=', id)
      .returning('id')
      .executeTakeFirst();
    return revoked !== undefined;
  },
});

const channelLookups = (db: Database) => ({
  workspaceOfChannel: async (accountId: string, channelId: string) => {
    const row = await db
      .selectFrom('channel')
      .innerJoin('workspace', 'workspace.id', 'channel.workspace_id')
      .select('workspace.id')
      .where('channel.id', '=', channelId)
      .where('workspace.account_id', '=', accountId)
      .executeTakeFirst();
    return row?.id;
  },
  channelHolding: (medium: string, externalId: string) =>
    db
      .selectFrom('channel')
      .select(['id', 'workspace_id'])
      .where('medium', '=', medium)
      .where('external_id', '=', externalId)
      .where('status', '<>', 'archived')
      .executeTakeFirst(),
});
