import { expect, test } from 'vitest';
import type { Claim } from '../../../server/store/ledger/claims.ts';
import {
  CHANNEL,
  conversationWith,
  onEveryStore,
  outgoing,
  receipt,
  statusOf,
  type TestStore,
  take,
  takeOne,
  WORKSPACE,
} from '../../support/stores.ts';

/** Receipts come in as events; this is what the worker does with each. */
async function hear(store: TestStore, ...events: ReturnType<typeof receipt>[]): Promise<void> {
  await store.ledger.append(events);
  for (const claim of await take(store, 'wrk_receipts'))
    await store.ledger.applyReceipt(
      claim,
      (await store.ledger.event(WORKSPACE, claim.delivery.event_id))?.event as (typeof events)[number],
      [],
    );
}

onEveryStore('a message of several calls', (store) => {
  test('is sent when its last call is, call by call', async () => {
    const first = await outgoing(store(), 'long', ['one', 'two']);
    await store().ledger.settle(first, { to: 'sent', providerId: 'p1' });
    expect(await statusOf(store(), 'long')).toBe('queued');
    const second = await takeOne(store());
    expect(second.delivery.part).toBe(1);
    await store().ledger.settle(second, { to: 'sent', providerId: 'p2' });
    expect(await statusOf(store(), 'long')).toBe('sent');
  });

  test('goes back to its place for a time that chance has spread to fractions of a millisecond', async () => {
    const first = await outgoing(store(), 'later', ['one']);
    const nextAt = store().clock.now() + 1_000.25;
    await store().ledger.settle(first, { to: 'queued', nextAt, reason: 'Busy.' });
    expect(await take(store())).toEqual([]);
    store().clock.advance(1_001);
    expect((await takeOne(store())).delivery.reason).toBe('Busy.');
  });

  test('ends with the call that is refused: what follows would be half a message', async () => {
    const first = await outgoing(store(), 'long', ['one', 'two', 'three']);
    await store().ledger.settle(first, {
      to: 'failed',
      code: 'window_closed',
      reason: 'The window is closed.',
    });
    expect(await statusOf(store(), 'long')).toBe('failed');
    expect(await take(store())).toEqual([]);
  });

  test('goes back to work as a whole with Resend, once however often it is asked', async () => {
    const first = await outgoing(store(), 'long', ['one', 'two']);
    await store().ledger.settle(first, { to: 'failed', code: 'refused', reason: 'No.' });
    const id = first.delivery.event_id;
    const beside = await store().beside();
    const answers = await Promise.all(
      [store(), beside, store(), beside].map((one) => one.ledger.resend(WORKSPACE, id)),
    );
    expect(answers.toSorted()).toEqual(['not_failed', 'not_failed', 'not_failed', 'queued']);
    for (const part of [0, 1]) {
      const claim = await takeOne(store());
      expect(claim.delivery.part).toBe(part);
      await store().ledger.settle(claim, { to: 'sent', providerId: `again ${part}` });
    }
    expect(await statusOf(store(), 'long')).toBe('sent');
  });
});

