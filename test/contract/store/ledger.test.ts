import { expect, test } from 'vitest';
import {
  CHANNEL,
  fromAgent,
  fromCustomer,
  GATHERED_MS,
  LEASE_MS,
  onEveryStore,
  outgoing,
  statusOf,
  take,
  takeOne,
  WORKSPACE,
  wordsOf,
} from '../../support/stores.ts';

onEveryStore('what comes in', (store) => {
  test('is stored once, however often and however many at once bring it', async () => {
    const beside = await store().beside();
    const brought = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 ? store() : beside).ledger.append([fromCustomer('hello')]),
      ),
    );
    expect(brought.reduce((sum, fresh) => sum + fresh, 0)).toBe(1);
    expect(await store().ledger.append([fromCustomer('hello')])).toBe(0);
    store().clock.advance(GATHERED_MS);
    expect(await take(store())).toHaveLength(1);
  });

  test('counts the new ones of a batch that also holds known and doubled ones', async () => {
    await store().ledger.append([fromCustomer('one')]);
    const batch = ['one', 'two', 'two', 'three'].map((words) => fromCustomer(words));
    expect(await store().ledger.append(batch)).toBe(2);
  });

  test('survives two batches that hold the same messages in opposite order, at once', async () => {
    const beside = await store().beside();
    const events = Array.from({ length: 40 }, (_, index) =>
      fromCustomer(`message ${index}`, { thread: `+4477009001${String(index).padStart(2, '0')}` }),
    );
    const fresh = await Promise.all([
      store().ledger.append(events),
      beside.ledger.append(events.toReversed()),
    ]);
    expect(fresh.reduce((sum, count) => sum + count, 0)).toBe(40);
  });

  test('comes back as it was: numbers as numbers, content unsealed', async () => {
    await store().ledger.append([fromCustomer('hëllo 👋', { at: 1_793_000_000_123 })]);
    store().clock.advance(GATHERED_MS);
    const claim = await takeOne(store());
    const stored = await store().ledger.event(WORKSPACE, claim.delivery.event_id);
    expect(stored).toMatchObject({ at: 1_793_000_000_123, connectionId: CHANNEL, status: 'queued' });
    expect(stored?.event).toMatchObject({ parts: [{ kind: 'text', text: 'hëllo 👋' }] });
    expect(claim.delivery.created_at).toBeTypeOf('number');
    expect(claim.delivery.attempts).toBe(0);
    expect(claim.fence).toBe(1);
  });
});

