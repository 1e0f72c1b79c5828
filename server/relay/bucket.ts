/**
 * One budget of one account as this process knows it: the calls it may still make, the line of those that wait, and
 * whether the account is closed. The truth is in the store; it is asked once for every few calls.
 */
import type { CallLimit } from '../core/capabilities.ts';
import type { BudgetKey, BudgetStore, Slice } from '../store/ledger/budgets.ts';

export interface Bucket {
  /**
   * `go`: it is paid for. `probe`: likewise, and everybody waits for what comes of it. Otherwise its place in line, ms.
   * `waited`: it had a place already; whoever comes new stands behind the line.
   */
  take(waited: boolean): Promise<'go' | 'probe' | { at: number }>;
  /** A call that nobody asked for: it is paid from what comes next. */
  spend(): void;
  /** Where a message stands that was refused just now, ms; undefined when the account is open. */
  place(): number | undefined;
  isClosed(): boolean;
  learn(limit: CallLimit): void;
  close(until: number): Promise<void>;
  open(): Promise<void>;
  endProbe(): Promise<void>;
}

/** A process that needs no more keeps a few calls from the others for so long, and hears so late that one is closed. */
const SLICE_GOOD_MS = 1_000;
/** A fifth of a second's calls at a time: five statements a second for an account at its limit. */
const SLICE_SECONDS = 0.2;
/** Most probes are answered within it; whoever stands behind one comes no earlier. */
const PROBE_PAUSE_MS = 500;
/** How fast a line moves where the other side names no limit. */
const LINE_PER_SECOND = 50;

interface State {
  limit: CallLimit | undefined;
  /** Calls that are paid for; less than 0: owed. */
  left: number;
  goodUntil: number;
  /** ms; 0 = open as far as we know. */
  closedUntil: number;
  freeAt: number;
  /** Where whoever comes next would stand. */
  lineEnd: number;
  isProbe: boolean;
}

export function createBucket(
  store: BudgetStore,
  clock: { now(): number },
  key: BudgetKey,
  declared: CallLimit | undefined,
): Bucket {
  const state: State = {
    ...{ limit: declared, left: 0, goodUntil: 0, closedUntil: 0, freeAt: 0, lineEnd: 0, isProbe: false },
  };
  let asking: Promise<void> | undefined;
  async function ask(): Promise<void> {
    const { limit, left } = state;
    const slice = await store.takeSlice(key, limit ? sliceOf(limit, left) : 1, limit);
    heard(state, slice, clock.now());
  }
  async function take(waited: boolean): Promise<'go' | 'probe' | { at: number }> {
    const now = clock.now();
    if (state.closedUntil > now) return standInLine(state, state.closedUntil);
    if (!waited && state.lineEnd > now) return standInLine(state, state.lineEnd);
    while (!state.isProbe && (state.left < 1 || state.goodUntil <= now)) {
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      await asking;
      if (state.closedUntil > 0 || state.freeAt > 0) break;
    }
    if (state.isProbe) {
      state.isProbe = false;
      return 'probe';
    }
    if (state.left < 1) return standInLine(state, state.closedUntil || Math.max(state.freeAt, now + 1));
    state.left -= 1;
    return 'go';
  }
  return {
    take,
    spend: () => {
      state.left -= 1;
    },
    isClosed: () => state.closedUntil > clock.now(),
    place: () => (state.closedUntil > clock.now() ? standInLine(state, state.closedUntil).at : undefined),
    learn: (limit) => {
      state.limit = { ...state.limit, ...limit };
    },
    close: async (until) => {
      // The line forms anew: whoever stands in the old one comes by before.
      if (state.closedUntil < until) state.lineEnd = 0;
      state.closedUntil = Math.max(state.closedUntil, until);
      state.left = 0;
      await store.closeBudget(key, until);
    },
    open: async () => {
      state.closedUntil = 0;
      await store.openBudget(key);
    },
    endProbe: () => store.endProbe(key),
  };
}

/** What the store said. Owed calls stay owed. */
function heard(state: State, slice: Slice, now: number): void {
  if (state.goodUntil <= now) state.left = Math.min(state.left, 0);
  state.isProbe = slice === 'probe';
  state.freeAt = 0;
  state.closedUntil = 0;
  // While somebody asks whether it is over, nobody else has to ask the store all the time.
  if (slice === 'probe') state.closedUntil = now + PROBE_PAUSE_MS;
  else if ('closedUntil' in slice) state.closedUntil = Math.max(slice.closedUntil, now + PROBE_PAUSE_MS);
  else if ('freeAt' in slice) state.freeAt = slice.freeAt;
  else {
    state.left += slice.granted;
    state.goodUntil = now + SLICE_GOOD_MS;
  }
}

function standInLine(state: State, from: number): { at: number } {
  const at = Math.max(state.lineEnd, from);
  const isNext = at === from && state.closedUntil > 0;
  state.lineEnd = at + (isNext ? PROBE_PAUSE_MS : 1_000 / (state.limit?.perSecond ?? LINE_PER_SECOND));
  return { at: Math.ceil(at) };
}

/** What is owed comes on top, as far as the bucket is deep. */
function sliceOf({ perSecond, burst }: CallLimit, left: number): number {
  const wanted = Math.ceil(perSecond * SLICE_SECONDS) - Math.min(left, 0);
  return Math.max(1, Math.min(wanted, Math.floor(burst)));
}
