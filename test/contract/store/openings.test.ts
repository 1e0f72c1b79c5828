/** Conversations of one contact begin one after the other, so that a look-up cannot take one for the other. */
import { expect, test } from 'vitest';
import type { Claim } from '../../../server/store/ledger/claims.ts';
import {
  conversationWith,
  fromCustomer,
  GATHERED_MS,
  onEveryStore,
  type TestStore,
  take,
} from '../../support/stores.ts';

const CONTACT = 'contact-1';
const THREADS = ['+447700900101', '+447700900102'];

/** The first messages of two conversations that lead to one contact, placed and claimed. */
async function twoOpenings(store: TestStore): Promise<[Claim, Claim]> {
  await store.ledger.append(THREADS.map((thread) => fromCustomer(`ok from ${thread}`, { thread })));
  store.clock.advance(GATHERED_MS);
  const claims = await take(store);
  for (const [index, claim] of claims.entries()) {
    const conversation = await conversationWith(store, THREADS[index]);
    await store.ledger.keepContact(conversation, CONTACT);
    await store.ledger.expand(claim, {
      conversationId: conversation.id,
      channelId: conversation.channelId,
      calls: [{ parts: [{ kind: 'text', text: 'ok' }] }],
    });
    claim.delivery = { ...claim.delivery, conversation_id: conversation.id };
  }
  return claims as [Claim, Claim];
}

onEveryStore('two conversations of one contact', (store) => {
  test('are not opened at once, whichever process asks', async () => {
    const [one, other] = await twoOpenings(store());
    const beside = await store().beside();
    const answers = await Promise.all([
      store().ledger.startOpening(one, CONTACT),
      beside.ledger.startOpening(other, CONTACT),
    ]);
    expect(answers.toSorted()).toEqual(['busy', 'started']);
  });

  test('are opened one behind the other, as soon as the end of the first is known', async () => {
    const [one, other] = await twoOpenings(store());
    expect(await store().ledger.startOpening(one, CONTACT)).toBe('started');
    expect(await store().ledger.startOpening(other, CONTACT)).toBe('busy');
    await store().ledger.settle(one, { to: 'sent', providerId: 'message-1', thread: 'thread-1' });
    expect(await store().ledger.startOpening(other, CONTACT)).toBe('started');
  });

  test('wait for each other also while the first is looked up', async () => {
    const [one, other] = await twoOpenings(store());
    await store().ledger.startOpening(one, CONTACT);
    const nextAt = store().clock.now() + 10_000;
    await store().ledger.settle(one, { to: 'checking', nextAt, reason: 'no answer' });
    expect(await store().ledger.startOpening(other, CONTACT)).toBe('busy');
  });

  test('of another contact are none of it', async () => {
    const [one, other] = await twoOpenings(store());
    await store().ledger.startOpening(one, CONTACT);
    expect(await store().ledger.startOpening(other, 'contact-2')).toBe('started');
  });

  test('whose lease was lost do not begin', async () => {
    const [one] = await twoOpenings(store());
    expect(await store().ledger.startOpening({ ...one, fence: one.fence - 1 }, CONTACT)).toBe('lost');
  });
});
