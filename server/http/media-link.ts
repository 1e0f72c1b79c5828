/** Our own signed, expiring URLs of files, for targets that only take URLs (Twilio fetches, Intercom shows). */
import { timingSafeEqual } from 'node:crypto';
import type { Seal } from '../store/sealing/seal.ts';

/** Twilio fetches within minutes and retries for hours. */
const LIFETIME_MS = 24 * 3_600_000;

export interface MediaToken {
  workspaceId: string;
  mediaId: string;
  expiresAt: number;
}

/** `workspace.media.expiry.signature`, each URL-safe. */
export function signMediaToken(seal: Seal, workspaceId: string, mediaId: string, now: number): string {
  const expiry = Math.ceil((now + LIFETIME_MS) / 1000).toString(36);
  return `${workspaceId}.${mediaId}.${expiry}.${signature(seal, workspaceId, mediaId, expiry)}`;
}

/** Undefined for a token that was not made here, was changed, or has expired. */
export async function readMediaToken(
  token: string,
  sealOf: (workspaceId: string) => Promise<Seal>,
  now: number,
): Promise<MediaToken | undefined> {
  const [workspaceId, mediaId, expiry, given, ...more] = token.split('.');
  if (!workspaceId || !mediaId || !expiry || !given || more.length > 0) return undefined;
  const seal = await sealOf(workspaceId).catch(() => undefined);
  if (!seal || !isSame(given, signature(seal, workspaceId, mediaId, expiry))) return undefined;
  const expiresAt = Number.parseInt(expiry, 36) * 1000;
  return expiresAt > now ? { workspaceId, mediaId, expiresAt } : undefined;
}

const signature = (seal: Seal, workspaceId: string, mediaId: string, expiry: string): string =>
  seal.hash('media link', workspaceId, mediaId, expiry);

const isSame = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
