/** A message's status follows from its deliveries'; every change is history, and told where the platform wants it. */
import type { Claim } from './claims.ts';
import type { Database } from './open.ts';
import type { DeliveryState, EventStatus } from './schema.ts';
import type { Seal } from './seal.ts';
import { tell } from './tell.ts';

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
