/** The one store on everything it runs on: a file in its thread, memory, a real Postgres. What holds on one holds on all. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe } from 'vitest';
import type { Event, FilePart, Part, ReceiptEvent } from '../../server/core/message.ts';
import { type ConnectionStore, createConnectionStore } from '../../server/store/connections/connections.ts';
import { type Database, openDatabase } from '../../server/store/database/open.ts';
import { createSettingStore, type SettingStore } from '../../server/store/database/settings.ts';
import { createRetentionStore, type RetentionStore } from '../../server/store/erasure/retention.ts';
import type { Claim } from '../../server/store/ledger/claims.ts';
import { createLedger, type Ledger } from '../../server/store/ledger/ledger.ts';
import { createMediaRows, type MediaRows } from '../../server/store/media/media-rows.ts';
import { type AccountStore, createAccountStore } from '../../server/store/people/accounts.ts';
import { createMessageStore, type MessageStore } from '../../server/store/reading/messages.ts';
import { createKeyRing } from '../../server/store/sealing/keyring.ts';
import { openBeside } from '../../server/store/thread/open-beside.ts';
import { beginOpening } from '../../server/store/thread/start.ts';
import { testIo } from './io.ts';
import { freshPostgres } from './postgres.ts';

export const WORKSPACE = 'wsp_test';
export const CHANNEL = 'chn_test';
export const LEASE_MS = 30_000;
/** Longer than the first message of an unknown customer waits for its siblings. */
export const GATHERED_MS = 300;

/** The store as one process has it. */
export interface Process {
  db: Database;
  connections: ConnectionStore;
  ledger: Ledger;
  accounts: AccountStore;
  messages: MessageStore;
  media: MediaRows;
  settings: SettingStore;
  retention: RetentionStore;
}

export interface TestStore extends Process {
  clock: { now(): number; advance(ms: number): void };
  /** A process beside this one, on the same database; on SQLite, which has one, it is the same connection. */
  beside(): Promise<Process>;
  close(): Promise<void>;
}

interface Place {
  name: string;
  /** Where a fresh database is, and how its traces vanish. */
  make(): Promise<{ url: string; clear(): void }>;
}

const PLACES: Place[] = [
  {
    name: 'SQLite in a file',
    make: async () => {
      const folder = mkdtempSync(join(tmpdir(), 'octopods-store-'));
      const clear = () => rmSync(folder, { recursive: true, force: true });
      return { url: `sqlite:${join(folder, 'octopods.db')}`, clear };
    },
  },
  { name: 'SQLite in memory', make: async () => ({ url: 'sqlite::memory:', clear: () => undefined }) },
  { name: 'Postgres', make: async () => ({ url: await freshPostgres(), clear: () => undefined }) },
];

/** Runs the same sentences on all three; each test has a fresh database with one workspace and one channel. */
export function onEveryStore(title: string, sentences: (store: () => TestStore) => void): void {
  describe.each(PLACES)(`${title} on $name`, (place) => {
    let store: TestStore;
    beforeEach(async () => {
      store = await openStore(place);
    });
    afterEach(() => store.close());
    sentences(() => store);
  });
}

async function openStore(place: Place): Promise<TestStore> {
  const { url, clear } = await place.make();
  return storeAt(url, { clear });
}

/** `found`: false when the workspace and the channel are there already; `key`: the one they were made with. */
export async function storeAt(
  url: string,
  {
    clear = () => undefined,
    found = true,
    key = randomBytes(32),
  }: { clear?(): void; found?: boolean; key?: Buffer },
): Promise<TestStore> {
  const { clock } = testIo();
  const keys = createKeyRing([key]);
  const opened = [await openBeside(beginOpening(url))];
  const processOn = (db: Database): Process => {
    const connections = createConnectionStore(db, keys, clock);
    return {
      db,
      connections,
      ledger: createLedger(db, connections, clock),
      accounts: createAccountStore(db, clock),
      messages: createMessageStore(db, connections.seal),
      media: createMediaRows(db, connections.seal),
      settings: createSettingStore(db),
      retention: createRetentionStore(db),
    };
  };
  const first = processOn(opened[0] as Database);
  if (found) {
    await first.connections.addWorkspace(workspace(WORKSPACE, 'desk-1'));
    await first.connections.addChannel(channel(CHANNEL));
  }
  return {
    ...first,
    clock,
    beside: async () => {
      if (!url.startsWith('postgres')) return processOn(first.db);
      const db = await openDatabase(url);
      opened.push(db);
      return processOn(db);
    },
    close: async () => {
      for (const db of opened) await db.destroy();
      clear();
    },
  };
}

