import { expect, test } from 'vitest';
import { budgetNews } from '../../../server/platforms/hubspot/budget.ts';

const answered = (max: string, remaining: string) => ({
  'x-hubspot-ratelimit-max': max,
  'x-hubspot-ratelimit-interval-milliseconds': '10000',
  'x-hubspot-ratelimit-remaining': remaining,
});

test('the account’s own limit is what its answers say, spread so that no window holds more', () => {
  expect(budgetNews(answered('190', '12'))).toEqual({ limit: { perSecond: 15.2, burst: 38 } });
});

test('an account with nothing left is closed until its window has rolled on', () => {
  expect(budgetNews(answered('110', '0'))).toMatchObject({ closedForMs: 500 });
});

test('a host that counts nothing is not slowed down to a limit that it does not have', () => {
  expect(budgetNews({}).limit?.perSecond).toBeGreaterThan(100);
});
