/** A failure is a message: what WhatsApp refuses is told to the agent where the agent works, and can be mended there. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PlatformId } from '../../playground/page/api.ts';
import { known } from '../support/doubts.ts';
import { lineOf } from '../support/handset.ts';
import { type LedgerMessage, openTown, type Town } from '../support/town.ts';
import { until } from '../support/until.ts';

let town: Town;
beforeAll(async () => {
  town = await openTown();
});
afterAll(() => town.close());

const PLATFORMS: PlatformId[] = ['intercom', 'hubspot'];
const CLOSED = /24 hours/;
let customers = 500;

/** A reply behind a closed window, refused in the call's own answer or afterwards by a webhook. */
async function refusedReply(platform: PlatformId, refusals: 'answer' | 'status') {
  customers += 1;
  const met = await known(town, platform, 'whatsapp', customers);
  const { meta } = town.emulators;
  meta.refusals = refusals;
  meta.closeWindow(met.phone.customer, lineOf(platform).whatsapp.id);
  const text = `Too late for ${customers}`;
  const replyId = met.desk.reply(met.conversationId, text);
  const [messageId = ''] = await until('Resend on the card', async () => {
    const offered = await met.desk.resendable(met.conversationId);
    return offered.length > 0 && offered;
  });
  const entries = () => met.desk.conversations().find((one) => one.id === met.conversationId)?.entries ?? [];
  return { ...met, text, replyId, messageId, entries };
}

describe.each(['answer', 'status'] as const)(
  'a reply that WhatsApp refuses (131047) by its %s',
  (refusals) => {
    test.each(PLATFORMS)(
      'is failed, with the reason in plain words, in the API and on the card in %s',
      async (platform) => {
        const { desk, conversationId, messageId, phone, text } = await refusedReply(platform, refusals);
        const { json } = await town.api.call<LedgerMessage>('GET', `/messages/${messageId}`);
        expect(json).toMatchObject({
          direction: 'out',
          status: 'failed',
          reason: expect.stringMatching(CLOSED),
        });
        const card = await desk.card(conversationId);
        expect(card).toContain(platform === 'intercom' ? 'Not delivered' : '"status":"failed"');
        expect(card).toContain(text);
        expect(phone.gotten(text).filter((message) => message.status !== 'failed')).toEqual([]);
      },
    );

    test('is one internal note in Intercom, which names the reply and the reason', async () => {
      const { entries, text } = await refusedReply('intercom', refusals);
      const note = await until('the note', () => entries().find((entry) => entry.from === 'note'));
      expect(note.text).toContain('Not delivered');
      expect(note.text).toContain(text);
      expect(note.text).toMatch(CLOSED);
      expect(entries().filter((entry) => entry.from === 'note')).toHaveLength(1);
    });

    test('is FAILED with the reason beside the reply in HubSpot', async () => {
      const { entries, replyId } = await refusedReply('hubspot', refusals);
      const status = () => entries().find((entry) => entry.id === replyId)?.status;
      await until('the status', () => status()?.statusType === 'FAILED');
      expect(status()?.errorMessage).toMatch(CLOSED);
    });

    test.each(PLATFORMS)(
      'goes out by Resend once the customer has written again, and %s says so',
      async (platform) => {
        const { phone, desk, conversationId, messageId, text } = await refusedReply(platform, refusals);
        phone.sends({ text: `Still there, says ${phone.customer}` });
        await until('the customer’s message', () => desk.with(`Still there, says ${phone.customer}`));
        await desk.resend(conversationId, messageId);
        await until('the reply', () => phone.gotten(text).some((message) => message.status === 'delivered'));
        await until('the new status', async () => {
          const { json } = await town.api.call<LedgerMessage>('GET', `/messages/${messageId}`);
          return json.status === 'delivered';
        });
        expect(await desk.resendable(conversationId)).toEqual([]);
      },
    );
  },
);

test('the card names the window: until when a free reply is possible', async () => {
  const { desk, conversationId } = await known(town, 'intercom', 'whatsapp', 550);
  expect(await desk.card(conversationId)).toMatch(/Until \w{3} \d+, \d{4} at/);
});
