/**
 * The ledger: the durable record of events and deliveries. This file is its door; each statement lives in the file
 * named after what it does.
 */
import type { Event, Identity, ReceiptEvent } from '../../core/message.ts';
import type { ConnectionStore } from '../connections/connections.ts';
import { type Committer, CROWDED, createCommitter } from '../database/committer.ts';
import { withoutCollision } from '../database/committer-postgres.ts';
import { isPostgres } from '../database/dialect.ts';
import { alone, newOwner } from '../database/leases.ts';
import type { Database } from '../database/open.ts';
import type { Peers } from '../database/peers.ts';
import { untilWritable } from '../database/until-writable.ts';
import { type ContactErasures, contactErasures } from '../erasure/erase-contact.ts';
import { append, arrived } from './append.ts';
import { type BudgetStore, budgets } from './budgets.ts';
import { catchUpMarks } from './catch-up-marks.ts';
import { type Claim, claim, type DeliveryRow, start } from './claims.ts';
import { type ContactLock, freeContactLocks } from './contacts.ts';
import type { Conversation, FindOrMake } from './conversations.ts';
import { type Call, type ExpandRequest, expand, replaceParts } from './expand.ts';
import { type Intake, newIntake } from './intake.ts';
import { freeAllLanes, wakeLanes } from './lanes.ts';
import { links } from './links.ts';
import { type Opened, startOpening } from './openings.ts';
import { applyReceipt, forgetReceipts } from './receipts.ts';
import { type ResendResult, resend } from './resend.ts';
import { newRoom, type Room } from './room.ts';
import { settle } from './settle.ts';
import type { Settlement } from './settlement.ts';
import { preparations, type StoredEvent, storedEvents } from './stored-events.ts';
import { newTurns } from './turns.ts';

export type { StoredEvent } from './stored-events.ts';
export type Expansion = Pick<ExpandRequest, 'conversationId' | 'channelId' | 'calls' | 'inboundAt'>;

export interface Ledger extends BudgetStore, ContactErasures {
  /** One durable transaction: this is the ack. Answers how many were new. Rejects when the database cannot write. */
  append(events: Event[]): Promise<number>;
  /** So much waits for its commit that an answer would come late: better none of it is let in (503). */
  isCrowded(): boolean;
  /** Webhooks come faster than they are stored: see intake.ts. */
  isBusy(): boolean;
  /** Lane heads only, the longest waiting first. */
  claim(owner: string, max: number, leaseMs: number): Promise<Claim[]>;
  /** Durable `attempt_started`; false = the lease was lost, nothing may be sent. */
  start(claim: Claim): Promise<boolean>;
  /** The same for what opens a conversation with a contact: one at a time. */
  startOpening(claim: Claim, contactId: string): Promise<Opened>;
  /** False = the lease was lost: a success is kept as evidence, not as truth. */
  settle(claim: Claim, settlement: Settlement, tells?: string[]): Promise<boolean>;
  applyReceipt(claim: Claim, receipt: ReceiptEvent, tells: string[]): Promise<boolean>;
  /** The first call's delivery as it is now stored; undefined = the lease was lost. */
  expand(claim: Claim, to: Expansion): Promise<DeliveryRow | undefined>;
  replaceParts(claim: Claim, event: Event & { kind: 'message' }): Promise<void>;
  /** Open calls of an event that have not been made yet, this one first. */
  openCalls(claim: Claim): Promise<Call[]>;

  event(workspaceId: string, id: string): Promise<StoredEvent | undefined>;
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
  unopened(workspaceId: string): Promise<'attempted' | 'waiting' | undefined>;
  lockContact(workspaceId: string, identity: Identity, by: string, leaseMs: number): Promise<ContactLock>;
  /** The conversation and every identity of its customer lead to this contact from now on. */
  keepContact(conversation: Conversation, contactId: string): Promise<void>;
  /** Durable, right before the request that creates; false = the lock was lost, nothing may be created. */
  beginContact(workspaceId: string, identity: Identity, by: string): Promise<boolean>;
  unlockContact(workspaceId: string, identity: Identity, by: string, certain: boolean): Promise<void>;

  /** Forgets receipts from before `before` (ms) that matched no delivery; answers how many. */
  forgetReceipts(before: number): Promise<number>;

