/**
 * Forgetting one customer of a workspace: what they wrote and were sent, their files, the links to them. The rows of
 * events stay as empty shells: their keyed hashes go on refusing duplicates, and counts stay true.
 */
import type { Customer } from '../../core/message.ts';
import { withoutCollision } from '../database/committer-postgres.ts';
import { lockLanes } from '../database/locks.ts';
import type { Database } from '../database/open.ts';
import { asConversation } from '../ledger/conversations.ts';
import { earlierTries } from '../ledger/resend.ts';
import { FORGOTTEN } from '../media/media-rows.ts';
import type { Note } from '../people/audit.ts';
import type { Seal } from '../sealing/seal.ts';
import { BATCH, batches, eraseDeliveries, lanesOf } from './erase-deliveries.ts';

export interface EraseRequest {
  workspaceId: string;
  /** Whether a conversation is theirs. */
  isTheirs(thread: string, customer: Customer, contactId: string | undefined): boolean;
  /** Words that name them (numbers, ids): events that belong to no conversation (yet) are searched for these. */
  words: string[];
  /** Links to these go also where there is no conversation. */
  contacts?: string[];
  /** Events that are about them without being of a conversation: emptied, not counted as messages; what they ask for goes on. */
  events?: string[];
  /** Written in the same transaction. */
  note?(erased: Erased): Note | undefined;
}
export interface Erased {
  conversations: number;
  messages: number;
  contacts: number;
  /** Ids in the media store: their bytes are to be removed. */
  files: string[];
}

export async function eraseCustomer(db: Database, seal: Seal, request: EraseRequest): Promise<Erased> {
  const found = await conversationsOf(db, seal, request);
  // Before the transaction, which holds up everybody's writing: all of them are opened here, one by one. What comes in
  // behind this look is as if it came behind the erasure.
  const names = [...request.words, ...found.words];
  const loose =
    names.length === 0
      ? []
      : await looseEvents(db, seal, { workspaceId: request.workspaceId, names: naming(names) });
  return withoutCollision(() =>
    db.transaction().execute((trx) => eraseFound(trx, request, { ...found, loose })),
  );
}

async function eraseFound(
  trx: Database,
  request: EraseRequest,
  found: Found & { loose: string[] },
): Promise<Erased> {
  // One that was loose a moment ago may be in its conversation by now.
  const messages = [...new Set([...(await eventsOf(trx, request.workspaceId, found.ids)), ...found.loose])];
  const events = [...messages, ...(request.events ?? [])];
  await lockLanes(trx, await lanesOf(trx, request.workspaceId, messages));
  const traces = await tracesOf(trx, request.workspaceId, messages);
  const files = await eraseMedia(trx, request.workspaceId, messages);
  await eraseDeliveries(trx, request.workspaceId, messages);
  await eraseReceipts(trx, request.workspaceId, traces);
  await emptyEvents(trx, request.workspaceId, [...events, ...traces.receiptEvents]);
  const contacts = await eraseLinks(trx, request.workspaceId, found);
  const erased = { conversations: found.ids.length, messages: messages.length, contacts, files };
  await request.note?.(erased)?.(trx);
  return erased;
}

interface Found {
  /** More names of theirs, learned from their conversations. */
  words: string[];
  ids: string[];
  contacts: string[];
  identities: string[];
}

/** Every conversation is opened: a handle is not among the hashes by which they are looked up. */
async function conversationsOf(
  db: Database,
  seal: Seal,
  { workspaceId, isTheirs, contacts = [] }: EraseRequest,
): Promise<Found> {
  const found: Found = { words: [], ids: [], contacts: [...contacts], identities: [] };
  for (let after = ''; ; ) {
    const rows = await db
      .selectFrom('conversation')
      .selectAll()
      .where('workspace_id', '=', workspaceId)
      .where('id', '>', after)
      .orderBy('id')
      .limit(BATCH)
      .execute();
    for (const row of rows) {
      const { thread, customer, contactId } = asConversation(row, seal);
      if (!isTheirs(thread, customer, contactId)) continue;
      found.ids.push(row.id);
      found.words.push(thread, ...customer.identities.map((one) => one.value));
      if (contactId) found.contacts.push(contactId);
      found.identities.push(
        ...customer.identities.map((one) => seal.hash('identity', one.scope, one.kind, one.value)),
      );
    }
    const last = rows.at(-1);
    if (!last || rows.length < BATCH) return found;
    after = last.id;
  }
}

async function eventsOf(trx: Database, workspaceId: string, conversations: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const some of batches(conversations)) {
    const rows = await trx
      .selectFrom('event')
      .select('id')
      .where('workspace_id', '=', workspaceId)
      .where('conversation_id', 'in', some)
      .execute();
    ids.push(...rows.map((row) => row.id));
  }
  return ids;
}

