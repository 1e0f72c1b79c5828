/**
 * What became of a claim: the delivery's state, the event's status that follows from all its deliveries, the history,
 * and what the platform has to be told, in one transaction.
 */
import { randomBytes } from 'node:crypto';
import { makeId } from '../core/ids.ts';
import { type Claim, freeLane, holdsLane } from './claims.ts';
import type { Handler } from './committer.ts';
import { lockLanes, lockWords } from './locks.ts';
import type { Database } from './open.ts';
import { position } from './position.ts';
import { raiseByWaitingReceipts } from './receipts.ts';
import type { DeliveryState, EventStatus } from './schema.ts';
import type { Seal } from './seal.ts';

export type Settlement =
  | { to: 'sent'; providerId: string; thread?: string; contact?: string }
  | { to: 'failed'; code: string; reason: string }
  | { to: 'unknown'; reason: string }
  /** Nothing (more) to write: a receipt applied, a status told, a message that is not bridged. */
  | { to: 'done'; event?: 'handled' | 'ignored'; reason?: string }
  /** Back to its place: certainly not accepted, or not ready yet. */
  | { to: 'queued'; nextAt: number; reason: string; forget?: 'thread' | 'contact' }
  /** Perhaps accepted; looked at again at `nextAt`. */
  | { to: 'checking'; nextAt: number; reason: string };

export interface SettleRequest {
  claim: Claim;
  settlement: Settlement;
  seal: Seal;
  /** Statuses that the platform of an outgoing message wants to be told; [] for everything else. */
  tells: string[];
  now: number;
}

/** False: the lease was lost. A send that succeeded all the same is kept as a receipt, which settles the doubt. */
export const settle: Handler<SettleRequest, boolean> = async (trx, requests) => {
  const held: boolean[] = [];
  for (const request of requests) held.push(await settleOne(trx, request));
  return held;
};

async function settleOne(trx: Database, request: SettleRequest): Promise<boolean> {
  const { claim, settlement, now } = request;
  // A receipt of this very message may be coming in: one of the two sees what the other wrote.
  if (settlement.to === 'sent') await lockWords(trx, 'message', claim.workspaceId, settlement.providerId);
  await lockLanes(trx, [claim]);
  if (!(await holdsLane(trx, claim))) {
    await keepEvidence(trx, request);
    return false;
  }
  const { state, open } = stateOf(settlement);
  await trx
    .updateTable('delivery')
    .set({
      state,
      open,
      rank: state === 'checking' ? 0 : 1,
      code: settlement.to === 'failed' ? settlement.code : null,
      reason: 'reason' in settlement ? (settlement.reason ?? null) : null,
      next_at: 'nextAt' in settlement ? settlement.nextAt : 0,
      updated_at: now,
      ...(settlement.to === 'sent' ? { provider_id: settlement.providerId } : {}),
    })
    .where('workspace_id', '=', claim.workspaceId)
    .where('id', '=', claim.delivery.id)
    .execute();
  await follow(trx, request);
  return true;
}

const stateOf = (settlement: Settlement): { state: DeliveryState; open: number } =>
  settlement.to === 'queued' || settlement.to === 'checking'
    ? { state: settlement.to, open: 1 }
    : { state: settlement.to, open: 0 };

async function follow(trx: Database, request: SettleRequest): Promise<void> {
  const { claim, settlement, seal, now } = request;
  const { delivery } = claim;
  let closed = settlement.to === 'queued' || settlement.to === 'checking' ? 0 : 1;
  if (settlement.to === 'failed' && delivery.kind === 'message')
    closed += await cancelLaterParts(trx, claim, now);
  if (settlement.to === 'sent' && delivery.conversation_id) await link(trx, claim, settlement, now);
  if (settlement.to === 'queued' && settlement.forget) await forget(trx, claim, settlement.forget, now);
  if (delivery.kind === 'message' && settlement.to !== 'queued')
    closed += (await raiseByWaitingReceipts(trx, claim, settlement, { seal, now })) ? 1 : 0;
  await freeLane(trx, { workspaceId: claim.workspaceId, laneId: claim.laneId }, closed);
  if (settlement.to === 'done' && settlement.event) await closeEvent(trx, request, settlement.event);
  else if (delivery.kind === 'message') await refreshEvent(trx, { ...request, eventId: delivery.event_id });
}

