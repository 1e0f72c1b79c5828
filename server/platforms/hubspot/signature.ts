/**
 * HubSpot's request signature, version 3: base64(HMAC-SHA256(client secret, method + URI + body + timestamp)).
 * https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const SIGNATURE = 'x-hubspot-signature-v3';
const TIMESTAMP = 'x-hubspot-request-timestamp';
/** HubSpot's own rule for old requests; the same for those from the future, so that none is valid for long. */
const MAX_AGE_MS = 5 * 60_000;

export interface SignedRequest {
  method: string;
  /** The public URL that HubSpot called, with its query: built from our own setting, never from the Host header. */
  url: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  /** The exact bytes. */
  body: Uint8Array;
}

/**
 * True when any of the app's client secrets made the signature within five minutes of `now` (ms). A request without
 * version 3 headers is never valid, whatever older signature it carries: accepting those would be a downgrade.
 */
export function verifySignatureV3(request: SignedRequest, clientSecrets: string[], now: number): boolean {
  const signature = request.headers[SIGNATURE];
  const timestamp = request.headers[TIMESTAMP];
  if (!signature || !timestamp || !/^\d{1,16}$/.test(timestamp)) return false;
  if (Math.abs(now - Number(timestamp)) > MAX_AGE_MS) return false;

  const given = Buffer.from(signature, 'base64');
  const urls = new Set([request.url, decodeAsHubspot(request.url)]);
  // All are computed, none is skipped: how long this takes says nothing about which one was right.
  const matches = clientSecrets.flatMap((secret) =>
    [...urls].map((url) => sameBytes(given, sign(secret, { ...request, url }, timestamp))),
  );
  return matches.includes(true);
}

function sign(secret: string, request: SignedRequest, timestamp: string): Buffer {
  return createHmac('sha256', secret)
    .update(`${request.method}${request.url}`)
    .update(request.body)
    .update(timestamp)
    .digest();
}

const sameBytes = (left: Buffer, right: Buffer): boolean =>
  left.length === right.length && timingSafeEqual(left, right);

/**
 * HubSpot documents that it decodes these twelve sequences, and no others, before it signs; its senders do not all do
 * it. Both forms need the secret, so both may be accepted.
 */
const decodeAsHubspot = (url: string): string =>
  url.replace(/%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi, (sequence) => decodeURIComponent(sequence));
