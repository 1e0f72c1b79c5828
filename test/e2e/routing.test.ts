/** Webhooks that serve many: each entry finds its own channel, and none is lost for the sake of its neighbour. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PlatformId } from '../../playground/page/api.ts';
import { WABA } from '../../playground/town/emulators.ts';
import { deskOf } from '../support/desk.ts';
import { known } from '../support/doubts.ts';
import { type App, handset, lineOf, phoneNumber } from '../support/handset.ts';
import { type Door, webhookDoors } from '../support/signed.ts';
import { type LedgerMessage, messagesOf, openTown, type Town } from '../support/town.ts';
import { never, until } from '../support/until.ts';

let town: Town;
let door: (name: string) => Door;
beforeAll(async () => {
  town = await openTown({ emulators: { meta: { statusAfterMs: { sent: 60, delivered: 120, read: 180 } } } });
  door = (name) => webhookDoors(town).find((one) => one.name === name) as Door;
});
afterAll(() => town.close());

async function post(name: string, body: unknown): Promise<number> {
  const { url, sign } = door(name);
  const text = JSON.stringify(body);
  const headers = { 'content-type': 'application/json', ...sign(text) };
  return (await fetch(url, { method: 'POST', headers, body: text })).status;
}

const desks = () => (['intercom', 'hubspot'] as PlatformId[]).map((platform) => deskOf(town, platform));
const everything = (): string[] => desks().flatMap((desk) => desk.conversations().flatMap((one) => one.said));

/** One `change` of a WhatsApp webhook. */
const change = (numberId: string, value: Record<string, unknown>) => ({
  field: 'messages',
  value: {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '1', phone_number_id: numberId },
    ...value,
  },
});
const written = (customer: number, text: string) => ({
  contacts: [{ wa_id: phoneNumber(customer).slice(1), profile: { name: `Wanda${customer}` } }],
  messages: [
    {
      from: phoneNumber(customer).slice(1),
      id: `wamid.${text.replaceAll(' ', '')}`,
      timestamp: String(Math.floor(Date.now() / 1000)),
      type: 'text',
      text: { body: text },
    },
  ],
});
const batch = (...changes: unknown[]) => ({
  object: 'whatsapp_business_account',
  entry: [{ id: WABA, changes }],
});

describe('in Meta’s one webhook for all numbers', () => {
  test('a number that we do not know is acknowledged (200) and goes nowhere', async () => {
    const before = everything().length;
    expect(await post('Meta', batch(change('999', written(701, 'To nobody'))))).toBe(200);
    await never('it arrives somewhere', () => everything().length > before, 500);
  });

  test('an unknown number takes nothing from the known ones beside it', async () => {
    const status = await post('Meta', {
      object: 'whatsapp_business_account',
      entry: [
        { id: 'another', changes: [change('999', written(702, 'To nobody again'))] },
        { id: WABA, changes: [change(lineOf('intercom').whatsapp.id, written(702, 'To somebody'))] },
      ],
    });
    expect(status).toBe(200);
    await until('the known one', () => everything().includes('To somebody'));
    expect(everything()).not.toContain('To nobody again');
  });

  test('a batch of many entries is routed one by one, each to the workspace of its own number', async () => {
    const texts = (platform: PlatformId) => [1, 2, 3].map((nth) => `Batched ${nth} for ${platform}`);
    const changes = (platform: PlatformId) =>
      texts(platform).map((text, index) => change(lineOf(platform).whatsapp.id, written(710 + index, text)));
    expect(await post('Meta', batch(...changes('intercom'), ...changes('hubspot')))).toBe(200);
    for (const desk of desks()) {
      for (const text of texts(desk.platform)) await until(text, () => desk.with(text));
      const other = desk.platform === 'intercom' ? 'hubspot' : 'intercom';
      for (const text of texts(other)) expect(desk.with(text)).toBeUndefined();
    }
  });

  test('a status that makes no sense does not keep the message beside it from arriving', async () => {
    const statuses = [
      null,
      { id: null, status: 'failed' },
      { id: 'wamid.nobody', status: 'failed', errors: 'not a list', timestamp: 'yesterday' },
      { id: 'wamid.nobody', status: 'teleported', timestamp: '1' },
    ];
    const value = { ...written(720, 'Beside bad statuses'), statuses };
    expect(await post('Meta', batch(change(lineOf('intercom').whatsapp.id, value)))).toBe(200);
    await until('the message', () => everything().includes('Beside bad statuses'));
  });

  test('a message of a kind that nobody knows does not keep the next one from arriving', async () => {
    const { contacts, messages } = written(721, 'Behind a strange one');
    const strange = { ...messages[0], id: 'wamid.strange', type: 'hologram', hologram: { depth: 3 } };
    const value = { contacts, messages: [strange, { nothing: true }, ...messages] };
    expect(await post('Meta', batch(change(lineOf('hubspot').whatsapp.id, value)))).toBe(200);
    await until('the known one', () => everything().includes('Behind a strange one'));
  });
});

