/**
 * Claim, start, settle: only a lane's head can be claimed, a fence says whose result counts, and `attempt_started` is
 * durable before a request's first byte.
 */
import { type Selectable, sql } from 'kysely';
import type { Handler } from './committer.ts';
import { isPostgres } from './dialect.ts';
import { whileHeld } from './lanes.ts';
import { lockLanes } from './locks.ts';
import type { Database } from './open.ts';
import type { DeliveryTable } from './schema.ts';
import { asValue, statement } from './statement.ts';

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
  const claims: Claim[] = [];
  for (const delivery of ready) {
    const { workspace_id: workspaceId, lane_id: laneId } = delivery;
    const leased = await lease.first(trx, { workspaceId, laneId, leasedUntil, owner });
    claims.push({ workspaceId, laneId, fence: Number(leased?.fence), leasedUntil, delivery });
  }
  return claims;
}

const lease = statement(
  (
    db,
    {
      workspaceId,
      laneId,
      leasedUntil,
      owner,
    }: Pick<Claim, 'workspaceId' | 'laneId' | 'leasedUntil'> & { owner: string },
  ) =>
    db
      .updateTable('lane')
      .set({ due: leasedUntil, leased_until: leasedUntil, owner, fence: sql`fence + 1` })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', laneId)
      .returning('fence'),
);

/**
 * On Postgres the lanes are locked first, passing by those that another process has just locked, and their heads are
 * read by a statement of their own: one that locks and reads at once may see the head of a moment before its lock.
 */
async function dueHeads(trx: Database, now: number, max: number): Promise<DeliveryRow[]> {
  if (!isPostgres(trx)) return headsDue.all(trx, { now, max });
  const locked = await trx
    .selectFrom('lane')
    .select(['workspace_id', 'id'])
    .where('pending', '>', sql.lit(0))
    .where('due', '<=', now)
    .orderBy('due')
    .limit(max)
    .forUpdate()
    .skipLocked()
    .execute();
  if (locked.length === 0) return [];
  return heads(trx).where(isOneOf(locked)).orderBy('lane.due').execute();
}

const headsDue = statement((db, { now, max }: { now: number; max: number }) =>
  heads(db).where('lane.due', '<=', now).orderBy('lane.due').limit(asValue(max)),
);

const isOneOf = (lanes: { workspace_id: string; id: string }[]) => {
  const ids = lanes.map((lane) => sql`(${lane.workspace_id}, ${lane.id})`);
  return sql<boolean>`(lane.workspace_id, lane.id) in (${sql.join(ids)})`;
};

const heads = (trx: Database) =>
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
    .where('lane.pending', '>', sql.lit(0));

const setDue = (trx: Database, head: DeliveryRow, due: number) =>
  trx
    .updateTable('lane')
    .set({ due })
    .where('workspace_id', '=', head.workspace_id)
    .where('id', '=', head.lane_id)
    .execute();

/** False: the lease was lost, or runs out before the request could be answered; nothing may be sent. */
export const start: Handler<{ claim: Claim; now: number }, boolean> = async (trx, starts) => {
  await lockLanes(
    trx,
    starts.map((one) => one.claim),
  );
  const held: boolean[] = [];
  for (const { claim, now } of starts)
    held.push(
      now < claim.leasedUntil && (await markStarted.run(trx, { ...claim, id: claim.delivery.id, now })) === 1,
    );
  return held;
};

const markStarted = statement(
  (db, claim: Pick<Claim, 'workspaceId' | 'laneId' | 'fence'> & { id: string; now: number }) =>
    db
      .updateTable('delivery')
      .set({
        state: 'started',
        rank: 0,
        started_at: claim.now,
        attempts: sql`attempts + 1`,
        updated_at: claim.now,
      })
      .where('workspace_id', '=', claim.workspaceId)
      .where('id', '=', claim.id)
      .where('open', '=', sql.lit(1))
      .where(whileHeld(claim)),
);
