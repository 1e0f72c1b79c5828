import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { samplePng } from '../../playground/providers/samples.ts';
import { TelegramEmulator } from '../../playground/providers/telegram.ts';
import type { TelegramCredentials } from '../../server/channels/telegram/credentials.ts';
import { createTelegram } from '../../server/channels/telegram/index.ts';
import type { Adapter, Connection } from '../../server/core/adapter.ts';
import type { MessageEvent } from '../../server/core/message.ts';
import { isOutcome } from '../../server/core/outcome.ts';
import { createHttp } from '../../server/http/outgoing.ts';
import { type Intake, openIntake } from '../support/intake.ts';
import { testIo } from '../support/io.ts';
import { delivery, file } from '../unit/telegram/world.ts';

/** The adapter and a simulated Telegram, with nothing between them but HTTP. */
const TOKEN = '123456:AAsecret-of-the-bot_x';
const ANN = 7000001;
let emulator: TelegramEmulator;
let adapter: Adapter<TelegramCredentials>;
let intake: Intake;
let connection: Connection<TelegramCredentials>;
const quiet = testIo();
const io = { ...quiet, http: createHttp({ configuredHosts: ['127.0.0.1'] }) };

beforeEach(async () => {
  emulator = await new TelegramEmulator({
    recordTo: inject('callsFile'),
    bots: [{ token: TOKEN, username: 'acme_bot', name: 'Acme' }],
    webhookRetryAfterMs: [],
  }).listen();
  emulator.addCustomer({ id: ANN, first_name: 'Ann', username: 'annx' });
  adapter = createTelegram({ apiUrl: emulator.url });
  intake = await openIntake('telegram', () => adapter, io);
  connection = await connected();
});
afterEach(async () => {
  await emulator.close();
  await intake.close();
});

async function connected(): Promise<Connection<TelegramCredentials>> {
  const input = { credentials: { bot_token: TOKEN }, webhookUrl: intake.webhookUrl, channelId: 'chn_1' };
  const result = await adapter.connect?.(input, io);
  if (!result?.ok) throw new Error(`not connected: ${result?.why}`);
  const { externalId, name, credentials, settings } = result;
  const made = { workspaceId: 'wsp_1', id: 'chn_1', side: 'channel' as const, type: 'telegram' };
  intake.connection = { ...made, externalId, name, credentials, settings };
  return { ...made, externalId, name, credentials, settings };
}

/** What arrived after the customer did this. */
async function after(act: () => unknown): Promise<MessageEvent> {
  intake.events.length = 0;
  act();
  await emulator.settled();
  const [event] = intake.events;
  if (event?.kind !== 'message') throw new Error(`no message but ${JSON.stringify(event)}`);
  return event;
}
const onThePhone = () => emulator.phone(ANN).messages.at(-1);

