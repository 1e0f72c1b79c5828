/**
 * Receipts: matched by the provider's id or by our own delivery id that the provider echoes. They only rise in rank
 * (sent < failed < delivered < read), may come before the send's own answer, and settle an outcome that was unknown.
 */
import type { ExpressionBuilder } from 'kysely';
import type { ReceiptEvent, ReceiptStatus } from '../../core/message.ts';
import type { Handler } from '../database/committer.ts';
import { isPostgres } from '../database/dialect.ts';
import { lockLanes, lockWords } from '../database/locks.ts';
import type { Database } from '../database/open.ts';
import type { DeliveryState, Schema } from '../database/schema.ts';
import type { Seal } from '../sealing/seal.ts';
import type { Claim, DeliveryRow } from './claims.ts';
import { partsOf, refreshEvent } from './event-status.ts';
import { freeLane, holdsLane } from './lanes.ts';
import { earlierTries } from './resend.ts';
import type { Settlement } from './settlement.ts';

export interface ReceiptRequest {
  claim: Claim;
  receipt: ReceiptEvent;
  tells: string[];
  seal: Seal;
  now: number;
}

/** False: the lease was lost. An unmatched receipt is kept: its send may still be under way. */
export const applyReceipt: Handler<ReceiptRequest, boolean> = async (trx, requests) => {
  const held: boolean[] = [];
  for (const request of requests) held.push(await applyOne(trx, request));
  return held;
};

async function applyOne(trx: Database, request: ReceiptRequest): Promise<boolean> {
  const { claim, receipt, tells, seal, now } = request;
  const target = await lockedTarget(trx, claim, receipt);
  if (!(await holdsLane(trx, claim))) return false;
  if (!target || (await isUnderWay(trx, target, now))) await keep(trx, request);
  else await raise(trx, target, receipt, { tells, seal, now });
  const { workspaceId } = claim;
  await trx
    .updateTable('delivery')
    .set({ state: 'done', open: 0, updated_at: now })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', claim.delivery.id)
    .execute();
  await trx
    .updateTable('event')
    .set({ status: 'handled', content: null })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', claim.delivery.event_id)
    .execute();
  await freeLane(trx, { workspaceId, laneId: claim.laneId }, 1, now);
  return true;
}

/** The send may be settling at this moment: its lane is locked before its delivery is read for good. */
async function lockedTarget(
  trx: Database,
  claim: Claim,
  receipt: ReceiptEvent,
): Promise<DeliveryRow | undefined> {
  await lockWords(trx, [['message', receipt.connection.workspaceId, receipt.of]]);
  const seen = await findTarget(trx, receipt);
  await lockLanes(trx, [claim, ...(seen ? [{ workspaceId: seen.workspace_id, laneId: seen.lane_id }] : [])]);
  return seen && isPostgres(trx) ? findTarget(trx, receipt) : seen;
}

async function findTarget(trx: Database, receipt: ReceiptEvent): Promise<DeliveryRow | undefined> {
  const ours = trx
    .selectFrom('delivery')
    .selectAll()
    .where('workspace_id', '=', receipt.connection.workspaceId)
    .where('kind', '=', 'message')
    .where('direction', '=', 'out');
  const byId = await ours.where('provider_id', '=', receipt.of).executeTakeFirst();
  if (byId || receipt.ref === undefined) return byId;
  return ours.where('id', '=', receipt.ref).executeTakeFirst();
}

/** The worker that sends it right now will look for kept receipts when it settles. */
async function isUnderWay(trx: Database, target: DeliveryRow, now: number): Promise<boolean> {
  if (target.open === 0) return false;
  const lane = await trx
    .selectFrom('lane')
    .select('leased_until')
    .where('workspace_id', '=', target.workspace_id)
    .where('id', '=', target.lane_id)
    .executeTakeFirst();
  return Number(lane?.leased_until ?? 0) > now || target.state === 'queued';
}

const keep = (trx: Database, { receipt, seal }: ReceiptRequest) =>
  trx
    .insertInto('receipt')
    .values({
      workspace_id: receipt.connection.workspaceId,
      connection_id: receipt.connection.id,
      of: seal.hash('receipt', receipt.of),
      ref: receipt.ref ?? null,
      status: receipt.status,
      provider_id: receipt.of,
      at: receipt.at,
      code: receipt.code ?? null,
      why: receipt.why ?? null,
    })
    .onConflict((it) => it.doNothing())
    .execute();

/** One order for all, so that receipts lead to the same end in whatever order they come: what arrived did not fail. */
const RANK: Partial<Record<DeliveryState, number>> = { sent: 1, failed: 2, delivered: 3, read: 4 };
const UNDECIDED: DeliveryState[] = ['started', 'checking', 'unknown'];

type Known = Pick<DeliveryRow, 'state' | 'provider_id' | 'tried'>;
type Evidence = Pick<ReceiptEvent, 'of' | 'status' | 'code' | 'why'>;

