import { afterEach, beforeEach, expect, test } from 'vitest';
import { samplePng } from '../../../playground/providers/samples.ts';
import { TwilioEmulator } from '../../../playground/providers/twilio.ts';
import { handClock, type StandIn, standIn } from './product-stand-in.ts';

const AC = `AC${'0'.repeat(31)}1`;
const ROOT = `/2010-04-01/Accounts/${AC}`;
const OURS = '+15550001111';
const ZOE = '+15550002222';
const clock = handClock();
let twilio: TwilioEmulator;
let product: StandIn;

beforeEach(async () => {
  product = await standIn();
  twilio = await new TwilioEmulator({
    accounts: [{ sid: AC, authToken: 'auth-token', name: 'Acme', numbers: [OURS] }],
    statusAfterMs: { queued: 1, sent: 2, delivered: 3 },
    now: clock.now,
  }).listen();
});
afterEach(async () => {
  await twilio.close();
  await product.close();
});

const call = async (
  method: string,
  path: string,
  form?: Record<string, string> | [string, string][],
  user = `${AC}:auth-token`,
) => {
  const response = await fetch(twilio.url + path, {
    method,
    headers: { authorization: `Basic ${btoa(user)}` },
    ...(form ? { body: new URLSearchParams(form) } : {}),
    redirect: 'manual',
  });
  const text = await response.text();
  // biome-ignore lint/suspicious/noExplicitAny: another system's answer, looked at field by field.
  const body: any = text.startsWith('{') ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body };
};
const send = (more: Record<string, string> = {}) =>
  call('POST', `${ROOT}/Messages.json`, { To: ZOE, From: OURS, Body: 'Hi', ...more });
const refused = (code: number) => ({
  status: 400,
  body: {
    code,
    status: 400,
    message: expect.any(String),
    more_info: `https://www.twilio.com/docs/errors/${code}`,
  },
});
const outgoing = () => twilio.phone(ZOE).messages.filter((one) => one.direction === 'out');

test('SID and token, or an API key, open the account; anything else is 401 code 20003', async () => {
  expect((await call('GET', `${ROOT}.json`)).body).toMatchObject({
    sid: AC,
    friendly_name: 'Acme',
    status: 'active',
  });
  twilio.addApiKey(AC, 'SK1', 'key-secret');
  expect((await call('GET', `${ROOT}.json`, undefined, 'SK1:key-secret')).status).toBe(200);
  for (const user of [`${AC}:wrong`, 'SK1:wrong', ':', 'AC9:auth-token']) {
    const { status, body, headers } = await call('GET', `${ROOT}.json`, undefined, user);
    expect([status, body.code, headers.get('www-authenticate')]).toEqual([
      401,
      20003,
      'Basic realm="Twilio API"',
    ]);
  }
  const other = `/2010-04-01/Accounts/AC${'0'.repeat(31)}2.json`;
  expect((await call('GET', other)).status).toBe(401);
});

test('a number of the account is found and told where to post; no other', async () => {
  const found = await call('GET', `${ROOT}/IncomingPhoneNumbers.json?PhoneNumber=%2B15550001111`);
  const [number] = found.body.incoming_phone_numbers;
  expect(number).toMatchObject({ phone_number: OURS, sms_url: '', capabilities: { sms: true } });
  const none = await call('GET', `${ROOT}/IncomingPhoneNumbers.json?PhoneNumber=%2B19990000000`);
  expect(none.body.incoming_phone_numbers).toEqual([]);
  const path = `${ROOT}/IncomingPhoneNumbers/${number.sid}.json`;
  const updated = await call('POST', path, { SmsUrl: 'https://a.test/x', SmsMethod: 'POST' });
  expect(updated.body.sms_url).toBe('https://a.test/x');
  expect((await call('POST', path, { SmsUrl: 'nonsense' })).status).toBe(400);
  expect(await call('POST', `${ROOT}/IncomingPhoneNumbers/PN0.json`, {})).toMatchObject({
    status: 404,
    body: { code: 20404 },
  });
});

