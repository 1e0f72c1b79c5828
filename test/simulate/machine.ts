/**
 * The machine on which the product runs in a simulation: its clock, its timers, its turns and its randomness are ours,
 * so that a run depends on its seed alone and hours pass in milliseconds. The product's code is not changed for it:
 * the globals it takes time and chance from are replaced, in this process only.
 */
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { createRandom, type Random } from './random.ts';

export interface Machine {
  random: Random;
  /** The true time, ms. Hosts have clocks of their own, which may be wrong. */
  now(): number;
  after(ms: number, task: () => void): Timer;
  pause(ms: number): Promise<void>;
  /** Runs until `done`, or until nothing is left to do before the time `until`; answers whether it was done. */
  run(done: () => boolean, until: number): Promise<boolean>;
  /** Where a turn that was asked for with `setImmediate` goes. */
  turns: (() => void)[];
}

/** A task that waits for its time; `cancelled` ones are skipped. */
export interface Timer {
  at: number;
  order: number;
  task: () => void;
  cancelled: boolean;
  /** Milliseconds between repetitions; 0 = once. */
  every: number;
}

const BEGIN = Date.UTC(2026, 10, 2, 10);

export function createMachine(seed: number): Machine {
  const random = createRandom(seed);
  const timers = createQueue();
  const turns: (() => void)[] = [];
  let now = BEGIN;
  let order = 0;
  const after = (ms: number, task: () => void): Timer => {
    order += 1;
    const timer = { at: now + Math.max(0, ms), order, task, cancelled: false, every: 0 };
    timers.push(timer);
    return timer;
  };
  return {
    random,
    turns,
    now: () => now,
    after,
    pause: (ms) => new Promise((resolve) => after(ms, resolve)),
    run: async (done, until) => {
      await outOfTurn();
      for (;;) {
        await settled(turns);
        if (done()) return true;
        const timer = timers.pop();
        if (!timer) return false;
        if (timer.at > until) return false;
        if (timer.cancelled) continue;
        now = Math.max(now, timer.at);
        timer.task();
        if (timer.every > 0 && !timer.cancelled) repeat(timer);
      }
    },
  };
  function repeat(timer: Timer): void {
    order += 1;
    timers.push(Object.assign(timer, { at: now + timer.every, order }));
  }
}

const { setImmediate: laterOn } = globalThis;
/** Whoever is called within a tick (by a message from another process) would see the next one too early. */
const outOfTurn = (): Promise<void> => new Promise((resolve) => laterOn(resolve));

/** Until every promise that can go on has gone on: a tick comes when no microtask is left. */
async function settled(turns: (() => void)[]): Promise<void> {
  for (;;) {
    await new Promise<void>((resolve) => process.nextTick(resolve));
    const turn = turns.shift();
    if (!turn) return;
    turn();
  }
}

/** A binary heap by (time, order of asking). */
function createQueue() {
  const heap: Timer[] = [];
  const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
  const at = (index: number): Timer => heap[index] as Timer;
  const swap = (a: number, b: number): void => {
    const kept = at(a);
    heap[a] = at(b);
    heap[b] = kept;
  };
  function sink(from: number): void {
    let index = from;
    for (;;) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2])
        if (child < heap.length && before(at(child), at(least))) least = child;
      if (least === index) return;
      swap(index, least);
      index = least;
    }
  }
  return {
    push: (timer: Timer): void => {
      let index = heap.push(timer) - 1;
      while (index > 0 && before(at(index), at((index - 1) >> 1))) {
        swap(index, (index - 1) >> 1);
        index = (index - 1) >> 1;
      }
    },
    pop: (): Timer | undefined => {
      const first = heap[0];
      const last = heap.pop();
      if (first && last && heap.length > 0) {
        heap[0] = last;
        sink(0);
      }
      return first;
    },
  };
}

let current: Machine | undefined;
const machine = (): Machine => {
  if (!current) throw new Error('no simulation is running');
  return current;
};

/** From now on the process's time and chance are this machine's. */
export function occupy(by: Machine): void {
  if (!current) replaceGlobals();
  current = by;
}

function replaceGlobals(): void {
  const timer = (task: () => void, ms = 0) => machine().after(ms, task);
  const cancel = (given: unknown) => {
    if (given) (given as Timer).cancelled = true;
  };
  Object.assign(globalThis, {
    setTimeout: timer,
    clearTimeout: cancel,
    setInterval: (task: () => void, ms: number) => Object.assign(timer(task, ms), { every: ms }),
    clearInterval: cancel,
    setImmediate: (task: () => void) => void machine().turns.push(task),
  });
  Object.assign(Date, { now: () => machine().now() });
  Object.assign(Math, { random: () => machine().random.float() });
  Object.assign(AbortSignal, { timeout: signalAfter });
  // Ids are printed in traces: a replay shows the same ones.
  Object.assign(crypto, {
    randomBytes: bytes,
    randomFillSync: (page: Buffer) => page.set(bytes(page.length)),
  });
  syncBuiltinESMExports();
}

function signalAfter(ms: number): AbortSignal {
  const controller = new AbortController();
  machine().after(ms, () => controller.abort());
  return controller.signal;
}

export function bytes(count: number): Buffer {
  const made = Buffer.alloc(count);
  for (let index = 0; index < count; index += 1) made[index] = machine().random.between(0, 255);
  return made;
}
