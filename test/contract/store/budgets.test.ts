import { describe, expect, test } from 'vitest';
import { CHANNEL, onEveryStore, WORKSPACE } from '../../support/stores.ts';

const KEY = { workspaceId: WORKSPACE, connectionId: CHANNEL, name: 'calls' };
/** 20 at once, 10 a second. */
const LIMIT = { perSecond: 10, burst: 20 };

onEveryStore('budgets', (store) => {
  const take = (calls: number, ledger = store().ledger) => ledger.takeSlice(KEY, calls, LIMIT);
  const now = () => store().clock.now();

  describe('of an account that is open', () => {
    test('hold as many calls as its burst, then refill by the second', async () => {
      expect(await take(20)).toEqual({ granted: 20 });
      expect(await take(5)).toEqual({ freeAt: now() + 500 });
      store().clock.advance(500);
      expect(await take(5)).toEqual({ granted: 5 });
      expect(await take(1)).toEqual({ freeAt: now() + 100 });
    });

    test('are one for all processes', async () => {
      const others = [store().ledger, (await store().beside()).ledger, (await store().beside()).ledger];
      const slices = await Promise.all(Array.from({ length: 30 }, (_, index) => take(2, others[index % 3])));
      expect(slices.filter((slice) => typeof slice === 'object' && 'granted' in slice)).toHaveLength(10);
    });

    test('never save up more than the burst', async () => {
      await take(20);
      store().clock.advance(3_600_000);
      expect(await take(20)).toEqual({ granted: 20 });
      expect(await take(1)).toEqual({ freeAt: now() + 100 });
    });

    test('are their own for each account and each name', async () => {
      await take(20);
      const { ledger } = store();
      expect(await ledger.takeSlice({ ...KEY, name: 'searches' }, 20, LIMIT)).toEqual({ granted: 20 });
      expect(await ledger.takeSlice({ ...KEY, connectionId: WORKSPACE }, 20, LIMIT)).toEqual({ granted: 20 });
    });

    test('have no bounds where none are named', async () => {
      expect(await store().ledger.takeSlice(KEY, 1, undefined)).toEqual({
        granted: Number.POSITIVE_INFINITY,
      });
    });
  });

  describe('of an account that was closed', () => {
    test.each([LIMIT, undefined])('give nothing to any process until the reset (%o)', async (limit) => {
      const beside = (await store().beside()).ledger;
      await store().ledger.closeBudget(KEY, now() + 5_000);
      expect(await beside.takeSlice(KEY, 1, limit)).toEqual({ closedUntil: now() + 5_000 });
      store().clock.advance(4_999);
      expect(await beside.takeSlice(KEY, 1, limit)).toEqual({ closedUntil: now() + 1 });
    });

    test('let one call of one process ask whether it is over', async () => {
      const beside = (await store().beside()).ledger;
      await store().ledger.closeBudget(KEY, now() + 5_000);
      store().clock.advance(5_000);
      const answers = await Promise.all([take(1), take(1, beside), take(1), take(1, beside)]);
      expect(answers.filter((answer) => answer === 'probe')).toHaveLength(1);
      expect(answers.filter((answer) => typeof answer === 'object' && 'granted' in answer)).toEqual([]);
    });

    test('are open for everybody when that call was answered', async () => {
      const beside = (await store().beside()).ledger;
      await store().ledger.closeBudget(KEY, now() + 5_000);
      store().clock.advance(5_000);
      expect(await take(1)).toBe('probe');
      await store().ledger.openBudget(KEY);
      expect(await take(1, beside)).toEqual({ granted: 1 });
    });

    test('stay closed when that call was refused, for as long as it said', async () => {
      await store().ledger.closeBudget(KEY, now() + 5_000);
      store().clock.advance(5_000);
      expect(await take(1)).toBe('probe');
      await store().ledger.closeBudget(KEY, now() + 9_000);
      expect(await take(1)).toEqual({ closedUntil: now() + 9_000 });
      await store().ledger.openBudget(KEY);
      expect(await take(1)).toEqual({ closedUntil: now() + 9_000 });
    });

    test('are asked by another when that call came to nothing, or its process died', async () => {
      await store().ledger.closeBudget(KEY, now() + 5_000);
      store().clock.advance(5_000);
      expect(await take(1)).toBe('probe');
      await store().ledger.endProbe(KEY);
      expect(await take(1)).toBe('probe');
      store().clock.advance(29_999);
      expect(await take(1)).not.toBe('probe');
      store().clock.advance(1);
      expect(await take(1)).toBe('probe');
    });

    test('are never closed for a shorter time than somebody was told', async () => {
      await store().ledger.closeBudget(KEY, now() + 9_000);
      await store().ledger.closeBudget(KEY, now() + 2_000);
      expect(await take(1)).toEqual({ closedUntil: now() + 9_000 });
    });
  });
});
