/** Intercom's budget, as its headers tell it: https://developers.intercom.com/docs/references/rest-api/errors/rate-limiting */
import type { BudgetNews } from '../../core/capabilities.ts';

const SLICE_MS = 10_000;

/** ms until the next slice by `X-RateLimit-Reset` (unix seconds): at least one second, at most a minute. */
export function untilReset(headers: Record<string, string>, now: number): number {
  const reset = Number(headers['x-ratelimit-reset']) * 1000;
  if (!Number.isFinite(reset) || reset === 0) return SLICE_MS;
  return Math.min(Math.max(reset - now, 1_000), 60_000);
}

/** Which window `X-RateLimit-Limit` is meant for is not documented, so only the end of a slice is believed. */
export function budgetNews(headers: Record<string, string>, now: number): BudgetNews | undefined {
  return headers['x-ratelimit-remaining'] === '0' ? { closedForMs: untilReset(headers, now) } : undefined;
}
