import fc from 'fast-check';
import webhooks from 'twilio/lib/webhooks/webhooks.js';
import { describe, expect, it } from 'vitest';
import { verify } from '../../../server/channels/twilio-sms/signature.ts';
import vectors from '../../fixtures/signature-vectors.json' with { type: 'json' };

interface Case {
  name: string;
  authToken: string;
  url: string;
  form: Record<string, string>;
  json?: string;
  signature: string;
}
const cases: Case[] = vectors.twilio.cases.map((one) => ({
  ...one,
  form: Object.fromEntries(Object.entries(one.form)),
}));
const bodyOf = (one: Case) => one.json ?? new URLSearchParams(one.form).toString();

describe('a signature by Twilio', () => {
  it.each(cases)('$name is accepted, and nothing else', (one) => {
    const { authToken, url, signature } = one;
    const body = bodyOf(one);
    expect(verify(authToken, signature, url, body)).toBe(true);
    expect(verify(`${authToken}x`, signature, url, body)).toBe(false);
    expect(verify(authToken, signature, url.replace('.com', '.org'), body)).toBe(false);
    expect(verify(authToken, signature, url, `${body}&More=1`)).toBe(false);
    expect(verify(authToken, `${signature}=`, url, body)).toBe(false);
    expect(verify(authToken, signature.toLowerCase(), url, body)).toBe(false);
    expect(verify(authToken, '', url, body)).toBe(false);
    expect(verify(authToken, undefined, url, body)).toBe(false);
  });

  it('covers a changed value, and a query in the URL', () => {
    const [, one] = cases;
    if (!one) throw new Error('no vector');
    const changed = new URLSearchParams({ ...one.form, From: '+15005550007' }).toString();
    expect(verify(one.authToken, one.signature, one.url, changed)).toBe(false);
    expect(verify(one.authToken, one.signature, `${one.url}?delivery=dlv_2`, bodyOf(one))).toBe(false);
  });

  const words = fc.string({ unit: 'grapheme', maxLength: 8 });
  const forms = fc.array(fc.tuple(fc.oneof(fc.constantFrom('Body', 'From', 'MediaUrl'), words), words), {
    maxLength: 8,
  });
  const urls = fc.constantFrom(
    'https://octopods.example/webhooks/twilio/chn_1',
    'https://octopods.example/webhooks/twilio/chn_1?delivery=dlv_1',
    "https://octopods.example:443/hook?name=O'Neil&x=a%20b",
    'http://localhost:8080/hook?x=é',
    'http://127.0.0.1/hook',
  );

  it('is the one that Twilio’s own SDK makes, also for keys that come several times', () => {
    fc.assert(
      fc.property(forms, urls, (form, url) => {
        const body = new URLSearchParams(form).toString();
        const params: Record<string, string[]> = Object.create(null);
        for (const [key, value] of new URLSearchParams(body)) params[key] = [...(params[key] ?? []), value];
        const signature = webhooks.getExpectedTwilioSignature('token', url, params);
        expect(verify('token', signature, url, body)).toBe(true);
        expect(verify('token', signature, url, `${body}&Tampered=1`)).toBe(false);
      }),
      { numRuns: 200 },
    );
  });

  it('may be made with the standard port or without, and with old escapes', () => {
    const sign = (url: string) => webhooks.getExpectedTwilioSignature('token', url, { Body: 'x' });
    const accepts = (signed: string, ours: string) => verify('token', sign(signed), ours, 'Body=x');
    expect(accepts('https://a.example:443/h', 'https://a.example/h')).toBe(true);
    expect(accepts('http://a.example:80/h', 'http://a.example/h')).toBe(true);
    expect(accepts('https://a.example/h', 'https://a.example:443/h')).toBe(true);
    expect(accepts("https://a.example/h?n=O'Neil", "https://a.example/h?n=O'Neil")).toBe(true);
    expect(accepts('https://a.example/h?n=O%27Neil', "https://a.example/h?n=O'Neil")).toBe(true);
    expect(accepts('https://a.example:8443/h', 'https://a.example/h')).toBe(false);
  });
});
