/**
 * What may be called on an account, shared by all processes. A process takes the right to some calls at a time, so most
 * messages ask nobody; an account that said "too many" is closed for everybody until its reset, and then one call
 * asks whether it is over. Times in the row are µs where a call's share of a second has to fit.
 */
import { sql } from 'kysely';
import type { CallLimit } from '../../core/capabilities.ts';
import type { Committer, Handler } from '../database/committer.ts';
import type { Database } from '../database/open.ts';
import { statement } from '../database/statement.ts';

export interface BudgetKey {
  workspaceId: string;
  connectionId: string;
  /** One of the names in the adapter's `limits`. */
  name: string;
}
interface SliceRequest extends BudgetKey {
  calls: number;
  /** Absent: as many as wanted, unless the account is closed. */
  limit?: CallLimit;
  now: number;
}
export type Slice =
  /** So many calls may be made. */
  | { granted: number }
  /** Not enough is left before this time, ms. */
  | { freeAt: number }
  /** Nobody may call before this time, ms. */
  | { closedUntil: number }
  /** The reset is over: this one call finds out; nobody else calls until it is answered. */
  | 'probe';

export interface BudgetStore {
  takeSlice(key: BudgetKey, calls: number, limit: CallLimit | undefined): Promise<Slice>;
  /** For every process, until then (ms) at least. */
  closeBudget(key: BudgetKey, until: number): Promise<void>;
  /** A probe was answered. */
  openBudget(key: BudgetKey): Promise<void>;
  /** A probe ended without an answer: another call may try. */
  endProbe(key: BudgetKey): Promise<void>;
}

/** Longer than any request, so that two probes never overlap; a process that dies with one costs the account no more. */
const PROBE_MS = 30_000;

export const budgets = (committer: Committer, clock: { now(): number }): BudgetStore => ({
  takeSlice: (key, calls, limit) =>
    committer.run(takeSlices, { ...key, calls, ...(limit ? { limit } : {}), now: clock.now() }),
  closeBudget: (key, until) => committer.run(closeBudgets, { ...key, until }),
  openBudget: (key) => committer.run(openBudgets, { ...key, now: clock.now() }),
  endProbe: (key) => committer.run(endProbes, key),
});

export const takeSlices: Handler<SliceRequest, Slice> = async (trx, requests) => {
  const slices: Slice[] = [];
  for (const request of requests) slices.push(await takeOne(trx, request));
  return slices;
};

async function takeOne(trx: Database, request: SliceRequest): Promise<Slice> {
  const { limit, calls, now } = request;
  const share = limit ? Math.round(1_000_000 / limit.perSecond) : 0;
  const cost = share * calls;
  const room = share * Math.max(limit?.burst ?? 0, calls);
  const start = now * 1_000;
  if (limit && (await pay.run(trx, { ...request, start, end: start + cost, cost, latest: start + room })) > 0)
    return { granted: calls };
  const row = await stateOf.first(trx, request);
  if (!row || row.closed_until === 0)
    return limit
      ? { freeAt: Math.ceil(((row?.free_at ?? start) + cost - room) / 1_000) }
      : { granted: Number.POSITIVE_INFINITY };
  if (row.closed_until > now) return { closedUntil: row.closed_until };
  const until = now + PROBE_MS;
  return (await probe.run(trx, { ...request, until })) > 0 ? 'probe' : { closedUntil: now };
}

interface Payment extends BudgetKey {
  start: number;
  end: number;
  cost: number;
  latest: number;
}

/** The bucket as one number, the time at which it is full again (GCRA): no level that has to be brought up to date. */
const pay = statement((db, it: Payment) => {
  const after = sql<number>`case when budget.free_at > ${it.start} then budget.free_at + ${it.cost} else ${it.end} end`;
  return db
    .insertInto('budget')
    .values({
      workspace_id: it.workspaceId,
      connection_id: it.connectionId,
      name: it.name,
      free_at: it.end,
      closed_until: 0,
      probe_until: 0,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['workspace_id', 'connection_id', 'name'])
        .doUpdateSet({ free_at: after })
        .where('budget.closed_until', '=', 0)
        .where(after, '<=', it.latest),
    );
});

const stateOf = statement((db, key: BudgetKey) =>
  db
    .selectFrom('budget')
    .select(['free_at', 'closed_until'])
    .where('workspace_id', '=', key.workspaceId)
    .where('connection_id', '=', key.connectionId)
    .where('name', '=', key.name),
);

const probe = statement((db, it: BudgetKey & { until: number; now: number }) =>
  of(db, it)
    .set({ probe_until: it.until })
    .where('closed_until', '>', 0)
    .where('closed_until', '<=', it.now)
    .where('probe_until', '<=', it.now),
);

export const closeBudgets: Handler<BudgetKey & { until: number }, void> = async (trx, requests) => {
  for (const { workspaceId, connectionId, name, until } of requests)
    await trx
      .insertInto('budget')
      .values({
        workspace_id: workspaceId,
        connection_id: connectionId,
        name,
        free_at: 0,
        closed_until: until,
        probe_until: 0,
      })
      .onConflict((conflict) =>
        conflict.columns(['workspace_id', 'connection_id', 'name']).doUpdateSet({
          closed_until: sql`case when budget.closed_until > ${until} then budget.closed_until else ${until} end`,
          probe_until: 0,
        }),
      )
      .execute();
  return requests.map(() => undefined);
};

/** What was closed again meanwhile stays closed. */
export const openBudgets: Handler<BudgetKey & { now: number }, void> = async (trx, requests) => {
  for (const { now, ...key } of requests)
    await of(trx, key).set({ closed_until: 0, probe_until: 0 }).where('closed_until', '<=', now).execute();
  return requests.map(() => undefined);
};

export const endProbes: Handler<BudgetKey, void> = async (trx, keys) => {
  for (const key of keys) await of(trx, key).set({ probe_until: 0 }).execute();
  return keys.map(() => undefined);
};

const of = (trx: Database, key: BudgetKey) =>
  trx
    .updateTable('budget')
    .where('workspace_id', '=', key.workspaceId)
    .where('connection_id', '=', key.connectionId)
    .where('name', '=', key.name);
