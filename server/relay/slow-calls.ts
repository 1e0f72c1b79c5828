/**
 * Calls that wait long for their answer. A worker has only so many places; a call that merely waits costs next to
 * nothing, so it gives its place up, and what goes elsewhere takes it. An account at which many calls wait gets no more
 * of them: what else goes there returns to its lane, no attempt is counted, and it comes again about when there is room.
 * All of it is counted in memory: places are this process's own.
 */
import type { Io } from '../core/adapter.ts';
import type { Wait } from './budgets.ts';

export interface SlowCalls {
  /** Makes a call to the account. While it is slow, its place is free for somebody else. */
  wait<Answer>(account: string, call: () => Promise<Answer>): Promise<Answer>;
  /** When to come again, if so many calls to this account are slow that no more are made now. */
  turn(account: string): Wait | undefined;
  /** Slow calls right now: so many more claims may be under way. */
  count(): number;
  /** Called whenever a call becomes slow. */
  onSlow(listener: () => void): void;
}

interface Account {
  /** Slow ones. */
  calls: number;
  /** How long the last slow call took, ms. */
  tookMs: number;
  /** Where whoever comes next would stand, ms. */
  lineEnd: number;
}

/**
 * Nobody waits longer for somebody else's silence. Far above what a busy machine itself takes for 128 calls at once
 * (0.2 seconds): an account that answers at once is never taken for a slow one.
 */
const SLOW_MS = 250;
/** Half of a worker's places: at 70 calls a second, what WhatsApp takes, answers may take 0.9 seconds. */
const SHARE = 64;
/** What all accounts together may have about, each of them half of what is left: 50 KB a call make 25 MB. */
const ALL = 512;
/** Two without an answer close an account (budgets.ts): with less, nobody would ever find out. */
const FEWEST = 2;
/** Whoever was sent away comes again after so long at the earliest, ms. */
const AGAIN_MS = 1_000;
/** Taken for what a slow call takes, as long as none has ended: a line of 50 a second. */
const GUESS_MS = 2_560;
/** The line moves faster than calls end, so that no room is left empty: every second one comes in vain. */
const CROWDING = 2;

const WHY = 'The other side answers slowly: this one waits until some of those before it are through.';

export function createSlowCalls(clock: Io['clock']): SlowCalls {
  const accounts = new Map<string, Account>();
  const listeners: (() => void)[] = [];
  let all = 0;
  function becomesSlow(id: string): Account {
    const account = accounts.get(id) ?? { calls: 0, tookMs: GUESS_MS, lineEnd: 0 };
    accounts.set(id, account);
    account.calls += 1;
    all += 1;
    for (const listener of listeners) listener();
    return account;
  }
  function ends(account: Account, tookMs: number): void {
    account.calls -= 1;
    account.tookMs = Math.max(tookMs, SLOW_MS);
    all -= 1;
  }
  return {
    wait: async (id, call) => {
      const began = clock.now();
      let slow: Account | undefined;
      const timer = setTimeout(() => {
        slow = becomesSlow(id);
      }, SLOW_MS);
      try {
        return await call();
      } finally {
        clearTimeout(timer);
        if (slow) ends(slow, clock.now() - began);
      }
    },
    turn: (id) => {
      const account = accounts.get(id);
      if (!account || account.calls < Math.max(FEWEST, Math.min(SHARE, (ALL - all) / 2))) return undefined;
      return { at: standInLine(account, clock.now()), why: WHY };
    },
    count: () => all,
    onSlow: (listener) => {
      listeners.push(listener);
    },
  };
}

function standInLine(account: Account, now: number): number {
  const at = Math.max(account.lineEnd, now + AGAIN_MS);
  account.lineEnd = at + account.tookMs / (CROWDING * SHARE);
  return Math.ceil(at);
}
