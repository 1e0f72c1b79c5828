/**
 * Moving SQLite's log into its file, beside the event loop. SQLite does it inside a commit, which then takes 30 to 60 ms
 * instead of 3, and everybody who waits for that commit waits with it. A thread of its own copies the pages while
 * commits go on; only for starting the log anew, once it is long, do commits pause for some ms.
 */
import { Worker } from 'node:worker_threads';
import type Sqlite from 'better-sqlite3';
import { threadEnvironment } from './thread-environment.ts';

export interface Checkpoints {
  /** So many pieces of work were committed, together. */
  committed(pieces: number): void;
  /** The log is being started anew: nothing is written before this resolves. */
  pause(): Promise<void> | undefined;
  /** Resolves when the thread has ended, by itself: one that is ended in the middle of SQLite's code may crash the process. */
  stop(): Promise<void>;
}

/**
 * What the thread is asked: `copy` what it can beside the commits, once `again` what was committed meanwhile, or all of
 * it and `restart` the log. `end`: nothing more.
 */
export type Ask = 'copy' | 'again' | 'restart' | 'end';
/** Of a long log. Copied once only, what came meanwhile would be copied while commits pause: 15 to 30 ms instead of 5. */
const NEXT: Partial<Record<Ask, Ask>> = { copy: 'again', again: 'restart' };
/** Pages in the log, and whether somebody was in the way; or why it could not be looked at. */
export type Done = { log: number; isBusy: boolean } | { error: string };

/** When it is looked after, all in pages of the log; how many came is reckoned, because SQLite says so only when asked to copy. */
interface Pace {
  /** Before the thread is started and has its first look. */
  first: number;
  /** Between two looks from then on. */
  every: number;
  /** Behind so many the log is started anew. */
  long: number;
}
/**
 * A copy writes each page once, however often it was changed: at every 3,000 pages (a thousand webhooks) the copies took
 * a tenth of what is taken in, because each has its fsync beside those of the commits. The first 3,000 are fewer than
 * SQLite itself would let come together. 8,000 pages are 32 MB, less than a look finds, so that each look starts the
 * log anew; that holds up commits for 5 to 10 ms.
 */
const PACE: Pace = { first: 3_000, every: 12_000, long: 8_000 };
/** Pages that a commit writes: some of its own, and some for each piece. Seen: 6 a piece alone, 3 among sixty-four. */
const pagesOf = (pieces: number): number => 3 + 3 * pieces;
/** With the thread at work SQLite's own checkpoint only is a safety (160 MB); without it, see open.ts. */
const SAFETY = 40_000;

/** In memory there is no log. The thread starts with the first thousand pieces or so: most commands never need it. */
export function createCheckpoints(database: Sqlite.Database, pace: Pace = PACE): Checkpoints {
  const isFile = !database.memory;
  const usual = database.pragma('wal_autocheckpoint', { simple: true });
  let thread: Worker | undefined;
  let ended = Promise.resolve();
  let isStopped = false;
  let asked: Ask | undefined;
  let grown = 0;
  let pause: Promise<void> | undefined;
  let goOn: () => void = () => undefined;

  function ask(what: Ask): void {
    asked = what;
    thread ??= start();
    thread.postMessage(what);
    if (what === 'restart') pause = new Promise((resolve) => (goOn = resolve));
  }
  function start(): Worker {
    database.pragma(`wal_autocheckpoint = ${SAFETY}`);
    const made = threadOn(database.name);
    ended = new Promise((resolve) => made.once('exit', () => resolve()));
    made.on('message', (done: Done) => {
      const isLong = 'log' in done && done.log > pace.long;
      const next = asked && isLong && !isStopped ? NEXT[asked] : undefined;
      // Somebody read just then: soon again, or the log is twice as long at the next look.
      if (asked === 'restart' && (!isLong || done.isBusy)) grown += pace.every - pace.first;
      answered();
      if (next) ask(next);
    });
    // It is a help, and everything goes on without it.
    made.on('error', giveUp);
    made.on('exit', giveUp);
    return made;
  }
  function answered(): void {
    asked = undefined;
    pause = undefined;
    goOn();
  }
  function giveUp(): void {
    if (database.open) database.pragma(`wal_autocheckpoint = ${usual}`);
    thread = undefined;
    answered();
  }
  return {
    committed: (pieces) => {
      grown += pagesOf(pieces);
      if (!isFile || isStopped || asked || grown < (thread ? pace.every : pace.first)) return;
      grown = 0;
      ask('copy');
    },
    pause: () => pause,
    stop: () => {
      isStopped = true;
      thread?.postMessage('end' satisfies Ask);
      answered();
      return ended;
    },
  };
}

function threadOn(file: string): Worker {
  const made = new Worker(new URL('checkpoint-thread.ts', import.meta.url), {
    workerData: file,
    env: threadEnvironment(),
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: 2 },
  });
  made.unref();
  return made;
}
