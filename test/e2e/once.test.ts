/** However often and in whatever order the same things are said to us: once each, in the order in which they were meant. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Emulator } from '../../playground/kit.ts';
import type { PlatformId } from '../../playground/page/api.ts';
import type { SentWebhook } from '../../playground/webhook.ts';
import { deskOf } from '../support/desk.ts';
import { type App, handset, lineOf, phoneNumber } from '../support/handset.ts';
import { messagesOf, openTown, type Town } from '../support/town.ts';
import { never, until } from '../support/until.ts';

let town: Town;
beforeAll(async () => {
  town = await openTown({
    emulators: { hubspot: { callsPer10s: 2_000, searchesPerSecond: 100 } },
  });
});
afterAll(() => town.close());

const post = ({ url, headers, body }: Pick<SentWebhook, 'url' | 'headers' | 'body'>) =>
  fetch(url, { method: 'POST', headers, body }).then((response) => response.status);

/** The webhook that carried this text, once its sender has tried it. */
const carrying = (emulator: Emulator, text: string): Promise<SentWebhook> =>
  until(`the webhook with “${text}”`, () =>
    emulator.webhooks.find(({ body }) => decoded(body).includes(text)),
  );

const decoded = (body: string): string =>
  body.startsWith('{') ? body : decodeURIComponent(body.replaceAll('+', ' '));

describe('the same webhook fifty times in parallel', () => {
  test('is one message, whoever sends it', async () => {
    const { telegram, meta, twilio, intercom, hubspot } = town.emulators;
    const phones = { telegram: 1, whatsapp: 2, twilio_sms: 3 } as const;
    const senders: Record<App, Emulator> = { telegram, whatsapp: meta, twilio_sms: twilio };
    const at = (platform: PlatformId, app: App) => handset(town, platform, app, phones[app]);
    const roads = (['intercom', 'hubspot'] as PlatformId[]).flatMap((platform) =>
      (Object.keys(phones) as App[]).map((app) => ({
        platform,
        app,
        text: `Once by ${app} into ${platform}`,
      })),
    );
    const agents = await Promise.all(
      (['intercom', 'hubspot'] as PlatformId[]).map(async (platform) => {
        const phone = handset(town, platform, 'telegram', 4);
        phone.sends({ text: `Hello ${platform}` });
        const { id } = await until('a conversation', () => deskOf(town, platform).with(`Hello ${platform}`));
        // Killed before that is recorded, an answer waits until it was looked up (doubt-killed.test.ts).
        await until('it is recorded', async () =>
          (await messagesOf(town, town.channel(platform, 'telegram').id)).every(
            (one) => one.status === 'sent',
          ),
        );
        return { platform, phone, id, text: `Answer from ${platform}` };
      }),
    );

    // Nobody listens while they write, so every copy below is the first that we hear of it.
    await town.product.kill();
    for (const { platform, app, text } of roads) at(platform, app).sends({ text });
    for (const { platform, id, text } of agents) deskOf(town, platform).reply(id, text);
    const captured = await Promise.all([
      ...roads.map(({ app, text }) => carrying(senders[app], text)),
      ...agents.map(({ platform, text }) => carrying(platform === 'intercom' ? intercom : hubspot, text)),
    ]);
    await town.product.start();
    const statuses = await Promise.all(
      captured.flatMap((webhook) => Array.from({ length: 50 }, () => post(webhook))),
    );
    expect(new Set(statuses)).toEqual(new Set([200]));

    const shown = ({ platform, text }: { platform: PlatformId; text: string }) =>
      deskOf(town, platform)
        .conversations()
        .flatMap((one) => one.said)
        .filter((said) => said === text).length;
    for (const road of roads) await until(`${road.text} in the inbox`, () => shown(road) > 0);
    for (const { phone, text } of agents)
      await until(`${text} on the phone`, () => phone.gotten(text).length > 0);
    await never(
      'a second copy',
      () =>
        roads.some((road) => shown(road) > 1) ||
        agents.some(({ phone, text }) => phone.gotten(text).length > 1),
      1_000,
    );
    for (const { platform, app } of roads) {
      const type = app;
      const inbound = (await messagesOf(town, town.channel(platform, type).id)).filter(
        (one) => one.direction === 'in',
      );
      expect(inbound).toHaveLength(type === 'telegram' ? 2 : 1);
    }
  });
});