test('a workspace or portal that is not connected here is acknowledged (200), so that the app is not blamed', async () => {
  const item = { type: 'conversation', id: '1' };
  const stranger = { app_id: 'stranger', topic: 'conversation.admin.replied', data: { item } };
  expect(await post('Intercom', stranger)).toBe(200);
  const event = { portalId: '42', type: 'OUTGOING_CHANNEL_MESSAGE_CREATED', message: {} };
  expect(await post('HubSpot', event)).toBe(200);
});

describe('receipts', () => {
  const RANK = ['queued', 'sent', 'delivered', 'read'];
  const reply = async (app: App, customer: number): Promise<() => Promise<LedgerMessage | undefined>> => {
    const { desk, conversationId } = await known(town, 'hubspot', app, customer);
    const channel = town.channel('hubspot', app).id;
    const before = new Set((await messagesOf(town, channel)).map((message) => message.id));
    desk.reply(conversationId, `Reply to ${customer}`);
    return async () =>
      (await messagesOf(town, channel)).find((one) => one.direction === 'out' && !before.has(one.id));
  };
  const rises = (message: LedgerMessage | undefined): boolean => {
    const ranks = (message?.history ?? []).map(({ status }) => RANK.indexOf(status));
    return ranks.every((rank, index) => rank > (ranks[index - 1] ?? -1));
  };

  test.each(['whatsapp', 'twilio_sms'] as const)('of %s that come newest first only rise', async (app) => {
    const { meta, twilio } = town.emulators;
    meta.reorderReceipts = true;
    twilio.reorderReceipts = true;
    const message = await reply(app, 730);
    const last = app === 'whatsapp' ? 'read' : 'delivered';
    await until(`“${last}”`, async () => (await message())?.status === last);
    await Promise.all([meta.settled(), twilio.settled()]);
    await never('it sinks again', async () => (await message())?.status !== last, 500);
    expect(rises(await message())).toBe(true);
    meta.reorderReceipts = false;
    twilio.reorderReceipts = false;
  });

  test('that come before the send’s own answer are not lost', async () => {
    const { meta } = town.emulators;
    // The statuses are out within 200 ms, the answer never comes: our call waits for it for ten seconds.
    meta.plan('POST', /\/messages$/, { kind: 'accept_then_hang' }, 1, /Reply to 731/);
    const message = await reply('whatsapp', 731);
    await until('“read”', async () => (await message())?.status === 'read', 30_000);
    expect(rises(await message())).toBe(true);
  });

  test('of every copy of a webhook count once', async () => {
    const { meta } = town.emulators;
    meta.duplicateWebhooks = true;
    const message = await reply('whatsapp', 732);
    await until('“read”', async () => (await message())?.status === 'read');
    await meta.settled();
    meta.duplicateWebhooks = false;
    expect((await message())?.history.map(({ status }) => status)).toEqual([
      ...new Set((await message())?.history.map(({ status }) => status)),
    ]);
  });

  test('of messages that are not ours are taken without a word', async () => {
    const status = {
      id: 'wamid.of-another-tool',
      status: 'delivered',
      timestamp: '1700000000',
      recipient_id: '1',
    };
    expect(await post('Meta', batch(change(lineOf('hubspot').whatsapp.id, { statuses: [status] })))).toBe(
      200,
    );
  });
});

test('customers of the two inboxes are strangers to each other, whatever number they have', async () => {
  const text = 'Who am I to you?';
  for (const platform of ['intercom', 'hubspot'] as PlatformId[])
    handset(town, platform, 'whatsapp', 740).sends({ text: `${text} (${platform})` });
  for (const desk of desks())
    await until(`it in ${desk.platform}`, () => desk.with(`${text} (${desk.platform})`));
  expect(everything().filter((said) => said.startsWith(text))).toHaveLength(2);
});
