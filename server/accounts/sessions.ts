/** Sessions and started OAuth round trips. The browser holds the secret, the store its hash. */
import type { AccountStore, Membership } from '../store/people/accounts.ts';
import type { SessionRow } from './contracts.ts';
import { hashSecret, makeSecret, type Random, sameSecret } from './secrets.ts';

/** Absolute: a session is never prolonged beyond it. */
export const SESSION_MS = 30 * 24 * 3_600_000;
/** A session that nobody used for this long is over. */
const IDLE_MS = 7 * 24 * 3_600_000;
/** How long an admin may take at the platform's consent screen. */
export const STATE_MS = 10 * 60_000;

/** Where an install ends, beside the platform's own page. */
export type ReturnTo = 'console';

/** How the session came about, for the list of sessions. */
export interface SignInFacts {
  /** The browser's User-Agent. */
  agent?: string | undefined;
  provider?: string;
}
/** What a round trip has to remember until it comes back. */
export type TripNotes = Record<string, string>;

export interface Sessions {
  /** Ends `previous` (so that no session survives a sign-in: no fixation) and answers the new secret. */
  signIn(
    member: Omit<Membership, 'role'>,
    previous: string | undefined,
    facts?: SignInFacts,
  ): Promise<string>;
  /** Who is signed in; undefined when expired, idle, ended, or no member any more. */
  current(secret: string | undefined): Promise<Membership | undefined>;
  signOut(secret: string | undefined): Promise<void>;
  /** The person's live sessions, newest first; `secret`: the one that asks. */
  list(personId: string, secret: string | undefined): Promise<SessionRow[]>;
  /** False when the person has no such session. */
  revoke(personId: string, id: string): Promise<boolean>;
  /** All but the one that asks; without it, all. */
  revokeOthers(personId: string, secret: string | undefined): Promise<void>;
  /** The `state` of a round trip to a platform: it goes into the URL and into a cookie of this browser. */
  begin(purpose: string, returnTo: ReturnTo | undefined, notes?: TripNotes): Promise<string>;
  /**
   * Proves that the round trip began in this browser, for this purpose, within ten minutes and was not finished
   * before. A state that another browser began stays good for that browser.
   */
  finish(
    purpose: string,
    state: string | undefined,
    cookie: string | undefined,
  ): Promise<{ returnTo?: ReturnTo; notes: TripNotes } | undefined>;
}

interface SessionDeps {
  clock: { now(): number };
  random: Random;
}

export const createSessions = (store: AccountStore, deps: SessionDeps): Sessions => ({
  ...signedIn(store, deps),
  ...listed(store, deps),
  ...roundTrips(store, deps),
});

function signedIn(store: AccountStore, { clock, random }: SessionDeps) {
  return {
    signIn: async (
      { account_id, person_id }: Omit<Membership, 'role'>,
      previous: string | undefined,
      { agent, provider }: SignInFacts = {},
    ) => {
      if (previous) await store.removeSession(hashSecret(previous));
      const secret = makeSecret(random);
      await store.addSession({
        hash: hashSecret(secret),
        account_id,
        person_id,
        expires_at: clock.now() + SESSION_MS,
        agent: agent?.slice(0, 200) ?? null,
        provider: provider ?? null,
      });
      return secret;
    },
    current: async (secret: string | undefined) =>
      secret ? store.session(hashSecret(secret), clock.now() - IDLE_MS) : undefined,
    signOut: async (secret: string | undefined) => {
      if (secret) await store.removeSession(hashSecret(secret));
    },
  };
}

function listed(store: AccountStore, { clock }: SessionDeps) {
  const live = async (personId: string) =>
    (await store.sessionsOf(personId)).filter((one) => one.last_used_at > clock.now() - IDLE_MS);
  return {
    list: async (personId: string, secret: string | undefined) => {
      const here = secret ? hashSecret(secret) : undefined;
      return (await live(personId)).map((one) => ({
        id: one.hash,
        startedAt: one.created_at,
        lastUsedAt: one.last_used_at,
        expiresAt: Math.min(one.expires_at, one.last_used_at + IDLE_MS),
        agent: one.agent,
        provider: one.provider,
        isThis: one.hash === here,
      }));
    },
    revoke: async (personId: string, id: string) => {
      const known = (await live(personId)).some((one) => one.hash === id);
      if (known) await store.removeSession(id);
      return known;
    },
    revokeOthers: (personId: string, secret: string | undefined) =>
      store.removeSessions({ personId, ...(secret ? { except: hashSecret(secret) } : {}) }),
  };
}

function roundTrips(store: AccountStore, { clock, random }: SessionDeps) {
  return {
    begin: async (purpose: string, returnTo: ReturnTo | undefined, notes: TripNotes = {}) => {
      const state = makeSecret(random);
      await store.addState({
        hash: hashSecret(state),
        platform: purpose,
        return_to: returnTo ?? null,
        expires_at: clock.now() + STATE_MS,
        payload: JSON.stringify(notes),
      });
      return state;
    },
    finish: async (purpose: string, state: string | undefined, cookie: string | undefined) => {
      if (!state || !cookie || !sameSecret(state, cookie)) return undefined;
      const begun = await store.takeState(hashSecret(state), purpose);
      if (!begun) return undefined;
      const notes: TripNotes = JSON.parse(begun.payload ?? '{}');
      return begun.return_to === 'console' ? { returnTo: 'console' as const, notes } : { notes };
    },
  };
}
