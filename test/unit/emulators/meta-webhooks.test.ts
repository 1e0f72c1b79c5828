import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { signature } from '../../../playground/providers/meta/webhooks.ts';
import { MetaEmulator } from '../../../playground/providers/meta.ts';
import { samplePng } from '../../../playground/providers/samples.ts';
import vectors from '../../fixtures/signature-vectors.json' with { type: 'json' };
import { type Heard, type JsonClient, jsonClient, type StandIn, standIn } from './product-stand-in.ts';

const ZOE = '+15550002222';
let meta: MetaEmulator;
let product: StandIn;
let call: JsonClient;

beforeEach(async () => {
  product = await standIn();
  meta = await new MetaEmulator({
    appId: '700',
    appSecret: 'app-secret',
    tokens: ['EAATOKEN'],
    callbackUrl: `${product.url}/app`,
    numbers: [{ id: '111', wabaId: '222', phone: '+15550001111', subscribed: true }],
    statusAfterMs: { sent: 5, delivered: 15 },
    webhookRetryAfterMs: [5, 5],
    webhookTimeoutMs: 400,
  }).listen();
  meta.addCustomer({ phone: ZOE, name: 'Zoe', bsuid: 'US.1349' });
  call = jsonClient(`${meta.url}/v25.0`, { authorization: 'Bearer EAATOKEN' });
});
afterEach(async () => {
  await meta.close();
  await product.close();
});

const send = (more: Record<string, unknown> = {}) =>
  call('POST', '/111/messages', {
    messaging_product: 'whatsapp',
    to: ZOE,
    type: 'text',
    text: { body: 'Hi' },
    ...more,
  });
interface Body {
  // biome-ignore lint/suspicious/noExplicitAny: another system's payload, looked at field by field.
  entry: { changes: { value: any }[] }[];
}
const values = (heard: Pick<Heard, 'json'>[]) =>
  heard
    .flatMap((one) => (one.json as unknown as Body).entry.flatMap((entry) => entry.changes))
    .map((one) => one.value);
/** In the order in which they were sent: how they arrive is up to the network. */
const statuses = () =>
  values(meta.webhooks.map((one) => ({ json: JSON.parse(one.body) }))).flatMap(
    (value) => value.statuses ?? [],
  );
const challenge = (heard: Heard) => ({
  body: new URL(heard.path, 'http://x').searchParams.get('hub.challenge') ?? '',
});

test.each(vectors.meta.cases)('the signer agrees with values computed elsewhere: $name', (vector) => {
  expect(signature(vector.secret, vector.body)).toBe(vector.signature);
});

test('a message arrives as one signed POST, non-ASCII escaped, joined to its contact', async () => {
  const said = meta.customerSends(ZOE, { text: 'café 😀' });
  await meta.settled();
  const [heard] = product.heard;
  const digest = createHmac('sha256', 'app-secret')
    .update(heard?.body ?? '')
    .digest('hex');
  expect(heard?.headers['x-hub-signature-256']).toBe(`sha256=${digest}`);
  expect(heard?.body).toContain('caf\\u00e9 \\ud83d\\ude00');
  expect(heard?.json).toMatchObject({ object: 'whatsapp_business_account', entry: [{ id: '222' }] });
  expect(values(product.heard)).toMatchObject([
    {
      metadata: { display_phone_number: '15550001111', phone_number_id: '111' },
      contacts: [{ profile: { name: 'Zoe' }, wa_id: '15550002222', user_id: 'US.1349' }],
      messages: [{ from: '15550002222', id: said.id, type: 'text', text: { body: 'café 😀' } }],
    },
  ]);
});

test('files carry base64 hashes and a URL; replies name what they answer; reactions come and go', async () => {
  const photo = meta.customerSends(ZOE, { photo: { bytes: samplePng() }, text: 'Look' });
  await meta.settled();
  meta.customerSends(ZOE, { text: 'This one', replyTo: photo.id });
  await meta.settled();
  meta.customerReacts(ZOE, photo.id, '👍');
  await meta.settled();
  meta.customerReacts(ZOE, photo.id, '');
  await meta.settled();
  const messages = values(product.heard).flatMap((value) => value.messages);
  expect(messages).toMatchObject([
    { type: 'image', image: { mime_type: 'image/png', caption: 'Look', url: expect.any(String) } },
    { type: 'text', context: { id: photo.id } },
    { type: 'reaction', reaction: { message_id: photo.id, emoji: '👍' } },
    { type: 'reaction', reaction: { message_id: photo.id } },
  ]);
  expect(Buffer.from(messages[0].image.sha256, 'base64')).toHaveLength(32);
  expect(messages[3].reaction).not.toHaveProperty('emoji');
});

