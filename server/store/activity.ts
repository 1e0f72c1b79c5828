/**
 * Messages as the console's people look for them: by workspace, channel, direction, status, customer or id, and one
 * message's whole journey. Content is opened here, because an admin must see which message is meant; what was erased,
 * or lies in an archived workspace (its key is destroyed), stays closed.
 */
import type { Selectable } from 'kysely';
import { excerpt } from '../core/describe.ts';
import type { Event } from '../core/message.ts';
import { asConversation, type Conversation } from './conversations.ts';
import type { Call } from './expand.ts';
import type { Database } from './open.ts';
import type { DeliveryTable, EventStatus, EventTable, HistoryTable, MediaTable } from './schema.ts';
import type { Seal } from './seal.ts';
import { searched } from './search.ts';

export interface ActivityRow {
  id: string;
  workspaceId: string;
  kind: EventTable['kind'];
  channelId: string | null;
  direction: 'in' | 'out' | null;
  status: EventStatus;
  code?: string;
  reason?: string;
  /** When we got it, ms. */
  receivedAt: number;
  /** The sender's clock, ms. */
  at: number;
  sourceId: string;
  customer?: { name?: string; address: string };
  /** The first words; undefined once erased. */
  excerpt?: string;
}

export interface ActivityQuery {
  workspaceIds: string[];
  kinds?: EventTable['kind'][];
  channelId?: string;
  direction?: 'in' | 'out';
  statuses?: EventStatus[];
  /** A name, number, handle or id, as somebody typed it. */
  search?: string;
  /** The `next` of the page before. */
  before?: string;
  limit: number;
}

export interface Step {
  at: number;
  status: string;
  code?: string;
  reason?: string;
}
/** One call to the other side (or one word about a message to the platform). */
export interface JourneyCall {
  id: string;
  kind: DeliveryTable['kind'];
  state: DeliveryTable['state'];
  part: number;
  attempts: number;
  /** When it is tried next, ms; only while it waits. */
  nextAt?: number;
  updatedAt: number;
  providerId?: string;
  reason?: string;
  excerpt?: string;
}
export interface Journey extends ActivityRow {
  history: Step[];
  calls: JourneyCall[];
  files: Pick<MediaTable, 'id' | 'kind' | 'name' | 'state' | 'reason' | 'size'>[];
  /** The event as the adapter understood it; undefined once erased. */
  event?: Event;
  conversation?: Conversation;
}

export interface ActivityStore {
  list(query: ActivityQuery): Promise<{ rows: ActivityRow[]; next?: string }>;
  journey(workspaceIds: string[], id: string): Promise<Journey | undefined>;
}

type SealOf = (workspaceId: string) => Promise<Seal>;
const EXCERPT_CHARACTERS = 120;

export const createActivityStore = (db: Database, sealOf: SealOf): ActivityStore => ({
  list: (query) => list(db, sealOf, query),
  journey: (workspaceIds, id) => journey(db, sealOf, workspaceIds, id),
});

async function list(
  db: Database,
  sealOf: SealOf,
  query: ActivityQuery,
): Promise<{ rows: ActivityRow[]; next?: string }> {
  if (query.workspaceIds.length === 0) return { rows: [] };
  const found = query.search ? await searched(db, sealOf, query.workspaceIds, query.search) : undefined;
  if (found && found.conversationIds.length === 0 && found.eventIds.length === 0) return { rows: [] };
  const { channelId, direction, statuses, before, kinds = ['message'] } = query;
  const events = await db
    .selectFrom('event')
    .selectAll()
    .where('workspace_id', 'in', query.workspaceIds)
    .where('kind', 'in', kinds)
    // What was never bridged is none of our business.
    .where('status', '<>', 'ignored')
    .$if(channelId !== undefined, (it) => it.where('channel_id', '=', channelId as string))
    .$if(direction !== undefined, (it) => it.where('direction', '=', direction as 'in' | 'out'))
    .$if(statuses !== undefined, (it) => it.where('status', 'in', statuses as EventStatus[]))
    .$if(before !== undefined, (it) => it.where('id', '<', before as string))
    .$if(found !== undefined, (it) =>
      it.where((eb) =>
        eb.or([
          eb('conversation_id', 'in', found?.conversationIds.length ? found.conversationIds : ['']),
          eb('id', 'in', found?.eventIds.length ? found.eventIds : ['']),
        ]),
      ),
    )
    .orderBy('id', 'desc')
    .limit(query.limit + 1)
    .execute();
  const page = events.slice(0, query.limit);
  const last = page.at(-1);
  const rows = await opened(db, sealOf, page);
  return events.length > query.limit && last ? { rows, next: last.id } : { rows };
}
/** With the customer and the first words, where they can still be read. */
async function opened(
  db: Database,
  sealOf: SealOf,
  events: Selectable<EventTable>[],
): Promise<ActivityRow[]> {
  const ids = [...new Set(events.map((event) => event.conversation_id).filter((id) => id !== null))];
  const rows = ids.length
    ? await db.selectFrom('conversation').selectAll().where('id', 'in', ids).execute()
    : [];
  const seals = new Map<string, Seal | undefined>();
  for (const { workspace_id } of events)
    if (!seals.has(workspace_id)) seals.set(workspace_id, await sealOf(workspace_id).catch(() => undefined));
  const conversations = new Map(
    rows.flatMap((row) => {
      const seal = seals.get(row.workspace_id);
      return seal ? [[row.id, asConversation(row, seal)] as const] : [];
    }),
  );
  return events.map((event) =>
    toRow(event, seals.get(event.workspace_id), conversations.get(event.conversation_id ?? '')),
  );
}

