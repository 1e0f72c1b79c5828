/**
 * The ledger: the durable record of events and deliveries. This file is its door; each statement lives in the file
 * named after what it does.
 */
import { sql } from 'kysely';
import type { Event, Identity, ReceiptEvent } from '../core/message.ts';
import { answered, taken } from './answered.ts';
import { append } from './append.ts';
import { type Claim, claim, type DeliveryRow, start } from './claims.ts';
import { type Committer, createCommitter } from './committer.ts';
import { withoutCollision } from './committer-postgres.ts';
import type { ConnectionStore } from './connections.ts';
import { type ContactLock, keepContact, lockContact, unlockContact } from './contacts.ts';
import {
  type Conversation,
  conversationsOfContact,
  type FindOrMake,
  findConversation,
  hasUnopened,
} from './conversations.ts';
import { isPostgres } from './dialect.ts';
import { type Call, conversation, expand, replaceParts } from './expand.ts';
import { alone, newOwner } from './leases.ts';
import type { Database } from './open.ts';
import type { Peers } from './peers.ts';
import { applyReceipt } from './receipts.ts';
import { resend } from './resend.ts';
import type { EventTable } from './schema.ts';
import { type Settlement, settle } from './settle.ts';

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

export interface Ledger {
  /** One durable transaction: this is the ack. Answers how many were new. Rejects when the database cannot write. */
  append(events: Event[]): Promise<number>;
  /** Lane heads only, the longest waiting first. */
  claim(owner: string, max: number, leaseMs: number): Promise<Claim[]>;
  /** Durable `attempt_started`; false = the lease was lost, nothing may be sent. */
  start(claim: Claim): Promise<boolean>;
  /** False = the lease was lost: a success is kept as evidence, not as truth. */
  settle(claim: Claim, settlement: Settlement, tells?: string[]): Promise<boolean>;
  applyReceipt(claim: Claim, receipt: ReceiptEvent, tells: string[]): Promise<boolean>;
  expand(claim: Claim, to: { conversationId: string; channelId: string; calls: Call[] }): Promise<boolean>;
  replaceParts(claim: Claim, event: Event & { kind: 'message' }): Promise<void>;
  /** Open calls of an event that have not been made yet, this one first. */
  openCalls(claim: Claim): Promise<Call[]>;

  event(workspaceId: string, id: string): Promise<StoredEvent | undefined>;
  delivery(workspaceId: string, id: string): Promise<DeliveryRow | undefined>;
  /** What the other side calls this conversation's other messages since shortly before `since` (ms). */
  taken(claim: Claim, since: number): Promise<string[]>;
  /** The message that a reply answers: its id at the other side, and its first words. */
  answered(
    conversation: Conversation,
    id: string,
  ): Promise<{ counterpart?: string; excerpt?: string } | undefined>;
  content<Value>(claim: Claim): Promise<Value | undefined>;
  prepared(claim: Claim): Promise<Record<string, string>>;
  keepPrepared(claim: Claim, name: string, value: string): Promise<void>;

  conversationFor(request: Omit<FindOrMake, 'seal' | 'now'>): Promise<Conversation>;
  conversation(
    by: { workspaceId: string } & ({ id: string } | { platformThread: string }),
  ): Promise<Conversation | undefined>;
  conversationsOfContact(workspaceId: string, contactId: string): Promise<Conversation[]>;
  hasUnopened(workspaceId: string): Promise<boolean>;
  setContact(conversation: Conversation, contactId: string): Promise<void>;
  lockContact(workspaceId: string, identity: Identity, by: string, leaseMs: number): Promise<ContactLock>;
  keepContact(workspaceId: string, identities: Identity[], contactId: string): Promise<void>;
  unlockContact(workspaceId: string, identity: Identity, certain: boolean): Promise<void>;

  /** Puts failed, unknown and cancelled parts of a message back to work, once however often it is asked. */
  resend(workspaceId: string, eventId: string): Promise<'queued' | 'not_found' | 'not_failed'>;
  /** Makes everything that waits in a workspace due now (its credentials are back, its media have come). */
  wake(workspaceId: string, eventId?: string): Promise<void>;
  /** SQLite has one process: at its start, nobody else can hold a lease. On Postgres others may: see relay/roster.ts. */
  takeOver(): Promise<void>;
  /** Does it while no other process does, for `ms` at most; `busy`: another one is at it, nothing was done. */
  alone<Result>(name: string, ms: number, work: () => Promise<Result>): Promise<Result | 'busy'>;
  catchUpSince(connection: { workspaceId: string; id: string }): Promise<number | undefined>;
  caughtUp(connection: { workspaceId: string; id: string }, until: number): Promise<void>;
  /** Resolves with nothing; rejects when the database cannot write. */
  probe(): Promise<void>;
  /** Called after every commit that may have made work. */
  onWork(listener: () => void): void;
}

