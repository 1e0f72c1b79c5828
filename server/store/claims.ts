/**
 * Claim, start, settle: only a lane's head can be claimed, a fence says whose result counts, and `attempt_started` is
 * durable before a request's first byte.
 */
import { type Selectable, sql } from 'kysely';
import type { Handler } from './committer.ts';
import { holdsLane } from './lanes.ts';
import type { Database } from './open.ts';
import type { DeliveryTable } from './schema.ts';

export type DeliveryRow = Selectable<DeliveryTable>;

export interface Claim {
  workspaceId: string;
  laneId: string;
  fence: number;
  /** ms; results after it no longer count. */
  leasedUntil: number;
  delivery: DeliveryRow;
}

export interface ClaimRequest {
  owner: string;
  max: number;
  leaseMs: number;
  now: number;
}

/**
 * Takes up to `max` lanes whose head is due, the longest waiting first. A lane whose head turns out to wait for later
 * (an earlier message arrived behind a waiting retry) is put back to that time.
 */
export const claim: Handler<ClaimRequest, Claim[]> = async (trx, requests) => {
  const claims: Claim[][] = [];
  for (const request of requests) claims.push(await claimOnce(trx, request));
  return claims;
};

async function claimOnce(trx: Database, { owner, max, leaseMs, now }: ClaimRequest): Promise<Claim[]> {
  const heads = await dueHeads(trx, now, max);
  const ready = heads.filter((head) => head.next_at <= now);
  for (const head of heads) if (head.next_at > now) await setDue(trx, head, head.next_at);
  if (ready.length === 0) return [];
  const leasedUntil = now + leaseMs;
  const fences = await trx
    .updateTable('lane')
    .set({ due: leasedUntil, leased_until: leasedUntil, owner, fence: sql`fence + 1` })
    .where((eb) =>
      eb.or(
        ready.map((head) =>
          eb.and([eb('workspace_id', '=', head.workspace_id), eb('id', '=', head.lane_id)]),
        ),
      ),
    )
    .returning(['workspace_id', 'id', 'fence'])
    .execute();
  const fence = new Map(fences.map((row) => [`${row.workspace_id} ${row.id}`, Number(row.fence)]));
  return ready.map((delivery) => ({
    workspaceId: delivery.workspace_id,
    laneId: delivery.lane_id,
    fence: fence.get(`${delivery.workspace_id} ${delivery.lane_id}`) ?? 0,
    leasedUntil,
    delivery,
  }));
}

const dueHeads = (trx: Database, now: number, max: number): Promise<DeliveryRow[]> =>
  trx
    .selectFrom('lane')
    .innerJoin('delivery', (join) =>
      join.onRef('delivery.workspace_id', '=', 'lane.workspace_id').on(
        'delivery.id',
        '=',
        sql<string>`(select d.id from delivery d where d.workspace_id = lane.workspace_id and d.lane_id = lane.id
          and d.open = 1 order by d.rank, d.position, d.part limit 1)`,
      ),
    )
    .selectAll('delivery')
    .where('lane.pending', '>', 0)
    .where('lane.due', '<=', now)
    .orderBy('lane.due')
    .limit(max)
    .execute();

const setDue = (trx: Database, head: DeliveryRow, due: number) =>
  trx
    .updateTable('lane')
    .set({ due })
    .where('workspace_id', '=', head.workspace_id)
    .where('id', '=', head.lane_id)
    .execute();

/** False: the lease was lost, or runs out before the request could be answered; nothing may be sent. */
export const start: Handler<{ claim: Claim; now: number }, boolean> = async (trx, starts) => {
  const held: boolean[] = [];
  for (const { claim, now } of starts) {
    const holds = now < claim.leasedUntil && (await holdsLane(trx, claim));
    if (holds) await markStarted(trx, claim, now);
    held.push(holds);
  }
  return held;
};

const markStarted = (trx: Database, claim: Claim, now: number) =>
  trx
    .updateTable('delivery')
    .set({ state: 'started', rank: 0, started_at: now, attempts: sql`attempts + 1`, updated_at: now })
    .where('workspace_id', '=', claim.workspaceId)
    .where('id', '=', claim.delivery.id)
    .where('open', '=', 1)
    .execute();