  /** Puts failed, unknown and cancelled parts of a message back to work, once however often it is asked. */
  resend(workspaceId: string, eventId: string): Promise<ResendResult>;
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
  /** Called after a commit of this process that promised files: looking for them behind every commit is a statement each. */
  onFiles(listener: () => void): void;
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
  const committer = createCommitter(db, [append, claim, start, expand, settle]);
  const workers = newBell();
  const fetchers = newBell();
  peers?.onRing(workers.ring);
  const work = <Result>(result: Result): Result => {
    workers.ring();
    peers?.ring();
    return result;
  };
  const sealOf = connections.seal;
  const room = newRoom(clock);
  const intake = newIntake(clock);
  return {
    ...commits(committer, { sealOf, clock, work, files: fetchers.ring, room, intake }),
    ...storedEvents(db, sealOf),
    ...preparations(db, committer, clock),
    ...links(db, committer, sealOf, clock),
    wake: async (workspaceId, eventId) => {
      await withoutCollision(() => wakeLanes(db, clock.now(), workspaceId, eventId));
      work(undefined);
    },
    alone: (name, ms, work) => alone(db, name, { ms, owner, now: clock.now() }, work),
    takeOver: async () => {
      if (isPostgres(db)) return;
      await db.deleteFrom('lease').execute();
      await freeAllLanes(db);
      await freeContactLocks(db);
      await db.updateTable('media').set({ due: 0 }).where('state', '=', 'waiting').execute();
    },
    resend: async (workspaceId, eventId) =>
      work(await committer.run(resend, { workspaceId, eventId, now: clock.now() })),
    forgetReceipts: (before) => forgetReceipts(db, before),
    ...budgets(committer, clock),
    ...catchUpMarks(db),
    ...contactErasures(db, connections),
    probe: async () => {
      await db
        .insertInto('setting')
        .values({ key: 'probe', value: String(clock.now()) })
        .onConflict((it) => it.column('key').doUpdateSet({ value: String(clock.now()) }))
        .execute();
      room.check();
    },
    isCrowded: () => committer.waiting() >= CROWDED,
    // Postgres writes elsewhere, and more servers can be put beside this one.
    isBusy: () => !isPostgres(db) && intake.isBusy(),
    onWork: workers.on,
    onFiles: fetchers.on,
  };
}

function newBell() {
  const listeners: (() => void)[] = [];
  return {
    ring: () => {
      for (const listener of listeners) listener();
    },
    on: (listener: () => void) => {
      listeners.push(listener);
    },
  };
}

interface Workings {
  sealOf: ConnectionStore['seal'];
  clock: { now(): number };
  /** Passes the result on and wakes whoever waits for work. */
  work<Result>(result: Result): Result;
  /** Wakes whoever fetches files. */
  files(): void;
  room: Room;
  intake: Intake;
}

/** Everything that shares its commit with others that wait at the same time. */
function commits(committer: Committer, { sealOf, clock, work, files, room, intake }: Workings) {
  let turns = newTurns();
  const withSeal = async (claim: Claim) => ({
    claim,
    seal: await sealOf(claim.workspaceId),
    now: clock.now(),
  });
  return {
    append: async (list: Event[]) => {
      const now = clock.now();
      const arrivals = await Promise.all(
        list.map(async (event) => arrived({ event, seal: await sealOf(event.connection.workspaceId), now })),
      );
      const stored = () => Promise.all(arrivals.map((arrival) => committer.run(append, arrival)));
      const fresh = await intake.during(arrivals.length, () => room.seek(stored));
      if (arrivals.some(({ media }) => media.length > 0)) files();
      return work(fresh.filter(Boolean).length);
    },
    claim: async (owner: string, max: number, leaseMs: number) => {
      const taken = await committer.run(claim, { owner, max, leaseMs, now: clock.now(), turns });
      turns = taken.turns;
      return taken.claims;
    },
    start: (held: Claim) => committer.run(start, { claim: held, now: clock.now() }),
    startOpening: (held: Claim, contactId: string) =>
      committer.run(startOpening, { claim: held, contactId, now: clock.now() }),
    settle: async (held: Claim, settlement: Settlement, tells: string[] = []) =>
      work(
        await untilWritable(async () =>
          committer.run(settle, { ...(await withSeal(held)), settlement, tells }),
        ),
      ),
    applyReceipt: async (held: Claim, receipt: ReceiptEvent, tells: string[]) =>
      work(await committer.run(applyReceipt, { ...(await withSeal(held)), receipt, tells })),
    expand: async (held: Claim, to: Expansion) => committer.run(expand, { ...(await withSeal(held)), ...to }),
    replaceParts: async (held: Claim, event: Event & { kind: 'message' }) => {
      await committer.run(replaceParts, { ...(await withSeal(held)), event });
      files();
    },
  };
}
