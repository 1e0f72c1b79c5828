/**
 * What became of a claim: the delivery's state, the event's status that follows from all its deliveries, the history,
 * and what the platform has to be told, in one transaction.
 */
import { sql } from 'kysely';
import type { Claim } from './claims.ts';
import type { Handler } from './committer.ts';
import { addHistory, type EventPart, partsOf, refreshEvent } from './event-status.ts';
import { freeLane, whileHeld } from './lanes.ts';
import { lockLanes, lockWords } from './locks.ts';
import { dropMedia } from './media-rows.ts';
import type { Database } from './open.ts';
import { keepEvidence, raiseByWaitingReceipts } from './receipts.ts';
import type { DeliveryState, EventStatus } from './schema.ts';
import type { Seal } from './seal.ts';
import { statement } from './statement.ts';
import { tellWaiting } from './waiting.ts';

export type Settlement =
  | { to: 'sent'; providerId: string; thread?: string; contact?: string }
  | { to: 'failed'; code: string; reason: string }
  | { to: 'unknown'; reason: string }
  /** Nothing (more) to write: a receipt applied, a status told (by `providerId`), a message that is not bridged. */
  | { to: 'done'; event?: 'handled' | 'ignored'; reason?: string; providerId?: string }
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
  const { state, open } = stateOf(settlement);
  const written = await writeWhileHeld.run(trx, {
    ...claim,
    id: claim.delivery.id,
    state,
    open,
    rank: staysFirst(claim, state) ? 0 : 1,
    code: settlement.to === 'failed' ? settlement.code : null,
    reason: 'reason' in settlement ? (settlement.reason ?? null) : null,
    nextAt: 'nextAt' in settlement ? settlement.nextAt : 0,
    providerId: ('providerId' in settlement && settlement.providerId) || claim.delivery.provider_id,
    conversationId: claim.delivery.conversation_id,
    now,
  });
  if (written === 1) await follow(trx, request);
  else if (settlement.to === 'sent') await keepLate(trx, request, settlement);
  return written === 1;
}

interface Written extends Pick<Claim, 'workspaceId' | 'laneId' | 'fence'> {
  id: string;
  state: DeliveryState;
  open: number;
  rank: number;
  code: string | null;
  reason: string | null;
  nextAt: number;
  providerId: string | null;
  conversationId: string | null;
  now: number;
}

/** The fence is part of the statement: whose lease was lost changes nothing. */
const writeWhileHeld = statement((db, it: Written) =>
  db
    .updateTable('delivery')
    .set({
      state: it.state,
      open: it.open,
      rank: it.rank,
      code: it.code,
      reason: it.reason,
      next_at: it.nextAt,
      provider_id: it.providerId,
      conversation_id: sql`coalesce(${it.conversationId}, conversation_id)`,
      updated_at: it.now,
    })
    .where('workspace_id', '=', it.workspaceId)
    .where('id', '=', it.id)
    .where(whileHeld(it)),
);

/** Whoever holds the lane now: that the other side accepted, and where, is a fact. */
async function keepLate(
  trx: Database,
  request: SettleRequest,
  settlement: Settlement & { to: 'sent' },
): Promise<void> {
  const { claim, now } = request;
  await keepEvidence(trx, claim, settlement.providerId, request);
  const { platform_thread } =
    (await trx
      .selectFrom('conversation')
      .select('platform_thread')
      .where('workspace_id', '=', claim.workspaceId)
      .where('id', '=', claim.delivery.conversation_id ?? '')
      .executeTakeFirst()) ?? {};
  if (platform_thread === null) await link(trx, claim, settlement, now);
}

/** What may be out already keeps its place before whatever arrives late, and so do the later parts of a message. */
const staysFirst = ({ delivery }: Claim, state: DeliveryState): boolean =>
  state === 'checking' || (state === 'queued' && delivery.part > 0);

const stateOf = (settlement: Settlement): { state: DeliveryState; open: number } =>
  settlement.to === 'queued' || settlement.to === 'checking'
    ? { state: settlement.to, open: 1 }
    : { state: settlement.to, open: 0 };

async function follow(trx: Database, request: SettleRequest): Promise<void> {
  const { claim, settlement, seal, now } = request;
  const { delivery, workspaceId } = claim;
  let closed = settlement.to === 'queued' || settlement.to === 'checking' ? 0 : 1;
  if (settlement.to === 'sent' && delivery.conversation_id) await link(trx, claim, settlement, now);
  if (settlement.to === 'queued' && settlement.forget) await forget(trx, claim, settlement.forget, now);
  if (delivery.kind === 'message' && settlement.to !== 'queued')
    closed += (await raiseByWaitingReceipts(trx, claim, settlement, { seal, now })) ? 1 : 0;
  const parts = delivery.kind === 'message' ? await partsOf(trx, claim) : [];
  closed += await settleLaterParts(trx, request, parts);
  await freeLane(trx, claim, closed, now);
  if (settlement.to === 'done' && settlement.event) await closeEvent(trx, request, settlement.event);
  else if (parts.length > 0)
    await refreshEvent(trx, { ...request, workspaceId, eventId: delivery.event_id, parts });
  if (settlement.to === 'queued') await tellWaiting(trx, { ...request, reason: settlement.reason });
}

/**
 * Behind a part that was refused for good the rest would be half a message: it is cancelled. Behind one that is (or may be) out
 * the rest follows at once: an earlier message that comes late does not get in between. Answers how many were closed.
 */
async function settleLaterParts(
  trx: Database,
  { claim: { workspaceId, delivery }, settlement, now }: SettleRequest,
  parts: EventPart[],
): Promise<number> {
  const later = parts.filter((part) => part.open === 1 && part.part > delivery.part);
  if (later.length === 0 || !['failed', 'sent', 'unknown'].includes(settlement.to)) return 0;
  const cancelled = { state: 'cancelled' as const, open: 0, updated_at: now };
  await trx
    .updateTable('delivery')
    .set(settlement.to === 'failed' ? cancelled : { rank: 0 })
    .where('workspace_id', '=', workspaceId)
    .where('event_id', '=', delivery.event_id)
    .where('kind', '=', 'message')
    .where('open', '=', sql.lit(1))
    .where('part', '>', delivery.part)
    .execute();
  return settlement.to === 'failed' ? later.length : 0;
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
  if (status === 'ignored') await dropMedia(trx, claim.workspaceId, claim.delivery.event_id);
  await addHistory(trx, { workspaceId: claim.workspaceId, eventId: claim.delivery.event_id, status, now });
}
