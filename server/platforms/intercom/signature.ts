/**
 * The two signatures of Intercom, both keyed with the app's client secret, both over the raw body:
 * webhooks carry `X-Hub-Signature: sha1=<hex>`, Canvas Kit and health checks `X-Body-Signature: <hex of SHA-256>`.
 * https://developers.intercom.com/docs/references/webhooks/webhook-models#signed-notifications
 * https://developers.intercom.com/docs/canvas-kit#signing-requests
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export const signHub = (secret: string, body: Uint8Array): string =>
  `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`;

export const signBody = (secret: string, body: Uint8Array): string =>
  createHmac('sha256', secret).update(body).digest('hex');

/** Whether one of the secrets signed these bytes as a webhook (`X-Hub-Signature`). */
export const verifyHubSignature = (
  secrets: readonly string[],
  body: Uint8Array,
  header: string | undefined,
): boolean => isSigned(secrets, header, (secret) => signHub(secret, body));

/** Whether one of the secrets signed these bytes as a Canvas Kit or health request (`X-Body-Signature`). */
export const verifyBodySignature = (
  secrets: readonly string[],
  body: Uint8Array,
  header: string | undefined,
): boolean => isSigned(secrets, header, (secret) => signBody(secret, body));

/** Every secret is tried, so the time taken does not say which one was right. An empty secret never is. */
function isSigned(
  secrets: readonly string[],
  header: string | undefined,
  sign: (secret: string) => string,
): boolean {
  if (!header) return false;
  const matches = secrets.filter((secret) => secret !== '').map((secret) => isSameText(sign(secret), header));
  return matches.includes(true);
}

/** Compares in constant time, whatever the lengths. */
const isSameText = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other));
const digest = (value: string): Buffer => createHash('sha256').update(value).digest();
