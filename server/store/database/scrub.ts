import { sql } from 'kysely';
import { isPostgres } from './dialect.ts';
import type { Database } from './open.ts';

/**
 * Makes what was deleted unreadable in the files as well: deleted bytes are overwritten as they go (secure_delete, see
 * open.ts), and here the write-ahead log, which still holds the pages of before, is emptied. False: a reader stayed in the
 * way (for a second); whoever asked asks again, and so does the job of retention, every hour. Postgres keeps its files to
 * itself: there, vacuum and the operator's backups decide.
 */
export async function scrub(db: Database): Promise<boolean> {
  if (isPostgres(db)) return true;
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (await emptyLog(db)) return true;
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
  }
  return false;
}

/** The log may be on its way into the file at this moment (checkpoints.ts), which takes some 30 ms. */
const TRIES = 20;
const BETWEEN_MS = 50;

/** At once or not at all: SQLite would wait for a reader, a backup, inside the call, and everybody else behind it. */
const emptyLog = (db: Database): Promise<boolean> =>
  db.connection().execute(async (held) => {
    const { rows: waits } = await sql<{ timeout: number }>`pragma busy_timeout`.execute(held);
    await sql`pragma busy_timeout = 0`.execute(held);
    const { rows } = await sql<{ busy: number }>`pragma wal_checkpoint(truncate)`.execute(held);
    await sql`pragma busy_timeout = ${sql.lit(waits[0]?.timeout ?? 0)}`.execute(held);
    return rows[0]?.busy !== 1;
  });
