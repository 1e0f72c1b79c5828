/**
 * kill -9 between the other side's acceptance and our record of it: all kinds of writes at once, one kill, and then
 * each must find out by itself what became of it.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { PlatformId } from '../../playground/page/api.ts';
import { DOUBTS, type Doubt, known, provoke } from '../support/doubts.ts';
import { type LedgerMessage, openTown, type Town } from '../support/town.ts';
import { never, until } from '../support/until.ts';

vi.setConfig({ maxConcurrency: 30 });

const PLATFORMS: PlatformId[] = ['intercom', 'hubspot'];

let town: Town;
let doubts: Doubt[];
let hopeless: Awaited<ReturnType<typeof replyByTelegram>>[];
beforeAll(async () => {
  town = await openTown({
    emulators: {
      hubspot: { callsPer10s: 2_000, searchesPerSecond: 100 },
      // Statuses come when we are back; Twilio's never, so that only its message list can tell.
      meta: { statusAfterMs: { sent: 4_000, delivered: 4_500 } },
      twilio: { statusAfterMs: { queued: 600_000, sent: 600_000, delivered: 600_000 } },
    },
  });
  await known(town, 'intercom', 'telegram', 399);
  doubts = await Promise.all(DOUBTS.map(({ arrange }, index) => arrange(town, 400 + index)));
  hopeless = await Promise.all(PLATFORMS.map((platform, index) => replyByTelegram(platform, 440 + index)));
  await Promise.all([...doubts, ...hopeless].map((doubt) => provoke(doubt, 'accept_then_hang')));
  await town.product.kill();
  await town.product.start();
});
afterAll(() => town.close());

async function replyByTelegram(platform: PlatformId, customer: number) {
  const met = await known(town, platform, 'telegram', customer);
  const text = `Perhaps to ${customer}`;
  return {
    ...met,
    platform,
    text,
    emulator: town.emulators.telegram,
    path: /\/sendMessage$/i,
    body: new RegExp(text),
    act: () => void met.desk.reply(met.conversationId, text),
    accepted: () => met.phone.gotten(text).length === 1,
    clears: async () => undefined,
  };
}

test.concurrent.each(DOUBTS.map(({ what }, index) => ({ what, index })))('$what', async ({ index }) => {
  await doubts[index]?.clears();
});

test.concurrent.each(PLATFORMS)(
  'a reply by Telegram is told as unknown to the agent in %s, within seconds, and resent only by hand',
  async (platform) => {
    const reply = hopeless.find((one) => one.platform === platform);
    if (!reply) throw new Error('not arranged');
    const { desk, conversationId, text, phone } = reply;
    const entries = () => desk.conversations().find((one) => one.id === conversationId)?.entries ?? [];
    const told = () =>
      platform === 'intercom'
        ? entries().find((entry) => entry.from === 'note')?.text
        : entries().find((entry) => entry.text === text)?.status?.errorMessage;
    expect(await until('the agent is told', told, 5_000)).toMatch(/may have been delivered/i);
    const [id = ''] = await desk.resendable(conversationId);
    const { json } = await town.api.call<LedgerMessage>('GET', `/messages/${id}`);
    expect(json.status).toBe('unknown');
    await never('it is sent again by itself', () => phone.gotten(text).length > 1, 1_000);
    await desk.resend(conversationId, id);
    await until('the second copy', () => phone.gotten(text).length === 2);
  },
);
