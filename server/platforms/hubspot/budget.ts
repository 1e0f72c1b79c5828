/**
 * What a HubSpot account may be called, and what the headers say of it:
 * https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
 */
import type { BudgetNews, CallLimit, Capabilities } from '../../core/capabilities.ts';

/** A fifth at once and four fifths spread: no window of that length ever holds more than `max`. */
const within = (max: number, intervalMs: number) => ({
  perSecond: (max * 0.8 * 1_000) / intervalMs,
  burst: max * 0.2,
});

/** 110 calls in any ten seconds for each account and app; searches count apart, five a second and account. */
export const limits: NonNullable<Capabilities['limits']> = {
  calls: within(110, 10_000),
  searches: { perSecond: 4, burst: 1, url: /\/search(\?|$)/ },
};

/** A host whose answers say nothing of a budget keeps none (a gateway, a proxy); if it has enough, it says so by a 429. */
const UNCOUNTED: CallLimit = { perSecond: 150, burst: 150 };

/** The window rolls: a moment later there is room for a call again. */
const ROLLS_MS = 500;

export function budgetNews(headers: Record<string, string>): BudgetNews {
  const max = Number(headers['x-hubspot-ratelimit-max']);
  const interval = Number(headers['x-hubspot-ratelimit-interval-milliseconds']);
  if (!(max > 0 && interval > 0)) return { limit: UNCOUNTED };
  const spent = headers['x-hubspot-ratelimit-remaining'] === '0';
  return { limit: within(max, interval), ...(spent ? { closedForMs: ROLLS_MS } : {}) };
}