/** One part refused for good: what follows it would be half a message. */
async function cancelLaterParts(
  trx: Database,
  { workspaceId, delivery }: Claim,
  now: number,
): Promise<number> {
  const cancelled = await trx
    .updateTable('delivery')
    .set({ state: 'cancelled', open: 0, updated_at: now })
    .where('workspace_id', '=', workspaceId)
    .where('event_id', '=', delivery.event_id)
    .where('kind', '=', 'message')
    .where('open', '=', 1)
    .where('part', '>', delivery.part)
    .executeTakeFirst();
  return Number(cancelled.numUpdatedRows);
}

async function link(
  trx: Database,
  { workspaceId, delivery }: Claim,
  { thread, contact }: { thread?: string; contact?: string },
  now: number,
): Promise<void> {
  if (delivery.direction !== 'in' || (thread === undefined && contact === undefined)) return;
  await trx
    .updateTable('conversation')
    .set({
      ...(thread ? { platform_thread: thread } : {}),
      ...(contact ? { contact_id: contact } : {}),
      updated_at: now,
    })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', delivery.conversation_id as string)
    .execute();
}

/** The platform no longer knows the conversation or the contact: the next try makes or finds another. */
async function forget(
  trx: Database,
  { workspaceId, delivery }: Claim,
  what: 'thread' | 'contact',
  now: number,
): Promise<void> {
  const conversationId = delivery.conversation_id;
  if (!conversationId) return;
  const { contact_id } = await trx
    .updateTable('conversation')
    .set({ platform_thread: null, updated_at: now })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', conversationId)
    .returning('contact_id')
    .executeTakeFirstOrThrow();
  if (what !== 'contact' || !contact_id) return;
  const gone = { contact_id: null };
  await trx
    .updateTable('conversation')
    .set(gone)
    .where('workspace_id', '=', workspaceId)
    .where('contact_id', '=', contact_id)
    .execute();
  await trx
    .updateTable('contact_link')
    .set(gone)
    .where('workspace_id', '=', workspaceId)
    .where('contact_id', '=', contact_id)
    .execute();
  await trx
    .deleteFrom('preparation')
    .where('workspace_id', '=', workspaceId)
    .where('delivery_id', '=', delivery.id)
    .where('name', '=', 'contact')
    .execute();
}

async function closeEvent(
  trx: Database,
  { claim, settlement, now }: SettleRequest,
  status: EventStatus,
): Promise<void> {
  await trx
    .updateTable('event')
    .set({
      status,
      reason: 'reason' in settlement ? (settlement.reason ?? null) : null,
      // What is not bridged is none of our business: its content goes at once.
      ...(status === 'ignored' ? { content: null } : {}),
    })
    .where('workspace_id', '=', claim.workspaceId)
    .where('id', '=', claim.delivery.event_id)
    .execute();
  if (status === 'ignored')
    await trx
      .deleteFrom('media')
      .where('workspace_id', '=', claim.workspaceId)
      .where('event_id', '=', claim.delivery.event_id)
      .execute();
  await addHistory(trx, { workspaceId: claim.workspaceId, eventId: claim.delivery.event_id, status, now });
}

const ORDER: EventStatus[] = ['sent', 'delivered', 'read'];

/** A message is as far as the least of its parts; one failed or unknown part makes the whole so. */
function statusOf(states: DeliveryState[]): EventStatus {
  if (states.includes('failed')) return 'failed';
  if (states.some((state) => state === 'queued' || state === 'started' || state === 'checking'))
    return 'queued';
  if (states.includes('unknown')) return 'unknown';
  const ranks = states
    .filter((state) => state !== 'cancelled')
    .map((state) => ORDER.indexOf(state as EventStatus));
  return ORDER[Math.max(0, Math.min(...ranks))] ?? 'sent';
}

export interface Refresh {
  claim: Pick<Claim, 'workspaceId'>;
  eventId: string;
  tells: string[];
  seal: Seal;
  now: number;
}