/** Updates of one Telegram customer as Telegram would post them, without its own patience between them. */
async function updates(platform: PlatformId, customer: number, texts: string[]) {
  const { telegram } = town.emulators;
  const other = handset(town, platform, 'telegram', customer + 500);
  const first = `The secret of ${platform} ${customer}`;
  other.sends({ text: first });
  const { url, headers } = await carrying(telegram, first);
  const from = { id: 6_100_000 + customer, is_bot: false, first_name: `Nell${customer}` };
  const date = Math.floor(Date.now() / 1000);
  return texts.map((text, index) => ({
    url,
    headers,
    body: JSON.stringify({
      update_id: 70_000 + customer * 100 + index,
      message: {
        message_id: index + 1,
        date,
        from,
        chat: { id: from.id, type: 'private', first_name: from.first_name },
        text,
      },
    }),
  }));
}

const twenty = (name: string) => Array.from({ length: 20 }, (_, index) => `${name} ${index + 1}`);
/** Always the same disorder. */
const shuffled = <Item>(items: Item[]): Item[] =>
  items
    .map((item, index) => ({ item, key: (index * 7 + 3) % items.length }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);

describe.each(['intercom', 'hubspot'] as PlatformId[])(
  'twenty messages of one new customer into %s',
  (platform) => {
    const desk = () => deskOf(town, platform);
    const saidOf = (text: string) => desk().with(text)?.said ?? [];

    test('posted in parallel and in disorder make one contact and one conversation, in the order of source and sequence', async () => {
      const texts = twenty(`Parallel ${platform}`);
      const posts = await updates(platform, platform === 'intercom' ? 11 : 12, texts);
      const statuses = await Promise.all(shuffled(posts).map(post));
      expect(new Set(statuses)).toEqual(new Set([200]));
      await until('all twenty', () => saidOf(texts[0] as string).length >= 20);
      expect(saidOf(texts[0] as string)).toEqual(texts);
      expect(
        desk()
          .conversations()
          .filter((one) => one.said.some((text) => texts.includes(text))),
      ).toHaveLength(1);
      expect(desk().contacts(`Nell${platform === 'intercom' ? 11 : 12}`)).toHaveLength(1);
    });

    test('posted one after another stand there in exactly that order', async () => {
      const texts = twenty(`Sequel ${platform}`);
      for (const one of await updates(platform, platform === 'intercom' ? 13 : 14, texts))
        expect(await post(one)).toBe(200);
      await until('all twenty', () => saidOf(texts[0] as string).length >= 20);
      expect(saidOf(texts[0] as string)).toEqual(texts);
    });
  },
);

test('two first messages of one person over two channels at once make one contact', async () => {
  const customer = 40;
  const number = phoneNumber(customer);
  handset(town, 'intercom', 'whatsapp', customer).sends({ text: 'By WhatsApp' });
  handset(town, 'intercom', 'twilio_sms', customer).sends({ text: 'By SMS' });
  const desk = deskOf(town, 'intercom');
  await until('both', () => desk.with('By WhatsApp') && desk.with('By SMS'), 30_000);
  expect(desk.contacts(number)).toHaveLength(1);
  expect(desk.with('By WhatsApp')?.contactId).toBe(desk.with('By SMS')?.contactId);
});

test('the bots and numbers of the two inboxes are strangers to each other', () => {
  expect(lineOf('intercom').bot.id).not.toBe(lineOf('hubspot').bot.id);
  const mine = deskOf(town, 'intercom')
    .conversations()
    .flatMap((one) => one.said);
  expect(mine.filter((text) => text.includes('hubspot'))).toEqual([]);
});
