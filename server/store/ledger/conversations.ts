/**
 * Links: this customer on this channel is that platform conversation and contact. Ids and an address only; contacts
 * and history live in the platform.
 */
import { type Selectable, sql } from 'kysely';
import { makeId } from '../../core/ids.ts';
import type { Customer, Identity } from '../../core/message.ts';
import { lookUp } from '../database/look-up.ts';
import type { Database } from '../database/open.ts';
import { random } from '../database/random.ts';
import type { ConversationTable } from '../database/schema.ts';
import { statement } from '../database/statement.ts';
import type { Seal } from '../sealing/seal.ts';

export interface Conversation {
  id: string;
  workspaceId: string;
  channelId: string;
  thread: string;
  customer: Customer;
  platformThread?: string;
  contactId?: string;
  lastInboundAt?: number;
}

/** Every name by which a conversation can be found again. */
const keys = (seal: Seal, thread: string, identities: Identity[]): string[] =>
  [
    ...new Set([seal.hash('thread', thread), ...identities.map((identity) => identityKey(seal, identity))]),
  ].sort();

export const identityKey = (seal: Seal, { scope, kind, value }: Identity): string =>
  seal.hash('identity', scope, kind, value);

export function asConversation(row: Selectable<ConversationTable>, seal: Seal): Conversation {
  const { thread, customer } = seal.open<{ thread: string; customer: Customer }>(row.id, row.customer);
  return {
    id: row.id,
    workspaceId: row.workspace_id,
    channelId: row.channel_id,
    thread,
    customer,
    ...(row.platform_thread ? { platformThread: row.platform_thread } : {}),
    ...(row.contact_id ? { contactId: row.contact_id } : {}),
    ...(row.last_inbound_at ? { lastInboundAt: Number(row.last_inbound_at) } : {}),
  };
}

export interface FindOrMake {
  workspaceId: string;
  channelId: string;
  thread: string;
  customer: Customer;
  seal: Seal;
  now: number;
  /** When the customer wrote, ms: opens the reply window. */
  inboundAt?: number;
  /** The platform's conversation, when it was there first (an agent started it). */
  platformThread?: string;
}

/**
 * The conversation if all that the request says of it is known already: then nothing has to be written. Everything
 * about the customer is compared, so that a new name or number is learnt.
 */
export async function knownConversation(
  db: Database,
  request: FindOrMake,
): Promise<Conversation | undefined> {
  const { workspaceId, channelId, thread, customer, seal } = request;
  const row = await byName(db, { workspaceId, channelId, name: seal.hash('thread', thread) });
  const found = row && asConversation(row, seal);
  const same = found?.thread === thread && JSON.stringify(found.customer) === JSON.stringify(customer);
  return same && request.platformThread === undefined ? found : undefined;
}

const byName = lookUp(
  { text: ['workspaceId', 'channelId', 'name'] },
  (db, it: { workspaceId: string; channelId: string; name: string }) =>
    db
      .selectFrom('conversation')
      .innerJoin('conversation_identity', (join) =>
        join
          .onRef('conversation.workspace_id', '=', 'conversation_identity.workspace_id')
          .onRef('conversation.id', '=', 'conversation_identity.conversation_id'),
      )
      .selectAll('conversation')
      .where('conversation_identity.workspace_id', '=', it.workspaceId)
      .where('conversation_identity.channel_id', '=', it.channelId)
      .where('conversation_identity.identity', '=', it.name),
);

/** Finds the conversation by any of its names, learns new ones, or makes it. Inside the caller's transaction. */
export async function conversationFor(trx: Database, request: FindOrMake): Promise<string> {
  const { seal, now } = request;
  const names = keys(seal, request.thread, request.customer.identities);
  const made = makeId('cnv', now, random);
  const known = await holderOf(trx, request, names);
  const learnt = await learn(trx, request, names, known ?? made);
  // Beside this transaction another one may have made it since we looked; writing the names has waited for its end.
  const quicker =
    known === undefined && learnt < names.length ? await holderOf(trx, request, names, made) : undefined;
  if (quicker !== undefined) await rename(trx, request, names, { from: made, to: quicker });
  const id = known ?? quicker ?? made;
  const customer = seal.seal(id, { thread: request.thread, customer: request.customer });
  if (id === made) await insert(trx, request, id, customer);
  else await refresh(trx, request, id, customer);
  return id;
}

async function holderOf(trx: Database, { workspaceId, channelId }: FindOrMake, names: string[], but = '') {
  const row = await trx
    .selectFrom('conversation_identity')
    .select('conversation_id')
    .where('workspace_id', '=', workspaceId)
    .where('channel_id', '=', channelId)
    .where('identity', 'in', names)
    .where('conversation_id', '<>', but)
    .executeTakeFirst();
  return row?.conversation_id;
}