/** Finds a name as a whole: not the same digits inside a longer number. */
const naming = (words: string[]): RegExp => {
  const escaped = words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`(?<!\\w)(?:${escaped.join('|')})(?!\\w)`, 'i');
};

/** Not expanded yet, or never understood: only their content says whom they are about. */
async function looseEvents(
  db: Database,
  seal: Seal,
  { workspaceId, names }: { workspaceId: string; names: RegExp },
): Promise<string[]> {
  const ids: string[] = [];
  for (let after = ''; ; ) {
    const rows = await db
      .selectFrom('event')
      .select(['id', 'content'])
      .where('workspace_id', '=', workspaceId)
      .where('conversation_id', 'is', null)
      .where('content', 'is not', null)
      .where('id', '>', after)
      .orderBy('id')
      .limit(BATCH)
      .execute();
    for (const row of rows) {
      const text = row.content ? JSON.stringify(seal.open(row.id, row.content)) : '';
      if (names.test(text)) ids.push(row.id);
    }
    const last = rows.at(-1);
    if (!last || rows.length < BATCH) return ids;
    after = last.id;
  }
}

interface Traces {
  /** What providers and platforms call the messages. */
  outside: string[];
  deliveries: string[];
  /** Receipts are events of their own, named after the message that they are about. */
  receiptEvents: string[];
}

async function tracesOf(trx: Database, workspaceId: string, events: string[]): Promise<Traces> {
  const outside = new Set<string>();
  const deliveries: string[] = [];
  for (const some of batches(events)) {
    const rows = await trx
      .selectFrom('delivery')
      .select(['id', 'provider_id', 'tried'])
      .where('workspace_id', '=', workspaceId)
      .where('event_id', 'in', some)
      .execute();
    for (const row of rows) {
      deliveries.push(row.id);
      for (const id of [row.provider_id ?? [], earlierTries(row)].flat()) outside.add(id);
    }
  }
  return {
    outside: [...outside],
    deliveries,
    receiptEvents: await receiptEventsOf(trx, workspaceId, [...outside]),
  };
}

/** `of:status` with or without `:ref`, see append.ts. */
async function receiptEventsOf(trx: Database, workspaceId: string, outside: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const of of outside) {
    const rows = await trx
      .selectFrom('event')
      .select('id')
      .where('workspace_id', '=', workspaceId)
      .where('kind', '=', 'receipt')
      .where('source_id', '>=', `${of}:`)
      .where('source_id', '<', `${of};`)
      .execute();
    ids.push(...rows.map((row) => row.id));
  }
  return ids;
}

async function eraseMedia(trx: Database, workspaceId: string, events: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const some of batches(events)) {
    const rows = await trx
      .updateTable('media')
      .set(FORGOTTEN)
      .where('workspace_id', '=', workspaceId)
      .where('event_id', 'in', some)
      .returning('id')
      .execute();
    ids.push(...rows.map((row) => row.id));
  }
  return ids;
}

async function eraseReceipts(
  trx: Database,
  workspaceId: string,
  { outside, deliveries }: Traces,
): Promise<void> {
  const receipts = () => trx.deleteFrom('receipt').where('workspace_id', '=', workspaceId);
  for (const some of batches(outside)) await receipts().where('provider_id', 'in', some).execute();
  for (const some of batches(deliveries)) await receipts().where('ref', 'in', some).execute();
}

async function emptyEvents(trx: Database, workspaceId: string, events: string[]): Promise<void> {
  for (const some of batches(events)) {
    await trx
      .updateTable('event')
      .set({ content: null, source_id: 'erased', reason: null, conversation_id: null })
      .where('workspace_id', '=', workspaceId)
      .where('id', 'in', some)
      .execute();
    // What still waited will never be anything but gone.
    await trx
      .updateTable('event')
      .set({ status: 'ignored' })
      .where('workspace_id', '=', workspaceId)
      .where('id', 'in', some)
      .where('status', '=', 'queued')
      .execute();
    await trx
      .deleteFrom('history')
      .where('workspace_id', '=', workspaceId)
      .where('event_id', 'in', some)
      .execute();
  }
}

async function eraseLinks(trx: Database, workspaceId: string, found: Found): Promise<number> {
  for (const some of batches(found.ids)) {
    await trx
      .deleteFrom('conversation_identity')
      .where('workspace_id', '=', workspaceId)
      .where('conversation_id', 'in', some)
      .execute();
    await trx
      .deleteFrom('conversation')
      .where('workspace_id', '=', workspaceId)
      .where('id', 'in', some)
      .execute();
  }
  const links = () => trx.deleteFrom('contact_link').where('workspace_id', '=', workspaceId);
  for (const some of batches(found.contacts)) await links().where('contact_id', 'in', some).execute();
  for (const some of batches(found.identities)) await links().where('identity', 'in', some).execute();
  return new Set(found.contacts).size;
}
