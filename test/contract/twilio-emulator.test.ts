import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { samplePng } from '../../playground/providers/samples.ts';
import { TwilioEmulator } from '../../playground/providers/twilio.ts';
import type { TwilioCredentials } from '../../server/channels/twilio-sms/credentials.ts';
import { createTwilioSms } from '../../server/channels/twilio-sms/index.ts';
import type { Adapter, Connection } from '../../server/core/adapter.ts';
import type { MessageEvent, Part, StoredFile } from '../../server/core/message.ts';
import { isOutcome } from '../../server/core/outcome.ts';
import { createHttp } from '../../server/http/outgoing.ts';
import { type Intake, openIntake } from '../support/intake.ts';
import { testIo } from '../support/io.ts';
import { delivery as deliveryOf } from '../unit/twilio-sms/world.ts';

/** The adapter and a simulated Twilio, with nothing between them but HTTP. */
const SID = 'AC00000000000000000000000000000001';
const AUTH_TOKEN = '0123456789abcdef0123456789abcdef';
const NUMBER = '+15550001111';
const ANN = '+15550002222';
let emulator: TwilioEmulator;
let adapter: Adapter<TwilioCredentials>;
let intake: Intake;
let connection: Connection<TwilioCredentials>;
const io = {
  ...testIo(),
  http: createHttp({ configuredHosts: ['127.0.0.1'] }),
  clock: { now: () => Date.now() },
};
const account = { account_sid: SID, auth_token: AUTH_TOKEN };

beforeEach(async () => {
  emulator = await new TwilioEmulator({
    recordTo: inject('callsFile'),
    accounts: [{ sid: SID, authToken: AUTH_TOKEN, numbers: [NUMBER] }],
    statusAfterMs: { queued: 1, sent: 1, delivered: 2 },
  }).listen();
  emulator.addCustomer({ phone: ANN, name: 'Ann' });
  adapter = createTwilioSms({ apiUrl: emulator.url, messagingUrl: emulator.url });
  intake = await openIntake('twilio', () => adapter, io);
  connection = await connected({ ...account, from: NUMBER });
});
afterEach(async () => {
  await emulator.close();
  await intake.close();
});

async function connected(credentials: TwilioCredentials): Promise<Connection<TwilioCredentials>> {
  const result = await adapter.connect?.(
    { credentials, webhookUrl: intake.webhookUrl, channelId: 'chn_1' },
    io,
  );
  if (!result?.ok) throw new Error(`not connected: ${result?.why}`);
  const { externalId, name, settings } = result;
  const made = { workspaceId: 'wsp_1', id: 'chn_1', side: 'channel' as const, type: 'twilio_sms' };
  intake.connection = { ...made, externalId, name, credentials, settings };
  return { ...made, externalId, name, credentials, settings };
}

const text = (words: string): Part<StoredFile> => ({ kind: 'text', text: words });
const delivery = (parts: Part<StoredFile>[], id = 'dlv_1') => deliveryOf(parts, { id, at: Date.now() });
const messages = () => intake.events.filter((event): event is MessageEvent => event.kind === 'message');
const receipts = () => intake.events.filter((event) => event.kind === 'receipt');

