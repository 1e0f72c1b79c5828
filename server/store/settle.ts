/**
 * What became of a claim: the delivery's state, the event's status that follows from all its deliveries, the history,
 * and what the platform has to be told, in one transaction.
 */
import type { Claim } from './claims.ts';
import type { Handler } from './committer.ts';
import { addHistory, refreshEvent } from './event-status.ts';
import { freeLane, holdsLane } from './lanes.ts';
import type { Database } from './open.ts';
import { keepEvidence, raiseByWaitingReceipts } from './receipts.ts';
import type { DeliveryState, EventStatus } from './schema.ts';
import type { Seal } from './seal.ts';
import { tellWaiting } from './waiting.ts';

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
  if (!(await holdsLane(trx, claim))) {
    if (settlement.to === 'sent') await keepEvidence(trx, claim, settlement.providerId, request);
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
  if (settlement.to === 'sent' && delivery.kind === 'message') await keepTogether(trx, claim);
  if (settlement.to === 'queued' && settlement.forget) await forget(trx, claim, settlement.forget, now);
  if (delivery.kind === 'message' && settlement.to !== 'queued')
    closed += (await raiseByWaitingReceipts(trx, claim, settlement, { seal, now })) ? 1 : 0;
  await freeLane(trx, { workspaceId: claim.workspaceId, laneId: claim.laneId }, closed);
  if (settlement.to === 'done' && settlement.event) await closeEvent(trx, request, settlement.event);
  else if (delivery.kind === 'message') await refreshEvent(trx, { ...request, eventId: delivery.event_id });
  if (settlement.to === 'queued') await tellWaiting(trx, { ...request, reason: settlement.reason });
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

/** A message whose first part is out is not interrupted by an earlier one that comes late. */
const keepTogether = (trx: Database, { workspaceId, delivery }: Claim) =>
  trx
    .updateTable('delivery')
    .set({ rank: 0 })
    .where('workspace_id', '=', workspaceId)
    .where('event_id', '=', delivery.event_id)
    .where('kind', '=', 'message')
    .where('open', '=', 1)
    .where('part', '>', delivery.part)
    .execute();

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
