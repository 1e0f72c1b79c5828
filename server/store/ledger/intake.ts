/**
 * How busy the intake is. Whoever sends a webhook waits for the answer; what is in the ledger already is safe, and may
 * take a little longer.
 */

/** So many arrivals wait for one commit only when they come faster than commits do, some 300 a second at the least. */
const MANY = 16;
/** It stays busy for so long, ms: right behind a commit nobody waits. */
const STAYS_MS = 30;

export interface Intake {
  /** Counts the arrivals as waiting until they are written. */
  during<Result>(arrivals: number, write: () => Promise<Result>): Promise<Result>;
  isBusy(): boolean;
}

export function newIntake(clock: { now(): number }): Intake {
  let waiting = 0;
  let busyUntil = 0;
  return {
    during: async (arrivals, write) => {
      waiting += arrivals;
      if (waiting >= MANY) busyUntil = clock.now() + STAYS_MS;
      try {
        return await write();
      } finally {
        waiting -= arrivals;
      }
    },
    isBusy: () => clock.now() < busyUntil,
  };
}