test('a hidden phone is in no field', async () => {
  meta.addCustomer({ phone: '+15557778888', bsuid: 'US.555', hidesPhone: true });
  meta.customerSends('US.555', { text: 'Hello' });
  await send({ to: undefined, recipient: 'US.555' });
  await meta.settled();
  expect(product.heard.length).toBe(3);
  for (const heard of product.heard) expect(heard.body).not.toContain('15557778888');
  expect(statuses()).toMatchObject([{ recipient_user_id: 'US.555' }, { recipient_user_id: 'US.555' }]);
});

test('sent, delivered and read come back with our own reference', async () => {
  meta.customerSends(ZOE, { text: 'Hello' });
  const { body } = await send({ biz_opaque_callback_data: 'dlv_1' });
  await meta.settled();
  meta.customerReads(ZOE);
  await meta.settled();
  expect(statuses().map((one) => one.status)).toEqual(['sent', 'delivered', 'read']);
  for (const status of statuses())
    expect(status).toMatchObject({
      id: body.messages[0].id,
      recipient_id: '15550002222',
      biz_opaque_callback_data: 'dlv_1',
      timestamp: expect.stringMatching(/^\d{10}$/),
    });
  meta.customerReads(ZOE);
  await meta.settled();
  expect(statuses()).toHaveLength(3);
});

test('reorderReceipts: delivered before sent', async () => {
  meta.reorderReceipts = true;
  meta.customerSends(ZOE, { text: 'Hello' });
  await send();
  await meta.settled();
  expect(statuses().map((one) => one.status)).toEqual(['delivered', 'sent']);
  expect(meta.phone(ZOE).messages.at(-1)?.status).toBe('delivered');
});

test('to somebody who blocked the business a message stays at sent', async () => {
  meta.customerSends(ZOE, { text: 'Hello' });
  meta.customerBlocks(ZOE);
  await send();
  await meta.settled();
  meta.customerReads(ZOE);
  await meta.settled();
  expect(statuses().map((one) => one.status)).toEqual(['sent']);
});

test('a refusal may also come late: accepted, then failed with the code, without contacts', async () => {
  meta.refusals = 'status';
  const { status } = await send({ biz_opaque_callback_data: 'dlv_2' });
  await meta.settled();
  expect(status).toBe(200);
  const [value] = values(product.heard);
  expect(value).not.toHaveProperty('contacts');
  expect(value.statuses).toMatchObject([
    { status: 'failed', biz_opaque_callback_data: 'dlv_2', errors: [{ code: 131047 }] },
  ]);
  expect(meta.phone(ZOE).messages[0]).toMatchObject({ status: 'failed', error: { code: 131047 } });
});

test('anything but 200 is posted again, byte for byte; 200 ends it', async () => {
  product.next.push({ status: 503 }, { status: 204 });
  meta.customerSends(ZOE, { text: 'Hello' });
  await meta.settled();
  expect(product.heard).toHaveLength(3);
  expect(new Set(product.heard.map((one) => one.body)).size).toBe(1);
  product.next.push({ hang: true }, { drop: true });
  meta.customerSends(ZOE, { text: 'Hello again' });
  await meta.settled();
  expect(product.heard).toHaveLength(6);
});

test('a batch mixes accounts, numbers, messages and statuses in one POST', async () => {
  meta.addNumber({ id: '112', wabaId: '222', phone: '+15550001112' });
  meta.addNumber({ id: '333', wabaId: '444', phone: '+15550003333', subscribed: true });
  meta.openWindow(ZOE);
  await meta.batched(async () => {
    await send();
    meta.customerSends(ZOE, { text: 'one' });
    meta.customerSends(ZOE, { text: 'two' });
    meta.customerSends(ZOE, { text: 'other number' }, '112');
    meta.customerSends(ZOE, { text: 'other account' }, '333');
    await meta.settled();
  });
  await meta.settled();
  expect(product.heard).toHaveLength(1);
  const all = values(product.heard);
  expect(all.map((value) => value.metadata.phone_number_id)).toEqual(['111', '112', '333']);
  expect(all[0].messages).toHaveLength(2);
  expect(all[0].statuses).toHaveLength(2);
  expect(all[0].contacts).toHaveLength(1);
});

