/** Messages as people read them: for the API, the cards and the console. Content only for cards, never for lists. */
import type { Selectable } from 'kysely';
import { excerpt } from '../../core/describe.ts';
import type { Event } from '../../core/message.ts';
import type { Database } from '../database/open.ts';
import type { EventStatus, EventTable } from '../database/schema.ts';
import type { Seal } from '../sealing/seal.ts';

export type ReadableStatus = 'queued' | 'sent' | 'delivered' | 'read' | 'failed' | 'unknown';

export interface MessageRow {
  id: string;
  channel_id: string;
  direction: 'in' | 'out';
  status: ReadableStatus;
  reason?: string;
  created_at: number;
  history: { status: string; at: number; reason?: string }[];
}

export interface CardRow {
  id: string;
  direction: 'in' | 'out';
  status: ReadableStatus;
  at: number;
  reason?: string;
  /** Empty once erased. */
  excerpt: string;
  erased: boolean;
}

export interface MessageStore {
  list(query: {
    accountWorkspaceIds: string[];
    channelId?: string;
    status?: ReadableStatus;
    after?: string;
    limit: number;
  }): Promise<{ data: MessageRow[]; next: string | null }>;
  get(workspaceIds: string[], id: string): Promise<MessageRow | undefined>;
  /** Which of the workspaces holds the message. */
  workspaceOf(workspaceIds: string[], id: string): Promise<string | undefined>;
  /** The newest messages of a conversation and every failed one since `failedSince`, newest first. */
  ofConversation(workspaceId: string, conversationId: string, failedSince: number): Promise<CardRow[]>;
}

const STATUSES: EventStatus[] = ['queued', 'sent', 'delivered', 'read', 'failed', 'unknown'];
const NEWEST = 10;
const EXCERPT_CHARACTERS = 80;

export function createMessageStore(
  db: Database,
  sealOf: (workspaceId: string) => Promise<Seal>,
): MessageStore {
  const messages = (workspaceIds: string[]) =>
    db
      .selectFrom('event')
      .selectAll()
      .where('workspace_id', 'in', workspaceIds)
      .where('kind', '=', 'message')
      .where('channel_id', 'is not', null)
      .where('status', 'in', STATUSES);
  return {
    list: async ({ accountWorkspaceIds, channelId, status, after, limit }) => {
      if (accountWorkspaceIds.length === 0) return { data: [], next: null };
      const rows = await messages(accountWorkspaceIds)
        .$if(channelId !== undefined, (query) => query.where('channel_id', '=', channelId as string))
        .$if(status !== undefined, (query) => query.where('status', '=', status as EventStatus))
        .$if(after !== undefined, (query) => query.where('id', '<', after as string))
        .orderBy('id', 'desc')
        .limit(limit + 1)
        .execute();
      const page = rows.slice(0, limit);
      const history = await historyOf(
        db,
        accountWorkspaceIds,
        page.map((row) => row.id),
      );
      const data = page.map((row) => toMessage(row, history.get(row.id) ?? []));
      return { data, next: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
    },
    get: async (workspaceIds, id) => {
      if (workspaceIds.length === 0) return undefined;
      const row = await messages(workspaceIds).where('id', '=', id).executeTakeFirst();
      return row && toMessage(row, (await historyOf(db, workspaceIds, [id])).get(id) ?? []);
    },
    workspaceOf: async (workspaceIds, id) =>
      workspaceIds.length === 0
        ? undefined
        : (await messages(workspaceIds).where('id', '=', id).executeTakeFirst())?.workspace_id,
    ofConversation: async (workspaceId, conversationId, failedSince) => {
      const seal = await sealOf(workspaceId);
      const of = messages([workspaceId]).where('conversation_id', '=', conversationId);
      const newest = await of.orderBy('id', 'desc').limit(NEWEST).execute();
      const failed = await of
        .where('status', 'in', ['failed', 'unknown'])
        .where('received_at', '>=', failedSince)
        .orderBy('id', 'desc')
        .limit(20)
        .execute();
      const rows = new Map([...newest, ...failed].map((row) => [row.id, row]));
      return [...rows.values()].sort((a, b) => (a.id < b.id ? 1 : -1)).map((row) => toCardRow(row, seal));
    },
  };
}

type Row = Selectable<EventTable>;
type Entry = { status: string; at: number; reason?: string };

async function historyOf(
  db: Database,
  workspaceIds: string[],
  eventIds: string[],
): Promise<Map<string, Entry[]>> {
  if (eventIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('history')
    .selectAll()
    .where('workspace_id', 'in', workspaceIds)
    .where('event_id', 'in', eventIds)
    .orderBy('seq')
    .execute();
  const byEvent = Map.groupBy(rows, (row) => row.event_id);
  return new Map(
    [...byEvent].map(([id, entries]) => [
      id,
      entries.map(({ status, at, reason }) => ({ status, at: Number(at), ...(reason ? { reason } : {}) })),
    ]),
  );
}

function toMessage(row: Row, later: Entry[]): MessageRow {
  return {
    id: row.id,
    channel_id: row.channel_id ?? '',
    direction: row.direction ?? 'in',
    status: row.status as ReadableStatus,
    ...(row.reason ? { reason: row.reason } : {}),
    created_at: Number(row.received_at),
    history: [{ status: 'queued', at: Number(row.received_at) }, ...later],
  };
}

function toCardRow(row: Row, seal: Seal): CardRow {
  const event = row.content ? seal.open<Event>(row.id, row.content) : undefined;
  return {
    id: row.id,
    direction: row.direction ?? 'in',
    status: row.status as ReadableStatus,
    at: Number(row.at),
    ...(row.reason ? { reason: row.reason } : {}),
    erased: row.content === null,
    excerpt: event?.kind === 'message' ? excerpt(event.parts, EXCERPT_CHARACTERS) : '',
  };
}
