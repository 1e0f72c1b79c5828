/** One message's journey: its history, every call that was made for it, its files, and what was received. */
import type { Selectable } from 'kysely';
import { excerpt } from '../../core/describe.ts';
import type { Database } from '../database/open.ts';
import type { DeliveryTable, EventTable, HistoryTable } from '../database/schema.ts';
import { asConversation, type Conversation } from '../ledger/conversations.ts';
import type { Call } from '../ledger/expand.ts';
import type { Seal } from '../sealing/seal.ts';
import type { Journey, JourneyCall, SealOf, Step } from './activity.ts';
import { contentOf, EXCERPT, toRow } from './activity-rows.ts';

export async function journey(
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
      .where('state', '<>', 'erased')
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
  return { excerpt: excerpt(call.parts, EXCERPT) };
}