describe('Twilio, over HTTP', () => {
  it('names what is wrong with the credentials', async () => {
    const connect = (credentials: TwilioCredentials) =>
      adapter.connect?.({ credentials, webhookUrl: intake.webhookUrl, channelId: 'chn_1' }, io);
    expect(await connect({ ...account, auth_token: 'wrong', from: NUMBER })).toMatchObject({
      field: 'auth_token',
    });
    expect(await connect({ ...account, from: '+15550009999' })).toMatchObject({ field: 'from' });
    expect(await connect({ ...account, messaging_service_sid: `MG${'9'.repeat(32)}` })).toMatchObject({
      field: 'messaging_service_sid',
    });
  });

  it('brings a signed message in, with its files behind a redirect to another host', async () => {
    const bytes = samplePng();
    emulator.customerSends(ANN, { text: 'my receipt', photo: { bytes } });
    await emulator.settled();
    const [event] = messages();
    expect(event).toMatchObject({
      thread: ANN,
      parts: [{ text: 'my receipt' }, { file: { kind: 'image' } }],
    });
    const part = event?.parts[1];
    if (part?.kind !== 'file') throw new Error('no file');
    const fetched = await adapter.media?.(part.file, connection, io);
    if (!fetched || isOutcome(fetched)) throw new Error(`not fetched: ${fetched?.why}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of fetched.body) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    expect(emulator.alerts).toEqual([]);
  });

  it('tells what became of a message, under our own reference', async () => {
    const outcome = await adapter.send(delivery([text('hello & bye 👋')]), connection, io);
    await emulator.settled();
    expect(emulator.accepted).toMatchObject([{ from: NUMBER, to: ANN, body: 'hello & bye 👋' }]);
    const of = outcome.outcome === 'sent' && outcome.id;
    expect(receipts().length).toBeGreaterThan(0);
    for (const receipt of receipts()) expect(receipt).toMatchObject({ of, ref: 'dlv_1' });
    expect(receipts()).toContainEqual(expect.objectContaining({ status: 'delivered' }));
    expect(new Set(intake.statuses)).toEqual(new Set([200]));
  });

  it('sends files by link', async () => {
    const bytes = samplePng();
    intake.files.set('a.png', { bytes, contentType: 'image/png' });
    const picture: StoredFile = {
      kind: 'image',
      name: 'a.png',
      contentType: 'image/png',
      size: bytes.length,
      bytes: async () => bytes,
      link: async () => `${intake.url}/files/a.png`,
    };
    await adapter.send(delivery([text('look'), { kind: 'file', file: picture }]), connection, io);
    await emulator.settled();
    const [shown] = emulator.accepted;
    expect(shown).toMatchObject({ body: 'look', message: { files: [{ contentType: 'image/png' }] } });
  });

  it('tells refusals, waits and doubts apart', async () => {
    const send = () => adapter.send(delivery([text('hello')]), connection, io);
    emulator.plan('POST', /Messages\.json/, { kind: 'status', status: 429, retryAfter: 7 });
    expect(await send()).toMatchObject({ outcome: 'retry', afterMs: 7000 });
    emulator.plan('POST', /Messages\.json/, { kind: 'status', status: 500 });
    expect(await send()).toMatchObject({ outcome: 'unknown' });
    emulator.customerSends(ANN, { text: 'STOP' });
    await emulator.settled();
    expect(await send()).toMatchObject({ outcome: 'refused', code: '21610' });
  });

  it('a lost answer is looked up, not guessed', async () => {
    const first = delivery([text('see you at 5')]);
    emulator.plan('POST', /Messages\.json/, { kind: 'accept_then_drop' });
    await expect(adapter.send(first, connection, io)).rejects.toMatchObject({
      name: 'WireError',
      notSent: false,
    });
    const startedAt = Date.now();
    const found = await adapter.lookup?.({ ...first, startedAt }, connection, io);
    expect(found).toEqual({ found: emulator.accepted[0]?.message.id });
    const never = { ...delivery([text('never sent')]), startedAt };
    expect(await adapter.lookup?.(never, connection, io)).toBe('absent');
  });

  it('what a lost webhook would have said is found in the list, once', async () => {
    const since = Date.now();
    emulator.customerSends(ANN, { text: 'hello' });
    await emulator.settled();
    const caughtUp = await adapter.catchUp?.(connection, since, io);
    expect(caughtUp).toMatchObject([
      { id: messages()[0]?.id, thread: ANN, parts: [{ kind: 'text', text: 'hello' }] },
    ]);
    expect(await adapter.catchUp?.(connection, since + 3_600_000, io)).toEqual([]);
  });

  it('works through a Messaging Service', async () => {
    const service = emulator.addService('Support', [NUMBER]);
    connection = await connected({ ...account, messaging_service_sid: service.sid });
    expect([connection.externalId, connection.name]).toEqual([service.sid, 'Support']);
    emulator.customerSends(ANN, { text: 'hello' });
    await emulator.settled();
    const sent = delivery([text('hi Ann')]);
    expect((await adapter.send(sent, connection, io)).outcome).toBe('sent');
    await emulator.settled();
    expect(receipts()).toContainEqual(expect.objectContaining({ status: 'delivered', ref: 'dlv_1' }));
    expect(await adapter.lookup?.(sent, connection, io)).toEqual({ found: emulator.accepted[0]?.message.id });
    expect(await adapter.catchUp?.(connection, Date.now() - 60_000, io)).toMatchObject([
      { id: messages()[0]?.id },
    ]);
  });

  it('takes its webhook away again', async () => {
    await adapter.disconnect?.(connection, io);
    emulator.customerSends(ANN, { text: 'anyone?' });
    await emulator.settled();
    expect(intake.events).toEqual([]);
  });
});
