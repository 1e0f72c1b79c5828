/** A message's status follows from its deliveries'; every change is history, and told where the platform wants it. */

import type { Database } from '../database/open.ts';
import type { DeliveryState, EventStatus } from '../database/schema.ts';
import { statement } from '../database/statement.ts';
import type { Seal } from '../sealing/seal.ts';
import type { Claim } from './claims.ts';
import { tell } from './tell.ts';

const ORDER: EventStatus[] = ['sent', 'delivered', 'read'];

/** A message is as far as the least of its parts; one that failed, was cancelled or is unknown makes the whole so. */
function statusOf(states: DeliveryState[]): EventStatus {
  if (states.includes('failed') || states.includes('cancelled')) return 'failed';
  if (states.some((state) => state === 'queued' || state === 'started' || state === 'checking'))
    return 'queued';
  if (states.includes('unknown')) return 'unknown';
  const ranks = states.map((state) => ORDER.indexOf(state as EventStatus));
  return ORDER[Math.max(0, Math.min(...ranks))] ?? 'sent';
}

/** As much of a message's deliveries as its status follows from. */
export interface EventPart {
  part: number;
  open: number;
  state: DeliveryState;
  code: string | null;
  reason: string | null;
  direction: 'in' | 'out';
  conversation_id: string | null;
}

const parts = statement((db, { workspaceId, eventId }: { workspaceId: string; eventId: string }) =>
  db
    .selectFrom('delivery')
    .select(['part', 'open', 'state', 'code', 'reason', 'direction', 'conversation_id'])
    .where('workspace_id', '=', workspaceId)
    .where('event_id', '=', eventId)
    .where('kind', '=', 'message')
    .orderBy('part'),
);
export const partsOf = (
  trx: Database,
  { workspaceId, delivery }: Pick<Claim, 'workspaceId' | 'delivery'>,
): Promise<EventPart[]> => parts.all(trx, { workspaceId, eventId: delivery.event_id });

export interface Refresh {
  workspaceId: string;
  eventId: string;
  parts: EventPart[];
  tells: string[];
  seal: Seal;
  now: number;
}

/** Brings the event's status up to its deliveries'; a change is history, and told where the platform wants it. */
export async function refreshEvent(
  trx: Database,
  { workspaceId, eventId, parts, tells, seal, now }: Refresh,
): Promise<void> {
  const status = statusOf(parts.map((part) => part.state));
  const cause = parts.find((part) => part.state === status);
  const worded = status === 'failed' || status === 'unknown' || status === 'queued';
  const code = status === 'failed' ? (cause?.code ?? null) : null;
  const reason = worded && cause?.reason ? `${cause.reason}${doubtBeside(status, parts)}` : null;
  if ((await setStatus.run(trx, { workspaceId, eventId, status, code, reason })) === 0) return;
  const conversationId = parts[0]?.conversation_id ?? null;
  if (status === 'failed' && conversationId) await showIn(trx, { workspaceId, eventId, conversationId });
  await addHistory(trx, { workspaceId, eventId, status, code, reason, now });
  if (parts[0]?.direction === 'out' && tells.includes(status))
    await tell(trx, { workspaceId, eventId, conversationId, status, reason, seal, now });
}

/** What failed is resent with all parts that are not known to have arrived: whoever does so must know of the doubt. */
const doubtBeside = (status: EventStatus, parts: EventPart[]): string =>
  status === 'failed' && parts.some((part) => part.state === 'unknown')
    ? ' Another part of it may have been delivered: check with the customer before you use Resend.'
    : '';

const setStatus = statement(
  (
    db,
    it: {
      workspaceId: string;
      eventId: string;
      status: EventStatus;
      code: string | null;
      reason: string | null;
    },
  ) =>
    db
      .updateTable('event')
      .set({ status: it.status, code: it.code, reason: it.reason })
      .where('workspace_id', '=', it.workspaceId)
      .where('id', '=', it.eventId)
      .where('status', '<>', it.status),
);

/** A message refused before it was expanded belongs to its conversation all the same: there it is shown. */
const showIn = (
  trx: Database,
  { workspaceId, eventId, conversationId }: { workspaceId: string; eventId: string; conversationId: string },
) =>
  trx
    .updateTable('event')
    .set((eb) => ({
      conversation_id: conversationId,
      channel_id: eb
        .selectFrom('conversation')
        .select('channel_id')
        .where('conversation.workspace_id', '=', workspaceId)
        .where('conversation.id', '=', conversationId),
    }))
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', eventId)
    .execute();

interface Entry {
  workspaceId: string;
  eventId: string;
  status: string;
  code?: string | null;
  reason?: string | null;
  now: number;
}

const insertEntry = statement((db, it: Required<Entry>) =>
  db.insertInto('history').values({
    workspace_id: it.workspaceId,
    event_id: it.eventId,
    at: it.now,
    status: it.status,
    code: it.code,
    reason: it.reason,
  }),
);

export const addHistory = (trx: Database, entry: Entry): Promise<number> =>
  insertEntry.run(trx, { code: null, reason: null, ...entry });
