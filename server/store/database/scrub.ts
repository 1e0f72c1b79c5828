import { sql } from 'kysely';
import { isPostgres } from './dialect.ts';
import type { Database } from './open.ts';

/**
 * Makes what was deleted unreadable in the files as well: deleted bytes are overwritten as they go (secure_delete, see
 * open.ts), and here the write-ahead log, which still holds the pages of before, is emptied. A reader in the way delays
 * that to the next time. Postgres keeps its files to itself: there, vacuum and the operator's backups decide.
 */
export async function scrub(db: Database): Promise<void> {
  if (!isPostgres(db)) await sql`pragma wal_checkpoint(truncate)`.execute(db);
}