describe('Telegram, over HTTP', () => {
  it('names the bot, and the token when it is wrong', async () => {
    expect([connection.externalId, connection.name]).toEqual(['123456', '@acme_bot']);
    const wrong = {
      credentials: { bot_token: '1:wrong' },
      webhookUrl: intake.webhookUrl,
      channelId: 'chn_1',
    };
    expect(await adapter.connect?.(wrong, io)).toMatchObject({ ok: false, field: 'bot_token' });
  });

  it('brings text, place and contact in, and what the customer answers', async () => {
    expect(await after(() => emulator.customerSends(ANN, { text: 'hello' }))).toMatchObject({
      thread: String(ANN),
      author: { customer: { name: 'Ann', address: '@annx' } },
      parts: [{ kind: 'text', text: 'hello' }],
    });
    const location = { latitude: 52.5, longitude: 13.4, name: 'Café', address: 'Main St 1' };
    expect((await after(() => emulator.customerSends(ANN, { location }))).parts).toEqual([
      { kind: 'location', ...location },
    ]);
    const contact = { name: 'Bob Y', phones: ['+15550003333'] };
    expect((await after(() => emulator.customerSends(ANN, { contact }))).parts).toEqual([
      { kind: 'contact', ...contact, emails: [] },
    ]);
    const outcome = await adapter.send(delivery({ kind: 'text', text: 'which?' }), connection, io);
    const replyTo = onThePhone()?.id ?? '';
    const answer = await after(() => emulator.customerSends(ANN, { text: 'that', replyTo }));
    expect(outcome).toEqual({ outcome: 'sent', id: answer.replyTo });
  });

  it('brings a file in, byte for byte', async () => {
    const bytes = samplePng();
    const event = await after(() => emulator.customerSends(ANN, { photo: { bytes }, text: 'my receipt' }));
    const [part] = event.parts;
    if (part?.kind !== 'file') throw new Error('no file');
    expect(part.caption).toBe('my receipt');
    const fetched = await adapter.media?.(part.file, connection, io);
    if (!fetched || isOutcome(fetched)) throw new Error('not fetched');
    const chunks: Uint8Array[] = [];
    for await (const chunk of fetched.body) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  });

  it('brings edits in, and keeps a block as what it is', async () => {
    const sent = emulator.customerSends(ANN, { text: 'at four' });
    await emulator.settled();
    const edit = await after(() => emulator.customerEdits(ANN, sent.id, 'at five'));
    expect(edit.parts).toEqual([{ kind: 'edit', of: `${ANN}:${sent.id}`, text: 'at five' }]);
    emulator.customerBlocks(ANN);
    await emulator.settled();
    expect(intake.events.at(-1)).toMatchObject({ kind: 'unparsed', why: expect.stringContaining('blocked') });
    expect(new Set(intake.statuses)).toEqual(new Set([200]));
  });

  it('takes formatted text, files and replies out', async () => {
    const asked = await after(() => emulator.customerSends(ANN, { text: 'where?' }));
    const part = {
      kind: 'text' as const,
      text: 'see here (https://a.example/?a=1&b=2) & <there>',
      html: '<p>see <b><a href="https://a.example/?a=1&amp;b=2">here</a></b> &amp; &lt;there&gt;</p>',
    };
    const outcome = await adapter.send(delivery(part, { replyTo: asked.id }), connection, io);
    expect(outcome.outcome).toBe('sent');
    expect(onThePhone()).toMatchObject({ text: 'see here & <there>', replyTo: asked.id.split(':')[1] });
    const bytes = samplePng();
    const picture = file({ contentType: 'image/png', size: bytes.length, bytes: async () => bytes });
    await adapter.send(delivery({ kind: 'file', file: picture, caption: 'look' }), connection, io);
    expect(onThePhone()).toMatchObject({ text: 'look', files: [{ kind: 'image' }] });
  });

  it('sends a picture that is no photo as a document', async () => {
    emulator.customerSends(ANN, { text: 'hi' });
    const bytes = samplePng(2000, 10);
    const banner = file({ contentType: 'image/png', size: bytes.length, bytes: async () => bytes });
    const outcome = await adapter.send(delivery({ kind: 'file', file: banner }), connection, io);
    expect(outcome.outcome).toBe('sent');
    expect(onThePhone()?.files).toMatchObject([{ kind: 'document', name: 'photo.jpg' }]);
  });

  it('tells refusals, waits and doubts apart', async () => {
    const hello = delivery({ kind: 'text', text: 'hello' });
    const send = () => adapter.send(hello, connection, io);
    expect(await send()).toMatchObject({ outcome: 'refused' });
    emulator.customerSends(ANN, { text: 'hi' });
    emulator.customerBlocks(ANN);
    expect(await send()).toMatchObject({
      outcome: 'refused',
      why: expect.stringContaining('blocked the bot'),
    });
    emulator.customerUnblocks(ANN);
    emulator.plan('POST', /sendMessage/, { kind: 'status', status: 429, retryAfter: 7 });
    expect(await send()).toMatchObject({ outcome: 'retry', afterMs: 7000 });
    emulator.plan('POST', /sendMessage/, { kind: 'accept_then_drop' });
    await expect(send()).rejects.toMatchObject({ name: 'WireError', notSent: false });
    emulator.revokeToken(TOKEN);
    expect(await send()).toMatchObject({ outcome: 'unauthorized' });
  });

  it('takes its webhook away again', async () => {
    await adapter.disconnect?.(connection, io);
    intake.events.length = 0;
    emulator.customerSends(ANN, { text: 'anyone?' });
    await emulator.settled();
    expect(intake.events).toEqual([]);
    expect(emulator.calls.map((call) => call.path).at(-1)).toBe(`/bot${TOKEN}/deleteWebhook`);
  });
});
