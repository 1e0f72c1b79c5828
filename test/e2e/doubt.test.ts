/** The other side accepted, and its answer never came: hung until our time-out, or cut off on the way. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Fault } from '../../playground/kit.ts';
import type { PlatformId } from '../../playground/page/api.ts';
import { DOUBTS, known, provoke } from '../support/doubts.ts';
import { lineOf } from '../support/handset.ts';
import { type LedgerMessage, openTown, type Town } from '../support/town.ts';
import { never, until } from '../support/until.ts';

// Nearly all of the time is waiting, as the product must: it is waited for together.
vi.setConfig({ maxConcurrency: 30 });

const KINDS = ['accept_then_hang', 'accept_then_drop'] as const;
const CASES = KINDS.flatMap((kind) => DOUBTS.map((doubt) => ({ ...doubt, kind }))).map((one, index) => ({
  ...one,
  customer: 300 + index,
}));

let town: Town;
beforeAll(async () => {
  town = await openTown({ emulators: { hubspot: { callsPer10s: 2_000, searchesPerSecond: 100 } } });
  // The very first contact in Intercom is refused once, for an attribute that nobody has defined yet.
  await known(town, 'intercom', 'telegram', 299);
});
afterAll(() => town.close());

test.concurrent.each(CASES)('$kind: $what', async ({ kind, arrange, customer }) => {
  const doubt = await arrange(town, customer);
  await provoke(doubt, kind);
  await doubt.clears();
});

/** Telegram has neither keys nor echoes nor anything to look up: nobody can find out but the agent. */
async function unanswered(platform: PlatformId, customer: number, kind: (typeof KINDS)[number]) {
  const met = await known(town, platform, 'telegram', customer);
  const text = `Perhaps to ${customer}`;
  town.emulators.telegram.plan('POST', sendMessage(platform), { kind }, 1, new RegExp(text));
  const replyId = met.desk.reply(met.conversationId, text);
  const shown = () => met.desk.conversations().find((one) => one.id === met.conversationId);
  const entry = () => shown()?.entries.find((one) => one.id === replyId);
  const [messageId = ''] = await until('Resend on the card', async () => {
    const offered = await met.desk.resendable(met.conversationId);
    return offered.length > 0 && offered;
  });
  return { ...met, text, messageId, shown, entry };
}

const sendMessage = (platform: PlatformId) =>
  new RegExp(`/bot${lineOf(platform).bot.id}:.*/sendMessage$`, 'i');
const message = async (id: string) => (await town.api.call<LedgerMessage>('GET', `/messages/${id}`)).json;
const MAYBE = /may have been delivered/i;

test.concurrent('accept_then_hang: Telegram’s silence is told to the agent in Intercom, who may resend by the API', async () => {
  const { phone, text, messageId, shown, desk, conversationId } = await unanswered(
    'intercom',
    340,
    'accept_then_hang',
  );
  const note = await until('the note', () => shown()?.entries.find((one) => one.from === 'note'));
  expect(note.text).toMatch(MAYBE);
  expect(note.text).toContain(text);
  expect(await message(messageId)).toMatchObject({ status: 'unknown', reason: expect.stringMatching(MAYBE) });
  expect(await desk.card(conversationId)).toContain('Perhaps not delivered');
  await never('it is sent again by itself', () => phone.gotten(text).length > 1, 1_000);

  expect((await town.api.call('POST', `/messages/${messageId}/retry`)).status).toBe(202);
  await until('the second copy', () => phone.gotten(text).length === 2);
  await until('the new status', async () => (await message(messageId)).status === 'sent');
  expect((await town.api.call('POST', `/messages/${messageId}/retry`)).status).toBe(409);
  expect(await desk.resendable(conversationId)).toEqual([]);
  expect(phone.received()).toHaveLength(2);
});

test.concurrent('accept_then_drop: Telegram’s silence is FAILED with its reason in HubSpot, and Resend sends really and once', async () => {
  const { phone, text, messageId, entry, desk, conversationId } = await unanswered(
    'hubspot',
    341,
    'accept_then_drop',
  );
  await until('the status in the inbox', () => entry()?.status?.statusType === 'FAILED');
  expect(entry()?.status?.errorMessage).toMatch(MAYBE);
  expect(await message(messageId)).toMatchObject({ status: 'unknown' });
  expect(await desk.card(conversationId)).toMatch(MAYBE);
  expect(phone.gotten(text)).toHaveLength(1);

  // An impatient agent: both clicks are one.
  await Promise.allSettled([desk.resend(conversationId, messageId), desk.resend(conversationId, messageId)]);
  await until('the second copy', () => phone.gotten(text).length === 2);
  await until('the new status', () => entry()?.status?.statusType === 'SENT');
  await never('a third copy', () => phone.gotten(text).length > 2, 1_000);
});

test.concurrent('the Resend of the card in Intercom sends really', async () => {
  const { phone, text, messageId, desk, conversationId } = await unanswered(
    'intercom',
    342,
    'accept_then_drop',
  );
  await desk.resend(conversationId, messageId);
  await until('the second copy', () => phone.gotten(text).length === 2);
  await until('nothing left to resend', async () => (await desk.resendable(conversationId)).length === 0);
});

test.concurrent('what Telegram certainly did not take is sent again by itself, and once', async () => {
  const { phone, desk, conversationId } = await known(town, 'intercom', 'telegram', 343);
  const fault: Fault = { kind: 'status', status: 429, retryAfter: 1 };
  town.emulators.telegram.plan('POST', sendMessage('intercom'), fault, 1, /In a moment/);
  desk.reply(conversationId, 'In a moment');
  await until('the reply', () => phone.gotten('In a moment').length === 1);
  expect(
    desk
      .conversations()
      .find((one) => one.id === conversationId)
      ?.entries.filter((one) => one.from === 'note'),
  ).toEqual([]);
});
