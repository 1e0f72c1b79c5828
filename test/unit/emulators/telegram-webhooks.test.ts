import { afterEach, beforeEach, expect, test } from 'vitest';
import { TelegramEmulator } from '../../../playground/providers/telegram.ts';
import { type JsonClient, jsonClient, type StandIn, standIn } from './product-stand-in.ts';

const TOKEN = '123456:AAtest-token_1';
const ANN = 7000001;
let telegram: TelegramEmulator;
let product: StandIn;
let call: JsonClient;

beforeEach(async () => {
  product = await standIn();
  telegram = await new TelegramEmulator({
    bots: [{ token: TOKEN, username: 'shop_bot' }],
    webhookRetryAfterMs: [0, 5, 5, 5],
    webhookTimeoutMs: 400,
  }).listen();
  call = jsonClient(`${telegram.url}/bot${TOKEN}`, {});
});
afterEach(async () => {
  await telegram.close();
  await product.close();
});

const setWebhook = (more: Record<string, unknown> = {}) =>
  call('POST', '/setWebhook', { url: `${product.url}/hook`, secret_token: 'S3cret_-', ...more });
const texts = () =>
  product.heard.map((one) => (one.json.message as { text: string } | undefined)?.text ?? 'other');

test.each([
  ['http://example.com/hook', 'bad webhook: An HTTPS URL must be provided for webhook'],
  ['https://example.com:8080/', 'bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443'],
  ['nonsense', 'invalid webhook URL specified'],
])('a webhook at %s is refused', async (url, why) => {
  expect((await setWebhook({ url })).body).toMatchObject({
    ok: false,
    error_code: 400,
    description: `Bad Request: ${why}`,
  });
});

test('https on the four ports and loopback http are accepted', async () => {
  for (const url of ['https://example.com/x', 'https://example.com:8443/x', 'http://localhost:9999/x'])
    expect((await setWebhook({ url })).status).toBe(200);
});

test('a secret is 1–256 of A–Z a–z 0–9 _ -', async () => {
  expect((await setWebhook({ secret_token: 'a b' })).body.description).toMatch(/unallowed characters/);
  expect((await setWebhook({ secret_token: 'a'.repeat(257) })).body.description).toMatch(/too long/);
});

test('each update is one POST with the secret, non-ASCII escaped, ids rising', async () => {
  await setWebhook();
  telegram.customerSends(ANN, { text: 'héllo' });
  telegram.customerSends(ANN, { text: 'again' });
  await telegram.settled();
  expect(product.heard).toHaveLength(2);
  const [first, second] = product.heard;
  expect(first?.headers['x-telegram-bot-api-secret-token']).toBe('S3cret_-');
  expect(first?.body).toContain('h\\u00e9llo');
  expect(first?.json.message).toMatchObject({ from: { id: ANN, is_bot: false }, chat: { type: 'private' } });
  expect(Number(second?.json.update_id)).toBe(Number(first?.json.update_id) + 1);
});

test('an update is pushed again after an error, a cut connection and a slow answer; its successors wait', async () => {
  await setWebhook();
  product.next.push({ status: 500 }, { drop: true }, { hang: true });
  telegram.customerSends(ANN, { text: 'one' });
  telegram.customerSends(ANN, { text: 'two' });
  await telegram.settled();
  expect(texts()).toEqual(['one', 'one', 'one', 'one', 'two']);
  expect(new Set(product.heard.slice(0, 4).map((one) => one.body)).size).toBe(1);
});

test('another chat does not wait for the failing one, and the error stands in getWebhookInfo', async () => {
  await setWebhook();
  product.next.push((heard) => ({ status: heard.body.includes('one') ? 503 : 200 }));
  telegram.customerSends(ANN, { text: 'one' });
  telegram.customerSends(8, { text: 'other chat' });
  await telegram.settled();
  expect(texts()).toHaveLength(3);
  const { result } = (await call('GET', '/getWebhookInfo')).body;
  expect(result).toMatchObject({
    url: `${product.url}/hook`,
    pending_update_count: 0,
    last_error_message: 'Wrong response from the webhook: 503',
    max_connections: 40,
  });
});

test('without a webhook updates wait: for getUpdates, or for the next webhook', async () => {
  telegram.customerSends(ANN, { text: 'early' });
  expect((await call('GET', '/getUpdates')).body.result).toHaveLength(1);
  await setWebhook();
  await telegram.settled();
  expect(texts()).toEqual(['early']);
  expect(await call('GET', '/getUpdates')).toMatchObject({ status: 409 });
  expect((await call('POST', '/deleteWebhook', {})).body.description).toBe('Webhook was deleted');
  telegram.customerSends(ANN, { text: 'late' });
  await telegram.settled();
  expect(product.heard).toHaveLength(1);
});

test('drop_pending_updates forgets what waits', async () => {
  telegram.customerSends(ANN, { text: 'early' });
  await setWebhook({ drop_pending_updates: true });
  await telegram.settled();
  expect(product.heard).toHaveLength(0);
});

test('only allowed_updates come; blocking, editing and pressing are updates too', async () => {
  const { body } = await setWebhook({ allowed_updates: ['message', 'edited_message', 'callback_query'] });
  expect(body.description).toBe('Webhook was set');
  const said = telegram.customerSends(ANN, { text: 'hi' });
  telegram.customerEdits(ANN, said.id, 'hello');
  const pressed = telegram.customerPresses(ANN, said.id, 'YES');
  telegram.customerBlocks(ANN);
  await telegram.settled();
  expect(product.heard.map((one) => Object.keys(one.json)[1])).toEqual([
    'message',
    'edited_message',
    'callback_query',
  ]);
  const answer = () => call('POST', '/answerCallbackQuery', { callback_query_id: pressed });
  expect((await answer()).body).toEqual({ ok: true, result: true });
  expect((await answer()).body.description).toMatch(/query is too old/);
});

test('duplicateWebhooks sends the same update twice', async () => {
  await setWebhook();
  telegram.duplicateWebhooks = true;
  telegram.customerSends(ANN, { text: 'one' });
  await telegram.settled();
  expect(texts()).toEqual(['one', 'one']);
});
