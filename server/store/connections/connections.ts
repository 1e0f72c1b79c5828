/**
 * Workspaces and channels with their credentials. Read on every webhook, so decrypted connections are kept in memory
 * for two seconds (another process may change them) and dropped at once when this process does.
 */
import type { Selectable } from 'kysely';
import type { Connection } from '../../core/adapter.ts';
import { isPostgres } from '../database/dialect.ts';
import { alone, newOwner } from '../database/leases.ts';
import type { Database } from '../database/open.ts';
import type { ChannelTable, WorkspaceTable } from '../database/schema.ts';
import type { KeyRing } from '../sealing/keyring.ts';
import { createSeal, type Seal } from '../sealing/seal.ts';
import { type ChannelRows, channelRows, liveChannels } from './channels.ts';
import { liveWorkspaces, type WorkspaceRows, workspaceRows } from './workspaces.ts';

export type { Channel } from './channels.ts';
export type { Workspace } from './workspaces.ts';

/** Which row: a channel's, or a workspace's when both ids are the same. */
interface RowId {
  workspaceId: string;
  id: string;
}

export interface ConnectionStore extends WorkspaceRows, ChannelRows {
  /** A channel by its id, or a workspace's platform connection by the workspace's. Never an archived one. */
  byId(id: string): Promise<Connection | undefined>;
  /** `type`: a platform or a channel type. */
  byExternalId(type: string, externalId: string): Promise<Connection | undefined>;
  /** Every connection that is not archived, for catch-up and token renewal. */
  all(): Promise<Connection[]>;
  seal(workspaceId: string): Promise<Seal>;
  saveCredentials(connection: RowId, credentials: unknown): Promise<void>;
  /**
   * Renews credentials while no other process does, with the connection as it is stored at that moment (undefined:
   * archived). `busy`: another one is at it.
   */
  renewing<Result>(
    connection: RowId,
    work: (stored: Connection | undefined) => Promise<Result>,
  ): Promise<Result | 'busy'>;
  /** As it is stored at this moment, whoever changed it. */
  statusNow(connection: RowId): Promise<{ status: string; reason: string | null } | undefined>;
  /** Writes and tells only when something changes. */
  setStatus(connection: RowId, status: string, reason: string | null): Promise<void>;
  /** Called after every change of a status, archiving aside. Its failures are its own. */
  onStatus(listener: (change: StatusChange) => Promise<void>): void;
  mergeSettings(connection: RowId, settings: Record<string, unknown>): Promise<void>;
}

export interface StatusChange {
  workspaceId: string;
  /** The workspace's own id, or a channel's. */
  id: string;
  from: string;
  to: string;
  reason: string | null;
}

const statusOf = (
  db: Database,
  { workspaceId, id }: RowId,
): Promise<{ status: string; reason: string | null } | undefined> =>
  id === workspaceId
    ? db.selectFrom('workspace').select(['status', 'reason']).where('id', '=', id).executeTakeFirst()
    : db
        .selectFrom('channel')
        .select(['status', 'reason'])
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .executeTakeFirst();

const CACHE_MS = 2_000;
/** Longer than any request's time-out. */
const RENEWAL_MS = 30_000;

export function createConnectionStore(
  db: Database,
  keys: KeyRing,
  clock: { now(): number },
  owner: string = newOwner(),
): ConnectionStore {
  const listeners: ((change: StatusChange) => Promise<void>)[] = [];
  const seals = createSeals(db, keys);
  const recent = createRecent(clock);
  const open = opener(seals.of);
  const workings = { keys, clock, changed: recent.clear, seal: seals.of, forgetSeal: seals.forget };
  const update = async (row: RowId, set: Changes) => {
    const isLive = await updateRow(db, row, { ...set, updated_at: clock.now() });
    recent.clear();
    return isLive;
  };
  return {
    byId: (id) => recent.get(`id ${id}`, () => loadById(db, open, id)),
    byExternalId: (type, externalId) =>
      recent.get(`external ${type} ${externalId}`, () => loadByExternalId(db, open, type, externalId)),
    all: async () => [
      ...(await Promise.all((await liveWorkspaces(db).execute()).map(open.workspace))),
      ...(await Promise.all((await liveChannels(db).execute()).map(open.channel))),
    ],
    seal: seals.of,
    saveCredentials: async (row, credentials) => {
      const kind = row.id === row.workspaceId ? 'workspace' : 'channel';
      const seal = await seals.of(row.workspaceId);
      await update(row, { credentials: seal.seal(`${kind} ${row.id}`, credentials) });
    },
    renewing: (row, work) =>
      alone(db, `renewal ${row.id}`, { ms: RENEWAL_MS, owner, now: clock.now() }, async () => {
        return work(await loadById(db, open, row.id));
      }),
    statusNow: (row) => statusOf(db, row),
    setStatus: async (row, status, reason) => {
      const before = await statusOf(db, row);
      if (!before || before.status === 'archived') return;
      if (before.status === status && before.reason === reason) return;
      if (!(await update(row, { status, reason })) || before.status === status) return;
      const change = { workspaceId: row.workspaceId, id: row.id, from: before.status, to: status, reason };
      for (const listener of listeners) await listener(change).catch(() => undefined);
    },
    onStatus: (listener) => {
      listeners.push(listener);
    },
    mergeSettings: async (row, settings) => {
      await mergeRowSettings(db, row, settings, clock.now());
      recent.clear();
    },
    ...workspaceRows(db, workings),
    ...channelRows(db, workings),
  };
}