onEveryStore('a lane', (store) => {
  test('hands out its head only, and the next one when that has settled', async () => {
    await store().ledger.append([fromCustomer('one', { at: 1 }), fromCustomer('two', { at: 2 })]);
    store().clock.advance(GATHERED_MS);
    const one = await takeOne(store());
    expect(await wordsOf(store(), one)).toBe('one');
    expect(await take(store(), 'wrk_two')).toEqual([]);
    await store().ledger.settle(one, { to: 'sent', providerId: 'p1' });
    expect(await wordsOf(store(), await takeOne(store(), 'wrk_two'))).toBe('two');
  });

  test('goes by source time and the provider’s sequence, not by arrival', async () => {
    await store().ledger.append([fromCustomer('third', { at: 2_000, seq: '9' })]);
    await store().ledger.append([fromCustomer('second', { at: 1_000, seq: '10' })]);
    await store().ledger.append([fromCustomer('first', { at: 1_000, seq: '9' })]);
    store().clock.advance(GATHERED_MS);
    const order: string[] = [];
    for (let claims = await take(store()); claims[0]; claims = await take(store())) {
      order.push(await wordsOf(store(), claims[0]));
      await store().ledger.settle(claims[0], { to: 'sent', providerId: `p${order.length}` });
    }
    expect(order).toEqual(['first', 'second', 'third']);
  });

  test('waits with its head for the retry, and nothing passes it', async () => {
    await store().ledger.append([fromCustomer('one', { at: 1 }), fromCustomer('two', { at: 2 })]);
    store().clock.advance(GATHERED_MS);
    const one = await takeOne(store());
    const nextAt = store().clock.now() + 5_000;
    await store().ledger.settle(one, { to: 'queued', nextAt, reason: 'busy' });
    expect(await take(store())).toEqual([]);
    store().clock.advance(5_000);
    expect(await wordsOf(store(), await takeOne(store()))).toBe('one');
  });

  test('is claimed again when its lease runs out, and its old owner can do nothing any more', async () => {
    const old = await outgoing(store(), 'reply');
    expect(await store().ledger.start(old)).toBe(true);
    store().clock.advance(LEASE_MS + 1);
    const taken = await takeOne(store(), 'wrk_two');
    expect(taken.delivery.state).toBe('started');
    expect(await store().ledger.start(old)).toBe(false);
    expect(await store().ledger.settle(old, { to: 'sent', providerId: 'p1' })).toBe(false);
    expect(await statusOf(store(), 'reply')).toBe('queued');
    expect(await store().ledger.settle(taken, { to: 'unknown', reason: 'no answer' })).toBe(true);
    // The late answer was kept as evidence, and settles the doubt.
    expect(await statusOf(store(), 'reply')).toBe('sent');
  });

  test('never starts with a lease that is over, even when nobody else has claimed it', async () => {
    const claim = await outgoing(store(), 'reply');
    store().clock.advance(LEASE_MS);
    expect(await store().ledger.start(claim)).toBe(false);
  });

  test('is woken before its time', async () => {
    const claim = await outgoing(store(), 'reply');
    await store().ledger.settle(claim, {
      to: 'queued',
      nextAt: store().clock.now() + 60_000,
      reason: 'disconnected',
    });
    expect(await take(store())).toEqual([]);
    await store().ledger.wake(WORKSPACE);
    expect(await take(store())).toHaveLength(1);
  });
});

onEveryStore('claims', (store) => {
  test('go to the lanes that have waited longest, up to the number asked for', async () => {
    for (const thread of ['c', 'a', 'b']) {
      await store().ledger.append([fromAgent(`to ${thread}`, { thread })]);
      store().clock.advance(10);
    }
    const first = await take(store(), 'wrk_one', 2);
    expect(await Promise.all(first.map((claim) => wordsOf(store(), claim)))).toEqual(['to c', 'to a']);
    expect(await wordsOf(store(), await takeOne(store(), 'wrk_two'))).toBe('to b');
  });

  test('of several workers at once never meet, and every lane keeps its order', async () => {
    const lanes = 12;
    const each = 8;
    const others = await Promise.all([store().beside(), store().beside()]);
    const workers = [store(), ...others];
    await store().ledger.append(
      Array.from({ length: lanes * each }, (_, index) =>
        fromAgent(`${index % lanes}:${Math.floor(index / lanes)}`, {
          thread: `thread ${index % lanes}`,
          at: 1_000 + index,
        }),
      ),
    );
    const sent: string[] = [];
    await Promise.all(
      workers.map(async (worker, number) => {
        for (let idle = 0; idle < 5; ) {
          const claims = await take(worker, `wrk_${number}`, 4);
          idle = claims.length === 0 ? idle + 1 : 0;
          for (const claim of claims) {
            if (!(await worker.ledger.start(claim))) continue;
            sent.push(await wordsOf(worker, claim));
            await worker.ledger.settle(claim, { to: 'sent', providerId: `p ${claim.delivery.id}` });
          }
        }
      }),
    );
    expect(sent).toHaveLength(lanes * each);
    const byLane = Map.groupBy(sent, (words) => words.split(':')[0]);
    for (const words of byLane.values())
      expect(words.map((one) => Number(one.split(':')[1]))).toEqual(
        Array.from({ length: each }, (_, i) => i),
      );
  });
});
