/**
 * Starts the thread that a SQLite database lives in, and carries questions and answers. It imports next to nothing: the
 * thread boots (0.2 s) while the rest of the server is loaded.
 */
import { Worker } from 'node:worker_threads';
import { type Answered, type Ask, type Asked, type AskThread, asError } from './asks.ts';

/** A database that is being opened. */
export interface Opening {
  url: string;
  /** Postgres works elsewhere anyway, and what lies in memory stays with who made it. */
  thread?: Thread;
}

export const beginOpening = (url: string): Opening =>
  /^sqlite:(?!:memory:)/.test(url) ? { url, thread: startThread(url) } : { url };

export interface Thread {
  /** Rejects when the database cannot be opened. */
  opened: Promise<unknown>;
  ask: AskThread;
  /** Closes the database; resolves when the thread has ended. */
  close(): Promise<void>;
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** `url`: `sqlite:PATH`. */
export function startThread(url: string, program = new URL('program.ts', import.meta.url)): Thread {
  const thread = new Worker(program, {
    workerData: url,
    // Nothing of the process is meant for it.
    env: {},
    execArgv: [],
    // Its statements leave little behind: at the main thread's 16 MB it would hold 25 MB of nothing.
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  const waiting = new Map<number, Waiting>();
  let asks: Asked[] = [];
  let last = 0;

  const send = () => {
    thread.postMessage(asks);
    asks = [];
  };
  const awaited = (id: number) =>
    new Promise<unknown>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
    });
  thread.on('message', (answers: Answered[]) => {
    for (const answer of answers) {
      const { resolve, reject } = waiting.get(answer.id) as Waiting;
      waiting.delete(answer.id);
      if ('error' in answer) reject(asError(answer.error));
      else resolve(answer.result);
    }
  });
  // What it was writing when it died is as uncertain as after a crash, and is treated as one. Its errors have no listener
  // for the same reason.
  let mayEnd = false;
  const ended = new Promise<void>((resolve) => {
    thread.once('exit', () => resolve());
  });
  // Looked at behind what it said last: why the database cannot be opened.
  const unlessWanted = () => {
    if (!mayEnd) throw new Error('the thread of the database has ended');
  };
  ended.then(() => setImmediate(unlessWanted));
  const opened = awaited(0);
  opened.catch(() => {
    mayEnd = true;
  });
  const ask = <Result>(one: Ask) => {
    last += 1;
    if (asks.push({ ...one, id: last }) === 1) setImmediate(send);
    return awaited(last) as Promise<Result>;
  };
  return {
    opened,
    ask,
    close: async () => {
      mayEnd = true;
      await ask({ to: 'close' });
      await ended;
    },
  };
}
