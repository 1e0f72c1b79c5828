/** Stored events as rows that people read: who the customer is, the first words, what became of it. */
import type { Selectable } from 'kysely';
import { excerpt } from '../../core/describe.ts';
import type { Event } from '../../core/message.ts';
import { recognisable } from '../../core/phone.ts';
import type { Database } from '../database/open.ts';
import type { EventTable } from '../database/schema.ts';
import { asConversation, type Conversation } from '../ledger/conversations.ts';
import type { Seal } from '../sealing/seal.ts';
import type { ActivityRow, SealOf } from './activity.ts';

/** Of an excerpt, in characters. */
export const EXCERPT = 120;

/** With the customer and the first words, where they can still be read. */
export async function opened(
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

export function toRow(row: Selectable<EventTable>, seal?: Seal, conversation?: Conversation): ActivityRow {
  const event = contentOf(row, seal);
  const author = event?.kind === 'message' && event.author.kind === 'customer' ? event.author : undefined;
  // A message that has just come has no conversation yet.
  const customer = conversation?.customer ?? (author && recognisable(author.customer));
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

export const contentOf = (row: Selectable<EventTable>, seal: Seal | undefined): Event | undefined =>
  row.content && seal ? seal.open<Event>(row.id, row.content) : undefined;

function wordsOf(event: Event): string {
  if (event.kind === 'message') return excerpt(event.parts, EXCERPT);
  return 'why' in event ? (event.why ?? '') : '';
}
