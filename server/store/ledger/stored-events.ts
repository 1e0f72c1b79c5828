/** What the worker reads of an event and its deliveries, opened with the workspace's key. */
import { sql } from 'kysely';
import type { Event } from '../../core/message.ts';
import { type Committer, oneByOne } from '../database/committer.ts';
import { lookUp } from '../database/look-up.ts';
import type { Database } from '../database/open.ts';
import type { EventTable, PreparationTable } from '../database/schema.ts';
import { statement } from '../database/statement.ts';
import type { Seal } from '../sealing/seal.ts';
import { answered, taken } from './answered.ts';
import type { Claim } from './claims.ts';
import type { Conversation } from './conversations.ts';
import type { Call } from './expand.ts';

/** An event as the worker needs it. */
export interface StoredEvent {
  id: string;
  workspaceId: string;
  connectionId: string;
  channelId: string | null;
  sourceId: string;
  status: EventTable['status'];
  at: number;
  receivedAt: number;
  /** Undefined once its content was erased. */
  event: Event | undefined;
}

type SealOf = (workspaceId: string) => Promise<Seal>;

export function storedEvents(db: Database, sealOf: SealOf) {
  return {
    openCalls: (claim: Claim) => openCalls(db, sealOf, claim),
    event: async (workspaceId: string, id: string) => loadEvent(db, sealOf, workspaceId, id),
    taken: (held: Claim, since: number) => taken(db, held, since),
    answered: async (of: Conversation, id: string) => answered(db, await sealOf(of.workspaceId), of, id),
    content: async <Value>({ workspaceId, delivery }: Claim) =>
      delivery.content ? (await sealOf(workspaceId)).open<Value>(delivery.id, delivery.content) : undefined,
  };
}

/** What a delivery needed first and has already: found or created once, then resumed. */
export const preparations = (db: Database, committer: Committer, clock: { now(): number }) => ({
  prepared: async ({ workspaceId, delivery }: Claim) => {
    const rows = await preparationsOf.all(db, { workspaceId, id: delivery.id });
    return Object.fromEntries(rows.map((row) => [row.name, row.value ?? '']));
  },
  keepPrepared: async ({ workspaceId, delivery }: Claim, name: string, value: string) => {
    const at = { workspace_id: workspaceId, delivery_id: delivery.id, started_at: clock.now() };
    await committer.run(keepPrepared, { ...at, name, value });
  },
});

export const keepPrepared = oneByOne(async (db: Database, row: PreparationTable) => {
  await db
    .insertInto('preparation')
    .values(row)
    .onConflict((it) => it.columns(['workspace_id', 'delivery_id', 'name']).doUpdateSet({ value: row.value }))
    .execute();
});

const preparationsOf = statement((db, { workspaceId, id }: { workspaceId: string; id: string }) =>
  db
    .selectFrom('preparation')
    .select(['name', 'value'])
    .where('workspace_id', '=', workspaceId)
    .where('delivery_id', '=', id),
);

async function openCalls(db: Database, sealOf: SealOf, { workspaceId, delivery }: Claim): Promise<Call[]> {
  const seal = await sealOf(workspaceId);
  const rows = await db
    .selectFrom('delivery')
    .select(['id', 'content'])
    .where('workspace_id', '=', workspaceId)
    .where('event_id', '=', delivery.event_id)
    .where('kind', '=', 'message')
    .where('open', '=', sql.lit(1))
    .where('part', '>=', delivery.part)
    .orderBy('part')
    .execute();
  return rows.flatMap((row) => (row.content ? [seal.open<Call>(row.id, row.content)] : []));
}

const eventById = lookUp({ text: ['workspaceId', 'id'] }, (db, it: { workspaceId: string; id: string }) =>
  db.selectFrom('event').selectAll().where('workspace_id', '=', it.workspaceId).where('id', '=', it.id),
);

async function loadEvent(
  db: Database,
  sealOf: SealOf,
  workspaceId: string,
  id: string,
): Promise<StoredEvent | undefined> {
  const row = await eventById(db, { workspaceId, id });
  if (!row) return undefined;
  return {
    id: row.id,
    workspaceId,
    connectionId: row.connection_id,
    channelId: row.channel_id,
    sourceId: row.source_id,
    status: row.status,
    at: Number(row.at),
    receivedAt: Number(row.received_at),
    event: row.content ? (await sealOf(workspaceId)).open<Event>(row.id, row.content) : undefined,
  };
}
