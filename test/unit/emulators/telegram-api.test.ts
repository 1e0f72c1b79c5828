import { afterEach, beforeEach, expect, test } from 'vitest';
import { samplePdf, samplePng } from '../../../playground/providers/samples.ts';
import { TelegramEmulator } from '../../../playground/providers/telegram.ts';
import { type JsonClient, jsonClient } from './product-stand-in.ts';

const TOKEN = '123456:AAtest-token_1';
const ANN = 7000001;
const OK = { ok: true };
let telegram: TelegramEmulator;
let call: JsonClient;

beforeEach(async () => {
  telegram = await new TelegramEmulator({ bots: [{ token: TOKEN, username: 'shop_bot' }] }).listen();
  telegram.addCustomer({ id: ANN, first_name: 'Ann', username: 'annx' });
  call = jsonClient(`${telegram.url}/bot${TOKEN}`, {});
});
afterEach(() => telegram.close());

const refusal = (code: number, description: string) => ({
  status: code,
  body: { ok: false, error_code: code, description },
});
const send = (method: string, body: Record<string, unknown>) =>
  call('POST', `/${method}`, { chat_id: ANN, ...body });
const upload = async (method: string, fields: Record<string, string>, file: [string, Buffer, string]) => {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set(file[0], new Blob([new Uint8Array(file[1])]), file[2]);
  const response = await fetch(`${telegram.url}/bot${TOKEN}/${method}`, { method: 'POST', body: form });
  // biome-ignore lint/suspicious/noExplicitAny: another system's answer, looked at field by field.
  return { status: response.status, body: (await response.json()) as any };
};
const start = () => telegram.customerSends(ANN, { text: '/start' });
const phone = () => telegram.phone(ANN).messages.filter((one) => one.direction === 'out');

test('a bot is who its token says; a foreign token is 401, a malformed one 404, a revoked one 401', async () => {
  const me = await call('GET', '/getMe');
  expect(me.body).toMatchObject({ ok: true, result: { id: 123456, is_bot: true, username: 'shop_bot' } });
  expect(await jsonClient(`${telegram.url}/bot9:other`, {})('GET', '/getMe')).toMatchObject(
    refusal(401, 'Unauthorized'),
  );
  expect(await jsonClient(`${telegram.url}/botnonsense`, {})('GET', '/getMe')).toMatchObject(
    refusal(404, 'Not Found'),
  );
  telegram.revokeToken(TOKEN);
  expect(await call('GET', '/getMe')).toMatchObject(refusal(401, 'Unauthorized'));
});

test('method names ignore case; an unknown method is 404; unknown fields are ignored', async () => {
  start();
  expect((await call('POST', '/SENDMESSAGE', { chat_id: ANN, text: 'hi', nonsense: 1 })).body).toMatchObject(
    OK,
  );
  expect(await send('sendTelepathy', {})).toMatchObject(refusal(404, 'Not Found: method not found'));
});

test('nobody can be written to who never wrote, blocked the bot, or left', async () => {
  const text = { text: 'hi' };
  expect(telegram.phone(ANN)).toMatchObject({ name: 'Ann', messages: [] });
  expect(await send('sendMessage', text)).toMatchObject(refusal(400, 'Bad Request: chat not found'));
  start();
  expect((await send('sendMessage', text)).body).toMatchObject(OK);
  telegram.customerBlocks(ANN);
  expect(await send('sendMessage', text)).toMatchObject(
    refusal(403, 'Forbidden: bot was blocked by the user'),
  );
  telegram.customerUnblocks(ANN);
  telegram.customerLeaves(ANN);
  expect(await send('sendMessage', text)).toMatchObject(refusal(403, 'Forbidden: user is deactivated'));
  expect(telegram.accepted).toHaveLength(1);
});

test('text is neither empty nor longer than 4096 characters after formatting', async () => {
  start();
  const empty = await send('sendMessage', {});
  expect(empty).toMatchObject(refusal(400, 'Bad Request: message text is empty'));
  const blank = await send('sendMessage', { text: ' \n ' });
  expect(blank).toMatchObject(refusal(400, 'Bad Request: text must be non-empty'));
  const long = await send('sendMessage', { text: 'x'.repeat(4097) });
  expect(long).toMatchObject(refusal(400, 'Bad Request: message is too long'));
  const formatted = { text: `<b>${'x'.repeat(4096)}</b>`, parse_mode: 'HTML' };
  expect((await send('sendMessage', formatted)).body).toMatchObject(OK);
});

