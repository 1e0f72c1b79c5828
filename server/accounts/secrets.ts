/**
 * Secrets that we hand out: sessions, OAuth states, API tokens. 256 random bits each, so a plain SHA-256 of them is
 * enough to store (nothing to guess, nothing to salt), and a look-up by hash leaks no timing of the secret itself.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

export type Random = (bytes: number) => Uint8Array;

/** 256 bits, base64url: 43 characters. */
export const makeSecret = (random: Random): string => Buffer.from(random(32)).toString('base64url');

export const hashSecret = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

/** Whether two secrets are the same, in constant time. */
export const sameSecret = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
