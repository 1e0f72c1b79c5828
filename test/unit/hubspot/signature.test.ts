import { Signature } from '@hubspot/api-client';
import { describe, expect, it } from 'vitest';
import { verifySignatureV3 } from '../../../server/platforms/hubspot/index.ts';

const NOW = Date.UTC(2026, 10, 2, 10);
const SECRETS = ['secret-new', 'secret-old'];
const URL_CALLED =
  'https://octopods.test/hubspot/extension/card?portalId=4711001&userEmail=ann%40tulip.example';

/** A request as HubSpot would send it, signed by HubSpot's own SDK. */
function signed({ secret = 'secret-new', signedUrl = URL_CALLED, at = NOW, body = '{"text":"Grüße"}' } = {}) {
  const signature = Signature.getSignature('POST', 'v3', {
    signature: '',
    clientSecret: secret,
    url: signedUrl,
    requestBody: body,
    timestamp: at,
  });
  return {
    method: 'POST',
    url: URL_CALLED,
    headers: { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': String(at) },
    body: new TextEncoder().encode(body),
  };
}
const valid = (request: ReturnType<typeof signed>, now = NOW) => verifySignatureV3(request, SECRETS, now);

describe('HubSpot’s signature, version 3', () => {
  it('accepts what HubSpot’s own SDK signs, by any of the app’s secrets', () => {
    expect(valid(signed())).toBe(true);
    expect(valid(signed({ secret: 'secret-old' }))).toBe(true);
  });

  it('accepts the URL as it was called and as HubSpot documents to decode it', () => {
    const decoded = URL_CALLED.replace('%40', '@');
    expect(valid(signed({ signedUrl: decoded }))).toBe(true);
  });

  it('leaves sequences alone that HubSpot does not decode', () => {
    const url = 'https://octopods.test/x?text=a%20b%26c%3Dd%2Fe';
    const half = { ...signed({ signedUrl: 'https://octopods.test/x?text=a%20b%26c%3Dd/e' }), url };
    const whole = { ...signed({ signedUrl: 'https://octopods.test/x?text=a b&c=d/e' }), url };
    expect([valid(half), valid(whole)]).toEqual([true, false]);
  });

  it('refuses a changed body, method, query or secret', () => {
    const body = new TextEncoder().encode('{"text":"Gruesse"}');
    expect(valid({ ...signed(), body })).toBe(false);
    expect(valid({ ...signed(), method: 'PUT' })).toBe(false);
    expect(valid({ ...signed(), url: URL_CALLED.replace('4711001', '4711002') })).toBe(false);
    expect(valid(signed({ secret: 'someone-elses' }))).toBe(false);
  });

  it('refuses what is older or newer than five minutes, to the millisecond', () => {
    const fiveMinutes = 300_000;
    expect(valid(signed({ at: NOW - fiveMinutes }))).toBe(true);
    expect(valid(signed({ at: NOW - fiveMinutes - 1 }))).toBe(false);
    expect(valid(signed({ at: NOW + fiveMinutes }))).toBe(true);
    expect(valid(signed({ at: NOW + fiveMinutes + 1 }))).toBe(false);
  });

  it('refuses a missing signature, a missing timestamp and one that is no number', () => {
    const { headers, ...request } = signed();
    const { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': timestamp } = headers;
    const without = (kept: Record<string, string>) =>
      verifySignatureV3({ ...request, headers: kept }, SECRETS, NOW);
    expect(without({ 'x-hubspot-request-timestamp': timestamp })).toBe(false);
    expect(without({ 'x-hubspot-signature-v3': signature })).toBe(false);
    expect(without({ 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': 'soon' })).toBe(
      false,
    );
  });

  it('refuses older signature versions, also beside nothing else', () => {
    const { headers: _, ...request } = signed();
    const v2 = Signature.getSignature('POST', 'v2', {
      signature: '',
      clientSecret: 'secret-new',
      url: URL_CALLED,
      requestBody: '{"text":"Grüße"}',
    });
    const headers = { 'x-hubspot-signature': v2, 'x-hubspot-signature-version': 'v2' };
    expect(verifySignatureV3({ ...request, headers }, SECRETS, NOW)).toBe(false);
  });

  it('lets nobody in while no secret is set', () => {
    expect(verifySignatureV3(signed(), [], NOW)).toBe(false);
  });
});