test('HTML becomes text with entities counted in UTF-16 units', async () => {
  start();
  const html = '😀 <b>bold <i>both</i></b> &lt;3 <a href="https://x.test/?a=1&amp;b=2">link</a>';
  const { body } = await send('sendMessage', { text: html, parse_mode: 'HTML' });
  expect(body.result).toMatchObject({
    text: '😀 bold both <3 link',
    entities: [
      { type: 'bold', offset: 3, length: 9 },
      { type: 'italic', offset: 8, length: 4 },
      { type: 'text_link', offset: 16, length: 4, url: 'https://x.test/?a=1&b=2' },
    ],
  });
});

test.each([
  ['a < b', 'Unsupported start tag "" at byte offset 2'],
  ['é<br>', 'Unsupported start tag "br" at byte offset 2'],
  ['<b>x</i>', 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'],
  ['x</b>', 'Unexpected end tag at byte offset 1'],
  ['<b>x', 'Can\'t find end tag corresponding to start tag "b"'],
  ['<b', 'Unclosed start tag at byte offset 0'],
])('HTML like %s is refused, naming the place', async (text, why) => {
  start();
  expect(await send('sendMessage', { text, parse_mode: 'HTML' })).toMatchObject(
    refusal(400, `Bad Request: can't parse entities: ${why}`),
  );
});

test('MarkdownV2 wants its reserved characters escaped', async () => {
  start();
  expect(await send('sendMessage', { text: 'a.b', parse_mode: 'MarkdownV2' })).toMatchObject({ status: 400 });
  const { body } = await send('sendMessage', { text: '*a*\\. _b_', parse_mode: 'MarkdownV2' });
  expect(body.result.text).toBe('a. b');
  expect(body.result.entities.map((one: { type: string }) => one.type)).toEqual(['bold', 'italic']);
});

test('entities beyond the text are refused', async () => {
  start();
  const entities = [{ type: 'bold', offset: 3, length: 9 }];
  expect((await send('sendMessage', { text: 'short', entities })).status).toBe(400);
});

test('a reply needs its message, unless it may be sent without', async () => {
  const asked = start();
  const reply_parameters = { message_id: Number(asked.id) };
  const { body } = await send('sendMessage', { text: 'hi', reply_parameters });
  expect(body.result.reply_to_message).toMatchObject({ message_id: Number(asked.id), text: '/start' });
  const unknown = { message_id: 4711 };
  expect(await send('sendMessage', { text: 'hi', reply_parameters: unknown })).toMatchObject(
    refusal(400, 'Bad Request: message to be replied not found'),
  );
  const lenient = { ...unknown, allow_sending_without_reply: true };
  expect((await send('sendMessage', { text: 'hi', reply_parameters: lenient })).body).toMatchObject(OK);
  expect(phone().map((one) => one.replyTo)).toEqual([asked.id, undefined]);
});

test('photos travel as uploads, file ids and URLs, and stand on the phone with their caption', async () => {
  start();
  const png = samplePng();
  const first = await upload('sendPhoto', { chat_id: `${ANN}`, caption: 'Look' }, ['photo', png, 'a.png']);
  const id = first.body.result.photo.at(-1).file_id;
  expect((await send('sendPhoto', { photo: id })).body).toMatchObject(OK);
  const attached = { chat_id: `${ANN}`, photo: 'attach://one' };
  expect((await upload('sendPhoto', attached, ['one', png, 'b.png'])).body).toMatchObject(OK);
  const url = `${telegram.url}/file/bot${TOKEN}/photos/file_0.png`;
  expect((await send('sendPhoto', { photo: url })).body).toMatchObject(OK);
  expect(phone().map((one) => [one.text, one.files[0]?.bytes.length])).toEqual([
    ['Look', png.length],
    [undefined, png.length],
    [undefined, png.length],
    [undefined, png.length],
  ]);
});

test('a photo must be a picture of ≤ 10 MB, with sides at most 1 : 20', async () => {
  start();
  const photo = (bytes: Buffer) => upload('sendPhoto', { chat_id: `${ANN}` }, ['photo', bytes, 'a.png']);
  expect((await photo(samplePdf())).body.description).toBe('Bad Request: IMAGE_PROCESS_FAILED');
  expect((await photo(samplePng(1000, 10))).body.description).toBe('Bad Request: PHOTO_INVALID_DIMENSIONS');
  const huge = Buffer.concat([samplePng(), Buffer.alloc(10 * 1024 * 1024)]);
  expect((await photo(huge)).body.description).toMatch(/too big for a photo/);
  expect((await photo(Buffer.alloc(0))).body.description).toBe('Bad Request: file must be non-empty');
});

test('captions end at 1024 characters, uploads at 50 MB', async () => {
  start();
  const document = (caption: string, size: number) =>
    upload('sendDocument', { chat_id: `${ANN}`, caption }, ['document', Buffer.alloc(size, 1), 'a.bin']);
  expect(await document('x'.repeat(1025), 5)).toMatchObject(
    refusal(400, 'Bad Request: message caption is too long'),
  );
  expect(await document('', 50 * 1024 * 1024 + 1)).toMatchObject(refusal(413, 'Request Entity Too Large'));
});

test('a voice message that is no Ogg arrives as a plain file', async () => {
  start();
  const voice = await upload('sendVoice', { chat_id: `${ANN}` }, ['voice', samplePdf(), 'a.ogg']);
  expect(voice.body.result).toHaveProperty('document');
  expect(voice.body.result).not.toHaveProperty('voice');
});

test('a file is found by getFile and downloaded with the token; over 20 MB it is not', async () => {
  const png = samplePng();
  telegram.customerSends(ANN, { photo: { bytes: png } });
  telegram.customerSends(ANN, { document: { bytes: Buffer.alloc(20 * 1024 * 1024 + 1), name: 'big.bin' } });
  const updates = (await call('GET', '/getUpdates')).body.result;
  const sizes = updates[0].message.photo;
  const { body } = await call('POST', '/getFile', { file_id: sizes.at(-1).file_id });
  const bytes = await fetch(`${telegram.url}/file/bot${TOKEN}/${body.result.file_path}`);
  expect(Buffer.from(await bytes.arrayBuffer()).equals(png)).toBe(true);
  expect((await fetch(`${telegram.url}/file/bot9:other/${body.result.file_path}`)).status).toBe(404);
  const thumbnail = await call('POST', '/getFile', { file_id: sizes[0].file_id });
  expect(thumbnail.body.result.file_path).not.toBe(body.result.file_path);
  const big = await call('POST', '/getFile', { file_id: updates[1].message.document.file_id });
  expect(big).toMatchObject(refusal(400, 'Bad Request: file is too big'));
  expect((await call('POST', '/getFile', { file_id: 'x' })).status).toBe(400);
});

test('places and cards arrive whole; half of one is refused', async () => {
  start();
  await send('sendLocation', { latitude: 52.5, longitude: 13.4 });
  await send('sendVenue', { latitude: 52.5, longitude: 13.4, title: 'Shop', address: 'Street 1' });
  await send('sendContact', { phone_number: '+15550001111', first_name: 'Bob' });
  expect(phone()).toMatchObject([
    { location: { latitude: 52.5, longitude: 13.4 } },
    { location: { name: 'Shop', address: 'Street 1' } },
    { contact: { name: 'Bob', phones: ['+15550001111'] } },
  ]);
  expect((await send('sendLocation', { latitude: 52.5 })).status).toBe(400);
  expect((await send('sendLocation', { latitude: 95, longitude: 0 })).status).toBe(400);
});

test('over the budget: 429 with the seconds to wait, in body and header', async () => {
  await telegram.close();
  let now = Date.UTC(2026, 10, 2, 10);
  const bots = [{ token: TOKEN, username: 'shop_bot' }];
  const budget = { burst: 2, perSecond: 1 };
  telegram = await new TelegramEmulator({ bots, budget, now: () => now }).listen();
  call = jsonClient(`${telegram.url}/bot${TOKEN}`, {});
  start();
  await send('sendMessage', { text: '1' });
  await send('sendMessage', { text: '2' });
  const third = await send('sendMessage', { text: '3' });
  expect(third).toMatchObject({
    status: 429,
    body: { description: 'Too Many Requests: retry after 1', parameters: { retry_after: 1 } },
  });
  expect(third.headers.get('retry-after')).toBe('1');
  now += 1000;
  expect((await send('sendMessage', { text: '3' })).status).toBe(200);
  expect(phone().map((one) => one.text)).toEqual(['1', '2', '3']);
});

test('a planned 500 does nothing; hanging or cut after acceptance, the message is on the phone all the same', async () => {
  start();
  telegram.plan('POST', /sendMessage/, { kind: 'status', status: 500 });
  expect(await send('sendMessage', { text: 'a' })).toMatchObject(refusal(500, 'Internal Server Error'));
  telegram.plan('POST', /sendMessage/, { kind: 'drop' });
  await expect(send('sendMessage', { text: 'b' })).rejects.toThrow();
  expect(phone()).toHaveLength(0);
  telegram.plan('POST', /sendMessage/, { kind: 'accept_then_drop' });
  await expect(send('sendMessage', { text: 'c' })).rejects.toThrow();
  telegram.plan('POST', /sendMessage/, { kind: 'accept_then_hang' });
  const hanging = fetch(`${telegram.url}/bot${TOKEN}/sendMessage?chat_id=${ANN}&text=d`, {
    method: 'POST',
    signal: AbortSignal.timeout(100),
  });
  await expect(hanging).rejects.toThrow();
  expect(phone().map((one) => one.text)).toEqual(['c', 'd']);
  expect(telegram.accepted).toHaveLength(2);
});
