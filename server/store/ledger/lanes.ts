/** Lanes: one direction of one conversation each. Whoever claimed its head last holds it, by the fence. */
import { type RawBuilder, type SqlBool, sql } from 'kysely';
import type { Database } from '../database/open.ts';
import { statement } from '../database/statement.ts';

interface LaneId {
  workspaceId: string;
  laneId: string;
}

type Held = LaneId & { fence: number };

/** Part of a statement: nobody else has claimed this lane since. */
export const whileHeld = ({ workspaceId, laneId, fence }: Held): RawBuilder<SqlBool> =>
  sql`exists (select 1 from lane where lane.workspace_id = ${workspaceId} and lane.id = ${laneId} and lane.fence = ${fence})`;

const fenceOf = statement((db, { workspaceId, laneId }: LaneId) =>
  db.selectFrom('lane').select('fence').where('workspace_id', '=', workspaceId).where('id', '=', laneId),
);

/** Whether nobody else has claimed this lane since; behind `lockLanes` it stays so until the transaction's end. */
export async function holdsLane(trx: Database, lane: Held): Promise<boolean> {
  return Number((await fenceOf.first(trx, lane))?.fence) === lane.fence;
}

const free = statement(
  (db, { workspaceId, laneId, closed, now }: LaneId & { closed: number; now: number }) => {
    // A lane whose next head may go now queues up behind those that have waited for longer.
    const next = db
      .selectFrom('delivery')
      .select(sql<number>`case when next_at > ${now} then next_at else ${now} end`.as('due'))
      .where('workspace_id', '=', workspaceId)
      .where('lane_id', '=', laneId)
      .where('open', '=', sql.lit(1))
      .orderBy('rank')
      .orderBy('position')
      .orderBy('part')
      .limit(sql.lit(1));
    return db
      .updateTable('lane')
      .set({
        leased_until: 0,
        owner: null,
        fence: sql`fence + 1`,
        due: sql`coalesce(${next}, 0)`,
        pending: sql`pending - ${closed}`,
      })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', laneId);
  },
);

/**
 * Frees the lane for its next head; `closed` deliveries left it. The claim that held it is spent: whatever it says
 * after this is evidence and no settlement, so that settling twice changes nothing.
 */
export const freeLane = async (trx: Database, lane: LaneId, closed: number, now: number): Promise<void> =>
  void (await free.run(trx, { ...lane, closed, now }));

/** Adds open deliveries to a lane, making it when there is none; an idle lane becomes due now. */
export async function openLane(
  trx: Database,
  { workspaceId, laneId, count, now }: LaneId & { count: number; now: number },
): Promise<void> {
  await trx
    .insertInto('lane')
    .values({
      workspace_id: workspaceId,
      id: laneId,
      due: now,
      leased_until: 0,
      owner: null,
      fence: 0,
      pending: count,
    })
    .onConflict((it) =>
      it.columns(['workspace_id', 'id']).doUpdateSet((eb) => ({
        pending: eb('lane.pending', '+', count),
        due: eb.case().when('lane.pending', '=', 0).then(now).else(eb.ref('lane.due')).end(),
      })),
    )
    .execute();
}

/** Lanes woken by one pair of statements: a parked workspace may have 100,000, and nobody is to wait for all of them. */
const WOKEN_AT_ONCE = 500;

/** Waiting heads become due now, also those in doubt, which look for themselves whether it is time; leased lanes are left alone. */
export async function wakeLanes(
  db: Database,
  now: number,
  workspaceId: string,
  eventId?: string,
): Promise<void> {
  for (let after = ''; ; ) {
    const rows = await db
      .selectFrom('delivery')
      .select('lane_id')
      .distinct()
      .where('workspace_id', '=', workspaceId)
      .where('open', '=', sql.lit(1))
      .where('lane_id', '>', after)
      .$if(eventId !== undefined, (query) => query.where('event_id', '=', eventId as string))
      .orderBy('lane_id')
      .limit(WOKEN_AT_ONCE)
      .execute();
    const lanes = rows.map((row) => row.lane_id);
    if (lanes.length > 0) await wakeThese(db, now, { workspaceId, lanes, eventId });
    after = lanes.at(-1) ?? '';
    if (lanes.length < WOKEN_AT_ONCE) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function wakeThese(
  db: Database,
  now: number,
  { workspaceId, lanes, eventId }: { workspaceId: string; lanes: string[]; eventId: string | undefined },
): Promise<void> {
  await db
    .updateTable('delivery')
    .set({ next_at: 0 })
    .where('workspace_id', '=', workspaceId)
    .where('lane_id', 'in', lanes)
    .where('open', '=', sql.lit(1))
    .where('state', 'in', ['queued', 'checking'])
    .where('next_at', '>', 0)
    .$if(eventId !== undefined, (query) => query.where('event_id', '=', eventId as string))
    .execute();
  await db
    .updateTable('lane')
    .set({ due: now })
    .where('workspace_id', '=', workspaceId)
    .where('pending', '>', 0)
    .where('leased_until', '<=', now)
    .where('id', 'in', lanes)
    .execute();
}

/** Frees every lease: for a database that only one process uses, at that process's start. */
export async function freeAllLanes(db: Database): Promise<void> {
  await db
    .updateTable('lane')
    .set({ leased_until: 0, owner: null, due: 0, fence: sql`fence + 1` })
    .where('leased_until', '>', 0)
    .execute();
}
