import { describe, expect, test } from 'vitest';
import { createWhatsApp } from '../../../server/channels/whatsapp/index.ts';
import { WireError } from '../../../server/core/outcome.ts';
import { testIo } from '../../support/io.ts';
import type { Answer } from '../../support/scripted-http.ts';
import {
  CHANNEL,
  connectionOf,
  finding,
  GRAPH,
  graphFailure,
  PHONE_ID,
  TOKEN,
  WABA,
  whatsApp,
} from './world.ts';

const PHONE = `GET ${GRAPH}/v25.0/${PHONE_ID}?fields=`;
const NUMBERS = `GET ${GRAPH}/v25.0/${WABA}/phone_numbers?`;
const SUBSCRIBE = `POST ${GRAPH}/v25.0/${WABA}/subscribed_apps`;
const APP_URL = 'https://octopods.test/webhooks/whatsapp';
const credentials = { phone_number_id: PHONE_ID, waba_id: WABA, access_token: TOKEN };
const own = { ...credentials, app_secret: 'own-secret', verify_token: 'own-token' };

const phone = { id: PHONE_ID, display_phone_number: '+1 555-000-1111', verified_name: 'Example' };
const numbers = { data: [{ id: PHONE_ID, display_phone_number: '+1 555-000-1111' }] };

async function connect(answers: [string, Answer | Error][], given = credentials) {
  const io = testIo();
  for (const [call, answer] of answers) io.http.queue(call, answer);
  const connected = await whatsApp.connect?.(
    { credentials: given, webhookUrl: `${APP_URL}/${CHANNEL}`, channelId: CHANNEL },
    io,
  );
  io.http.done();
  return { connected, requests: io.http.requests };
}
const good: [string, Answer][] = [
  [PHONE, { json: phone }],
  [NUMBERS, { json: numbers }],
  [SUBSCRIBE, { json: { success: true } }],
];

describe('connecting a number', () => {
  test('proves the token, the number and the account, then subscribes the app', async () => {
    const { connected, requests } = await connect(good);
    expect(connected).toEqual({
      ok: true,
      externalId: PHONE_ID,
      name: 'Example (+1 555 000 1111)',
      medium: 'whatsapp',
      credentials,
      settings: { phone: '+15550001111', waba_id: WABA, verified_name: 'Example' },
      status: 'connected',
    });
    expect(requests.every((one) => one.headers?.authorization === `Bearer ${TOKEN}`)).toBe(true);
    expect(requests[2]).not.toHaveProperty('json');
  });
  test('a Meta app of one’s own leads the account’s webhooks to the channel’s own URL', async () => {
    const { connected, requests } = await connect(good, own);
    expect(connected).toMatchObject({ ok: true, status: 'connected', credentials: own });
    expect(requests[2]?.json).toEqual({
      override_callback_uri: `${APP_URL}/${CHANNEL}`,
      verify_token: 'own-token',
    });
  });
  test('Meta’s callback during that call is answered, although the channel is not stored yet', async () => {
    const io = testIo();
    const handshake = {
      method: 'GET',
      url: `${APP_URL}/${CHANNEL}?hub.mode=subscribe&hub.challenge=42&hub.verify_token=own-token`,
      headers: {},
      body: new Uint8Array(),
      routeId: CHANNEL,
    };
    const answers: unknown[] = [];
    const http = Object.assign(async (request: Parameters<typeof io.http>[0]) => {
      if (request.json) answers.push(await whatsApp.receive(handshake, finding(), io));
      return io.http(request);
    }, io.http);
    for (const [call, answer] of good) io.http.queue(call, answer);
    const request = { credentials: own, webhookUrl: `${APP_URL}/${CHANNEL}`, channelId: CHANNEL };
    await whatsApp.connect?.(request, { ...io, http });
    expect(answers).toMatchObject([{ reply: { status: 200, body: '42' } }]);
    expect(await whatsApp.receive(handshake, finding(), io)).toEqual({ reject: 404 });
  });
  test('numbers on later pages are found', async () => {
    const page = {
      data: [{ id: '7', display_phone_number: '+1 7' }],
      paging: { cursors: { after: 'c=' }, next: 'x' },
    };
    const { connected, requests } = await connect([
      [PHONE, { json: phone }],
      [NUMBERS, { json: page }],
      [NUMBERS, { json: numbers }],
      [SUBSCRIBE, { json: { success: true } }],
    ]);
    expect(connected).toMatchObject({ ok: true });
    expect(requests[2]?.url).toContain('after=c%3D');
  });
  test('messages that Meta leads elsewhere leave the channel pending, with the URL to enter', async () => {
    const elsewhere = { ...phone, webhook_configuration: { application: 'https://other.example/hook' } };
    const { connected } = await connect([[PHONE, { json: elsewhere }], ...good.slice(1)]);
    expect(connected).toMatchObject({
      ok: true,
      status: 'pending',
      todo: expect.stringContaining(`to ${APP_URL} and`),
    });
    expect(connected).toMatchObject({ todo: expect.stringContaining('https://other.example/hook') });
  });
  test('messages that Meta leads to us are connected', async () => {
    const ours = { ...phone, webhook_configuration: { application: APP_URL } };
    const { connected } = await connect([[PHONE, { json: ours }], ...good.slice(1)]);
    expect(connected).toMatchObject({ ok: true, status: 'connected' });
  });
});

