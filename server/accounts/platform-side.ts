/** What a channel's and a workspace's life means at the platform. */
import type { AnyPlatformAdapter, Connection, Io } from '../core/adapter.ts';
import type { ChannelChoice, ChannelFacts } from '../core/channel-facts.ts';
import { WireError } from '../core/outcome.ts';
import type { ConnectionStore, Workspace } from '../store/connections/connections.ts';

export interface PlatformDeps {
  connections: ConnectionStore;
  platforms: ReadonlyMap<string, AnyPlatformAdapter>;
  /** The connection with a token that is still good (renewed first where it must be), or why there is none. */
  freshConnection(connection: Connection): Promise<Usable>;
  io: Io;
}

type Usable = Connection | { unusable: string };

export type Attached =
  | { ok: true; settings: Record<string, unknown> }
  | { ok: false; field: string; why: string }
  | { ok: false; why: string };

/** What has to be chosen for a new channel of this workspace; `refused` says why that cannot be told right now. */
export async function choicesForChannels(
  deps: PlatformDeps,
  workspace: Workspace,
): Promise<ChannelChoice[] | { refused: string }> {
  const adapter = deps.platforms.get(workspace.platform);
  if (!adapter?.channelChoices) return [];
  try {
    const connection = await platformConnection(deps, workspace.id);
    if ('unusable' in connection) return { refused: connection.unusable };
    return await adapter.channelChoices(connection, deps.io);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { refused: `${adapter.title} could not be reached: ${error.message}` };
  }
}

/** Makes the channel known at the workspace's platform, where the platform wants to know. */
export async function attachToPlatform(
  deps: PlatformDeps,
  workspace: Workspace,
  channel: ChannelFacts,
): Promise<Attached> {
  const adapter = deps.platforms.get(workspace.platform);
  if (!adapter?.attachChannel) return { ok: true, settings: {} };
  try {
    const connection = await platformConnection(deps, workspace.id);
    if ('unusable' in connection) return { ok: false, why: connection.unusable };
    return await adapter.attachChannel(connection, channel, deps.io);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { ok: false, why: `${adapter.title} could not be reached: ${error.message}` };
  }
}

/** Best effort: the channel goes in any case. */
export async function detachFromPlatform(
  deps: PlatformDeps,
  workspaceId: string,
  channel: ChannelFacts,
): Promise<void> {
  await atPlatform(deps, workspaceId, (adapter, connection) =>
    adapter.detachChannel?.(connection, channel, deps.io),
  );
}

/** Best effort: the workspace goes in any case. */
export async function uninstallFromPlatform(deps: PlatformDeps, workspaceId: string): Promise<void> {
  await atPlatform(deps, workspaceId, (adapter, connection) => adapter.uninstall(connection, deps.io));
}

async function atPlatform(
  deps: PlatformDeps,
  workspaceId: string,
  act: (adapter: AnyPlatformAdapter, connection: Connection) => Promise<void> | undefined,
): Promise<void> {
  try {
    const connection = await platformConnection(deps, workspaceId);
    if ('unusable' in connection) throw new Error(connection.unusable);
    const adapter = deps.platforms.get(connection.type);
    if (adapter) await act(adapter, connection);
  } catch (error) {
    deps.io.log.warn({ workspace: workspaceId, why: String(error) }, 'the platform could not be told');
  }
}

async function platformConnection(deps: PlatformDeps, workspaceId: string): Promise<Usable> {
  const connection = await deps.connections.byId(workspaceId);
  if (!connection) throw new Error(`workspace ${workspaceId} has no connection any more`);
  return deps.freshConnection(connection);
}
