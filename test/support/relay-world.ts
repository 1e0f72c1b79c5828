import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AnyAdapter } from '../../server/core/adapter.ts';
import type { Event, Identity, Part, ReceiptEvent } from '../../server/core/message.ts';
import { createBudgets } from '../../server/relay/budgets.ts';
import { createCredentialKeeper } from '../../server/relay/credentials.ts';
import { deliver } from '../../server/relay/deliver.ts';
import { type RelayDeps, TIMES } from '../../server/relay/deps.ts';
import { type ConnectionStore, createConnectionStore } from '../../server/store/connections/connections.ts';
import { type Database, openDatabase } from '../../server/store/database/open.ts';
import { GATHER_MS } from '../../server/store/ledger/append.ts';
import { createLedger, type Ledger } from '../../server/store/ledger/ledger.ts';
import { createMediaFiles } from '../../server/store/media/media-files.ts';
import { createMediaRows } from '../../server/store/media/media-rows.ts';
import { createKeyRing } from '../../server/store/sealing/keyring.ts';
import { type TestIo, testIo } from './io.ts';
import { OtherSide, type OtherSideOptions } from './other-side.ts';

export const WORKSPACE = 'wsp_test';
/** After this a new customer's first message is due, ms. */
export const GATHERED = GATHER_MS + 50;
export const CHANNEL = 'chn_test';
const CUSTOMER = '+447700900101';

export interface Writes {
  /** The customer's address; one customer without it. */
  thread?: string;
  id?: string;
  at?: number;
  seq?: string;
  parts?: Part[];
  replyTo?: string;
  identities?: Identity[];
}

/** One workspace with one channel: the real ledger on a real file, the real relay, a clock that waits to be told. */
export interface World {
  io: TestIo;
  db: Database;
  ledger: Ledger;
  connections: ConnectionStore;
  deps: RelayDeps;
  file: string;
  keys: Uint8Array[];
  /** The inbox where agents work, and the provider behind the customers' phones. */
  desk: OtherSide;
  pager: OtherSide;
  customerWrites(text: string, more?: Writes): Promise<number>;
  /** In the conversation of that customer, which must exist at the desk. */
  agentWrites(text: string, more?: Writes): Promise<number>;
  receipt(of: string, status: ReceiptEvent['status'], more?: Partial<ReceiptEvent>): Promise<number>;
  /** Works on everything that is due now, until nothing is. */
  run(): Promise<void>;
  /** Lets time pass, then works on what has become due. */
  advance(ms: number): Promise<void>;
  /** Starts what is due without waiting for its end. */
  begin(): Promise<void>;
  /** The process dies and another begins on the same file; the other sides live on. */
  crash(): Promise<World>;
  /** The stored message by the provider's id. */
  message(sourceId: string): Promise<StoredMessage>;
  close(): Promise<void>;
}
export interface StoredMessage {
  id: string;
  status: string;
  reason: string | null;
  history: string[];
  parts: { id: string; state: string; attempts: number; provider_id: string | null; lane_id: string }[];
}

export interface WorldOptions {
  desk?: Partial<OtherSideOptions>;
  pager?: Partial<OtherSideOptions>;
}

export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'octopods-relay-'));
  const house: House = {
    folder,
    io: testIo(),
    keys: [randomBytes(32)],
    desk: new OtherSide({ id: 'desk', side: 'platform', ...options.desk }),
    pager: new OtherSide({ id: 'pager', side: 'channel', ...options.pager }),
    made: { messages: 0 },
  };
  const world = await worldIn(house);
  await furnish(world);
  return world;
}

interface House {
  folder: string;
  io: TestIo;
  keys: Uint8Array[];
  desk: OtherSide;
  pager: OtherSide;
  made: { messages: number };
}

/** A second, third… channel of the same type. */
export const addChannel = (world: World, id: string, externalId = id): Promise<void> =>
  world.connections.addChannel({
    workspace_id: WORKSPACE,
    id,
    type: 'pager',
    medium: 'pager',
    external_id: externalId,
    name: 'Pager',
    status: 'connected',
    credentials: { token: 'channel-token-of-the-test' },
    settings: {},
  });

async function furnish(world: World): Promise<void> {
  await world.connections.addWorkspace({
    id: WORKSPACE,
    account_id: 'acc_test',
    platform: 'desk',
    external_id: 'desk-1',
    name: 'Desk',
    connected_by: 'per_test',
    credentials: { token: 'workspace-token-of-the-test' },
    settings: {},
  });
  await addChannel(world, CHANNEL);
}