/** Among processes that share the database: who this one is, and how they wake each other. */
export interface Company {
  owner: string;
  peers?: Pick<Peers, 'ring' | 'onRing'>;
}

export function createLedger(
  db: Database,
  connections: ConnectionStore,
  clock: { now(): number },
  { owner, peers }: Company = { owner: newOwner() },
): Ledger {
  const committer = createCommitter(db, [append, start]);
  const listeners: (() => void)[] = [];
  const wakeAll = () => {
    for (const listener of listeners) listener();
  };
  peers?.onRing(wakeAll);
  const work = <Result>(result: Result): Result => {
    wakeAll();
    peers?.ring();
    return result;
  };
  const sealOf = connections.seal;
  return {
    ...events(db, committer, sealOf, clock, work),
    ...links(db, committer, sealOf, clock),
    wake: async (workspaceId, eventId) => {
      await withoutCollision(() => wakeLanes(db, clock.now(), workspaceId, eventId));
      work(undefined);
    },
    alone: (name, ms, work) => alone(db, name, { ms, owner, now: clock.now() }, work),
    takeOver: async () => {
      if (isPostgres(db)) return;
      await db.deleteFrom('lease').execute();
      await db
        .updateTable('lane')
        .set({ leased_until: 0, owner: null, due: 0, fence: sql`fence + 1` })
        .where('leased_until', '>', 0)
        .execute();
      await db.updateTable('media').set({ due: 0 }).where('state', '=', 'waiting').execute();
    },
    resend: async (workspaceId, eventId) =>
      work(await committer.run(resend, { workspaceId, eventId, now: clock.now() })),
    catchUpSince: async ({ workspaceId, id }) => {
      const row = await db
        .selectFrom('catch_up')
        .select('until')
        .where('workspace_id', '=', workspaceId)
        .where('connection_id', '=', id)
        .executeTakeFirst();
      // Never asked before: what came since it was connected may have been missed.
      return row ? Number(row.until) : connectedAt(db, workspaceId, id);
    },
    caughtUp: async ({ workspaceId, id }, until) => {
      await db
        .insertInto('catch_up')
        .values({ workspace_id: workspaceId, connection_id: id, until })
        .onConflict((it) => it.columns(['workspace_id', 'connection_id']).doUpdateSet({ until }))
        .execute();
    },
    probe: async () => {
      await db
        .insertInto('setting')
        .values({ key: 'probe', value: String(clock.now()) })
        .onConflict((it) => it.column('key').doUpdateSet({ value: String(clock.now()) }))
        .execute();
    },
    onWork: (listener) => {
      listeners.push(listener);
    },
  };
}

type SealOf = ConnectionStore['seal'];

function events(
  db: Database,
  committer: Committer,
  sealOf: SealOf,
  clock: { now(): number },
  work: <R>(result: R) => R,
) {
  const withSeal = async (claim: Claim) => ({
    claim,
    seal: await sealOf(claim.workspaceId),
    now: clock.now(),
  });
  return {
    append: async (list: Event[]) => {
      const now = clock.now();
      const arrivals = await Promise.all(
        list.map(async (event) => ({ event, seal: await sealOf(event.connection.workspaceId), now })),
      );
      const fresh = await Promise.all(arrivals.map((arrival) => committer.run(append, arrival)));
      return work(fresh.filter(Boolean).length);
    },
    claim: (owner: string, max: number, leaseMs: number) =>
      committer.run(claim, { owner, max, leaseMs, now: clock.now() }),
    start: (held: Claim) => committer.run(start, { claim: held, now: clock.now() }),
    settle: async (held: Claim, settlement: Settlement, tells: string[] = []) =>
      work(await committer.run(settle, { ...(await withSeal(held)), settlement, tells })),
    applyReceipt: async (held: Claim, receipt: ReceiptEvent, tells: string[]) =>
      work(await committer.run(applyReceipt, { ...(await withSeal(held)), receipt, tells })),
    expand: async (held: Claim, to: { conversationId: string; channelId: string; calls: Call[] }) =>
      committer.run(expand, { ...(await withSeal(held)), ...to }),
    replaceParts: async (held: Claim, event: Event & { kind: 'message' }) => {
      const request = { ...(await withSeal(held)), event };
      await db.transaction().execute((trx) => replaceParts(trx, request));
    },
    openCalls: async ({ workspaceId, delivery }: Claim) => {
      const seal = await sealOf(workspaceId);
      const rows = await db
        .selectFrom('delivery')
        .select(['id', 'content'])
        .where('workspace_id', '=', workspaceId)
        .where('event_id', '=', delivery.event_id)
        .where('kind', '=', 'message')
        .where('open', '=', 1)
        .where('part', '>=', delivery.part)
        .orderBy('part')
        .execute();
      return rows.flatMap((row) => (row.content ? [seal.open<Call>(row.id, row.content)] : []));
    },
    event: async (workspaceId: string, id: string) => loadEvent(db, sealOf, workspaceId, id),
    delivery: (workspaceId: string, id: string) =>
      db
        .selectFrom('delivery')
        .selectAll()
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .executeTakeFirst(),
    taken: (held: Claim, since: number) => taken(db, held, since),
    answered: async (of: Conversation, id: string) => answered(db, await sealOf(of.workspaceId), of, id),
    content: async <Value>({ workspaceId, delivery }: Claim) =>
      delivery.content ? (await sealOf(workspaceId)).open<Value>(delivery.id, delivery.content) : undefined,
    prepared: async ({ workspaceId, delivery }: Claim) => {
      const rows = await db
        .selectFrom('preparation')
        .select(['name', 'value'])
        .where('workspace_id', '=', workspaceId)
        .where('delivery_id', '=', delivery.id)
        .execute();
      return Object.fromEntries(rows.map((row) => [row.name, row.value ?? '']));
    },
    keepPrepared: async ({ workspaceId, delivery }: Claim, name: string, value: string) => {
      await db
        .insertInto('preparation')
        .values({ workspace_id: workspaceId, delivery_id: delivery.id, name, value, started_at: clock.now() })
        .onConflict((it) => it.columns(['workspace_id', 'delivery_id', 'name']).doUpdateSet({ value }))
        .execute();
    },
  };
}

