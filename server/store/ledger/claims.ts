/**
 * Claim, start, settle: only a lane's head can be claimed, a fence says whose result counts, and `attempt_started` is
 * durable before a request's first byte.
 */
import { type Selectable, sql } from 'kysely';
import type { Handler } from '../database/committer.ts';
import { isPostgres } from '../database/dialect.ts';
import type { Database } from '../database/open.ts';
import type { DeliveryTable } from '../database/schema.ts';
import { statement } from '../database/statement.ts';
import { claimAtOnce, startAtOnce } from './claims-postgres.ts';
import { whileHeld } from './lanes.ts';
import { lanesInTurn, type Turns } from './turns.ts';

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
  turns: Turns;
}

/** What was claimed, and whose turn it is next. */
export interface Taken {
  claims: Claim[];
  turns: Turns;
}

export interface Start {
  claim: Claim;
  now: number;
}

/**
 * Takes up to `max` lanes whose head is due: in turn of their workspaces when there are more, else the longest waiting
 * first. A lane whose head turns out to wait for later (an earlier message arrived behind a waiting retry) is put back
 * to that time.
 */
export const claim: Handler<ClaimRequest, Taken> = async (trx, requests) => {
  const taken: Taken[] = [];
  for (const given of requests) {
    const request = { ...given, turns: { ...given.turns } };
    const claims = await (isPostgres(trx) ? claimAtOnce(trx, request) : claimOneByOne(trx, request));
    taken.push({ claims, turns: request.turns });
  }
  return taken;
};

async function claimOneByOne(trx: Database, request: ClaimRequest): Promise<Claim[]> {
  const { max, now, turns } = request;
  const inTurn: DeliveryRow[] = [];
  for (const lane of await lanesInTurn(trx, turns, now, max))
    inTurn.push(...(await headOf.all(trx, { workspaceId: lane.workspace_id, laneId: lane.id })));
  const first = await leaseHeads(trx, inTurn, request);
  const heads = inTurn.length < max ? await headsDue.all(trx, { now, max: max - inTurn.length }) : [];
  turns.crowded = inTurn.length + heads.length === max;
  return [...first, ...(await leaseHeads(trx, heads, request))];
}

async function leaseHeads(
  trx: Database,
  heads: DeliveryRow[],
  { owner, leaseMs, now }: ClaimRequest,
): Promise<Claim[]> {
  const leasedUntil = now + leaseMs;
  const claims: Claim[] = [];
  for (const delivery of heads) {
    const { workspace_id: workspaceId, lane_id: laneId } = delivery;
    if (delivery.next_at > now) await setDue(trx, delivery, delivery.next_at);
    else {
      const leased = await lease.first(trx, { workspaceId, laneId, leasedUntil, owner });
      claims.push({ workspaceId, laneId, fence: Number(leased?.fence), leasedUntil, delivery });
    }
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

const headsDue = statement((db, { now, max }: { now: number; max: number }) =>
  heads(db).where('lane.due', '<=', now).orderBy('lane.due').limit(max),
);

const headOf = statement((db, { workspaceId, laneId }: { workspaceId: string; laneId: string }) =>
  heads(db).where('lane.workspace_id', '=', workspaceId).where('lane.id', '=', laneId),
);

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
export const start: Handler<Start, boolean> = async (trx, starts) => {
  const inTime = starts.filter(({ claim, now }) => now < claim.leasedUntil);
  const started = isPostgres(trx) ? await startAtOnce(trx, inTime) : await startOneByOne(trx, inTime);
  return starts.map((one) => started.has(one));
};

async function startOneByOne(trx: Database, starts: Start[]): Promise<Set<Start>> {
  const started = new Set<Start>();
  for (const one of starts)
    if ((await markStarted.run(trx, { ...one.claim, id: one.claim.delivery.id, now: one.now })) === 1)
      started.add(one);
  return started;
}

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