/** Whether a receipt says something new about a delivery of which this much is known. */
function rises({ state, provider_id, tried }: Known, { of, status }: Evidence): boolean {
  // Sent again by hand: whatever became of an earlier try, only that it arrived still counts.
  const arrived = status === 'delivered' || status === 'read';
  if (!arrived && earlierTries({ tried }).includes(of)) return false;
  if (UNDECIDED.includes(state)) return true;
  if (status === 'failed' && tried !== null && of !== provider_id) return false;
  const rank = RANK[state];
  return rank !== undefined && (RANK[status] as number) > rank;
}

async function raise(
  trx: Database,
  target: DeliveryRow,
  receipt: Evidence,
  { tells, seal, now }: { tells: string[]; seal: Seal; now: number },
): Promise<void> {
  if (!rises(target, receipt)) return;
  await write(trx, target, receipt, now);
  const workspaceId = target.workspace_id;
  if (target.open === 1) await freeLane(trx, { workspaceId, laneId: target.lane_id }, 1, now);
  const parts = await partsOf(trx, { workspaceId, delivery: target });
  await refreshEvent(trx, { workspaceId, eventId: target.event_id, parts, tells, seal, now });
}

/**
 * A send that succeeded although its lease was lost: kept as a receipt with our own reference, which settles the doubt
 * of whoever holds the lane now; when the doubt was settled as unknown already, it is corrected at once.
 */
export async function keepEvidence(
  trx: Database,
  { workspaceId, delivery }: Claim,
  providerId: string,
  { tells, seal, now }: { tells: string[]; seal: Seal; now: number },
): Promise<void> {
  const target = await trx
    .selectFrom('delivery')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', delivery.id)
    .executeTakeFirst();
  if (target?.state === 'unknown')
    return raise(trx, target, { of: providerId, status: 'sent' }, { tells, seal, now });
  await trx
    .insertInto('receipt')
    .values({
      workspace_id: workspaceId,
      connection_id: 'late settlement',
      of: seal.hash('receipt', providerId),
      ref: delivery.id,
      status: 'sent',
      provider_id: providerId,
      at: now,
      code: null,
      why: null,
    })
    .onConflict((it) => it.doNothing())
    .execute();
}

const write = (trx: Database, target: DeliveryRow, receipt: Evidence, now: number) =>
  trx
    .updateTable('delivery')
    .set({
      state: receipt.status,
      open: 0,
      rank: 1,
      provider_id: receipt.of,
      code: receipt.code ?? null,
      reason: receipt.why ?? null,
      updated_at: now,
    })
    .where('workspace_id', '=', target.workspace_id)
    .where('id', '=', target.id)
    .execute();

/**
 * Receipts that came before the send's own answer: applied right behind the settlement, in rank order. True when they
 * closed a delivery that the settlement had left open (its outcome was unknown, the receipt knows).
 */
export async function raiseByWaitingReceipts(
  trx: Database,
  { workspaceId, delivery }: Claim,
  settlement: Settlement,
  { seal, now }: { seal: Seal; now: number },
): Promise<boolean> {
  if (delivery.direction !== 'out' && settlement.to !== 'checking' && settlement.to !== 'unknown')
    return false;
  const fits = (eb: ExpressionBuilder<Schema, 'receipt'>) =>
    eb.or([
      eb('ref', '=', delivery.id),
      ...(settlement.to === 'sent' ? [eb('of', '=', seal.hash('receipt', settlement.providerId))] : []),
    ]);
  const waiting = await trx
    .selectFrom('receipt')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where(fits)
    .execute();
  if (waiting.length === 0) return false;
  const { tried } = delivery;
  const provider_id = settlement.to === 'sent' ? settlement.providerId : delivery.provider_id;
  let known: Known = { state: settlement.to, provider_id, tried };
  for (const receipt of waiting.sort((a, b) => rankOf(a.status) - rankOf(b.status))) {
    const { status, code, why, provider_id: of } = receipt;
    const evidence = { of, status, ...(code ? { code } : {}), ...(why ? { why } : {}) };
    if (!rises(known, evidence)) continue;
    await write(trx, delivery, evidence, now);
    known = { state: status, provider_id: of, tried };
  }
  await trx.deleteFrom('receipt').where('workspace_id', '=', workspaceId).where(fits).execute();
  return settlement.to === 'checking' && known.state !== 'checking';
}

const rankOf = (status: ReceiptStatus): number => RANK[status] ?? 0;

/**
 * Forgets receipts that matched nothing and are from before `before` (ms); answers how many. In small transactions of
 * their own, so that no webhook waits for more than one.
 */
export async function forgetReceipts(db: Database, before: number): Promise<number> {
  const key = ['workspace_id', 'connection_id', 'of', 'status'] as const;
  let forgotten = 0;
  for (;;) {
    const { numDeletedRows } = await db
      .deleteFrom('receipt')
      .where((eb) =>
        eb(
          eb.refTuple(...key),
          'in',
          eb
            .selectFrom('receipt')
            .select(key)
            .where('at', '<', before)
            .limit(FORGET_AT_ONCE)
            .$asTuple(...key),
        ),
      )
      .executeTakeFirst();
    forgotten += Number(numDeletedRows);
    if (numDeletedRows < FORGET_AT_ONCE) return forgotten;
  }
}
const FORGET_AT_ONCE = 500;