async function loadEvent(
  db: Database,
  sealOf: SealOf,
  workspaceId: string,
  id: string,
): Promise<StoredEvent | undefined> {
  const row = await db
    .selectFrom('event')
    .selectAll()
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .executeTakeFirst();
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

function links(db: Database, committer: Committer, sealOf: SealOf, clock: { now(): number }) {
  return {
    conversationFor: async (request: Omit<FindOrMake, 'seal' | 'now'>) => {
      const seal = await sealOf(request.workspaceId);
      const id = await committer.run(conversation, { ...request, seal, now: clock.now() });
      return (await findConversation(db, seal, { workspaceId: request.workspaceId, id })) as Conversation;
    },
    conversation: async (by: { workspaceId: string } & ({ id: string } | { platformThread: string })) =>
      findConversation(db, await sealOf(by.workspaceId), by),
    conversationsOfContact: async (workspaceId: string, contactId: string) =>
      conversationsOfContact(db, await sealOf(workspaceId), { workspaceId, contactId }),
    hasUnopened: (workspaceId: string) => hasUnopened(db, workspaceId),
    setContact: async ({ workspaceId, id }: Conversation, contactId: string) => {
      await db
        .updateTable('conversation')
        .set({ contact_id: contactId, updated_at: clock.now() })
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .execute();
    },
    lockContact: async (workspaceId: string, identity: Identity, by: string, leaseMs: number) => {
      const now = clock.now();
      return lockContact(db, {
        workspaceId,
        identity,
        by,
        until: now + leaseMs,
        now,
        seal: await sealOf(workspaceId),
      });
    },
    keepContact: async (workspaceId: string, identities: Identity[], contactId: string) =>
      keepContact(db, { workspaceId, identities, contactId, seal: await sealOf(workspaceId) }),
    unlockContact: async (workspaceId: string, identity: Identity, certain: boolean) =>
      unlockContact(db, { workspaceId, identity, certain, seal: await sealOf(workspaceId) }),
  };
}

async function connectedAt(db: Database, workspaceId: string, id: string): Promise<number | undefined> {
  const row =
    id === workspaceId
      ? await db.selectFrom('workspace').select('created_at').where('id', '=', id).executeTakeFirst()
      : await db
          .selectFrom('channel')
          .select('created_at')
          .where('workspace_id', '=', workspaceId)
          .where('id', '=', id)
          .executeTakeFirst();
  return row && Number(row.created_at);
}

/** Waiting heads become due now; leased lanes are left alone. */
async function wakeLanes(db: Database, now: number, workspaceId: string, eventId?: string): Promise<void> {
  const lanes = db
    .selectFrom('delivery')
    .select('lane_id')
    .where('workspace_id', '=', workspaceId)
    .where('open', '=', 1)
    .$if(eventId !== undefined, (query) => query.where('event_id', '=', eventId as string));
  await db
    .updateTable('delivery')
    .set({ next_at: 0 })
    .where('workspace_id', '=', workspaceId)
    .where('open', '=', 1)
    .where('state', '=', 'queued')
    .$if(eventId !== undefined, (query) => query.where('event_id', '=', eventId as string))
    .execute();
  await db
    .updateTable('lane')
    .set({ due: now })
    .where('workspace_id', '=', workspaceId)
    .where('pending', '>', 0)
    .where('leased_until', '<=', now)
    .where('id', 'in', lanes)
    .execute();
}
