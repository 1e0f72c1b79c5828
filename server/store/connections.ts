/**
 * Workspaces and channels with their credentials. Read on every webhook, so decrypted connections are kept in memory
 * for two seconds (another process may change them) and dropped at once when this process does.
 */
import type { Selectable } from 'kysely';
import type { Connection } from '../core/adapter.ts';
import type { KeyRing } from './keyring.ts';
import type { Database } from './open.ts';
import type { ChannelTable, WorkspaceTable } from './schema.ts';
import { createSeal, type Seal } from './seal.ts';

export type Workspace = Omit<Selectable<WorkspaceTable>, 'credentials' | 'settings' | 'wrapped_key'> & {
  settings: Record<string, unknown>;
};
export type Channel = Omit<Selectable<ChannelTable>, 'credentials' | 'settings'> & {
  settings: Record<string, unknown>;
};
export type NewWorkspace = Pick<
  Workspace,
  'id' | 'account_id' | 'platform' | 'external_id' | 'name' | 'connected_by'
> & {
  credentials: unknown;
  settings: Record<string, unknown>;
};
export type NewChannel = Pick<
  Channel,
  'workspace_id' | 'id' | 'type' | 'medium' | 'external_id' | 'name' | 'status'
> & {
  credentials: unknown;
  settings: Record<string, unknown>;
};

export interface ConnectionStore {
  /** A channel by its id, or a workspace's platform connection by the workspace's. Never an archived one. */
  byId(id: string): Promise<Connection | undefined>;
  /** `type`: a platform or a channel type. */
  byExternalId(type: string, externalId: string): Promise<Connection | undefined>;
  /** Every connection that is not archived, for catch-up and token renewal. */
  all(): Promise<Connection[]>;
  seal(workspaceId: string): Promise<Seal>;
  saveCredentials(connection: { workspaceId: string; id: string }, credentials: unknown): Promise<void>;
  setStatus(
    connection: { workspaceId: string; id: string },
    status: string,
    reason: string | null,
  ): Promise<void>;
  mergeSettings(
    connection: { workspaceId: string; id: string },
    settings: Record<string, unknown>,
  ): Promise<void>;

  workspace(id: string): Promise<Workspace | undefined>;
  workspaceByExternalId(platform: string, externalId: string): Promise<Workspace | undefined>;
  workspacesOf(accountId: string): Promise<Workspace[]>;
  /** Throws `AlreadyLinked` when (platform, external id) is linked already. */
  addWorkspace(workspace: NewWorkspace): Promise<void>;
  renameWorkspace(id: string, name: string): Promise<void>;
  /** Channels go with it; credentials and the data key are destroyed. */
  archiveWorkspace(id: string): Promise<void>;

  channel(workspaceId: string, id: string): Promise<Channel | undefined>;
  channelsOf(workspaceId: string): Promise<Channel[]>;
  /** Throws `AlreadyLinked` when (medium, external id) is in another channel, anywhere. */
  addChannel(channel: NewChannel): Promise<void>;
  renameChannel(workspaceId: string, id: string, name: string): Promise<void>;
  archiveChannel(workspaceId: string, id: string): Promise<void>;
  /** The live channel behind a platform's channel account (HubSpot). */
  channelByAccount(workspaceId: string, accountId: string): Promise<Channel | undefined>;
  /** A message came in (which proves the webhook) or went out; written at most every ten seconds. */
  heard(channel: { workspaceId: string; id: string }, now: number): Promise<void>;
  spoke(channel: { workspaceId: string; id: string }, now: number): Promise<void>;
}

/** The bot, number, page, Intercom workspace or portal is connected already. */
export class AlreadyLinked extends Error {
  override name = 'AlreadyLinked';
}

const CACHE_MS = 2_000;

