import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isSignedByMeta, signMetaBody } from '../../../server/channels/whatsapp/signature.ts';
import { testIo } from '../../support/io.ts';
import {
  APP_SECRET,
  batchOf,
  CHANNEL,
  connectionOf,
  finding,
  OLD_SECRET,
  PHONE_ID,
  SECOND_PHONE_ID,
  webhook,
  whatsApp,
} from './world.ts';

interface Vector {
  name: string;
  secret: string;
  body: string;
  signature: string;
}
const vectors = JSON.parse(
  readFileSync(new URL('../../fixtures/signature-vectors.json', import.meta.url), 'utf8'),
) as { meta: { header: string; cases: Vector[] } };
const bytes = (text: string) => new TextEncoder().encode(text);
const hello = batchOf({
  messages: [{ from: '15550002222', id: 'wamid.1', type: 'text', text: { body: 'é' } }],
});
const receive = (request: ReturnType<typeof webhook>, ...known: Parameters<typeof finding>) =>
  whatsApp.receive(request, finding(...known), testIo());

describe('Meta signatures', () => {
  test.each(vectors.meta.cases)(
    'the vector “$name” is signed and verified as computed elsewhere',
    (vector) => {
      expect(signMetaBody(vector.secret, bytes(vector.body))).toBe(vector.signature);
      expect(isSignedByMeta(['another', vector.secret], bytes(vector.body), vector.signature)).toBe(true);
    },
  );

  test.each(vectors.meta.cases)('the vector “$name” passes the webhook itself', async (vector) => {
    const headers = { [vectors.meta.header]: vector.signature };
    expect(await receive(webhook(vector.body, { headers }))).toEqual({ events: [] });
  });

  test('a body that was parsed and written again no longer verifies', () => {
    const [, escaped] = vectors.meta.cases;
    const rewritten = JSON.stringify(JSON.parse(escaped?.body ?? ''));
    expect(isSignedByMeta([APP_SECRET], bytes(rewritten), escaped?.signature)).toBe(false);
  });

  test('every secret of the app verifies, so that secrets can be rotated', async () => {
    for (const secret of [APP_SECRET, OLD_SECRET])
      expect(await receive(webhook(hello, { secret }), connectionOf())).toMatchObject({ events: [{}] });
  });

  test.each([
    ['a tampered body', { ...webhook(hello), body: bytes(JSON.stringify(hello).replace('é', 'e')) }],
    ['the wrong secret', webhook(hello, { secret: 'not the secret' })],
    ['an empty secret', webhook(hello, { secret: '' })],
    ['a missing header', webhook(hello, { headers: {} })],
    ['only the old SHA-1 header', webhook(hello, { headers: { 'x-hub-signature': 'sha1=00' } })],
    ['half a signature', webhook(hello, { headers: { 'x-hub-signature-256': 'sha256=ee' } })],
    ['a signature in capitals', webhook(hello, { headers: { 'x-hub-signature-256': capitals() } })],
  ])('%s is refused with 401', async (_name, request) => {
    expect(await receive(request, connectionOf())).toEqual({ reject: 401 });
  });

  test('without any app secret nothing verifies, an empty one included', () => {
    expect(isSignedByMeta([], bytes(''), signMetaBody('', bytes('')))).toBe(false);
    expect(isSignedByMeta([''], bytes(''), signMetaBody('', bytes('')))).toBe(false);
  });

  test('signed rubbish is a 400, not a crash', async () => {
    expect(await receive(webhook('{"object":'))).toEqual({ reject: 400 });
    expect(await receive(webhook('[]'))).toEqual({ reject: 400 });
  });
});

const capitals = (): string =>
  signMetaBody(APP_SECRET, bytes(JSON.stringify(hello)))
    .toUpperCase()
    .replace('SHA256', 'sha256');

describe('a channel with a Meta app of its own', () => {
  const own = connectionOf({ credentials: { app_secret: 'own-secret', verify_token: 'own-token' } });
  const toOwn = (secret: string, phoneNumberId = PHONE_ID) =>
    webhook(
      batchOf(
        { messages: [{ from: '15550002222', id: 'w', type: 'text', text: { body: 'x' } }] },
        phoneNumberId,
      ),
      {
        secret,
        routeId: CHANNEL,
      },
    );

  test('is verified by its own secret and not by that of the installation', async () => {
    expect(await receive(toOwn('own-secret'), own)).toMatchObject({ events: [{ kind: 'message' }] });
    expect(await receive(toOwn(APP_SECRET), own)).toEqual({ reject: 401 });
  });

  test('its secret opens no door to the numbers of another workspace', async () => {
    const foreign = connectionOf({ workspaceId: 'wsp_2', id: 'chn_2', externalId: SECOND_PHONE_ID });
    expect(await receive(toOwn('own-secret', SECOND_PHONE_ID), own, foreign)).toEqual({ events: [] });
  });

  test('it carries other numbers of the same workspace and app, since the override counts for the whole account', async () => {
    const sibling = connectionOf({
      id: 'chn_2',
      externalId: SECOND_PHONE_ID,
      credentials: { app_secret: 'own-secret', verify_token: 'own-token' },
    });
    const received = await receive(toOwn('own-secret', SECOND_PHONE_ID), own, sibling);
    expect(received).toMatchObject({ events: [{ connection: { id: 'chn_2' } }] });
  });

  test('an unknown channel, one of another type and one without an app of its own are 404', async () => {
    expect(await receive(toOwn('own-secret'))).toEqual({ reject: 404 });
    expect(await receive(toOwn('own-secret'), { ...own, type: 'telegram' })).toEqual({ reject: 404 });
    expect(await receive(toOwn(APP_SECRET), connectionOf())).toEqual({ reject: 404 });
  });
});

describe('the handshake', () => {
  const ask = (query: string, routeId?: string) => ({
    method: 'GET',
    url: `https://octopods.test/webhooks/whatsapp${routeId ? `/${routeId}` : ''}?${query}`,
    headers: {},
    body: new Uint8Array(),
    ...(routeId ? { routeId } : {}),
  });
  const good = 'hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=the-verify-token';

  test('is answered with the raw challenge as text', async () => {
    expect(await receive(ask(good))).toEqual({
      events: [],
      reply: { status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: '1158201444' },
    });
  });

  test('with the wrong token it is 401, without its parameters 400', async () => {
    expect(await receive(ask(good.replace('the-verify-token', 'wrong')))).toEqual({ reject: 401 });
    expect(await receive(ask('hub.mode=subscribe'))).toEqual({ reject: 400 });
    expect(await receive(ask(good.replace('subscribe', 'unsubscribe')))).toEqual({ reject: 400 });
  });

  test('of a channel with its own app goes by the channel’s token', async () => {
    const own = connectionOf({ credentials: { app_secret: 's', verify_token: 'own-token' } });
    const query = good.replace('the-verify-token', 'own-token');
    expect(await receive(ask(query, CHANNEL), own)).toMatchObject({ reply: { body: '1158201444' } });
    expect(await receive(ask(good, CHANNEL), own)).toEqual({ reject: 401 });
  });
});