/** The connections read lately, also those that were not found. */
function createRecent(clock: { now(): number }) {
  type Found = Promise<Connection | undefined>;
  const kept = new Map<string, { until: number; connection: Found }>();
  return {
    get: (key: string, load: () => Found): Found => {
      const known = kept.get(key);
      if (known && known.until > clock.now()) return known.connection;
      const connection = load();
      kept.set(key, { until: clock.now() + CACHE_MS, connection });
      connection.catch(() => kept.delete(key));
      return connection;
    },
    clear: () => kept.clear(),
  };
}

/** Each workspace's data key, unwrapped once. */
function createSeals(db: Database, keys: KeyRing) {
  const kept = new Map<string, Promise<Seal>>();
  return {
    of: (workspaceId: string): Promise<Seal> => {
      const known = kept.get(workspaceId);
      if (known) return known;
      const made = loadSeal(db, keys, workspaceId);
      kept.set(workspaceId, made);
      made.catch(() => kept.delete(workspaceId));
      return made;
    },
    forget: (workspaceId: string) => void kept.delete(workspaceId),
  };
}

async function loadSeal(db: Database, keys: KeyRing, workspaceId: string): Promise<Seal> {
  const row = await db
    .selectFrom('workspace')
    .select('wrapped_key')
    .where('id', '=', workspaceId)
    .executeTakeFirst();
  if (!row?.wrapped_key) throw new Error(`workspace ${workspaceId} has no data key: it was archived`);
  return createSeal(await keys.unwrap(row.wrapped_key));
}

/** From a row to a connection that an adapter can act with: its credentials are decrypted. */
const opener = (seal: (workspaceId: string) => Promise<Seal>) => ({
  workspace: async (row: Selectable<WorkspaceTable>): Promise<Connection> => ({
    workspaceId: row.id,
    id: row.id,
    side: 'platform',
    type: row.platform,
    externalId: row.external_id,
    name: row.name,
    status: row.status,
    credentials: row.credentials
      ? (await seal(row.id)).open(`workspace ${row.id}`, row.credentials)
      : undefined,
    settings: JSON.parse(row.settings),
  }),
  channel: async (row: Selectable<ChannelTable>): Promise<Connection> => ({
    workspaceId: row.workspace_id,
    id: row.id,
    side: 'channel',
    type: row.type,
    externalId: row.external_id,
    name: row.name,
    status: row.status,
    credentials: row.credentials
      ? (await seal(row.workspace_id)).open(`channel ${row.id}`, row.credentials)
      : undefined,
    settings: JSON.parse(row.settings),
  }),
});
type Opener = ReturnType<typeof opener>;

async function loadById(db: Database, open: Opener, id: string): Promise<Connection | undefined> {
  if (id.startsWith('wsp_')) {
    const row = await liveWorkspaces(db).where('id', '=', id).executeTakeFirst();
    return row && open.workspace(row);
  }
  const row = await liveChannels(db).where('id', '=', id).executeTakeFirst();
  return row && open.channel(row);
}

async function loadByExternalId(
  db: Database,
  open: Opener,
  type: string,
  externalId: string,
): Promise<Connection | undefined> {
  const workspace = await liveWorkspaces(db)
    .where('platform', '=', type)
    .where('external_id', '=', externalId)
    .executeTakeFirst();
  if (workspace) return open.workspace(workspace);
  const channel = await liveChannels(db)
    .where('type', '=', type)
    .where('external_id', '=', externalId)
    .executeTakeFirst();
  return channel && open.channel(channel);
}

type Changes = Partial<
  Pick<ChannelTable, 'credentials' | 'reason' | 'settings'> & { status: string; updated_at: number }
>;

/** In one transaction: two that add different settings at once both stay. */
async function mergeRowSettings(
  db: Database,
  row: RowId,
  settings: Record<string, unknown>,
  now: number,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const table = row.id === row.workspaceId ? 'workspace' : 'channel';
    const current = await trx
      .selectFrom(table as 'channel')
      .select('settings')
      .where('id', '=', row.id)
      .$if(isPostgres(trx), (query) => query.forUpdate())
      .executeTakeFirst();
    const merged = { ...JSON.parse(current?.settings ?? '{}'), ...settings };
    await updateRow(trx, row, { settings: JSON.stringify(merged), updated_at: now });
  });
}

/**
 * Workspaces and channels share these columns, but each has its own states: the callers know which they mean. What was
 * archived meanwhile stays so, and without credentials; false then: a call that was under way may learn something of it.
 */
async function updateRow(db: Database, { workspaceId, id }: RowId, changes: Changes): Promise<boolean> {
  const values = changes as never;
  const { numUpdatedRows } =
    id === workspaceId
      ? await db
          .updateTable('workspace')
          .set(values)
          .where('id', '=', id)
          .where('status', '<>', 'archived')
          .executeTakeFirst()
      : await db
          .updateTable('channel')
          .set(values)
          .where('workspace_id', '=', workspaceId)
          .where('id', '=', id)
          .where('status', '<>', 'archived')
          .executeTakeFirst();
  return numUpdatedRows > 0n;
}
