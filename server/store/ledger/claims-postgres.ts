/** Claiming and starting on Postgres: a few statements for a whole batch, however many lanes it takes. */
import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../database/open.ts';
import { type Columns, records } from '../database/records.ts';
import type { Claim, ClaimRequest, DeliveryRow, Start } from './claims.ts';
import { type DueLane, lanesInTurn } from './turns.ts';

interface TakenLane {
  workspace_id: string;
  id: string;
  fence: number;
  /** When it was due, by which claims are ordered. */
  since: number;
}

export async function claimAtOnce(trx: Database, request: ClaimRequest): Promise<Claim[]> {
  const { turns, now, max } = request;
  const inTurn = await takeThese(trx, request, await lanesInTurn(trx, turns, now, max));
  const oldest = inTurn.length < max ? await takeOldest(trx, request, max - inTurn.length) : [];
  turns.crowded = inTurn.length + oldest.length === max;
  return headsOf(trx, [...inTurn, ...oldest], request);
}

/** Those of them that are still due, passing by what another process is just claiming. */
async function takeThese(trx: Database, request: ClaimRequest, lanes: DueLane[]): Promise<TakenLane[]> {
  if (lanes.length === 0) return [];
  const these = records(lanes, { text: ['workspace_id', 'id'] }, 'these');
  return lease(
    trx,
    request,
    sql`select lane.workspace_id, lane.id, lane.due from lane join ${these}
      on lane.workspace_id = these.workspace_id and lane.id = these.id
      where lane.pending > 0 and lane.due <= ${request.now} for update of lane skip locked`,
  );
}

/** The lanes that have waited longest, passing by as well. */
const takeOldest = (trx: Database, request: ClaimRequest, max: number): Promise<TakenLane[]> =>
  lease(
    trx,
    request,
    sql`select workspace_id, id, due from lane where pending > 0 and due <= ${request.now}
      order by due limit ${max} for update skip locked`,
  );

/** `lanes` selects `workspace_id, id, due` and locks. From here on nobody else claims them. */
async function lease(
  trx: Database,
  { owner, leaseMs, now }: ClaimRequest,
  lanes: RawBuilder<unknown>,
): Promise<TakenLane[]> {
  const until = now + leaseMs;
  const { rows } = await sql<TakenLane>`with due as materialized (${lanes})
    update lane set due = ${until}, leased_until = ${until}, owner = ${owner}, fence = fence + 1
    from due where lane.workspace_id = due.workspace_id and lane.id = due.id
    returning lane.workspace_id, lane.id, lane.fence, due.due as since`.execute(trx);
  return rows;
}

/**
 * The lanes' heads, read by a statement of its own: one that locks and reads at once may see the head of a moment
 * before its lock. A head that may not go yet is put back to its time.
 */
async function headsOf(trx: Database, lanes: TakenLane[], { now, leaseMs }: ClaimRequest): Promise<Claim[]> {
  if (lanes.length === 0) return [];
  const taken = records(lanes, { text: ['workspace_id', 'id'], bigint: ['fence', 'since'] }, 'taken');
  const { rows } = await sql<DeliveryRow & { fence: number }>`
    select head.*, taken.fence from ${taken} cross join lateral (
      select * from delivery d where d.workspace_id = taken.workspace_id and d.lane_id = taken.id and d.open = 1
      order by d.rank, d.position, d.part limit 1) head
    order by taken.since`.execute(trx);
  await putBack(
    trx,
    rows.filter((head) => head.next_at > now),
  );
  return rows.flatMap(({ fence, ...delivery }) => {
    if (delivery.next_at > now) return [];
    const { workspace_id: workspaceId, lane_id: laneId } = delivery;
    return [{ workspaceId, laneId, fence, leasedUntil: now + leaseMs, delivery }];
  });
}

async function putBack(trx: Database, heads: DeliveryRow[]): Promise<void> {
  if (heads.length === 0) return;
  const later = records(heads, { text: ['workspace_id', 'lane_id'], bigint: ['next_at'] }, 'later');
  await sql`update lane set due = later.next_at, leased_until = 0, owner = null
    from ${later} where lane.workspace_id = later.workspace_id and lane.id = later.lane_id`.execute(trx);
}

interface Row {
  n: number;
  workspaceId: string;
  laneId: string;
  id: string;
  fence: number;
  now: number;
}
const ROW: Columns<Row> = { text: ['workspaceId', 'laneId', 'id'], bigint: ['n', 'fence', 'now'] };

/**
 * Answers which of them are started. The fence is looked at where the lane is locked: who has just lost it does not
 * start, and nobody takes it over before the start is on disk.
 */
export async function startAtOnce(trx: Database, starts: Start[]): Promise<Set<Start>> {
  const rows = starts.map(({ claim: { workspaceId, laneId, fence, delivery }, now }, n): Row => {
    return { n, workspaceId, laneId, id: delivery.id, fence, now };
  });
  if (rows.length === 0) return new Set();
  const started = await sql<{ n: number }>`
    with held as materialized (
      select it.* from lane join ${records(rows, ROW, 'it')}
        on lane.workspace_id = it.workspace_id and lane.id = it.lane_id and lane.fence = it.fence
      order by lane.workspace_id, lane.id for update of lane
    )
    update delivery d set state = 'started', rank = 0, started_at = held.now, attempts = d.attempts + 1,
      updated_at = held.now
    from held where d.workspace_id = held.workspace_id and d.id = held.id and d.open + 0 = 1
    returning held.n`.execute(trx);
  return new Set(started.rows.map(({ n }) => starts[n] as Start));
}
