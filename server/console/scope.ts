/** What whoever is signed in can see. Everything else does not exist, other accounts' ids included. */
import { maySee } from '../accounts/roles.ts';
import { notFound } from '../http/problem.ts';
import type { Channel, Workspace } from '../store/connections/connections.ts';
import type { Membership } from '../store/people/accounts.ts';
import type { ConsoleDeps } from './deps.ts';

type Scoped = Pick<ConsoleDeps, 'accounts' | 'connections'>;

/** Archived ones included, newest first. */
export async function workspacesOf({ connections }: Scoped, member: Membership): Promise<Workspace[]> {
  const all = await connections.workspacesOf(member.account_id);
  return all.filter(({ id }) => maySee(member, id)).reverse();
}

export async function ownWorkspace(
  deps: Scoped,
  member: Membership,
  id: string | undefined,
): Promise<Workspace> {
  const workspace = (await workspacesOf(deps, member)).find((one) => one.id === id);
  if (!workspace) throw notFound('workspace');
  return workspace;
}

export async function ownChannel(
  deps: Scoped,
  member: Membership,
  id: string | undefined,
): Promise<{ channel: Channel; workspace: Workspace }> {
  const workspaceId = id && (await deps.accounts.workspaceOfChannel(member.account_id, id));
  const workspace = (await workspacesOf(deps, member)).find((one) => one.id === workspaceId);
  const channel = workspace && id ? await deps.connections.channel(workspace.id, id) : undefined;
  if (!workspace || !channel) throw notFound('channel');
  return { workspace, channel };
}
