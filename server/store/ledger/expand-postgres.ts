/**
 * Expansions on Postgres, many by one statement: those of an event that becomes one call, which nearly all do. Others
 * go one by one (expand.ts).
 */
import { sql } from 'kysely';
import { fenceByLane, type LockedLane, laneKey } from '../database/locks.ts';
import type { Database } from '../database/open.ts';
import { type Columns, records } from '../database/records.ts';
import type { DeliveryRow } from './claims.ts';
import type { Call, ExpandRequest } from './expand.ts';

interface Row {
  n: number;
  workspaceId: string;
  id: string;
  eventId: string;
  conversationId: string;
  channelId: string;
  /** In base64. */
  content: string;
  inboundAt: number | null;
  now: number;
}
const ROW: Columns<Row> = {
  text: ['workspaceId', 'id', 'eventId', 'conversationId', 'channelId', 'content'],
  bigint: ['n', 'inboundAt', 'now'],
};

/** The lanes are locked; answers the stored deliveries of those requests that are done with that. */
export async function expandTogether(
  trx: Database,
  requests: ExpandRequest[],
  lanes: LockedLane[],
): Promise<Map<ExpandRequest, DeliveryRow>> {
  const fences = fenceByLane(lanes);
  const conversations = new Set<string>();
  const sealed = new Map<ExpandRequest, Buffer>();
  const rows: Row[] = [];
  requests.forEach((request, n) => {
    const { claim, calls, conversationId, seal } = request;
    const isOneCall = claim.delivery.content === null && calls.length === 1;
    // A statement writes a row once: a second message of one conversation goes behind it.
    if (!isOneCall || fences.get(laneKey(claim)) !== claim.fence || conversations.has(conversationId)) return;
    conversations.add(conversationId);
    const content = seal.seal(claim.delivery.id, calls[0] as Call);
    sealed.set(request, content);
    rows.push(rowOf(request, n, content));
  });
  if (rows.length === 0) return new Map();
  const { rows: written } = await sql<{ n: number }>`
    with written as (
      update delivery d set content = decode(it.content, 'base64'), conversation_id = it.conversation_id,
        updated_at = it.now
      from ${records(rows, ROW, 'it')} where d.workspace_id = it.workspace_id and d.id = it.id returning it.*
    ), placed as (
      update event e set conversation_id = written.conversation_id, channel_id = written.channel_id
      from written where e.workspace_id = written.workspace_id and e.id = written.event_id
    ), heard as (
      update conversation c set last_inbound_at = written.inbound_at, updated_at = written.now
      from written where c.workspace_id = written.workspace_id and c.id = written.conversation_id
        and coalesce(c.last_inbound_at, 0) < written.inbound_at
    )
    select n from written`.execute(trx);
  const expanded = written.map(({ n }) => requests[n] as ExpandRequest);
  return new Map(expanded.map((request) => [request, storedBy(request, sealed.get(request) as Buffer)]));
}

const rowOf = (request: ExpandRequest, n: number, content: Buffer): Row => ({
  n,
  workspaceId: request.claim.workspaceId,
  id: request.claim.delivery.id,
  eventId: request.claim.delivery.event_id,
  conversationId: request.conversationId,
  channelId: request.channelId,
  content: content.toString('base64'),
  inboundAt: request.inboundAt ?? null,
  now: request.now,
});

const storedBy = ({ claim, conversationId, now }: ExpandRequest, content: Buffer): DeliveryRow => ({
  ...claim.delivery,
  content,
  conversation_id: conversationId,
  updated_at: now,
});
