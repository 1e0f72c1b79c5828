/**
 * The database cannot be written: every door says so (503) and nothing is acknowledged. Afterwards everything arrives:
 * what is redelivered by its sender, and what is not by asking the sender what we missed.
 */
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { SentWebhook } from '../../playground/webhook.ts';
import { known } from '../support/doubts.ts';
import { openTown, type Town } from '../support/town.ts';
import { never, until } from '../support/until.ts';

let town: Town;
beforeAll(async () => {
  town = await openTown({
    emulators: {
      // Both give up while we cannot write: only catching up brings these back.
      intercom: { webhookRetryMs: 300 },
      hubspot: { webhookRetryMs: [300], callsPer10s: 2_000 },
    },
  });
});
afterAll(() => town.close());

/** Takes the only write lock, as another process (a backup, a stuck CLI) would; readers go on. */
function lockDatabase(): () => void {
  const other = new Sqlite(town.databaseFile, { timeout: 5_000 });
  other.exec('begin exclusive');
  const release = () => {
    if (other.open) other.close();
  };
  onTestFinished(release);
  return release;
}

test('every sender hears 503 while nothing can be stored, and every message is there afterwards, once', async () => {
  const { telegram, meta, twilio, intercom, hubspot } = town.emulators;
  const [byTelegram, byWhatsapp, bySms, atIntercom, atHubspot] = await Promise.all([
    known(town, 'intercom', 'telegram', 601),
    known(town, 'hubspot', 'whatsapp', 602),
    known(town, 'intercom', 'twilio_sms', 603),
    known(town, 'intercom', 'whatsapp', 604),
    known(town, 'hubspot', 'telegram', 605),
  ]);
  const senders = [telegram, meta, twilio, intercom, hubspot];
  const before = new Map(senders.map((sender) => [sender, sender.webhooks.length]));
  const since = (sender: (typeof senders)[number]): SentWebhook[] =>
    sender.webhooks.slice(before.get(sender)).filter(({ body }) => /Meanwhile.(by|from)/.test(body));
  const answered = (sender: (typeof senders)[number]) =>
    since(sender).filter((sent) => sent.status !== 0 || sent.failure);

  const release = lockDatabase();
  byTelegram.phone.sends({ text: 'Meanwhile by Telegram' });
  byWhatsapp.phone.sends({ text: 'Meanwhile by WhatsApp' });
  bySms.phone.sends({ text: 'Meanwhile by SMS' });
  // Catching up reads whole conversations: what is inside stays inside there, too.
  for (const { desk, conversationId } of [atIntercom, atHubspot])
    desk.note(conversationId, 'A note, meanwhile');
  intercom.botReplies(atIntercom.conversationId, { text: 'A bot, meanwhile' });
  atIntercom.desk.reply(atIntercom.conversationId, 'Meanwhile from Intercom');
  atHubspot.desk.reply(atHubspot.conversationId, 'Meanwhile from HubSpot');
  await until('a first answer for each', () => senders.every((sender) => since(sender)[0]?.status));
  const triedTwice = (sender: (typeof senders)[number]) =>
    [...Map.groupBy(answered(sender), (sent) => sent.body).values()].every((tries) => tries.length === 2);
  await until('Intercom and HubSpot to give up', () => triedTwice(intercom) && triedTwice(hubspot));
  for (const sender of senders)
    expect(new Set(answered(sender).map((sent) => sent.status))).toEqual(new Set([503]));
  expect(since(twilio)).toHaveLength(1);
  const token = await town.api.call('POST', '/tokens', { name: 'not now' });
  expect(token).toMatchObject({ status: 503, json: { title: 'Service Unavailable' } });
  expect((await fetch(`${town.url}/healthz`)).status).toBe(200);
  release();

  await until('Telegram’s redelivery', () => byTelegram.desk.with('Meanwhile by Telegram'), 30_000);
  await until('Meta’s redelivery', () => byWhatsapp.desk.with('Meanwhile by WhatsApp'), 30_000);
  await until('Twilio’s message list', () => bySms.desk.with('Meanwhile by SMS'), 30_000);
  await until(
    'Intercom’s conversations',
    () => atIntercom.phone.gotten('Meanwhile from Intercom').length > 0,
    30_000,
  );
  await until('HubSpot’s threads', () => atHubspot.phone.gotten('Meanwhile from HubSpot').length > 0, 30_000);
  const taken = since(intercom).filter(
    ({ status, body }) => status === 200 && body.includes('Meanwhile from'),
  );
  expect(taken).toEqual([]);
  await never('anything is there twice', () => copies() > 5, 1_500);

  function copies(): number {
    const said = [byTelegram, byWhatsapp, bySms].flatMap(({ desk, conversationId }) =>
      (desk.conversations().find((one) => one.id === conversationId)?.said ?? []).filter((text) =>
        text.startsWith('Meanwhile'),
      ),
    );
    return said.length + atIntercom.phone.received().length + atHubspot.phone.received().length;
  }
}, 120_000);

test('a reply that left just before is not called “unknown” because its end could not be written down at once', async () => {
  const { phone, desk, conversationId } = await known(town, 'intercom', 'telegram', 610);
  const { telegram } = town.emulators;
  let release: (() => void) | undefined;
  // In the very moment of Telegram's acceptance, before its answer reaches us.
  const onAccepted = () => {
    if (!release && phone.gotten('Just in time').length > 0) release = lockDatabase();
  };
  telegram.on('change', onAccepted);
  desk.reply(conversationId, 'Just in time');
  await until('Telegram’s acceptance', () => release);
  telegram.off('change', onAccepted);
  const mark = town.product.output.length;
  const complaints = () => town.product.output.slice(mark).match(/could not be claimed from/g) ?? [];
  await until('the wall to be felt', () => complaints().length >= 4);
  release?.();
  await until('the status', async () => /Sent/.test(await desk.card(conversationId)), 5_000);
  expect(await desk.resendable(conversationId)).toEqual([]);
  expect(
    desk
      .conversations()
      .find((one) => one.id === conversationId)
      ?.entries.filter((one) => one.from === 'note'),
  ).toEqual([]);
  expect(phone.received()).toHaveLength(1);
}, 120_000);

test('the log tells of it in words: no stack traces', () => {
  expect(town.product.output).toMatch(/locked|could not be stored/);
  expect(town.product.output.match(/\\n\s+at .+/g) ?? []).toEqual([]);
});
