import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** `sha256=` + hex(HMAC-SHA256(app secret, raw body)). */
export const signMetaBody = (secret: string, body: Uint8Array): string =>
  `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;

/**
 * Whether one of the app secrets signed exactly these bytes. Meta escapes non-ASCII text before it signs, so the body
 * must never have been parsed and written again.
 * https://developers.facebook.com/docs/graph-api/webhooks/getting-started#validate-payloads
 */
export const isSignedByMeta = (
  secrets: readonly string[],
  body: Uint8Array,
  header: string | undefined,
): boolean =>
  // No short cut: every secret is tried, so the time taken does not say which one matched.
  header !== undefined &&
  secrets.filter((secret) => secret !== '' && isSameSignature(signMetaBody(secret, body), header)).length > 0;

/** In constant time; that their lengths differ is no secret. */
function isSameSignature(own: string, given: string): boolean {
  const [a, b] = [Buffer.from(own), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Compares in constant time, whatever the lengths. */
export const isSameText = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));

const digest = (value: string): Buffer => createHash('sha256').update(value).digest();