/** Brings the event's status up to its deliveries'; a change is history, and told where the platform wants it. */
export async function refreshEvent(
  trx: Database,
  { claim, eventId, tells, seal, now }: Refresh,
): Promise<void> {
  const { workspaceId } = claim;
  const parts = await trx
    .selectFrom('delivery')
    .select(['state', 'code', 'reason', 'direction', 'conversation_id'])
    .where('workspace_id', '=', workspaceId)
    .where('event_id', '=', eventId)
    .where('kind', '=', 'message')
    .execute();
  const status = statusOf(parts.map((part) => part.state));
  const cause = parts.find((part) => part.state === status);
  const worded = status === 'failed' || status === 'unknown' || status === 'queued';
  const code = status === 'failed' ? (cause?.code ?? null) : null;
  const reason = worded ? (cause?.reason ?? null) : null;
  const changed = await trx
    .updateTable('event')
    .set({ status, code, reason })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', eventId)
    .where('status', '<>', status)
    .executeTakeFirst();
  if (changed.numUpdatedRows === 0n) return;
  await addHistory(trx, { workspaceId, eventId, status, code, reason, now });
  if (parts[0]?.direction === 'out' && tells.includes(status))
    await tell(trx, {
      workspaceId,
      eventId,
      conversationId: parts[0].conversation_id,
      status,
      reason,
      seal,
      now,
    });
}

export const addHistory = (
  trx: Database,
  entry: {
    workspaceId: string;
    eventId: string;
    status: string;
    code?: string | null;
    reason?: string | null;
    now: number;
  },
) =>
  trx
    .insertInto('history')
    .values({
      workspace_id: entry.workspaceId,
      event_id: entry.eventId,
      at: entry.now,
      status: entry.status,
      code: entry.code ?? null,
      reason: entry.reason ?? null,
    })
    .execute();

interface Tell {
  workspaceId: string;
  eventId: string;
  conversationId: string | null;
  status: EventStatus;
  reason: string | null;
  seal: Seal;
  now: number;
}

/**
 * Statuses travel in a lane of their own. One that was overtaken by a newer one while it waited is dropped by the
 * worker, which compares it with the event: latest rank only.
 */
async function tell(
  trx: Database,
  { workspaceId, eventId, conversationId, status, reason, seal, now }: Tell,
): Promise<void> {
  const id = makeId('dlv', now, (bytes) => randomBytes(bytes));
  const content = seal.seal(id, { status, why: reason ?? undefined });
  const lane = `tell ${conversationId ?? eventId}`;
  await trx
    .insertInto('delivery')
    .values({
      workspace_id: workspaceId,
      id,
      lane_id: lane,
      rank: 1,
      position: position(now, undefined, now),
      part: 0,
      event_id: eventId,
      kind: 'status',
      direction: 'in',
      conversation_id: conversationId,
      state: 'queued',
      open: 1,
      attempts: 0,
      next_at: 0,
      started_at: null,
      provider_id: null,
      code: null,
      reason: null,
      content,
      created_at: now,
      updated_at: now,
    })
    .execute();
  await openLane(trx, { workspaceId, laneId: lane, count: 1, now });
}

/** Adds open deliveries to a lane, making it when there is none; an idle lane becomes due now. */
export async function openLane(
  trx: Database,
  { workspaceId, laneId, count, now }: { workspaceId: string; laneId: string; count: number; now: number },
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

/** The lease was lost but the other side accepted: a receipt by our own id will settle the doubt. */
async function keepEvidence(trx: Database, { claim, settlement, seal, now }: SettleRequest): Promise<void> {
  if (settlement.to !== 'sent') return;
  await trx
    .insertInto('receipt')
    .values({
      workspace_id: claim.workspaceId,
      connection_id: 'late settlement',
      of: seal.hash('receipt', settlement.providerId),
      ref: claim.delivery.id,
      status: 'sent',
      provider_id: settlement.providerId,
      at: now,
      code: null,
      why: null,
    })
    .onConflict((it) => it.doNothing())
    .execute();
}
