import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  signBody,
  signHub,
  verifyBodySignature,
  verifyHubSignature,
} from '../../../server/platforms/intercom/signature.ts';

const body = Buffer.from('{"type":"notification_event","id":"notif_1"}');
const HUB = 'sha1=aecc714caf6457fbe3c920227b6e1251a3cda5f2';
const BODY = '392974910b5657f4afc8c4c35c35fd93984c09fad4ddf25c8f2c82fe2d22a60c';

const kinds = [
  { name: 'X-Hub-Signature', verify: verifyHubSignature, sign: signHub, vector: HUB, algorithm: 'sha1' },
  {
    name: 'X-Body-Signature',
    verify: verifyBodySignature,
    sign: signBody,
    vector: BODY,
    algorithm: 'sha256',
  },
];

describe.each(kinds)('$name', ({ verify, sign, vector, algorithm }) => {
  test('the known vector is valid', () => {
    expect(verify(['s3cr3t'], body, vector)).toBe(true);
    expect(sign('s3cr3t', body)).toBe(vector);
  });
  test('agrees with an independent HMAC for any bytes', () => {
    const bytes = Buffer.from('{"text":"héllo 🎉 \\u00e9"}');
    const hex = createHmac(algorithm, 'another').update(bytes).digest('hex');
    expect(verify(['another'], bytes, algorithm === 'sha1' ? `sha1=${hex}` : hex)).toBe(true);
  });
  test('each of several secrets verifies, so that a secret can be rotated', () => {
    expect(verify(['new', 's3cr3t'], body, vector)).toBe(true);
    expect(verify(['s3cr3t', 'old'], body, vector)).toBe(true);
  });
  test('a tampered body, a wrong secret and a missing header are refused', () => {
    expect(verify(['s3cr3t'], Buffer.from(`${body} `), vector)).toBe(false);
    expect(verify(['wrong'], body, vector)).toBe(false);
    expect(verify(['s3cr3t'], body, undefined)).toBe(false);
    expect(verify(['s3cr3t'], body, '')).toBe(false);
    expect(verify(['s3cr3t'], body, vector.slice(0, -1))).toBe(false);
  });
  test('an empty secret, or none, verifies nothing', () => {
    expect(verify([''], body, sign('', body))).toBe(false);
    expect(verify([], body, vector)).toBe(false);
  });
});

test('one signature does not pass for the other', () => {
  expect(verifyHubSignature(['s3cr3t'], body, BODY)).toBe(false);
  expect(verifyBodySignature(['s3cr3t'], body, HUB)).toBe(false);
});
