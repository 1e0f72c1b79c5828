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
import { records } from './records.ts';

export interface LaneId {
  workspaceId: string;
  laneId: string;
}

export interface LockedLane {
  workspace_id: string;
  id: string;
  fence: number;
}

/**
 * Until the transaction's end nobody else claims, raises or frees these lanes; answers each as it is from now on. One
 * that does not exist is skipped. On SQLite: [], because nothing has to be locked.
 */
export async function lockLanes(trx: Database, lanes: LaneId[]): Promise<LockedLane[]> {
  if (lanes.length === 0 || !isPostgres(trx)) return [];
  const wanted = records(lanes, { text: ['workspaceId', 'laneId'] }, 'wanted');
  const { rows } = await sql<LockedLane>`select lane.workspace_id, lane.id, lane.fence
    from lane join ${wanted} on lane.workspace_id = wanted.workspace_id and lane.id = wanted.lane_id
    order by lane.workspace_id, lane.id for update of lane`.execute(trx);
  return rows;
}

export const laneKey = ({ workspaceId, laneId }: LaneId): string => `${workspaceId} ${laneId}`;

/** By `laneKey`: who holds each lane. */
export const fenceByLane = (lanes: LockedLane[]): Map<string, number> =>
  new Map(lanes.map((lane) => [laneKey({ workspaceId: lane.workspace_id, laneId: lane.id }), lane.fence]));

/** For what has no row yet: whoever holds the same words waits for the transaction's end. */
export async function lockWords(trx: Database, names: string[][]): Promise<void> {
  if (names.length === 0 || !isPostgres(trx)) return;
  // In one order, like the lanes.
  const inOrder = [...new Set(names.map((words) => words.join('\u0001')))].sort();
  await sql`select pg_advisory_xact_lock(hashtextextended(word, 0)) from unnest(${inOrder}::text[]) as word`.execute(
    trx,
  );
}