export function createConnectionStore(
  db: Database,
  keys: KeyRing,
  clock: { now(): number },
): ConnectionStore {
  const seals = new Map<string, Promise<Seal>>();
  const cache = new Map<string, { until: number; connection: Promise<Connection | undefined> }>();

  function cached(key: string, load: () => Promise<Connection | undefined>): Promise<Connection | undefined> {
    const known = cache.get(key);
    if (known && known.until > clock.now()) return known.connection;
    const connection = load();
    cache.set(key, { until: clock.now() + CACHE_MS, connection });
    connection.catch(() => cache.delete(key));
    return connection;
  }

  function seal(workspaceId: string): Promise<Seal> {
    const known = seals.get(workspaceId);
    if (known) return known;
    const made = loadSeal(db, keys, workspaceId);
    seals.set(workspaceId, made);
    made.catch(() => seals.delete(workspaceId));
    return made;
  }

  const fromWorkspace = async (row: Selectable<WorkspaceTable>): Promise<Connection> => ({
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
  });
  const fromChannel = async (row: Selectable<ChannelTable>): Promise<Connection> => ({
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
  });

  async function load(id: string): Promise<Connection | undefined> {
    if (id.startsWith('wsp_')) {
      const row = await liveWorkspaces(db).where('id', '=', id).executeTakeFirst();
      return row && fromWorkspace(row);
    }
    const row = await liveChannels(db).where('id', '=', id).executeTakeFirst();
    return row && fromChannel(row);
  }
  async function loadExternal(type: string, externalId: string): Promise<Connection | undefined> {
    const workspace = await liveWorkspaces(db)
      .where('platform', '=', type)
      .where('external_id', '=', externalId)
      .executeTakeFirst();
    if (workspace) return fromWorkspace(workspace);
    const channel = await liveChannels(db)
      .where('type', '=', type)
      .where('external_id', '=', externalId)
      .executeTakeFirst();
    return channel && fromChannel(channel);
  }

  /** Writes to a workspace's or channel's row, whichever the connection is. */
  async function update(
    connection: { workspaceId: string; id: string },
    set: Partial<
      Pick<ChannelTable, 'credentials' | 'reason' | 'settings'> & { status: string; name: string }
    >,
  ): Promise<void> {
    const values = { ...set, updated_at: clock.now() } as never;
    if (connection.id === connection.workspaceId)
      await db.updateTable('workspace').set(values).where('id', '=', connection.id).execute();
    else
      await db
        .updateTable('channel')
        .set(values)
        .where('workspace_id', '=', connection.workspaceId)
        .where('id', '=', connection.id)
        .execute();
    cache.clear();
  }

  return {
    byId: (id) => cached(`id ${id}`, () => load(id)),
    byExternalId: (type, externalId) =>
      cached(`external ${type} ${externalId}`, () => loadExternal(type, externalId)),
    all: async () => [
      ...(await Promise.all((await liveWorkspaces(db).execute()).map(fromWorkspace))),
      ...(await Promise.all((await liveChannels(db).execute()).map(fromChannel))),
    ],
    seal,
    saveCredentials: async (connection, credentials) => {
      const kind = connection.id === connection.workspaceId ? 'workspace' : 'channel';
      const sealed = (await seal(connection.workspaceId)).seal(`${kind} ${connection.id}`, credentials);
      await update(connection, { credentials: sealed });
    },
    setStatus: (connection, status, reason) => update(connection, { status, reason }),
    mergeSettings: async (connection, settings) => {
      const current = await load(connection.id);
      await update(connection, { settings: JSON.stringify({ ...current?.settings, ...settings }) });
    },
    ...workspaceRows(db, keys, seals, clock, () => cache.clear()),
    ...channelRows(db, seal, clock, () => cache.clear()),
  };
}

const liveWorkspaces = (db: Database) =>
  db.selectFrom('workspace').selectAll().where('status', '<>', 'archived');
const liveChannels = (db: Database) => db.selectFrom('channel').selectAll().where('status', '<>', 'archived');

async function loadSeal(db: Database, keys: KeyRing, workspaceId: string): Promise<Seal> {
  const row = await db
    .selectFrom('workspace')
    .select('wrapped_key')
    .where('id', '=', workspaceId)
    .executeTakeFirst();
  if (!row?.wrapped_key) throw new Error(`workspace ${workspaceId} has no data key: it was archived`);
  return createSeal(await keys.unwrap(row.wrapped_key));
}

const asWorkspace = (row: Selectable<WorkspaceTable>): Workspace => {
  const { credentials: _credentials, wrapped_key: _key, settings, ...rest } = row;
  return { ...rest, settings: JSON.parse(settings) };
};
const asChannel = (row: Selectable<ChannelTable>): Channel => {
  const { credentials: _credentials, settings, ...rest } = row;
  return { ...rest, settings: JSON.parse(settings) };
};

