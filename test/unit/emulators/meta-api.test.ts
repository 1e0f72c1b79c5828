import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { MetaEmulator, type MetaOptions } from '../../../playground/providers/meta.ts';
import { sampleMp4, sampleOgg, samplePdf, samplePng } from '../../../playground/providers/samples.ts';
import { handClock, type JsonClient, jsonClient, type StandIn, standIn } from './product-stand-in.ts';

const ZOE = '+15550002222';
const clock = handClock();
let meta: MetaEmulator;
let product: StandIn;
let call: JsonClient;

const open = async (more: MetaOptions = {}) => {
  meta = await new MetaEmulator({
    appId: '700',
    appSecret: 'app-secret',
    tokens: ['EAATOKEN'],
    numbers: [{ id: '111', wabaId: '222', phone: '+15550001111', name: 'Shop' }],
    statusAfterMs: { sent: 1, delivered: 2 },
    now: clock.now,
    ...more,
  }).listen();
  call = jsonClient(`${meta.url}/v25.0`, { authorization: 'Bearer EAATOKEN' });
};
beforeEach(async () => {
  product = await standIn();
  await open();
});
afterEach(async () => {
  await meta.close();
  await product.close();
});

const message = (more: Record<string, unknown> = {}) => ({
  messaging_product: 'whatsapp',
  to: ZOE,
  type: 'text',
  text: { body: 'Hi' },
  ...more,
});
const send = (more: Record<string, unknown> = {}) => call('POST', '/111/messages', message(more));
const error = (status: number, code: number) => ({ status, body: { error: { code } } });
const upload = async (bytes: Buffer, type: string, name = 'a') => {
  const form = new FormData();
  form.set('messaging_product', 'whatsapp');
  form.set('type', type);
  form.set('file', new Blob([new Uint8Array(bytes)], { type }), name);
  const headers = { authorization: 'Bearer EAATOKEN' };
  const response = await fetch(`${meta.url}/v25.0/111/media`, { method: 'POST', headers, body: form });
  // biome-ignore lint/suspicious/noExplicitAny: another system's answer, looked at field by field.
  return { status: response.status, body: (await response.json()) as any };
};
const outgoing = () => meta.phone(ZOE).messages.filter((one) => one.direction === 'out');

test('a token opens its numbers and says its scopes; a wrong one is 401 code 190', async () => {
  const fields = 'display_phone_number,verified_name,webhook_configuration';
  expect((await call('GET', `/111?fields=${fields}`)).body).toEqual({
    id: '111',
    display_phone_number: '+15550001111',
    verified_name: 'Shop',
    webhook_configuration: {},
  });
  expect((await call('GET', '/222/phone_numbers')).body.data).toMatchObject([{ id: '111' }]);
  const { data } = (await call('GET', '/debug_token?input_token=EAATOKEN')).body;
  expect(data).toMatchObject({ is_valid: true, app_id: '700' });
  expect(data.scopes).toContain('whatsapp_business_messaging');
  const wrong = jsonClient(`${meta.url}/v25.0`, { authorization: 'Bearer nonsense' });
  expect(await wrong('GET', '/111')).toMatchObject({
    status: 401,
    body: { error: { type: 'OAuthException', code: 190, fbtrace_id: expect.any(String) } },
  });
  meta.revokeToken('EAATOKEN');
  expect(await send()).toMatchObject(error(401, 190));
});

test('what does not exist and what this token may not see are the same: code 100, subcode 33', async () => {
  const gone = { status: 400, body: { error: { code: 100, error_subcode: 33 } } };
  expect(await call('GET', '/999')).toMatchObject(gone);
  meta.addToken('EAAFOREIGN', { wabas: ['333'] });
  const foreign = { authorization: 'Bearer EAAFOREIGN' };
  expect(await call('GET', '/111', undefined, foreign)).toMatchObject(gone);
  expect(await call('POST', '/111/messages', message(), foreign)).toMatchObject(gone);
  expect((await call('GET', '/111?fields=shoe_size')).body.error.message).toMatch(/nonexisting field/);
});

test('an appsecret_proof is checked when it is there', async () => {
  const proof = createHmac('sha256', 'app-secret').update('EAATOKEN').digest('hex');
  expect((await call('GET', `/111?appsecret_proof=${proof}`)).status).toBe(200);
  expect((await call('GET', '/111?appsecret_proof=00')).status).toBe(400);
});

test('an accepted message has a wamid, and our own reference is remembered with it', async () => {
  const asked = meta.customerSends(ZOE, { text: 'Hello' });
  const { status, body } = await send({
    context: { message_id: asked.id },
    biz_opaque_callback_data: 'dlv_1',
  });
  expect(status).toBe(200);
  expect(body).toEqual({
    messaging_product: 'whatsapp',
    contacts: [{ input: ZOE, wa_id: '15550002222' }],
    messages: [{ id: expect.stringMatching(/^wamid\./), message_status: 'accepted' }],
  });
  expect(meta.accepted).toMatchObject([{ number: '111', customer: ZOE, reference: 'dlv_1' }]);
  expect(outgoing()).toMatchObject([{ id: body.messages[0].id, text: 'Hi', replyTo: asked.id }]);
});