export const workspace = (id: string, externalId: string) => ({
  id,
  account_id: 'acc_test',
  platform: 'desk',
  external_id: externalId,
  name: 'Desk',
  connected_by: 'per_test',
  credentials: { token: `token of ${id}` },
  settings: { region: 'eu' },
});
export const channel = (id: string, externalId = id) => ({
  workspace_id: WORKSPACE,
  id,
  type: 'pager',
  medium: 'pager',
  external_id: externalId,
  name: 'Pager',
  status: 'connected' as const,
  credentials: { token: `token of ${id}` },
  settings: {},
});

interface Says {
  id?: string;
  thread?: string;
  at?: number;
  seq?: string;
  parts?: Part[];
}

const AT = Date.UTC(2026, 10, 2, 9);
const CUSTOMER = '+447700900101';
const text = (words: string): Part[] => [{ kind: 'text', text: words }];

export const fromCustomer = (words: string, more: Says = {}): Event & { kind: 'message' } => {
  const thread = more.thread ?? CUSTOMER;
  return {
    kind: 'message',
    connection: { workspaceId: WORKSPACE, id: CHANNEL },
    id: more.id ?? words,
    thread,
    at: more.at ?? AT,
    ...(more.seq === undefined ? {} : { seq: more.seq }),
    parts: more.parts ?? text(words),
    author: {
      kind: 'customer',
      customer: { identities: [{ kind: 'phone', scope: '', value: thread }], name: 'Ann', address: thread },
    },
  };
};
export const fromAgent = (words: string, more: Says = {}): Event & { kind: 'message' } => ({
  kind: 'message',
  connection: { workspaceId: WORKSPACE, id: WORKSPACE },
  id: more.id ?? words,
  thread: more.thread ?? 'desk-thread',
  at: more.at ?? AT,
  parts: more.parts ?? text(words),
  author: { kind: 'agent', name: 'Ada' },
});
export const receipt = (
  of: string,
  status: ReceiptEvent['status'],
  more: Partial<ReceiptEvent> = {},
): ReceiptEvent => ({
  kind: 'receipt',
  connection: { workspaceId: WORKSPACE, id: CHANNEL },
  of,
  status,
  at: AT,
  ...more,
});
export const photo: FilePart = { kind: 'file', file: { kind: 'image', ref: 'remote-1', size: 12 } };

/** Takes what is due, as worker `owner`. */
export const take = (store: Pick<Process, 'ledger'>, owner = 'wrk_one', max = 48): Promise<Claim[]> =>
  store.ledger.claim(owner, max, LEASE_MS);

/** The only claim that is due. */
export async function takeOne(store: Pick<Process, 'ledger'>, owner = 'wrk_one'): Promise<Claim> {
  const claims = await take(store, owner);
  if (claims.length !== 1) throw new Error(`${claims.length} claims are due instead of one`);
  return claims[0] as Claim;
}

/** What its event said. */
export async function wordsOf(store: Pick<Process, 'ledger'>, claim: Claim): Promise<string> {
  const stored = await store.ledger.event(claim.workspaceId, claim.delivery.event_id);
  const part = stored?.event?.kind === 'message' ? stored.event.parts[0] : undefined;
  return part?.kind === 'text' ? part.text : '';
}

/** An agent's message, claimed and expanded into one call per given text, as the relay does it. */
export async function outgoing(store: TestStore, words: string, calls: string[] = [words]): Promise<Claim> {
  await store.ledger.append([fromAgent(words)]);
  const claim = await takeOne(store);
  const { id } = await conversationWith(store);
  const delivery = await store.ledger.expand(claim, {
    conversationId: id,
    channelId: CHANNEL,
    calls: calls.map((one) => ({ parts: [{ kind: 'text', text: one }] })),
  });
  return { ...claim, delivery: delivery as Claim['delivery'] };
}

export const conversationWith = (store: Pick<Process, 'ledger'>, thread = CUSTOMER) =>
  store.ledger.conversationFor({
    workspaceId: WORKSPACE,
    channelId: CHANNEL,
    thread,
    customer: {
      identities: [{ kind: 'phone', scope: '', value: thread }],
      name: 'Ann',
      address: thread,
    },
  });

/** How far the message got, as everybody reads it. */
export async function statusOf(store: TestStore, sourceId: string): Promise<string | undefined> {
  const row = await store.db
    .selectFrom('event')
    .select('status')
    .where('source_id', '=', sourceId)
    .executeTakeFirst();
  return row?.status;
}
