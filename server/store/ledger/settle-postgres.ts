/**
 * Settlements on Postgres, many by one statement: those that touch nothing but their own call, its lane and its
 * message. They are nearly all; what has several calls, a receipt waiting, or a refusal to tell goes one by one
 * (settle.ts), which takes a dozen round trips each.
 */
import { type RawBuilder, sql } from 'kysely';
import { fenceByLane, type LockedLane, laneKey } from '../database/locks.ts';
import type { Database } from '../database/open.ts';
import { type Columns, records } from '../database/records.ts';
import { isOpen, type SettleRequest, type Written, writtenBy } from './settlement.ts';
import { tellAll } from './tell.ts';
import { isLong } from './waiting.ts';

interface Row extends Written {
  /** Which of the requests. */
  n: number;
  workspaceId: string;
  laneId: string;
  id: string;
  eventId: string;
  position: string;
  part: number;
  closed: number;
  /** Its message's status follows from it alone, if it is its only call; null: it is no message. */
  status: string | null;
  /** A receipt may wait for it, by our reference or by this hash of the provider's id. */
  awaited: boolean;
  receiptOf: string | null;
  thread: string | null;
  contact: string | null;
}

/** Which of the rows were written, and which of those changed their message's status. */
interface Answer {
  written: string[];
  changed: string[];
}

/** The lanes are locked; answers which requests are settled with that. */
export async function settleTogether(
  trx: Database,
  requests: SettleRequest[],
  lanes: LockedLane[],
): Promise<Set<SettleRequest>> {
  const fences = fenceByLane(lanes);
  const rows: Row[] = [];
  requests.forEach((request, n) => {
    const lane = laneKey(request.claim);
    if (!isPlain(request) || fences.get(lane) !== request.claim.fence) return;
    // Whoever settles the same claim a second time settles nothing.
    fences.delete(lane);
    rows.push(rowOf(request, n));
  });
  if (rows.length === 0) return new Set();
  const { rows: answer } = await sql<Answer>`${settlePlain(rows)}`.execute(trx);
  const these = (list: string[] = []) => list.map((n) => requests[Number(n)] as SettleRequest);
  await tellAll(trx, these(answer[0]?.changed).flatMap(toTell));
  return new Set(these(answer[0]?.written));
}

/** Whatever its message is told to be follows from this call alone. */
function isPlain(request: SettleRequest): boolean {
  const { claim, settlement } = request;
  if (settlement.to === 'queued' && (settlement.forget || isLong(request))) return false;
  if (claim.delivery.kind === 'message') return settlement.to === 'sent' || isOpen(settlement);
  return !(settlement.to === 'done' && settlement.event);
}

function rowOf(request: SettleRequest, n: number): Row {
  const { claim, settlement, seal } = request;
  const { workspaceId, laneId, delivery } = claim;
  const isMessage = delivery.kind === 'message';
  const sent = settlement.to === 'sent' ? settlement : undefined;
  const links = delivery.direction === 'in' ? sent : undefined;
  return {
    ...writtenBy(request),
    ...{ n, workspaceId, laneId, id: delivery.id, eventId: delivery.event_id },
    ...{ position: delivery.position, part: delivery.part, closed: isOpen(settlement) ? 0 : 1 },
    status: isMessage ? (sent ? 'sent' : 'queued') : null,
    awaited:
      isMessage && settlement.to !== 'queued' && (delivery.direction === 'out' || settlement.to !== 'sent'),
    receiptOf: sent ? seal.hash('receipt', sent.providerId) : null,
    thread: links?.thread ?? null,
    contact: links?.contact ?? null,
  };
}

const COLUMNS: Columns<Row> = {
  text: [
    'workspaceId',
    'laneId',
    'id',
    'eventId',
    'position',
    'state',
    'code',
    'reason',
    'providerId',
    'conversationId',
    'status',
    'receiptOf',
    'thread',
    'contact',
  ],
  bigint: ['n', 'part', 'open', 'rank', 'nextAt', 'now', 'closed'],
  boolean: ['awaited'],
};

/**
 * Sub-selects in brackets are run per row, by their index, whatever the planner believes of a table that grew since it
 * was looked at. All parts see the state from before the statement: hence `<> it.id`, and the row's own place added.
 */
const settlePlain = (rows: Row[]): RawBuilder<unknown> => sql`
  with it as materialized (
    select given.* from ${records(rows, COLUMNS, 'given')}
    where (given.status is null or (
        select d.id from delivery d where d.workspace_id = given.workspace_id and d.event_id = given.event_id
          and d.kind = 'message' and d.id <> given.id limit 1) is null)
      and (not given.awaited or ((
        select r.at from receipt r where r.workspace_id = given.workspace_id and r.ref = given.id limit 1) is null
        and (select r.at from receipt r where r.workspace_id = given.workspace_id and r.of = given.receipt_of
          limit 1) is null))
  ), written as (
    update delivery d set state = it.state, open = it.open, rank = it.rank, code = it.code, reason = it.reason,
      next_at = it.next_at, provider_id = it.provider_id, updated_at = it.now,
      conversation_id = coalesce(it.conversation_id, d.conversation_id)
    from it where d.workspace_id = it.workspace_id and d.id = it.id returning it.*
  ), freed as (
    update lane set leased_until = 0, owner = null, fence = fence + 1, pending = pending - written.closed,
      due = coalesce((select greatest(head.next_at, written.now) from (
        (select d.rank, d.position, d.part, d.next_at from delivery d where d.workspace_id = written.workspace_id
          and d.lane_id = written.lane_id and d.open = 1 and d.id <> written.id order by d.rank, d.position, d.part limit 1)
        union all select written.rank, written.position, written.part, written.next_at where written.open = 1
      ) head order by head.rank, head.position, head.part limit 1), 0)
    from written where lane.workspace_id = written.workspace_id and lane.id = written.lane_id
  ), linked as (
    update conversation c set platform_thread = coalesce(written.thread, c.platform_thread),
      contact_id = coalesce(written.contact, c.contact_id), updated_at = written.now
    from written where c.workspace_id = written.workspace_id and c.id = written.conversation_id
      and (written.thread is not null or written.contact is not null)
  ), changed as (
    update event e set status = written.status, code = null, reason = written.reason
    from written where e.workspace_id = written.workspace_id and e.id = written.event_id
      and written.status is not null and e.status <> written.status returning written.*
  ), noted as (
    insert into history (workspace_id, event_id, at, status, reason)
    select workspace_id, event_id, now, status, reason from changed order by n
  )
  select array(select n from written) as written, array(select n from changed) as changed`;

/** Only `sent` can be news here: what is put back was queued before. */
function toTell({ claim: { workspaceId, delivery }, settlement, tells, seal, now }: SettleRequest) {
  if (settlement.to !== 'sent' || delivery.direction !== 'out' || !tells.includes('sent')) return [];
  const { event_id: eventId, conversation_id: conversationId } = delivery;
  return [{ workspaceId, eventId, conversationId, status: 'sent' as const, reason: null, seal, now }];
}