onEveryStore('receipts', (store) => {
  test('only rise: sent, delivered, read, whatever order they come in', async () => {
    const claim = await outgoing(store(), 'reply');
    await store().ledger.settle(claim, { to: 'sent', providerId: 'p1' });
    await hear(store(), receipt('p1', 'read'));
    await hear(store(), receipt('p1', 'delivered'));
    expect(await statusOf(store(), 'reply')).toBe('read');
    await hear(store(), receipt('p1', 'failed'));
    expect(await statusOf(store(), 'reply')).toBe('read');
  });

  test('that come before the send’s own answer count behind it', async () => {
    const claim = await outgoing(store(), 'reply');
    await hear(store(), receipt('p1', 'delivered'));
    await store().ledger.settle(claim, { to: 'sent', providerId: 'p1' });
    expect(await statusOf(store(), 'reply')).toBe('delivered');
  });

  test('are never lost when they come at the same moment as the send’s own answer', async () => {
    const beside = await store().beside();
    for (let round = 0; round < 15; round += 1) {
      const claim = await outgoing(store(), `reply ${round}`);
      await store().ledger.append([receipt(`p${round}`, 'delivered')]);
      const heard = await takeOne(store(), 'wrk_receipts');
      await Promise.all([
        store().ledger.settle(claim, { to: 'sent', providerId: `p${round}` }),
        beside.ledger.applyReceipt(heard, receipt(`p${round}`, 'delivered'), []),
      ]);
      expect(await statusOf(store(), `reply ${round}`)).toBe('delivered');
    }
  });

  test('by our own reference settle what was unknown', async () => {
    const claim = await outgoing(store(), 'reply');
    await store().ledger.start(claim);
    await store().ledger.settle(claim, { to: 'unknown', reason: 'no answer' });
    expect(await statusOf(store(), 'reply')).toBe('unknown');
    await hear(store(), receipt('p9', 'sent', { ref: claim.delivery.id }));
    expect(await statusOf(store(), 'reply')).toBe('sent');
  });

  test('are told to the platform that wants them, in a lane of their own', async () => {
    const claim = await outgoing(store(), 'reply');
    await store().ledger.settle(claim, { to: 'sent', providerId: 'p1' }, ['sent']);
    const told = await takeOne(store());
    expect(told.delivery.kind).toBe('status');
    expect(await store().ledger.content(told)).toMatchObject({ status: 'sent' });
  });
});

const LATER = Date.UTC(2100, 0, 1);

onEveryStore('receipts of a message that was sent again by hand', (store) => {
  /** Sent as p1, failed, and on its way again. */
  async function resent(): Promise<Claim> {
    const claim = await outgoing(store(), 'reply');
    await store().ledger.settle(claim, { to: 'sent', providerId: 'p1' });
    return failedAndResent(claim, 'p1');
  }
  async function failedAndResent({ delivery }: Claim, of: string): Promise<Claim> {
    await hear(store(), receipt(of, 'failed', { ref: delivery.id }));
    expect(await statusOf(store(), 'reply')).toBe('failed');
    await store().ledger.resend(WORKSPACE, delivery.event_id);
    const again = await takeOne(store());
    await store().ledger.start(again);
    return again;
  }
  const doubt = { to: 'checking' as const, nextAt: LATER, reason: 'no answer' };

  test('settle no doubt when they are about a try before', async () => {
    const again = await failedAndResent(await resent().then(sentAs('p2')), 'p2');
    await hear(store(), receipt('p1', 'sent', { ref: again.delivery.id }));
    await store().ledger.settle(again, doubt);
    await hear(store(), receipt('p2', 'sent', { ref: again.delivery.id }));
    expect(await statusOf(store(), 'reply')).toBe('queued');
    expect(await store().ledger.taken(again, 0)).toEqual(['p1', 'p2']);
    await hear(store(), receipt('p3', 'sent', { ref: again.delivery.id }));
    expect(await statusOf(store(), 'reply')).toBe('sent');
  });

  test('say that it arrived, whichever of them did', async () => {
    const again = await resent();
    await store().ledger.settle(again, doubt);
    await hear(store(), receipt('p1', 'delivered', { ref: again.delivery.id }));
    expect(await statusOf(store(), 'reply')).toBe('delivered');
  });

  test('do not make the one that was taken fail when the one before, whose end was unknown, has', async () => {
    const claim = await outgoing(store(), 'reply');
    await store().ledger.start(claim);
    await store().ledger.settle(claim, { to: 'unknown', reason: 'no answer' });
    await store().ledger.resend(WORKSPACE, claim.delivery.event_id);
    const again = await takeOne(store()).then(sentAs('p2'));
    await hear(store(), receipt('p1', 'failed', { ref: again.delivery.id }));
    expect(await statusOf(store(), 'reply')).toBe('sent');
    await hear(store(), receipt('p2', 'failed', { ref: again.delivery.id }));
    expect(await statusOf(store(), 'reply')).toBe('failed');
  });

  const sentAs = (providerId: string) => async (claim: Claim) => {
    await store().ledger.settle(claim, { to: 'sent', providerId });
    return claim;
  };
});

