/**
 * Starts the thread that a SQLite database lives in, and carries questions and answers. It imports next to nothing: the
 * thread boots (0.2 s) while the rest of the server is loaded.
 */
import { Worker } from 'node:worker_threads';
import { threadEnvironment } from '../database/thread-environment.ts';
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

/** `url`: `sqlite:PATH`. */
export function startThread(url: string, program = new URL('program.ts', import.meta.url)): Thread {
  const thread = new Worker(program, {
    workerData: url,
    env: threadEnvironment(),
    execArgv: [],
    // Its statements leave little behind: at the main thread's 16 MB it would hold 25 MB of nothing.
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  let mayEnd = false;
  const post = (asks: Asked[]) => thread.postMessage(asks);
  const { ask, opened, ...letters } = correspondence(post);
  const ended = new Promise<void>((resolve) => {
    thread.once('exit', () => {
      letters.refuseAll(new Error('the thread of the database has ended'));
      resolve();
    });
  });
  thread.on('message', letters.answered);
  opened.catch(() => {
    mayEnd = true;
  });
  // What it was writing when it died is as uncertain as after a crash, and is treated as one. Before it was opened, it
  // only could not start.
  thread.on('error', (error: Error) => {
    if (!letters.isOpening()) throw error;
    letters.refuseAll(error);
  });
  const unlessWanted = () => {
    if (!mayEnd) throw new Error('the thread of the database has ended');
  };
  // Looked at behind what it said last: why the database cannot be opened.
  ended.then(() => setImmediate(unlessWanted));
  const isClosed = () => Promise.reject(new Error('the database is closed'));
  return {
    opened,
    ask: (one) => (mayEnd ? isClosed() : ask(one)),
    close: async () => {
      mayEnd = true;
      await ask({ to: 'close' });
      await ended;
    },
  };
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}
/** The thread's first word has this number: whether it has opened the database. */
const OPENED = 0;

/** Questions that wait for their answers. Those of one turn of the event loop go as one message. */
function correspondence(post: (asks: Asked[]) => void) {
  const waiting = new Map<number, Waiting>();
  let asks: Asked[] = [];
  let last = OPENED;
  const awaited = (id: number) =>
    new Promise<unknown>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
    });
  const refuse = (id: number, error: Error) => {
    waiting.get(id)?.reject(error);
    waiting.delete(id);
  };
  function send(): void {
    const together = asks;
    asks = [];
    try {
      post(together);
    } catch (error) {
      // One of them holds what cannot be copied: the others are not to suffer for it.
      if (together.length === 1) for (const { id } of together) refuse(id, error as Error);
      else
        for (const one of together) {
          asks = [one];
          send();
        }
    }
  }
  return {
    opened: awaited(OPENED),
    isOpening: () => waiting.has(OPENED),
    ask: <Result>(one: Ask) => {
      last += 1;
      if (asks.push({ ...one, id: last }) === 1) setImmediate(send);
      return awaited(last) as Promise<Result>;
    },
    answered: (answers: Answered[]) => {
      for (const answer of answers) {
        const { resolve } = waiting.get(answer.id) as Waiting;
        if ('error' in answer) refuse(answer.id, asError(answer.error));
        else resolve(answer.result);
        waiting.delete(answer.id);
      }
    },
    refuseAll: (error: Error) => {
      for (const id of waiting.keys()) refuse(id, error);
    },
  };
}
