import { Signature } from '@hubspot/api-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HubspotEmulator } from '../../../playground/platforms/hubspot.ts';
import { handClock, type JsonClient, jsonClient, type StandIn, standIn } from './product-stand-in.ts';

const clock = handClock();
let hubspot: HubspotEmulator;
let product: StandIn;
let token: string;
let call: JsonClient;

beforeEach(async () => {
  product = await standIn();
  hubspot = await new HubspotEmulator({
    now: clock.now,
    contactSearchLagMs: 3_000,
    app: { permittedFetchUrls: [`${product.url}/hubspot/extension`] },
  }).listen();
  const users = [{ id: 5, name: 'Ann', email: 'ann+1@acme.test' }];
  hubspot.addPortal({ id: 77, name: 'Acme', users, inboxes: [{ id: '1', name: 'Inbox', type: 'INBOX' }] });
  token = hubspot.installDirectly(77).accessToken;
  call = jsonClient(hubspot.url, { authorization: `Bearer ${token}` });
});
afterEach(async () => {
  await hubspot.close();
  await product.close();
});

const upload = async (fields: Record<string, string>, withFile = true) => {
  const form = new FormData();
  if (withFile) form.set('file', new Blob(['bytes'], { type: 'image/png' }), 'a b.png');
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${hubspot.url}/files/2026-09/files`, { method: 'POST', headers, body: form });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
};
const PRIVATE = { options: '{"access":"PRIVATE"}', folderPath: '/octopods' };

test('an upload wants a file, an access level and one folder', async () => {
  expect((await upload(PRIVATE, false)).status).toBe(400);
  expect((await upload({ folderPath: '/x' })).status).toBe(400);
  expect((await upload({ ...PRIVATE, options: '{"access":"SECRET"}' })).status).toBe(400);
  expect((await upload({ options: PRIVATE.options })).status).toBe(400);
  expect((await upload({ ...PRIVATE, folderId: '1' })).status).toBe(400);
  expect(await upload(PRIVATE)).toMatchObject({
    status: 201,
    body: { extension: 'png', size: 5, access: 'PRIVATE' },
  });
});

test('a private file is read through a signed URL, and only until it expires', async () => {
  const { body } = await upload(PRIVATE);
  expect((await fetch(body.url ?? '')).status).toBe(403);
  const signed = await call('GET', `/files/2026-09/files/${body.id}/signed-url?expirationSeconds=60`);
  expect(signed.body).toMatchObject({ name: 'a b.png', extension: 'png', size: 5 });
  const read = await fetch(signed.body.url);
  expect([await read.text(), read.headers.get('content-type')]).toEqual(['bytes', 'image/png']);
  clock.advance(61_000);
  expect((await fetch(signed.body.url)).status).toBe(403);
});

const search = (filterGroups: unknown[], more: Record<string, unknown> = {}) =>
  call('POST', '/crm/objects/2026-09/contacts/search', {
    filterGroups,
    properties: ['phone'],
    limit: 10,
    after: '',
    sorts: [],
    ...more,
  });
const where = (propertyName: string, operator: string, value: string) => ({
  filters: [{ propertyName, operator, value }],
});

test('contacts are found by number once the index has caught up, in any of its spellings', async () => {
  const made = await call('POST', '/crm/objects/2026-09/contacts', {
    properties: { phone: '+44 20 7946 0018' },
  });
  expect(made.status).toBe(201);
  const wanted = [where('hs_searchable_calculated_phone_number', 'CONTAINS_TOKEN', '*2079460018')];
  expect((await search(wanted)).body.total).toBe(0);
  clock.advance(3_000);
  expect((await search(wanted)).body.results).toMatchObject([
    { id: made.body.id, properties: { phone: '+44 20 7946 0018' } },
  ]);
  const others = [
    where('phone', 'EQ', '+442079460018'),
    where('hs_searchable_calculated_international_phone_number', 'EQ', '442079460018'),
  ];
  expect((await search(others)).body.total).toBe(1);
  expect((await search([where('phone', 'EQ', '+442079460018')])).body.total).toBe(0);
});

test.each([
  ['six groups', Array.from({ length: 6 }, () => where('phone', 'EQ', '1')), {}],
  ['seven filters', [{ filters: Array.from({ length: 7 }, () => where('phone', 'EQ', '1').filters[0]) }], {}],
  ['an unknown operator', [where('phone', 'LIKE', '1')], {}],
  ['a filter without value', [{ filters: [{ propertyName: 'phone', operator: 'EQ' }] }], {}],
  ['201 at once', [], { limit: 201 }],
  ['more than 10 000 deep', [], { after: '10000' }],
])('a search with %s is refused', async (_what, groups, more) => {
  expect((await search(groups, more)).status).toBe(400);
});

test('five searches a second, whatever else is called', async () => {
  const answers = [];
  for (let index = 0; index < 6; index += 1) answers.push(await search([]));
  expect(answers.map((one) => one.status)).toEqual([200, 200, 200, 200, 200, 429]);
  expect(answers[5]?.body.policyName).toBe('SECONDLY');
  expect(answers[0]?.headers.get('x-hubspot-ratelimit-max')).toBeNull();
  clock.advance(1_000);
  expect((await search([])).status).toBe(200);
});

test('e-mail addresses are unique, phone numbers are not, properties must exist', async () => {
  const create = (properties: Record<string, string>) =>
    call('POST', '/crm/objects/2026-09/contacts', { properties });
  const first = await create({ email: 'zoe@z.test', phone: '+15550002222' });
  const twin = await create({ email: 'zoe@z.test' });
  expect([twin.status, twin.body.message]).toEqual([
    409,
    `Contact already exists. Existing ID: ${first.body.id}`,
  ]);
  expect((await create({ phone: '+15550002222' })).status).toBe(201);
  expect((await create({ shoe_size: '4' })).body.errors[0].code).toBe('PROPERTY_DOESNT_EXIST');
  expect((await call('GET', '/crm/objects/2026-09/contacts/404')).status).toBe(404);
});

const ask = (more: Record<string, unknown> = {}) =>
  hubspot.extensionFetch(77, { url: `${product.url}/hubspot/extension/card?contact=1`, ...more });

test('hubspot.fetch names portal, user and app in the signed URL', async () => {
  product.next.push({ body: '{"kind":"conversation"}' });
  expect(await ask({ method: 'POST', body: { a: 1 } })).toEqual({
    status: 200,
    body: '{"kind":"conversation"}',
  });
  const [heard] = product.heard;
  expect(heard?.path).toBe(
    '/hubspot/extension/card?contact=1&userId=5&portalId=77&userEmail=ann%2B1%40acme.test&appId=1234567',
  );
  // %40 is decoded before signing, %2B is not.
  const theirs = Signature.getSignature('POST', 'v3', {
    signature: '',
    clientSecret: 'hubspot-client-secret',
    url: product.url + (heard?.path ?? '').replace('%40', '@'),
    requestBody: '{"a":1}',
    timestamp: Number(heard?.headers['x-hubspot-request-timestamp']),
  });
  expect(heard?.headers['x-hubspot-signature-v3']).toBe(theirs);
});

test('hubspot.fetch tries once more after a 5xx, and never after anything else', async () => {
  product.next.push({ status: 500 }, { status: 200, body: '{}' });
  expect((await ask({ method: 'POST', body: {} })).status).toBe(200);
  product.next.push({ status: 404 });
  expect((await ask()).status).toBe(404);
  expect(product.heard).toHaveLength(3);
});

test.each([
  ['a URL that is not permitted', { url: 'http://127.0.0.1:1/hubspot/extension' }],
  ['a text body', { method: 'POST', body: 'text' }],
  ['a header of its own', { headers: { 'x-mine': '1' } }],
  ['half a minute', { timeout: 30_000 }],
  ['a method that is none', { method: 'TRACE' }],
  ['more than a megabyte', { method: 'POST', body: { text: 'x'.repeat(1_100_000) } }],
])('hubspot.fetch refuses %s and calls nobody', async (_what, request) => {
  expect(await ask(request)).toMatchObject({ status: 400, refused: expect.any(String) });
  expect(product.heard).toEqual([]);
});

test('the proxy stands open to a page in a browser, for a user who exists', async () => {
  const post = (userId: number) =>
    jsonClient(hubspot.url, { origin: 'http://localhost:1' })('POST', '/hubspot-fetch', {
      portalId: 77,
      userId,
      url: `${product.url}/hubspot/extension/card`,
    });
  product.next.push({ body: '{"ok":true}' });
  const answer = await post(5);
  expect([answer.status, answer.body, answer.headers.get('access-control-allow-origin')]).toEqual([
    200,
    { ok: true },
    'http://localhost:1',
  ]);
  expect((await post(6)).status).toBe(403);
});

test('threads are listed since a time, with their messages and actors', async () => {
  const capabilities = {
    deliveryIdentifierTypes: ['HS_PHONE_NUMBER'],
    threadingModel: 'DELIVERY_IDENTIFIER',
    allowOutgoingMessages: true,
  };
  const channel = hubspot.registerChannel({ name: 'SMS', capabilities });
  const base = `/conversations/custom-channels/2026-09/${channel.id}`;
  const phone = (value: string) => ({ type: 'HS_PHONE_NUMBER', value });
  const body = { inboxId: '1', name: 'x', authorized: true, deliveryIdentifier: phone('+15550001111') };
  const account = (await call('POST', `${base}/channel-accounts`, body)).body;
  const since = new Date(clock.now()).toISOString();
  clock.advance(1_000);
  const message = {
    channelAccountId: account.id,
    messageDirection: 'INCOMING',
    senders: [{ deliveryIdentifier: phone('+15550002222'), name: 'Zoe' }],
    recipients: [{ deliveryIdentifier: phone('+15550001111') }],
    text: 'Hello',
    timestamp: since,
    attachments: [],
  };
  const thread = (await call('POST', `${base}/messages`, message)).body.conversationsThreadId;
  const threads = '/conversations/conversations/2026-09/threads';
  const listed = await call(
    'GET',
    `${threads}?latestMessageTimestampAfter=${since}&sort=latestMessageTimestamp`,
  );
  expect(listed.body.results).toMatchObject([{ id: thread, status: 'OPEN', inboxId: '1' }]);
  expect((await call('GET', `${threads}?latestMessageTimestampAfter=${since}`)).status).toBe(400);
  const [first] = (await call('GET', `${threads}/${thread}/messages`)).body.results;
  expect(first.text).toBe('Hello');
  const actor = await call('GET', `/conversations/conversations/2026-09/actors/${first.createdBy}`);
  expect(actor.body).toMatchObject({ type: 'VISITOR', name: 'Zoe' });
  const agent = await call('POST', '/conversations/conversations/2026-09/actors/batch/read', {
    inputs: ['A-5'],
  });
  expect(agent.body.results).toMatchObject([{ type: 'AGENT', name: 'Ann' }]);
  expect((await call('PATCH', `${threads}/${thread}`, { status: 'CLOSED' })).status).toBe(403);
});