test('24 hours after the customer last wrote, only templates go out', async () => {
  meta.addTemplate('222', { name: 'hello', language: 'en_US', body: 'Hello {{1}}' });
  expect(await send()).toMatchObject(error(400, 131026));
  meta.addCustomer({ phone: ZOE, name: 'Zoe' });
  expect(await send()).toMatchObject(error(400, 131047));
  meta.customerSends(ZOE, { text: 'Hello' });
  clock.advance(24 * 3_600_000 - 1);
  expect((await send()).status).toBe(200);
  clock.advance(1);
  expect(await send()).toMatchObject(error(400, 131047));
  const parameters = [{ type: 'text', text: 'Zoe' }];
  const template = { name: 'hello', language: { code: 'en_US' }, components: [{ type: 'body', parameters }] };
  expect((await send({ type: 'template', template })).status).toBe(200);
  expect(outgoing().at(-1)?.text).toBe('Hello Zoe');
  expect(await send({ type: 'template', template: { ...template, components: [] } })).toMatchObject(
    error(400, 132000),
  );
  const missing = { name: 'bye', language: { code: 'en_US' } };
  expect(await send({ type: 'template', template: missing })).toMatchObject(error(404, 132001));
});

test('the test can close the window, and a person can leave WhatsApp', async () => {
  meta.customerSends(ZOE, { text: 'Hello' });
  expect(meta.phone(ZOE).windowClosesAt).toBe(clock.now() + 24 * 3_600_000);
  meta.closeWindow(ZOE);
  expect(await send()).toMatchObject(error(400, 131047));
  meta.openWindow(ZOE);
  meta.customerLeaves(ZOE);
  expect(await send()).toMatchObject(error(400, 131026));
  expect(meta.accepted).toHaveLength(0);
});

test.each([
  [{ messaging_product: undefined }, 100],
  [{ to: undefined }, 100],
  [{ to: 'nobody' }, 131009],
  [{ to: '+15550001111' }, 131021],
  [{ text: { body: '' } }, 100],
  [{ text: { body: 'x'.repeat(4097) } }, 100],
  [{ type: 'poll', poll: {} }, 131051],
  [{ biz_opaque_callback_data: 'x'.repeat(513) }, 100],
  [{ context: { message_id: 'wamid.unknown' } }, 131009],
  [{ type: 'image', image: { id: '42' } }, 131009],
  [{ type: 'image', image: {} }, 100],
  [{ type: 'image', image: { link: 'http://example.com/a.png' } }, 100],
  [{ type: 'audio', audio: { id: '42', caption: 'x' } }, 100],
  [{ type: 'location', location: { latitude: 1 } }, 100],
  [{ type: 'contacts', contacts: [{}] }, 100],
])('%j is refused with code %i', async (more, code) => {
  meta.customerSends(ZOE, { text: 'Hello' });
  expect(await send(more)).toMatchObject(error(400, code));
  expect(meta.accepted).toHaveLength(0);
});

test('media is uploaded, looked up, sent, and only of the types and sizes that WhatsApp takes', async () => {
  meta.customerSends(ZOE, { text: 'Hello' });
  const png = samplePng();
  const { id } = (await upload(png, 'image/png')).body;
  expect((await call('GET', `/${id}`)).body).toMatchObject({
    id,
    mime_type: 'image/png',
    file_size: png.length,
  });
  expect((await send({ type: 'image', image: { id, caption: 'Look' } })).status).toBe(200);
  expect(outgoing()).toMatchObject([{ text: 'Look', files: [{ kind: 'image', contentType: 'image/png' }] }]);
  const voice = (await upload(sampleOgg(), 'audio/ogg')).body.id;
  await send({ type: 'audio', audio: { id: voice, voice: true } });
  expect(outgoing().at(-1)?.files[0]?.kind).toBe('voice');
  const pdf = (await upload(samplePdf(), 'application/pdf')).body.id;
  await send({ type: 'document', document: { id: pdf, filename: 'bill.pdf' } });
  expect(outgoing().at(-1)?.files[0]?.name).toBe('bill.pdf');
  const video = (await upload(sampleMp4(), 'video/mp4')).body.id;
  await send({ type: 'video', video: { id: video, caption: 'Play' } });
  expect(outgoing().at(-1)).toMatchObject({ text: 'Play', files: [{ kind: 'video' }] });
  expect(await send({ type: 'image', image: { id: pdf } })).toMatchObject(error(400, 131053));
  expect(await upload(png, 'image/tiff')).toMatchObject(error(400, 100));
  expect(await upload(Buffer.alloc(5 * 1024 * 1024 + 1, 1), 'image/png')).toMatchObject(error(400, 131053));
});

