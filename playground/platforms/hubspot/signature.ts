/**
 * Signature v3 as HubSpot makes it: base64 HMAC-SHA256 of method + URI + body + timestamp, under the app's client
 * secret. https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
 */
import { createHmac } from 'node:crypto';

/** The only sequences that are decoded before signing; the rest of the URI stays as it was called. */
const DECODED: Record<string, string> = {
  '%3A': ':',
  '%2F': '/',
  '%3F': '?',
  '%40': '@',
  '%21': '!',
  '%24': '$',
  '%27': "'",
  '%28': '(',
  '%29': ')',
  '%2A': '*',
  '%2C': ',',
  '%3B': ';',
};
const signedUri = (url: string): string =>
  url.replace(/%[0-9A-F]{2}/gi, (sequence) => DECODED[sequence.toUpperCase()] ?? sequence);

const signatureV3 = (
  secret: string,
  request: { method: string; url: string; body: string; timestamp: number },
): string =>
  createHmac('sha256', secret)
    .update(`${request.method}${signedUri(request.url)}${request.body}${request.timestamp}`)
    .digest('base64');

export const signedHeaders = (
  secret: string,
  request: { method: string; url: string; body: string; timestamp: number },
): Record<string, string> => ({
  'x-hubspot-request-timestamp': String(request.timestamp),
  'x-hubspot-signature-v3': signatureV3(secret, request),
});
