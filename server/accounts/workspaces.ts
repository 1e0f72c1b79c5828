/** The end of a workspace. (Its beginning is an install, see install.ts.) */
import type { AnyAdapter } from '../core/adapter.ts';
import type { Workspace } from '../store/connections/connections.ts';
import { deregister, knownFacts } from './channels.ts';
import type { Actor, Audit } from './contracts.ts';
import { detachFromPlatform, type PlatformDeps, uninstallFromPlatform } from './platform-side.ts';

export interface ArchiveDeps extends PlatformDeps {
  audit: Pick<Audit, 'noting'>;
  channelAdapters: ReadonlyMap<string, AnyAdapter>;
}

/**
 * Channels go with it: webhooks deregistered and the app uninstalled as far as the other sides let us, then, in any
 * case, credentials and data key destroyed. Again = nothing.
 */
export async function archiveWorkspace(deps: ArchiveDeps, workspace: Workspace, by: Actor): Promise<void> {
  if (workspace.status === 'archived') return;
  const channels = await deps.connections.channelsOf(workspace.id);
  await Promise.all(
    channels
      .filter((channel) => channel.status !== 'archived')
      .map(async (channel) => {
        const connection = await deps.connections.byId(channel.id);
        if (connection) await deregister(deps, connection);
        await detachFromPlatform(deps, workspace.id, knownFacts(deps, channel));
      }),
  );
  await uninstallFromPlatform(deps, workspace.id);
  const note = await deps.audit.noting(by);
  const facts = { platform: workspace.platform, channels: channels.length };
  await deps.connections.archiveWorkspace(
    workspace.id,
    note({ action: 'workspace.archived', workspaceId: workspace.id, facts }),
  );
}