test('a file by link is fetched by Meta itself; a link that fails is 131053', async () => {
  meta.customerSends(ZOE, { text: 'Hello' });
  product.next.push({ body: samplePng(), contentType: 'image/png' }, { status: 404 });
  const image = { link: `${product.url}/a.png` };
  expect((await send({ type: 'image', image })).status).toBe(200);
  expect(outgoing()[0]?.files[0]?.bytes.length).toBe(samplePng().length);
  expect(await send({ type: 'image', image })).toMatchObject(error(400, 131053));
});

test('a customer’s file: hex hash by id, a URL of five minutes that wants the token', async () => {
  const png = samplePng();
  meta.customerSends(ZOE, { photo: { bytes: png }, text: 'Look' });
  const [id] = [...meta.state.media.keys()];
  const { url, sha256 } = (await call('GET', `/${id}?phone_number_id=111`)).body;
  expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  const headers = { authorization: 'Bearer EAATOKEN' };
  const got = await fetch(url, { headers });
  expect(Buffer.from(await got.arrayBuffer()).equals(png)).toBe(true);
  expect((await fetch(url)).status).toBe(401);
  expect((await fetch(url.replace('mid=1', 'mid=2'), { headers })).status).toBe(401);
  clock.advance(300_001);
  expect((await fetch(url, { headers })).status).toBe(404);
  expect((await call('GET', `/${id}?phone_number_id=999`)).status).toBe(400);
});

test('rate limits are HTTP 400: 131056 for a pair, 130429 for the number', async () => {
  await meta.close();
  await open({ pairBudget: { burst: 2, perSecond: 1 / 6 }, numberBudget: { burst: 4, perSecond: 80 } });
  meta.customerSends(ZOE, { text: 'Hello' });
  meta.customerSends('+15550003333', { text: 'Hello' });
  const codes = [];
  for (const to of [ZOE, ZOE, ZOE, '+15550003333', '+15550003333'])
    codes.push((await send({ to })).body.error?.code);
  expect(codes).toEqual([undefined, undefined, 131056, undefined, 130429]);
  clock.advance(6_000);
  expect((await send()).status).toBe(200);
  meta.plan('POST', /messages/, { kind: 'status', status: 429 });
  expect(await send()).toMatchObject(error(400, 130429));
});

test('buttons and lists stay within their limits and stand on the phone', async () => {
  meta.customerSends(ZOE, { text: 'Hello' });
  const button = (title: string) => ({ type: 'reply', reply: { id: 'y', title } });
  const interactive = (buttons: unknown[]) => ({
    type: 'button',
    body: { text: 'Sure?' },
    action: { buttons },
  });
  expect((await send({ type: 'interactive', interactive: interactive([button('Yes')]) })).status).toBe(200);
  expect(outgoing()[0]?.choices).toEqual([{ text: 'Yes', payload: 'y' }]);
  const four = interactive(Array.from({ length: 4 }, () => button('Yes')));
  expect(await send({ type: 'interactive', interactive: four })).toMatchObject(error(400, 100));
  const long = interactive([button('x'.repeat(21))]);
  expect(await send({ type: 'interactive', interactive: long })).toMatchObject(error(400, 100));
});

test('marking read turns the customer’s ticks blue, and only for a message that is there', async () => {
  const said = meta.customerSends(ZOE, { text: 'Hello' });
  const read = (message_id: string) =>
    call('POST', '/111/messages', { messaging_product: 'whatsapp', status: 'read', message_id });
  expect((await read(said.id)).body).toEqual({ success: true });
  expect(meta.phone(ZOE).messages[0]?.status).toBe('read');
  expect(await read('wamid.other')).toMatchObject(error(400, 131009));
});

test('somebody who hides the phone is written to by BSUID', async () => {
  const user = meta.addCustomer({ phone: ZOE, name: 'Zoe', username: 'zoe.z', hidesPhone: true });
  meta.customerSends(user.bsuid, { text: 'Hello' });
  const { status, body } = await send({ to: undefined, recipient: user.bsuid });
  expect(status).toBe(200);
  expect(body.contacts).toEqual([{ input: user.bsuid, user_id: user.bsuid }]);
  expect(await send({ to: undefined, recipient: 'US.999' })).toMatchObject(error(400, 131009));
});

test('cut off after acceptance, the message is on the phone all the same', async () => {
  meta.customerSends(ZOE, { text: 'Hello' });
  meta.plan('POST', /messages/, { kind: 'accept_then_drop' });
  await expect(send()).rejects.toThrow();
  expect(outgoing()).toHaveLength(1);
  meta.plan('POST', /messages/, { kind: 'status', status: 500 });
  expect(await send()).toMatchObject(error(500, 131000));
  expect(meta.accepted).toHaveLength(1);
});
