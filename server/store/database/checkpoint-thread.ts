/** The thread that moves SQLite's log into its file when it is asked to: see checkpoints.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import Sqlite from 'better-sqlite3';
import type { Ask, Done } from './checkpoints.ts';

// Somebody in the way (another process, a backup) is left alone: the next time will do.
const database = new Sqlite(workerData as string, { timeout: 0, fileMustExist: true });
database.pragma('synchronous = FULL');

const MODE: Record<Exclude<Ask, 'end'>, string> = { copy: 'passive', again: 'passive', restart: 'restart' };

function checkpoint(ask: Exclude<Ask, 'end'>): Done {
  try {
    const [row] = database.pragma(`wal_checkpoint(${MODE[ask]})`) as { log: number; busy: number }[];
    return { log: row?.log ?? 0, isBusy: row?.busy === 1 };
  } catch (error) {
    return { error: String(error) };
  }
}

parentPort?.on('message', (ask: Ask) => {
  if (ask !== 'end') return void parentPort?.postMessage(checkpoint(ask));
  database.close();
  parentPort?.close();
});
