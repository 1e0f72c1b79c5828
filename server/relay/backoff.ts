/** Seconds between tries: quick for a hiccup, then patient; ±20 % so that a thousand lanes do not return at once. */
const SCHEDULE = [1, 2, 5, 10, 20, 40, 60, 120, 300, 600, 900];

/** ms to wait after `attempts` tries; `asked` is what the other side demanded (Retry-After) and is never shortened. */
export function backoff(
  attempts: number,
  asked: number | undefined,
  random: () => number = Math.random,
): number {
  const base = (SCHEDULE[Math.min(Math.max(attempts, 1), SCHEDULE.length) - 1] as number) * 1_000;
  const spread = base * (0.8 + 0.4 * random());
  return Math.max(spread, asked ?? 0);
}
