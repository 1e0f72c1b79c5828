import { expect, test } from 'vitest';
import { countFailed, replay } from '../../../server/store/ledger/replay.ts';
import { onEveryStore, outgoing, statusOf, takeOne, WORKSPACE, wordsOf } from '../../support/stores.ts';

onEveryStore('a replay', (store) => {
  test('puts what failed back in the order of its lane, also what came in one millisecond', async () => {
    const words = ['one', 'two', 'three', 'four', 'five'];
    for (const text of words) {
      const claim = await outgoing(store(), text);
      await store().ledger.settle(claim, { to: 'failed', code: 'down', reason: 'It was down.' });
    }
    const wish = { workspaceIds: [WORKSPACE], status: 'failed' as const };
    expect(await countFailed(store().db, wish)).toBe(5);
    expect(await replay(store().db, store().ledger, wish)).toEqual({ queued: 5, erased: 0, next: null });
    expect(await countFailed(store().db, wish)).toBe(0);
    const order: string[] = [];
    for (const _ of words) {
      const claim = await takeOne(store());
      order.push(await wordsOf(store(), claim));
      await store().ledger.settle(claim, { to: 'sent', providerId: `p${order.length}` });
    }
    expect(order).toEqual(words);
    expect(await statusOf(store(), 'five')).toBe('sent');
  });
});