function workspaceRows(
  db: Database,
  keys: KeyRing,
  seals: Map<string, Promise<Seal>>,
  clock: { now(): number },
  changed: () => void,
) {
  return {
    workspace: async (id: string) => {
      const row = await db.selectFrom('workspace').selectAll().where('id', '=', id).executeTakeFirst();
      return row && asWorkspace(row);
    },
    workspaceByExternalId: async (platform: string, externalId: string) => {
      const row = await liveWorkspaces(db)
        .where('platform', '=', platform)
        .where('external_id', '=', externalId)
        .executeTakeFirst();
      return row && asWorkspace(row);
    },
    workspacesOf: async (accountId: string) =>
      (
        await db
          .selectFrom('workspace')
          .selectAll()
          .where('account_id', '=', accountId)
          .orderBy('id')
          .execute()
      ).map(asWorkspace),
    addWorkspace: async (workspace: NewWorkspace) => {
      const now = clock.now();
      const dataKey = keys.newDataKey();
      const { credentials, settings, ...rest } = workspace;
      await insertOnce(
        db.insertInto('workspace').values({
          ...rest,
          status: 'active',
          reason: null,
          credentials: createSeal(dataKey).seal(`workspace ${workspace.id}`, credentials),
          settings: JSON.stringify(settings),
          wrapped_key: await keys.wrap(dataKey),
          created_at: now,
          updated_at: now,
        }),
      );
      changed();
    },
    renameWorkspace: async (id: string, name: string) => {
      await db.updateTable('workspace').set({ name, updated_at: clock.now() }).where('id', '=', id).execute();
      changed();
    },
    archiveWorkspace: async (id: string) => {
      const gone = { status: 'archived' as const, credentials: null, updated_at: clock.now() };
      await db.transaction().execute(async (trx) => {
        await trx.updateTable('channel').set(gone).where('workspace_id', '=', id).execute();
        await trx
          .updateTable('workspace')
          .set({ ...gone, wrapped_key: null })
          .where('id', '=', id)
          .execute();
      });
      seals.delete(id);
      changed();
    },
  };
}

function channelRows(
  db: Database,
  seal: (workspaceId: string) => Promise<Seal>,
  clock: { now(): number },
  changed: () => void,
) {
  return {
    channel: async (workspaceId: string, id: string) => {
      const row = await db
        .selectFrom('channel')
        .selectAll()
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .executeTakeFirst();
      return row && asChannel(row);
    },
    channelsOf: async (workspaceId: string) =>
      (
        await db
          .selectFrom('channel')
          .selectAll()
          .where('workspace_id', '=', workspaceId)
          .orderBy('created_at')
          .orderBy('id')
          .execute()
      ).map(asChannel),
    addChannel: async (channel: NewChannel) => {
      const now = clock.now();
      const { credentials, settings, ...rest } = channel;
      const sealed = (await seal(channel.workspace_id)).seal(`channel ${channel.id}`, credentials);
      await insertOnce(
        db.insertInto('channel').values({
          ...rest,
          reason: null,
          credentials: sealed,
          settings: JSON.stringify(settings),
          created_at: now,
          updated_at: now,
          last_inbound_at: null,
          last_outbound_at: null,
        }),
      );
      changed();
    },
    renameChannel: async (workspaceId: string, id: string, name: string) => {
      await db
        .updateTable('channel')
        .set({ name, updated_at: clock.now() })
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .execute();
      changed();
    },
    archiveChannel: async (workspaceId: string, id: string) => {
      await db
        .updateTable('channel')
        .set({ status: 'archived', credentials: null, updated_at: clock.now() })
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .execute();
      changed();
    },
    channelByAccount: async (workspaceId: string, accountId: string) => {
      const rows = await liveChannels(db).where('workspace_id', '=', workspaceId).execute();
      return rows.map(asChannel).find((channel) => accountOf(channel.settings) === accountId);
    },
    ...channelTraffic(db, changed),
  };
}

const accountOf = (settings: Record<string, unknown>): string | undefined => {
  const hubspot = settings.hubspot as { channel_account_id?: unknown } | undefined;
  return hubspot?.channel_account_id === undefined ? undefined : String(hubspot.channel_account_id);
};

/** One write per channel and ten seconds is enough for "last inbound"; the statement itself decides. */
const TRAFFIC_MS = 10_000;

function channelTraffic(db: Database, changed: () => void) {
  const noted = new Map<string, number>();
  const due = (key: string, now: number): boolean => {
    if (now - (noted.get(key) ?? 0) < TRAFFIC_MS) return false;
    noted.set(key, now);
    return true;
  };
  return {
    heard: async ({ workspaceId, id }: { workspaceId: string; id: string }, now: number) => {
      if (!due(`in ${id}`, now)) return;
      const row = () =>
        db.updateTable('channel').where('workspace_id', '=', workspaceId).where('id', '=', id);
      await row().set({ last_inbound_at: now }).execute();
      const proven = await row()
        .set({ status: 'connected', reason: null })
        .where('status', 'in', ['pending', 'offline'])
        .executeTakeFirst();
      if (proven.numUpdatedRows > 0n) changed();
    },
    spoke: async ({ workspaceId, id }: { workspaceId: string; id: string }, now: number) => {
      if (!due(`out ${id}`, now)) return;
      await db
        .updateTable('channel')
        .set({ last_outbound_at: now })
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .execute();
    },
  };
}

/** The unique index decides, not a look before: two admins at once cannot both win. */
async function insertOnce(insert: { execute(): Promise<unknown> }): Promise<void> {
  try {
    await insert.execute();
  } catch (error) {
    if (/unique/i.test(String((error as Error).message))) throw new AlreadyLinked('already connected');
    throw error;
  }
}
