/**
 * Order among transactions. On SQLite a transaction of ours holds the only write lock, so there is nothing to do. On
 * Postgres many run at once, and whoever needs several locks takes them in one order, or two would wait for each other:
 *
 *     words (advisory) → lanes by (workspace, id) → everything else
 *
 * Lanes sort by their kind (`in` < `out` < `receipt` < `tell`), which is also the order in which one leads to another.
 */
import { sql } from 'kysely';
import { isPostgres } from './dialect.ts';
import type { Database } from './open.ts';

export interface LaneId {
  workspaceId: string;
  laneId: string;
}

/** Until the transaction's end nobody else claims, raises or frees these lanes. One that does not exist is skipped. */
export async function lockLanes(trx: Database, lanes: LaneId[]): Promise<void> {
  if (lanes.length === 0 || !isPostgres(trx)) return;
  const ids = lanes.map(({ workspaceId, laneId }) => sql`(${workspaceId}, ${laneId})`);
  await sql`select 1 from lane where (workspace_id, id) in (${sql.join(ids)}) order by workspace_id, id for update`.execute(
    trx,
  );
}

/** For what has no row yet: whoever holds the same words waits for the transaction's end. */
export async function lockWords(trx: Database, ...words: string[]): Promise<void> {
  if (!isPostgres(trx)) return;
  await sql`select pg_advisory_xact_lock(hashtextextended(${words.join('\u0001')}, 0))`.execute(trx);
}
