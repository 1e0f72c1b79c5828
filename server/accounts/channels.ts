/**
 * A channel's life: made (credentials proven, webhook registered, known to the platform), given new credentials,
 * removed. Whatever was registered outside is undone when a later step fails.
 */
import type { AnyAdapter, Connected, Connection } from '../core/adapter.ts';
import type { ChannelFacts } from '../core/channel-facts.ts';
import { makeSecretId } from '../core/ids.ts';
import { WireError } from '../core/outcome.ts';
import type { Channel, Workspace } from '../store/connections/connections.ts';
import { AlreadyLinked } from '../store/database/refusals.ts';
import type { AccountStore } from '../store/people/accounts.ts';
import {
  type ChannelRefusal,
  inCredentials,
  invalid,
  isRefusal,
  unknownType,
  validated,
} from './channel-form.ts';
import type { Actor, Audit, AuditWish } from './contracts.ts';
import { attachToPlatform, detachFromPlatform, type PlatformDeps } from './platform-side.ts';
import type { Random } from './secrets.ts';

interface NewChannelWish {
  type: string;
  name?: string | undefined;
  credentials: unknown;
  settings?: Record<string, unknown> | undefined;
}

export interface Channels {
  create(workspace: Workspace, wish: NewChannelWish, by: Actor): Promise<Channel | ChannelRefusal>;
  /** The same bot or number with new credentials: proven, stored, the webhook registered again. */
  replaceCredentials(channel: Channel, credentials: unknown, by: Actor): Promise<Channel | ChannelRefusal>;
  rename(channel: Channel, name: string, by: Actor): Promise<void>;
  /** Best effort outside, certain inside. */
  remove(channel: Channel, by: Actor): Promise<void>;
}

export interface ChannelDeps extends PlatformDeps {
  accounts: AccountStore;
  audit: Pick<Audit, 'record' | 'noting'>;
  /** By channel type. */
  channelAdapters: ReadonlyMap<string, AnyAdapter>;
  /** Where the provider is to send this channel's events. */
  webhookUrl(type: string, channelId: string, credentials: unknown): string;
  random: Random;
  onReconnected(workspaceId: string): void;
}

type Proven = Extract<Connected<unknown>, { ok: true }>;

export const createChannels = (deps: ChannelDeps): Channels => ({
  create: (workspace, wish, by) => createChannel(deps, workspace, wish, by),
  replaceCredentials: async (channel, credentials, by) => {
    const changed = await replaceCredentials(deps, channel, credentials);
    if (!isRefusal(changed)) await deps.audit.record(by, entryOf('channel.credentials_replaced', changed));
    return changed;
  },
  rename: async (channel, name, by) => {
    const note = (await deps.audit.noting(by))(entryOf('channel.renamed', channel));
    await deps.connections.renameChannel(channel.workspace_id, channel.id, name, note);
  },
  remove: async (channel, by) => {
    const connection = await deps.connections.byId(channel.id);
    if (connection) await deregister(deps, connection);
    await detachFromPlatform(deps, channel.workspace_id, knownFacts(deps, channel));
    const note = (await deps.audit.noting(by))(entryOf('channel.archived', channel));
    await deps.connections.archiveChannel(channel.workspace_id, channel.id, note);
  },
});

const entryOf = (
  action: string,
  { workspace_id: workspaceId, id: subject, type }: Pick<Channel, 'workspace_id' | 'id' | 'type'>,
): AuditWish => ({ action, workspaceId, subject, facts: { type } });

async function createChannel(
  deps: ChannelDeps,
  workspace: Workspace,
  wish: NewChannelWish,
  by: Actor,
): Promise<Channel | ChannelRefusal> {
  if (workspace.status === 'archived') return { refused: 'archived' };
  const adapter = deps.channelAdapters.get(wish.type);
  if (!adapter) return unknownType(deps.channelAdapters);
  const credentials = validated(adapter, wish.credentials);
  if ('refused' in credentials) return credentials;
  // Asked before anything is registered: registering would take the webhook away from the channel that has it.
  if (await isTaken(deps, adapter.identify?.(credentials.value))) return { refused: 'taken' };

  const id = makeSecretId('chn', deps.random);
  const proven = await connect(deps, adapter, id, credentials.value);
  if ('refused' in proven) return proven;
  const facts = factsOf(adapter, id, wish, proven);
  const connection = connectionOf(workspace.id, adapter, facts, proven);
  if (await isTaken(deps, proven)) return yieldTo(deps, proven);

  const attached = await attachToPlatform(deps, workspace, facts);
  if (!attached.ok) {
    await deregister(deps, connection);
    return 'field' in attached
      ? invalid(attached.field, attached.why)
      : { refused: 'unreachable', ...attached };
  }
  const settings = { ...facts.settings, ...attached.settings };
  return save(deps, workspace, { ...facts, settings }, { proven, by });
}

async function save(
  deps: ChannelDeps,
  workspace: Workspace,
  facts: ChannelFacts,
  { proven, by }: { proven: Proven; by: Actor },
): Promise<Channel | ChannelRefusal> {
  const { connections, audit } = deps;
  const row = {
    workspace_id: workspace.id,
    id: facts.id,
    type: facts.type,
    medium: facts.medium,
    external_id: facts.externalId,
    name: facts.name,
    status: proven.status,
    credentials: proven.credentials,
    settings: facts.settings,
  };
  try {
    await connections.addChannel(row, (await audit.noting(by))(entryOf('channel.added', row)));
  } catch (error) {
    if (!(error instanceof AlreadyLinked)) throw error;
    // Somebody was quicker. In this very workspace, what we attached at the platform is now theirs.
    const winner = await deps.accounts.channelHolding(facts.medium, facts.externalId);
    if (winner?.workspace_id !== workspace.id) await detachFromPlatform(deps, workspace.id, facts);
    return yieldTo(deps, proven);
  }
  return refreshed(deps, { workspace_id: workspace.id, id: facts.id }, proven);
}