/** Those of the names that lead nowhere yet lead to the conversation from now on. Answers how many those were. */
async function learn(
  trx: Database,
  { workspaceId, channelId }: FindOrMake,
  names: string[],
  id: string,
): Promise<number> {
  const rows = names.map((identity) => ({
    workspace_id: workspaceId,
    channel_id: channelId,
    identity,
    conversation_id: id,
  }));
  const learnt = await trx
    .insertInto('conversation_identity')
    .values(rows)
    .onConflict((it) => it.doNothing())
    .executeTakeFirst();
  return Number(learnt.numInsertedOrUpdatedRows ?? 0);
}

const rename = (
  trx: Database,
  { workspaceId, channelId }: FindOrMake,
  names: string[],
  { from, to }: { from: string; to: string },
) =>
  trx
    .updateTable('conversation_identity')
    .set({ conversation_id: to })
    .where('workspace_id', '=', workspaceId)
    .where('channel_id', '=', channelId)
    .where('identity', 'in', names)
    .where('conversation_id', '=', from)
    .execute();

/** An agent's message knows the customer only by address: it must not overwrite a name the customer gave. */
async function refresh(trx: Database, request: FindOrMake, id: string, customer: Uint8Array): Promise<void> {
  await trx
    .updateTable('conversation')
    .set({
      updated_at: request.now,
      ...(request.inboundAt === undefined ? {} : { customer, last_inbound_at: request.inboundAt }),
      ...(request.platformThread ? { platform_thread: request.platformThread } : {}),
    })
    .where('workspace_id', '=', request.workspaceId)
    .where('id', '=', id)
    .execute();
}

const insert = (trx: Database, request: FindOrMake, id: string, customer: Uint8Array) =>
  trx
    .insertInto('conversation')
    .values({
      workspace_id: request.workspaceId,
      id,
      channel_id: request.channelId,
      customer,
      platform_thread: request.platformThread ?? null,
      contact_id: null,
      last_inbound_at: request.inboundAt ?? null,
      created_at: request.now,
      updated_at: request.now,
    })
    .execute();

export async function findConversation(
  db: Database,
  seal: Seal,
  by: { workspaceId: string } & ({ id: string } | { platformThread: string }),
): Promise<Conversation | undefined> {
  const row = await ('id' in by ? byId.first(db, by) : byThread.first(db, by));
  return row && asConversation(row, seal);
}

const byId = statement((db, { workspaceId, id }: { workspaceId: string; id: string }) =>
  db.selectFrom('conversation').selectAll().where('workspace_id', '=', workspaceId).where('id', '=', id),
);
const byThread = statement((db, it: { workspaceId: string; platformThread: string }) =>
  db
    .selectFrom('conversation')
    .selectAll()
    .where('workspace_id', '=', it.workspaceId)
    .where('platform_thread', '=', it.platformThread)
    .orderBy('updated_at', 'desc')
    .limit(sql.lit(1)),
);

export const conversationsOfContact = async (
  db: Database,
  seal: Seal,
  by: { workspaceId: string; contactId: string },
): Promise<Conversation[]> =>
  (
    await db
      .selectFrom('conversation')
      .selectAll()
      .where('workspace_id', '=', by.workspaceId)
      .where('contact_id', '=', by.contactId)
      .orderBy('updated_at', 'desc')
      .execute()
  ).map((row) => asConversation(row, seal));

/**
 * Whether this workspace has conversations without a platform conversation. `attempted`: the platform may have made one
 * by now, and may know replies in it before we know that it did.
 */
export async function unopened(
  db: Database,
  workspaceId: string,
): Promise<'attempted' | 'waiting' | undefined> {
  const without = db
    .selectFrom('conversation')
    .where('conversation.workspace_id', '=', workspaceId)
    .where('conversation.platform_thread', 'is', null);
  const attempted = await without
    .innerJoin('event', (join) =>
      join
        .onRef('event.workspace_id', '=', 'conversation.workspace_id')
        .onRef('event.conversation_id', '=', 'conversation.id'),
    )
    .innerJoin('delivery', (join) =>
      join
        .onRef('delivery.workspace_id', '=', 'event.workspace_id')
        .onRef('delivery.event_id', '=', 'event.id'),
    )
    .select('delivery.id')
    .where('delivery.open', '=', 1)
    .where('delivery.started_at', 'is not', null)
    .limit(1)
    .executeTakeFirst();
  if (attempted) return 'attempted';
  const waiting = await without.select('conversation.id').limit(1).executeTakeFirst();
  return waiting && 'waiting';
}