test('a messaging service is read and told where to post', async () => {
  const { sid } = twilio.addService('Support', [OURS]);
  const form = { InboundRequestUrl: 'https://a.test/x', UseInboundWebhookOnNumber: 'false' };
  expect((await call('POST', `/v1/Services/${sid}`, form)).body).toMatchObject({
    sid,
    friendly_name: 'Support',
    inbound_request_url: 'https://a.test/x',
  });
  const numbers = await call('GET', `/v1/Services/${sid}/PhoneNumbers`);
  expect(numbers.body.phone_numbers).toMatchObject([{ phone_number: OURS }]);
  expect((await call('GET', '/v1/Services/MG0')).body.code).toBe(20404);
});

test.each([
  [{ To: '' }, 21604],
  [{ To: '12345' }, 21211],
  [{ To: '+1555' }, 21211],
  [{ From: '' }, 21603],
  [{ From: '+19990000000' }, 21606],
  [{ To: OURS }, 21266],
  [{ Body: '' }, 21602],
  [{ Body: 'x'.repeat(1601) }, 21617],
  [{ Body: '😀'.repeat(801) }, 21617],
  [{ MediaUrl: 'ftp://a.test/x' }, 21620],
  [{ StatusCallback: 'nonsense' }, 21609],
])('%j is refused with code %i', async (more, code) => {
  expect(await send(more as Record<string, string>)).toMatchObject(refused(code));
  expect(twilio.accepted).toHaveLength(0);
});

test('1600 characters pass, with their segments counted', async () => {
  expect((await send({ Body: 'x'.repeat(1600) })).body.num_segments).toBe('11');
  expect((await send({ Body: '😀'.repeat(800) })).body.num_segments).toBe('24');
});

test('an unknown service is 404; through a known one the sender is chosen after the answer', async () => {
  const { sid } = twilio.addService('Support', [OURS]);
  expect(await send({ From: '', MessagingServiceSid: 'MG0' })).toMatchObject({
    status: 404,
    body: { code: 21701 },
  });
  const { status, body } = await send({ From: '', MessagingServiceSid: sid });
  expect([status, body.status, body.from, body.messaging_service_sid]).toEqual([201, 'accepted', null, sid]);
  await twilio.settled();
  expect((await call('GET', `${ROOT}/Messages/${body.sid}.json`)).body.from).toBe(OURS);
});

test('after STOP every message is 21610, until START', async () => {
  twilio.customerSends(ZOE, { text: ' stop ' });
  expect(await send()).toMatchObject(refused(21610));
  expect(twilio.phone(ZOE)).toMatchObject({ blocked: true });
  expect(outgoing()).toMatchObject([{ origin: 'provider' }]);
  twilio.customerSends(ZOE, { text: 'START' });
  expect((await send()).status).toBe(201);
});

test('“please stop” is no STOP', async () => {
  twilio.customerSends(ZOE, { text: 'please stop' });
  expect((await send()).status).toBe(201);
});

test('media is fetched by Twilio itself, and what it cannot fetch fails the message', async () => {
  product.next.push({ body: samplePng(), contentType: 'image/png' });
  const sent = await send({ MediaUrl: `${product.url}/a.png` });
  expect(sent.body).toMatchObject({ sid: expect.stringMatching(/^MM/), num_media: '1', status: 'queued' });
  await twilio.settled();
  expect(outgoing()).toMatchObject([
    { status: 'delivered', files: [{ kind: 'image', contentType: 'image/png' }] },
  ]);
  product.next.push({ status: 404 });
  const failed = await send({ MediaUrl: `${product.url}/b.png` });
  await twilio.settled();
  expect((await call('GET', `${ROOT}/Messages/${failed.body.sid}.json`)).body).toMatchObject({
    status: 'failed',
    error_code: 11200,
  });
  product.next.push({ body: Buffer.alloc(5 * 1024 * 1024 + 1), contentType: 'image/png' });
  await send({ MediaUrl: `${product.url}/c.png` });
  await twilio.settled();
  expect(outgoing().at(-1)).toMatchObject({ status: 'failed', error: { code: 11751 } });
});

