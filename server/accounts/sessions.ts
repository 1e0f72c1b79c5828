/** Sessions and started OAuth round trips. The browser holds the secret, the store its hash. */
import type { AccountStore, Membership } from '../store/accounts.ts';
import { hashSecret, makeSecret, type Random, sameSecret } from './secrets.ts';

/** Absolute: a session is never prolonged. */
export const SESSION_MS = 30 * 24 * 3_600_000;
/** How long an admin may take at the platform's consent screen. */
export const STATE_MS = 10 * 60_000;

/** Where an install ends, beside the platform's own page. */
export type ReturnTo = 'console';

export interface Sessions {
  /** Ends `previous` (so that no session survives a sign-in: no fixation) and answers the new secret. */
  signIn(member: Omit<Membership, 'role'>, previous: string | undefined): Promise<string>;
  /** Who is signed in; undefined when expired, ended, or no member any more. */
  current(secret: string | undefined): Promise<Membership | undefined>;
  /** The `state` of a round trip to a platform: it goes into the URL and into a cookie of this browser. */
  begin(platform: string, returnTo: ReturnTo | undefined): Promise<string>;
  /**
   * Proves that the round trip began in this browser, for this platform, within ten minutes and was not finished
   * before. A state that another browser began stays good for that browser.
   */
  finish(
    platform: string,
    state: string | undefined,
    cookie: string | undefined,
  ): Promise<{ returnTo?: ReturnTo } | undefined>;
}

export function createSessions(
  store: AccountStore,
  { clock, random }: { clock: { now(): number }; random: Random },
): Sessions {
  return {
    signIn: async ({ account_id, person_id }, previous) => {
      if (previous) await store.removeSession(hashSecret(previous));
      const secret = makeSecret(random);
      const expires_at = clock.now() + SESSION_MS;
      await store.addSession({ hash: hashSecret(secret), account_id, person_id, expires_at });
      return secret;
    },
    current: async (secret) => (secret ? store.session(hashSecret(secret)) : undefined),
    begin: async (platform, returnTo) => {
      const state = makeSecret(random);
      const expires_at = clock.now() + STATE_MS;
      await store.addState({ hash: hashSecret(state), platform, return_to: returnTo ?? null, expires_at });
      return state;
    },
    finish: async (platform, state, cookie) => {
      if (!state || !cookie || !sameSecret(state, cookie)) return undefined;
      const begun = await store.takeState(hashSecret(state), platform);
      return begun && (begun.return_to === 'console' ? { returnTo: 'console' } : {});
    },
  };
}
