/** How many calls a provider takes before it says "slow down": `burst` at once, then `perSecond`. */
export interface Budget {
  burst: number;
  perSecond: number;
}

/** A token bucket per key. */
export class Throttle {
  readonly #budget: Budget;
  readonly #spent = new Map<string, { level: number; at: number }>();

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Milliseconds until there is room again; 0 = taken. */
  take(key: string, now: number): number {
    const { burst, perSecond } = this.#budget;
    if (burst === Number.POSITIVE_INFINITY) return 0;
    const last = this.#spent.get(key) ?? { level: 0, at: now };
    const level = Math.max(0, last.level - ((now - last.at) / 1000) * perSecond);
    if (level + 1 > burst) return Math.ceil(((level + 1 - burst) / perSecond) * 1000);
    this.#spent.set(key, { level: level + 1, at: now });
    return 0;
  }
}