onEveryStore('a conversation', (store) => {
  test('is one, however many messages of a new customer come at once', async () => {
    const beside = await store().beside();
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) => conversationWith(index % 2 ? store() : beside)),
    );
    expect(new Set(made.map((one) => one.id)).size).toBe(1);
    const rows = await store().db.selectFrom('conversation').select('id').execute();
    expect(rows).toHaveLength(1);
  });

  test('is found by its thread, its platform thread and its contact', async () => {
    const made = await conversationWith(store());
    const claim = await outgoing(store(), 'reply');
    expect(claim.delivery.conversation_id).toBe(made.id);
    await store().ledger.keepContact(made, 'contact-1');
    expect(await store().ledger.conversationsOfContact(WORKSPACE, 'contact-1')).toMatchObject([
      { id: made.id, channelId: CHANNEL, thread: '+447700900101', customer: { name: 'Ann' } },
    ]);
    expect(await store().ledger.unopened(WORKSPACE)).toBeDefined();
  });

  test('writes its customer’s number as people read it, and anything else as it came', async () => {
    expect((await conversationWith(store())).customer.address).toBe('+44 7700 900101');
    expect((await conversationWith(store(), '@annx')).customer.address).toBe('@annx');
  });

  test('learns the customer’s other names', async () => {
    const phone = { kind: 'phone' as const, scope: '', value: '+447700900101' };
    const user = { kind: 'whatsapp_user' as const, scope: 'waba', value: 'GB.1' };
    const by = (thread: string, identities: (typeof phone | typeof user)[]) =>
      store().ledger.conversationFor({
        workspaceId: WORKSPACE,
        channelId: CHANNEL,
        thread,
        customer: { identities, address: thread },
      });
    const first = await by('+447700900101', [phone, phone]);
    expect((await by('+447700900101', [phone, user])).id).toBe(first.id);
    expect((await by('GB.1', [user])).id).toBe(first.id);
  });
});

onEveryStore('a contact', (store) => {
  const ann = { kind: 'phone' as const, scope: '', value: '+447700900101' };
  const lock = (one: Pick<TestStore, 'ledger'>, by: string) =>
    one.ledger.lockContact(WORKSPACE, ann, by, 30_000);

  test('is made by one of all that ask at once', async () => {
    const beside = await store().beside();
    const locks = await Promise.all(
      Array.from({ length: 20 }, (_, index) => lock(index % 2 ? store() : beside, `dlv_${index}`)),
    );
    expect(locks.filter((one) => one.state === 'locked')).toHaveLength(1);
    expect(locks.filter((one) => one.state === 'busy')).toHaveLength(19);
  });

  test('is known to everybody, by every identity, once it is made', async () => {
    await lock(store(), 'dlv_1');
    const user = { kind: 'telegram' as const, scope: 'bot', value: '7' };
    const made = await conversationWith(store());
    const customer = { ...made.customer, identities: [ann, user, ann] };
    await store().ledger.keepContact({ ...made, customer }, 'contact-1');
    expect(await lock(store(), 'dlv_2')).toEqual({ state: 'known', contactId: 'contact-1' });
    expect(await store().ledger.lockContact(WORKSPACE, user, 'dlv_3', 30_000)).toMatchObject({
      contactId: 'contact-1',
    });
  });

  test('is resumed by whoever comes behind a crash, and told when it began', async () => {
    const began = store().clock.now();
    await lock(store(), 'dlv_1');
    expect(await store().ledger.beginContact(WORKSPACE, ann, 'dlv_1')).toBe(true);
    expect(await lock(store(), 'dlv_2')).toEqual({ state: 'busy' });
    store().clock.advance(30_001);
    expect(await lock(store(), 'dlv_2')).toEqual({ state: 'locked', resumed: began });
    await store().ledger.unlockContact(WORKSPACE, ann, 'dlv_2', true);
    expect(await lock(store(), 'dlv_3')).toEqual({ state: 'locked' });
  });
});

onEveryStore('a retry', (store) => {
  test('may be due at a time that is no whole millisecond, as a wait spread by chance is', async () => {
    const claim = await outgoing(store(), 'later', ['one']);
    const nextAt = store().clock.now() + 1_000.4;
    expect(await store().ledger.settle(claim, { to: 'queued', nextAt, reason: 'Busy.' })).toBe(true);
    store().clock.advance(1_001);
    expect((await takeOne(store())).delivery.id).toBe(claim.delivery.id);
  });
});