describe('a wrong field is named', () => {
  const dead = { status: 401, json: graphFailure(190) };
  const forbidden = { status: 403, json: graphFailure(200) };
  const missing = { status: 400, json: graphFailure(100, { subcode: 33 }) };

  test.each<[string, [string, Answer | Error][], string, RegExp]>([
    ['a dead token', [[PHONE, dead]], 'access_token', /does not accept this token/],
    ['a token without permissions', [[PHONE, forbidden]], 'access_token', /whatsapp_business_management/],
    ['a wrong number id', [[PHONE, missing]], 'phone_number_id', /knows no phone number/],
    ['a wrong account id', [...good.slice(0, 1), [NUMBERS, missing]], 'waba_id', /knows no business account/],
    [
      'an account out of reach',
      [...good.slice(0, 1), [NUMBERS, forbidden]],
      'access_token',
      /lacks a permission/,
    ],
    [
      'a number of another account',
      [...good.slice(0, 1), [NUMBERS, { json: { data: [{ id: '7', display_phone_number: '+1 7' }] } }]],
      'waba_id',
      /Its numbers: \+1 7 \(7\)\./,
    ],
    ['an app that cannot subscribe', [...good.slice(0, 2), [SUBSCRIBE, forbidden]], 'access_token', /lacks/],
  ])('%s', async (_name, answers, field, why) => {
    const { connected } = await connect(answers);
    expect(connected).toMatchObject({ ok: false, field, why: expect.stringMatching(why) });
    expect(JSON.stringify(connected)).not.toContain(TOKEN);
  });
  test.each<[string, Answer | Error]>([
    ['Meta being down', { status: 502, text: '<html>' }],
    ['Meta being busy', { status: 400, json: graphFailure(4) }],
    ['Meta being unreachable', new WireError('no route', true)],
  ])('%s blames no field', async (_name, answer) => {
    await expect(connect([[PHONE, answer]])).rejects.toThrow(WireError);
  });
  test('a webhook that Meta cannot verify names the verify token and the URL', async () => {
    const failed = { status: 400, json: graphFailure(2200, { details: 'Callback verification failed' }) };
    const { connected } = await connect([...good.slice(0, 2), [SUBSCRIBE, failed]], own);
    expect(connected).toMatchObject({
      ok: false,
      field: 'verify_token',
      why: `Meta could not verify the webhook ${APP_URL}/${CHANNEL}: Callback verification failed`,
    });
  });
  test('an installation without a Meta app asks for the customer’s own', async () => {
    const bare = createWhatsApp({ graphUrl: GRAPH, appSecrets: [] });
    const request = { credentials, webhookUrl: APP_URL, channelId: CHANNEL };
    expect(await bare.connect?.(request, testIo())).toMatchObject({ ok: false, field: 'app_secret' });
  });
  test('app secret and verify token go together, ids are numbers', () => {
    const issues = (input: object) =>
      whatsApp.credentials.safeParse(input).error?.issues.map((issue) => issue.path.join('.'));
    expect(issues({ ...credentials, app_secret: 's' })).toEqual(['verify_token']);
    expect(issues({ ...credentials, verify_token: 's' })).toEqual(['app_secret']);
    expect(issues({ ...credentials, phone_number_id: '+1 555' })).toEqual(['phone_number_id']);
    expect(issues({ ...own, access_token: ` ${TOKEN}\n` })).toBeUndefined();
  });
});

describe('disconnecting', () => {
  const UNSUBSCRIBE = `DELETE ${GRAPH}/v25.0/${WABA}/subscribed_apps`;

  test('takes the subscription back', async () => {
    const io = testIo();
    io.http.queue(NUMBERS, { json: numbers }).queue(UNSUBSCRIBE, { json: { success: true } });
    await whatsApp.disconnect?.(connectionOf(), io);
    io.http.done();
  });
  test('leaves it while the account has other numbers, which live by it', async () => {
    const io = testIo();
    io.http.queue(NUMBERS, { json: { data: [...numbers.data, { id: '7' }] } });
    await whatsApp.disconnect?.(connectionOf(), io);
    io.http.done();
  });
  test('never throws for what Meta says', async () => {
    const io = testIo();
    io.http.queue(NUMBERS, { json: numbers }).queue(UNSUBSCRIBE, { status: 401, json: graphFailure(190) });
    await whatsApp.disconnect?.(connectionOf(), io);
    io.http.queue(NUMBERS, { status: 502, text: '<html>' });
    await whatsApp.disconnect?.(connectionOf(), io);
    io.http.queue(NUMBERS, { status: 401, json: graphFailure(190) });
    await whatsApp.disconnect?.(connectionOf(), io);
    expect(JSON.stringify(io.logged)).not.toContain(TOKEN);
  });
});