test('nothing arrives before the account is subscribed; an override proves itself by the challenge', async () => {
  expect((await call('DELETE', '/222/subscribed_apps')).body).toEqual({ success: true });
  meta.customerSends(ZOE, { text: 'unheard' });
  await meta.settled();
  expect(product.heard).toHaveLength(0);
  const override = { override_callback_uri: `${product.url}/own?x=1`, verify_token: 'prove-it' };
  product.next.push({ status: 403 });
  const refused = await call('POST', '/222/subscribed_apps', override);
  expect(refused).toMatchObject({ status: 400, body: { error: { code: 2200 } } });
  product.next.push({ body: 'another challenge' });
  expect((await call('POST', '/222/subscribed_apps', override)).status).toBe(400);
  product.next.push(challenge);
  expect((await call('POST', '/222/subscribed_apps', override)).body).toEqual({ success: true });
  const asked = new URL(product.heard.at(-1)?.path ?? '', 'http://x').searchParams;
  expect(Object.fromEntries(asked)).toMatchObject({
    x: '1',
    'hub.mode': 'subscribe',
    'hub.verify_token': 'prove-it',
  });
  meta.customerSends(ZOE, { text: 'heard' });
  await meta.settled();
  expect(product.heard.at(-1)).toMatchObject({ method: 'POST', path: '/own?x=1' });
  expect((await call('GET', '/222/subscribed_apps')).body.data).toMatchObject([
    { whatsapp_business_api_data: { id: '700' }, override_callback_uri: override.override_callback_uri },
  ]);
});

test('a number’s own URL wins over the account’s and the app’s, and an empty one takes it back', async () => {
  product.next.push(challenge);
  const webhook_configuration = { override_callback_uri: `${product.url}/number`, verify_token: 't' };
  expect((await call('POST', '/111', { webhook_configuration })).status).toBe(200);
  meta.customerSends(ZOE, { text: 'Hello' });
  await meta.settled();
  const none = { webhook_configuration: { override_callback_uri: '' } };
  expect((await call('POST', '/111', none)).status).toBe(200);
  meta.customerSends(ZOE, { text: 'Hello' });
  await meta.settled();
  expect(product.heard.slice(1).map((one) => one.path)).toEqual(['/number', '/app']);
});

test('the app’s URL is set with the app’s own token, after the challenge', async () => {
  const body = {
    object: 'whatsapp_business_account',
    callback_url: `${product.url}/new`,
    verify_token: 't',
    fields: 'messages',
  };
  expect((await call('POST', '/700/subscriptions', body)).status).toBe(403);
  product.next.push(challenge);
  const headers = { authorization: 'Bearer 700|app-secret' };
  expect((await call('POST', '/700/subscriptions', body, headers)).status).toBe(200);
  product.next.push({ status: 500 });
  await expect(meta.subscribe(`${product.url}/x`, 't')).rejects.toThrow(/validated/);
  meta.customerSends(ZOE, { text: 'Hello' });
  await meta.settled();
  expect(product.heard.at(-1)?.path).toBe('/new');
});

test('another app’s subscription gets its own copy, signed with its own secret', async () => {
  meta.addApp({
    id: '800',
    secret: 'other-secret',
    callback: { url: `${product.url}/other`, verifyToken: 't' },
  });
  meta.addToken('EAAOTHER', { appId: '800' });
  await call('POST', '/222/subscribed_apps', {}, { authorization: 'Bearer EAAOTHER' });
  meta.customerSends(ZOE, { text: 'Hello' });
  await meta.settled();
  const other = product.heard.find((one) => one.path === '/other');
  expect(product.heard).toHaveLength(2);
  expect(other?.headers['x-hub-signature-256']).toBe(signature('other-secret', other?.body ?? ''));
});

test('account and template changes go to the app’s URL, never to an override', async () => {
  product.next.push(challenge);
  await call('POST', '/222/subscribed_apps', {
    override_callback_uri: `${product.url}/own`,
    verify_token: 't',
  });
  meta.sendChange('222', 'message_template_status_update', { event: 'APPROVED' });
  await meta.settled();
  expect(product.heard.at(-1)).toMatchObject({
    path: '/app',
    json: { entry: [{ id: '222', changes: [{ field: 'message_template_status_update' }] }] },
  });
});
