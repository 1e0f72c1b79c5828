/** API tokens: `oct_` and 256 bits, shown once. A token never exceeds its creator's role, and ends with them. */
import { makeId } from '../core/ids.ts';
import type { AccountStore } from '../store/people/accounts.ts';
import type { Actor, Audit } from './contracts.ts';
import { hashSecret, makeSecret, type Random } from './secrets.ts';

/** Session or token, everything that the API asks about whoever calls it. */
export interface Caller extends Actor {
  scopes: Scope[];
}

export const SCOPES = [
  'tokens:write',
  'workspaces:read',
  'workspaces:write',
  'channels:read',
  'channels:write',
  'messages:read',
  'messages:write',
] as const;
export type Scope = (typeof SCOPES)[number];

export interface Tokens {
  /** Undefined: `scopes` exceed the caller's own. Without scopes: all that the caller has. */
  create(
    caller: Caller,
    name: string,
    scopes?: Scope[],
  ): Promise<{ id: string; token: string; scopes: Scope[] } | undefined>;
  /** At once and for good. False: they have no such token. */
  revoke(by: Actor, id: string): Promise<boolean>;
  authenticate(token: string): Promise<Caller | undefined>;
}

export function createTokens(
  store: AccountStore,
  { clock, random, audit }: { clock: { now(): number }; random: Random; audit: Pick<Audit, 'together'> },
): Tokens {
  return {
    create: async (caller, name, scopes = caller.scopes) => {
      if (!scopes.every((scope) => caller.scopes.includes(scope))) return undefined;
      const id = makeId('tok', clock.now(), random);
      const token = `oct_${makeSecret(random)}`;
      const { account_id, person_id } = caller;
      const row = { id, hash: hashSecret(token), account_id, person_id, name, scopes: scopes.join(' ') };
      await audit.together(async ({ accounts, record }) => {
        await accounts.addToken(row);
        await record(caller, { action: 'token.created', subject: id, facts: { scopes: row.scopes } });
      });
      return { id, token, scopes };
    },
    revoke: (by, id) =>
      audit.together(async ({ accounts, record }) => {
        const revoked = await accounts.revokeToken(by, id);
        if (revoked) await record(by, { action: 'token.revoked', subject: id });
        return revoked;
      }),
    authenticate: async (token) => {
      const found = token.startsWith('oct_') ? await store.tokenBy(hashSecret(token)) : undefined;
      if (!found) return undefined;
      const { id, scopes, ...member } = found;
      return { ...member, token_id: id, scopes: scopes.split(' ') as Scope[] };
    },
  };
}
