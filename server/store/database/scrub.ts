import { sql } from 'kysely';
import { isPostgres } from './dialect.ts';
import type { Database } from './open.ts';

/**
 * Makes what was deleted unreadable in the files as well: deleted bytes are overwritten as they go (secure_delete, see
 * open.ts), and here the write-ahead log, which still holds the pages of before, is emptied. A reader that stays in the way
 * (for a second) delays that to the next time. Postgres keeps its files to itself: there, vacuum and the operator's backups decide.
 */
export async function scrub(db: Database): Promise<void> {
  if (isPostgres(db)) return;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { rows } = await sql<{ busy: number }>`pragma wal_checkpoint(truncate)`.execute(db);
    if (rows[0]?.busy !== 1) return;
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
  }
}

/** The log may be on its way into the file at this moment (checkpoints.ts), which takes some 30 ms. */
const TRIES = 20;
const BETWEEN_MS = 50;