async function worldIn(house: House): Promise<World> {
  const { folder, io, keys, desk, pager } = house;
  const file = join(folder, 'octopods.db');
  const db = await openDatabase(`sqlite:${file}`);
  const connections = createConnectionStore(db, createKeyRing(keys), io.clock);
  const ledger = createLedger(db, connections, io.clock);
  const adapters = new Map<string, AnyAdapter>([desk, pager].map(({ adapter }) => [adapter.id, adapter]));
  const adapter = (type: string) => adapters.get(type);
  const deps: RelayDeps = {
    ledger,
    connections,
    media: {
      rows: createMediaRows(db, connections.seal),
      files: createMediaFiles(join(folder, 'media')),
    },
    adapter,
    credentials: createCredentialKeeper({ connections, adapter, io }),
    budgets: createBudgets({ ledger, io }),
    mediaLink: async (_workspace, id) => `https://octopods.test/media/${id}`,
    io,
    times: TIMES,
  };
  const claimDue = () => ledger.claim('the test', 48, TIMES.lease);
  const run = async () => {
    for (let claims = await claimDue(); claims.length > 0; claims = await claimDue())
      await Promise.all(claims.map((claim) => deliver(deps, claim)));
  };
  const close = async () => {
    await db.destroy();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    ...{ io, db, ledger, connections, deps, file, keys, desk, pager, run, close },
    ...writers(house, ledger, db),
    advance: async (ms) => {
      io.clock.advance(ms);
      await run();
    },
    begin: async () => {
      for (const claim of await claimDue()) void deliver(deps, claim);
    },
    crash: async () => {
      await db.destroy();
      const next = await worldIn(house);
      await next.ledger.takeOver();
      return next;
    },
    message: (sourceId) => storedMessage(db, sourceId),
  };
}

function writers({ io, made }: House, ledger: Ledger, db: Database) {
  const nextId = () => {
    made.messages += 1;
    return `message-${made.messages}`;
  };
  const event = (text: string, more: Writes) => ({
    kind: 'message' as const,
    id: more.id ?? nextId(),
    parts: more.parts ?? [{ kind: 'text' as const, text }],
    at: more.at ?? io.clock.now(),
    ...(more.seq === undefined ? {} : { seq: more.seq }),
    ...(more.replyTo === undefined ? {} : { replyTo: more.replyTo }),
  });
  return {
    customerWrites: (text: string, more: Writes = {}) =>
      ledger.append([customerMessage({ ...event(text, more), thread: more.thread ?? CUSTOMER }, more)]),
    agentWrites: async (text: string, more: Writes = {}) => {
      const thread = await platformThread(ledger, more.thread ?? CUSTOMER, db);
      const author = { kind: 'agent' as const, name: 'Ada' };
      const connection = { workspaceId: WORKSPACE, id: WORKSPACE };
      return ledger.append([{ ...event(text, more), connection, thread, author }]);
    },
    receipt: (of: string, status: ReceiptEvent['status'], more: Partial<ReceiptEvent> = {}) =>
      ledger.append([receiptEvent(of, status, { at: io.clock.now(), ...more })]),
  };
}

const customerMessage = (
  base: Omit<Event & { kind: 'message' }, 'connection' | 'author'>,
  { identities }: Writes,
): Event => ({
  ...base,
  connection: { workspaceId: WORKSPACE, id: CHANNEL },
  author: {
    kind: 'customer',
    customer: {
      identities: identities ?? [{ scope: '', kind: 'phone', value: base.thread }],
      name: 'Ann',
      address: base.thread,
    },
  },
});

const receiptEvent = (
  of: string,
  status: ReceiptEvent['status'],
  more: Partial<ReceiptEvent> & { at: number },
): ReceiptEvent => ({
  kind: 'receipt',
  connection: { workspaceId: WORKSPACE, id: CHANNEL },
  of,
  status,
  ...more,
});

/** What the desk calls the conversation with that customer. */
async function platformThread(ledger: Ledger, thread: string, db: Database): Promise<string> {
  const rows = await db.selectFrom('conversation').select(['id', 'platform_thread']).execute();
  for (const row of rows) {
    const found = await ledger.conversation({ workspaceId: WORKSPACE, id: row.id });
    if (found?.thread === thread && row.platform_thread) return row.platform_thread;
  }
  throw new Error(`the desk has no conversation with ${thread}`);
}

async function storedMessage(db: Database, sourceId: string): Promise<StoredMessage> {
  const event = await db
    .selectFrom('event')
    .select(['id', 'status', 'reason'])
    .where('source_id', '=', sourceId)
    .executeTakeFirstOrThrow();
  const parts = await db
    .selectFrom('delivery')
    .select(['id', 'state', 'attempts', 'provider_id', 'lane_id'])
    .where('event_id', '=', event.id)
    .where('kind', '=', 'message')
    .orderBy('part')
    .execute();
  const history = await db
    .selectFrom('history')
    .select('status')
    .where('event_id', '=', event.id)
    .orderBy('seq')
    .execute();
  return { ...event, history: history.map((one) => one.status), parts };
}
