/**
 * What became of a claim: the delivery's state, the event's status that follows from all its deliveries, the history,
 * and what the platform has to be told, in one transaction.
 */
import { sql } from 'kysely';
import type { Handler } from '../database/committer.ts';
import { isPostgres } from '../database/dialect.ts';
import { type LockedLane, lockLanes, lockWords } from '../database/locks.ts';
import type { Database } from '../database/open.ts';
import type { EventStatus } from '../database/schema.ts';
import { statement } from '../database/statement.ts';
import { dropMedia } from '../media/media-rows.ts';
import type { Claim } from './claims.ts';
import { addHistory, type EventPart, partsOf, refreshEvent } from './event-status.ts';
import { freeLane, whileHeld } from './lanes.ts';
import { keepEvidence, raiseByWaitingReceipts } from './receipts.ts';
import { settleTogether } from './settle-postgres.ts';
import { isOpen, type Settlement, type SettleRequest, type Written, writtenBy } from './settlement.ts';
import { tellWaiting } from './waiting.ts';

/** False: the lease was lost. A send that succeeded all the same is kept as a receipt, which settles the doubt. */
export const settle: Handler<SettleRequest, boolean> = async (trx, requests) => {
  const lanes = await lockAll(trx, requests);
  const together = isPostgres(trx) ? await settleTogether(trx, requests, lanes) : new Set<SettleRequest>();
  const held: boolean[] = [];
  for (const request of requests) held.push(together.has(request) || (await settleOne(trx, request)));
  return held;
};

/** A receipt of one of these very messages may be coming in: one of the two sees what the other wrote. */
async function lockAll(trx: Database, requests: SettleRequest[]): Promise<LockedLane[]> {
  const awaited = requests.flatMap(({ claim: { workspaceId, delivery }, settlement }) =>
    settlement.to === 'sent' && delivery.direction === 'out'
      ? [['message', workspaceId, settlement.providerId]]
      : [],
  );
  await lockWords(trx, awaited);
  return lockLanes(
    trx,
    requests.map(({ claim }) => claim),
  );
}

/** Its lane is locked. */
async function settleOne(trx: Database, request: SettleRequest): Promise<boolean> {
  const { claim, settlement } = request;
  const written = await writeWhileHeld.run(trx, { ...claim, ...writtenBy(request), id: claim.delivery.id });
  if (written === 1) await follow(trx, request);
  else if (settlement.to === 'sent') await keepLate(trx, request, settlement);
  return written === 1;
}

/** The fence is part of the statement: whose lease was lost changes nothing. */
const writeWhileHeld = statement(
  (db, it: Written & Pick<Claim, 'workspaceId' | 'laneId' | 'fence'> & { id: string }) =>
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

async function follow(trx: Database, request: SettleRequest): Promise<void> {
  const { claim, settlement, seal, now } = request;
  const { delivery, workspaceId } = claim;
  let closed = isOpen(settlement) ? 0 : 1;
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
