/**
 * Whether there is room for a message. On a full disk Postgres still changes small rows, where a page has room left, and
 * refuses what is larger: a probe that goes through says nothing there, what was refused a moment ago does.
 */
import { isDiskFull } from '../database/refusals.ts';

/** A refusal speaks for so long, ms: whoever takes traffic away meanwhile would else never bring it back. */
const SPEAKS_MS = 5_000;

export interface Room {
  /** Writes, and remembers whether there was room for it. */
  seek<Result>(write: () => Promise<Result>): Promise<Result>;
  /** Throws what was thrown when there was none, as long as nothing else was written since. */
  check(): void;
}

export function newRoom(clock: { now(): number }): Room {
  let refused: { error: unknown; at: number } | undefined;
  return {
    seek: async (write) => {
      try {
        const result = await write();
        refused = undefined;
        return result;
      } catch (error) {
        if (isDiskFull(error)) refused = { error, at: clock.now() };
        throw error;
      }
    },
    check: () => {
      if (refused && clock.now() - refused.at < SPEAKS_MS) throw refused.error;
    },
  };
}