test('the message list is newest first, filtered by To, From and DateSent, in pages', async () => {
  for (const text of ['1', '2', '3']) {
    twilio.customerSends(ZOE, { text });
    clock.advance(60_000);
  }
  twilio.customerSends('+15550003333', { text: 'other' });
  const list = async (query: Record<string, string>) =>
    (await call('GET', `${ROOT}/Messages.json?${new URLSearchParams(query)}`)).body;
  const bodies = async (query: Record<string, string>) =>
    (await list(query)).messages.map((one: { body: string }) => one.body);
  expect(await bodies({ To: OURS })).toEqual(['other', '3', '2', '1']);
  expect(await bodies({ From: ZOE })).toEqual(['3', '2', '1']);
  const since = new Date(clock.now() - 120_000).toISOString();
  expect(await bodies({ 'DateSent>': since })).toEqual(['other', '3', '2']);
  expect(await bodies({ 'DateSent<': since })).toEqual(['2', '1']);
  expect(await bodies({ DateSent: '2020-01-01' })).toEqual([]);
  const first = await list({ From: ZOE, PageSize: '2' });
  expect(first.next_page_uri).toMatch(/^\/2010-04-01\/.*PageToken=PA/);
  const second = (await call('GET', first.next_page_uri)).body;
  expect(second.messages.map((one: { body: string }) => one.body)).toEqual(['1']);
  expect(second.next_page_uri).toBeNull();
});

test('the list may lag behind', async () => {
  await twilio.close();
  const accounts = [{ sid: AC, authToken: 'auth-token', numbers: [OURS] }];
  twilio = await new TwilioEmulator({ accounts, listLagMs: 5_000, now: clock.now }).listen();
  await send();
  const count = async () => (await call('GET', `${ROOT}/Messages.json`)).body.messages.length;
  expect(await count()).toBe(0);
  clock.advance(5_000);
  expect(await count()).toBe(1);
});

test('media: described with .json, redirected without, on a CDN that refuses Twilio’s credentials', async () => {
  const png = samplePng();
  const { id } = twilio.customerSends(ZOE, { photo: { bytes: png } });
  const listed = (await call('GET', `${ROOT}/Messages/${id}/Media.json`)).body.media_list;
  expect(listed).toMatchObject([{ content_type: 'image/png', parent_sid: id }]);
  const path = listed[0].uri.replace('.json', '');
  expect((await call('GET', path, undefined, `${AC}:wrong`)).status).toBe(401);
  const redirect = await call('GET', path);
  const location = redirect.headers.get('location') ?? '';
  expect([redirect.status, new URL(location).origin]).toEqual([307, twilio.cdnUrl]);
  expect(twilio.cdnUrl).not.toBe(twilio.url);
  const got = await fetch(location);
  expect(Buffer.from(await got.arrayBuffer()).equals(png)).toBe(true);
  expect((await fetch(location, { headers: { authorization: 'Basic x' } })).status).toBe(400);
  expect((await fetch(location.split('?')[0] ?? '')).status).toBe(403);
  expect((await call('DELETE', path)).status).toBe(204);
  expect((await call('GET', path)).status).toBe(404);
  expect((await fetch(location)).status).toBe(404);
  expect(twilio.phone(ZOE).messages).toMatchObject([{ files: [{ kind: 'image' }] }]);
});

test('planned faults speak Twilio’s own words, and a cut answer does not unsend', async () => {
  twilio.plan('POST', /Messages/, { kind: 'status', status: 429 });
  expect(await send()).toMatchObject({ status: 429, body: { code: 20429 } });
  twilio.plan('POST', /Messages/, { kind: 'accept_then_drop' });
  await expect(send()).rejects.toThrow();
  expect(twilio.accepted).toMatchObject([{ from: OURS, to: ZOE, body: 'Hi' }]);
});