function toRow(row: Selectable<EventTable>, seal?: Seal, conversation?: Conversation): ActivityRow {
  const event = contentOf(row, seal);
  const author = event?.kind === 'message' && event.author.kind === 'customer' ? event.author : undefined;
  const customer = conversation?.customer ?? author?.customer;
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    kind: row.kind,
    channelId: row.channel_id,
    direction: row.direction,
    status: row.status,
    ...(row.code ? { code: row.code } : {}),
    ...(row.reason ? { reason: row.reason } : {}),
    receivedAt: Number(row.received_at),
    at: Number(row.at),
    sourceId: row.source_id,
    ...(customer
      ? { customer: { address: customer.address, ...(customer.name ? { name: customer.name } : {}) } }
      : {}),
    ...(event ? { excerpt: wordsOf(event) } : {}),
  };
}

const contentOf = (row: Selectable<EventTable>, seal: Seal | undefined): Event | undefined =>
  row.content && seal ? seal.open<Event>(row.id, row.content) : undefined;

function wordsOf(event: Event): string {
  if (event.kind === 'message') return excerpt(event.parts, EXCERPT_CHARACTERS);
  return 'why' in event ? (event.why ?? '') : '';
}

async function journey(
  db: Database,
  sealOf: SealOf,
  workspaceIds: string[],
  id: string,
): Promise<Journey | undefined> {
  if (workspaceIds.length === 0) return undefined;
  const row = await db
    .selectFrom('event')
    .selectAll()
    .where('workspace_id', 'in', workspaceIds)
    .where('id', '=', id)
    .executeTakeFirst();
  if (!row) return undefined;
  const seal = await sealOf(row.workspace_id).catch(() => undefined);
  const where = { workspace_id: row.workspace_id, event_id: id };
  const history = await db
    .selectFrom('history')
    .selectAll()
    .where('workspace_id', '=', where.workspace_id)
    .where('event_id', '=', where.event_id)
    .orderBy('seq')
    .execute();
  const conversation = seal && row.conversation_id ? await oneConversation(db, seal, row) : undefined;
  const event = contentOf(row, seal);
  return {
    ...toRow(row, seal, conversation),
    history: [{ at: Number(row.received_at), status: 'received' }, ...history.map(toStep)],
    calls: await callsOf(db, where, seal),
    files: await db
      .selectFrom('media')
      .select(['id', 'kind', 'name', 'state', 'reason', 'size'])
      .where('workspace_id', '=', row.workspace_id)
      .where('event_id', '=', id)
      .orderBy('slot')
      .execute(),
    ...(event ? { event } : {}),
    ...(conversation ? { conversation } : {}),
  };
}

async function oneConversation(
  db: Database,
  seal: Seal,
  { workspace_id, conversation_id }: Selectable<EventTable>,
): Promise<Conversation | undefined> {
  const row = await db
    .selectFrom('conversation')
    .selectAll()
    .where('workspace_id', '=', workspace_id)
    .where('id', '=', conversation_id ?? '')
    .executeTakeFirst();
  return row && asConversation(row, seal);
}

const toStep = (row: Selectable<HistoryTable>): Step => ({
  at: Number(row.at),
  status: row.status,
  ...(row.code ? { code: row.code } : {}),
  ...(row.reason ? { reason: row.reason } : {}),
});

async function callsOf(
  db: Database,
  where: { workspace_id: string; event_id: string },
  seal: Seal | undefined,
): Promise<JourneyCall[]> {
  const rows = await db
    .selectFrom('delivery')
    .selectAll()
    .where('workspace_id', '=', where.workspace_id)
    .where('event_id', '=', where.event_id)
    .orderBy('created_at')
    .orderBy('part')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    state: row.state,
    part: Number(row.part),
    attempts: Number(row.attempts),
    ...(Number(row.open) === 1 && Number(row.next_at) > 0 ? { nextAt: Number(row.next_at) } : {}),
    updatedAt: Number(row.updated_at),
    ...(row.provider_id ? { providerId: row.provider_id } : {}),
    ...(row.reason ? { reason: row.reason } : {}),
    ...callWords(row, seal),
  }));
}

function callWords(row: Selectable<DeliveryTable>, seal: Seal | undefined): { excerpt?: string } {
  if (row.kind !== 'message' || !row.content || !seal) return {};
  const call = seal.open<Call>(row.id, row.content);
  return { excerpt: excerpt(call.parts, EXCERPT_CHARACTERS) };
}
