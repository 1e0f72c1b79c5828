/** The rows of channels, and when each last carried a message. */
import type { Selectable } from 'kysely';
import { inTransaction } from '../database/in-transaction.ts';
import { insertOnce } from '../database/insert-once.ts';
import type { Database } from '../database/open.ts';
import type { ChannelTable } from '../database/schema.ts';
import type { Note } from '../people/audit.ts';
import type { Seal } from '../sealing/seal.ts';

export type Channel = Omit<Selectable<ChannelTable>, 'credentials' | 'settings'> & {
  settings: Record<string, unknown>;
};
export type NewChannel = Pick<
  Channel,
  'workspace_id' | 'id' | 'type' | 'medium' | 'external_id' | 'name' | 'status'
> & {
  credentials: unknown;
  settings: Record<string, unknown>;
};

/** `note`: written in the same transaction. */
export interface ChannelRows {
  channel(workspaceId: string, id: string): Promise<Channel | undefined>;
  channelsOf(workspaceId: string): Promise<Channel[]>;
  /** Throws `AlreadyLinked` when (medium, external id) is in another channel, anywhere. */
  addChannel(channel: NewChannel, note?: Note): Promise<void>;
  renameChannel(workspaceId: string, id: string, name: string, note?: Note): Promise<void>;
  archiveChannel(workspaceId: string, id: string, note?: Note): Promise<void>;
  /** The live channel behind a platform's channel account (HubSpot). */
  channelByAccount(workspaceId: string, accountId: string): Promise<Channel | undefined>;
  /** A message came in (which proves the webhook) or went out; written at most every ten seconds. */
  heard(channel: { workspaceId: string; id: string }, now: number): Promise<void>;
  spoke(channel: { workspaceId: string; id: string }, now: number): Promise<void>;
}

export const liveChannels = (db: Database) =>
  db.selectFrom('channel').selectAll().where('status', '<>', 'archived');

const asChannel = (row: Selectable<ChannelTable>): Channel => {
  const { credentials: _credentials, settings, ...rest } = row;
  return { ...rest, settings: JSON.parse(settings) };
};

interface Workings {
  seal(workspaceId: string): Promise<Seal>;
  clock: { now(): number };
  /** Called after every write: what was read before is out of date. */
  changed(): void;
}

export function channelRows(db: Database, { seal, clock, changed }: Workings): ChannelRows {
  type Set = Partial<Selectable<ChannelTable>>;
  const update = async (workspaceId: string, id: string, set: Set, note?: Note) => {
    await inTransaction(db, async (trx) => {
      await trx
        .updateTable('channel')
        .set({ ...set, updated_at: clock.now() })
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .execute();
      await note?.(trx);
    });
    changed();
  };
  return {
    ...channelReads(db),
    addChannel: async (channel: NewChannel, note?: Note) => {
      const now = clock.now();
      const { credentials, settings, ...rest } = channel;
      const sealed = (await seal(channel.workspace_id)).seal(`channel ${channel.id}`, credentials);
      const row = {
        ...rest,
        reason: null,
        credentials: sealed,
        settings: JSON.stringify(settings),
        created_at: now,
        updated_at: now,
        last_inbound_at: null,
        last_outbound_at: null,
      };
      await inTransaction(db, async (trx) => {
        await insertOnce(trx.insertInto('channel').values(row));
        await note?.(trx);
      });
      changed();
    },
    renameChannel: (workspaceId, id, name, note) => update(workspaceId, id, { name }, note),
    archiveChannel: (workspaceId, id, note) =>
      update(workspaceId, id, { status: 'archived', credentials: null }, note),
    ...channelTraffic(db, changed),
  };
}

const channelReads = (db: Database) => ({
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
  channelByAccount: async (workspaceId: string, accountId: string) => {
    const rows = await liveChannels(db).where('workspace_id', '=', workspaceId).execute();
    return rows.map(asChannel).find((channel) => accountOf(channel.settings) === accountId);
  },
});

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