/** What stands in the store now, with what is left to do by hand as the reason of `pending`. */
async function refreshed(
  { connections }: ChannelDeps,
  at: Pick<Channel, 'workspace_id' | 'id'>,
  proven: Proven,
): Promise<Channel> {
  await connections.setStatus(
    { workspaceId: at.workspace_id, id: at.id },
    proven.status,
    proven.todo ?? null,
  );
  const channel = await connections.channel(at.workspace_id, at.id);
  if (!channel) throw new Error(`channel ${at.id} vanished while it was made`);
  return channel;
}

async function replaceCredentials(
  deps: ChannelDeps,
  channel: Channel,
  wanted: unknown,
): Promise<Channel | ChannelRefusal> {
  const adapter = deps.channelAdapters.get(channel.type);
  if (channel.status === 'archived') return { refused: 'archived' };
  if (!adapter) return unknownType(deps.channelAdapters);
  const credentials = validated(adapter, wanted);
  if ('refused' in credentials) return credentials;
  const other = invalid(
    'credentials',
    `These belong to another one than ${channel.name}: add it as a channel.`,
  );
  const named = adapter.identify?.(credentials.value);
  if (named && named.externalId !== channel.external_id) return other;

  const proven = await connect(deps, adapter, channel.id, credentials.value);
  if ('refused' in proven) return proven;
  if (proven.externalId !== channel.external_id) {
    await deregister(
      deps,
      connectionOf(channel.workspace_id, adapter, { ...channel, externalId: '' }, proven),
    );
    return other;
  }
  const connection = { workspaceId: channel.workspace_id, id: channel.id };
  await deps.connections.saveCredentials(connection, proven.credentials);
  await deps.connections.mergeSettings(connection, proven.settings);
  const mended = await refreshed(deps, channel, proven);
  // Only now: what wakes while it still counts as disconnected would go back to sleep.
  deps.onReconnected(channel.workspace_id);
  return mended;
}

/**
 * Another channel holds it: our registration may have taken over its webhook. Undoing ours would leave it with none, so
 * the holder registers again, with its own credentials.
 */
async function yieldTo(deps: ChannelDeps, proven: Proven): Promise<ChannelRefusal> {
  const holder = await deps.accounts.channelHolding(proven.medium, proven.externalId);
  const connection = holder && (await deps.connections.byId(holder.id));
  const adapter = connection && deps.channelAdapters.get(connection.type);
  if (connection && adapter) {
    const again = await connect(deps, adapter, connection.id, connection.credentials);
    if ('refused' in again)
      deps.io.log.warn({ channel: connection.id }, 'its webhook was not registered again');
    else await deps.connections.saveCredentials(connection, again.credentials);
  }
  return { refused: 'taken' };
}

/** Proves the credentials and registers the webhook. */
async function connect(
  { io, webhookUrl }: ChannelDeps,
  adapter: AnyAdapter,
  channelId: string,
  credentials: unknown,
): Promise<Proven | ChannelRefusal> {
  if (!adapter.connect) return invalid('type', `A ${adapter.title} channel cannot be added this way.`);
  try {
    const url = webhookUrl(adapter.id, channelId, credentials);
    const answer: Connected<unknown> = await adapter.connect({ credentials, webhookUrl: url, channelId }, io);
    return answer.ok ? answer : invalid(inCredentials(answer.field), answer.why);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { refused: 'unreachable', why: `${adapter.title} could not be reached: ${error.message}` };
  }
}

/** Takes back what connecting registered at the provider. Best effort. */
export async function deregister(
  { channelAdapters, io }: Pick<ChannelDeps, 'channelAdapters' | 'io'>,
  connection: Connection,
): Promise<void> {
  try {
    await channelAdapters.get(connection.type)?.disconnect?.(connection, io);
  } catch (error) {
    io.log.warn({ channel: connection.id, why: String(error) }, 'the webhook could not be deregistered');
  }
}

const isTaken = async (
  { accounts }: ChannelDeps,
  named: { medium: string; externalId: string } | undefined,
): Promise<boolean> =>
  named !== undefined && (await accounts.channelHolding(named.medium, named.externalId)) !== undefined;

/** What the adapter learned stands above what was wished for. */
const factsOf = (adapter: AnyAdapter, id: string, wish: NewChannelWish, proven: Proven): ChannelFacts => ({
  id,
  type: adapter.id,
  title: adapter.title,
  name: wish.name ?? proven.name,
  externalId: proven.externalId,
  medium: proven.medium,
  settings: { ...wish.settings, ...proven.settings },
});
/** A stored channel as the platform needs to know it. */
export const knownFacts = (
  { channelAdapters }: Pick<ChannelDeps, 'channelAdapters'>,
  channel: Channel,
): ChannelFacts => ({
  id: channel.id,
  type: channel.type,
  title: channelAdapters.get(channel.type)?.title ?? channel.type,
  name: channel.name,
  externalId: channel.external_id,
  medium: channel.medium,
  settings: channel.settings,
});
const connectionOf = (
  workspaceId: string,
  adapter: AnyAdapter,
  channel: Pick<ChannelFacts, 'id' | 'name' | 'externalId' | 'settings'>,
  proven: Proven,
): Connection => ({
  workspaceId,
  id: channel.id,
  side: 'channel',
  type: adapter.id,
  externalId: proven.externalId,
  name: channel.name,
  credentials: proven.credentials,
  settings: channel.settings,
});
