import { maySee } from '../../accounts/roles.ts';
import type { Caller } from '../../accounts/tokens.ts';
import { type ArchiveDeps, archiveWorkspace } from '../../accounts/workspaces.ts';
import type { ConnectionStore, Workspace } from '../../store/connections/connections.ts';
import type { AccountStore } from '../../store/people/accounts.ts';
import { notFound } from '../problem.ts';
import { PAGING, pageOf } from './paging.ts';
import { type ApiRoute, ok, withoutBody } from './routes.ts';
import { iso, listOf, workspaceShape } from './shapes.ts';

export interface WorkspaceRoutesDeps extends ArchiveDeps {
  accounts: AccountStore;
}

export const workspaceRoutes = (deps: WorkspaceRoutesDeps): ApiRoute[] => [
  list(deps),
  one(deps),
  archive(deps),
];

/** The caller's own workspace; another account's is as unknown as one that does not exist. */
export async function ownWorkspace(
  connections: ConnectionStore,
  caller: Caller,
  id: string,
): Promise<Workspace> {
  const workspace = await connections.workspace(id);
  if (workspace?.account_id !== caller.account_id || !maySee(caller, id)) throw notFound('workspace');
  return workspace;
}

/** All of the account's that the caller may see. */
export const ownWorkspaces = async (connections: ConnectionStore, caller: Caller): Promise<Workspace[]> =>
  (await connections.workspacesOf(caller.account_id)).filter(({ id }) => maySee(caller, id));

const list = (deps: WorkspaceRoutesDeps): ApiRoute =>
  withoutBody({
    method: 'get',
    path: '/workspaces',
    operationId: 'listWorkspaces',
    summary: 'The account’s Intercom workspaces and HubSpot portals, archived ones included',
    scope: 'workspaces:read',
    query: PAGING,
    success: { status: 200, shape: listOf(workspaceShape) },
    handle: async ({ caller, query }) => {
      const { data, next } = pageOf(await ownWorkspaces(deps.connections, caller), query);
      return ok({ data: await Promise.all(data.map((workspace) => shown(deps, workspace))), next });
    },
  });

const one = (deps: WorkspaceRoutesDeps): ApiRoute =>
  withoutBody({
    method: 'get',
    path: '/workspaces/:id',
    operationId: 'getWorkspace',
    summary: 'One workspace',
    scope: 'workspaces:read',
    success: { status: 200, shape: workspaceShape },
    handle: async ({ caller, id }) => ok(await shown(deps, await ownWorkspace(deps.connections, caller, id))),
  });

const archive = (deps: WorkspaceRoutesDeps): ApiRoute =>
  withoutBody({
    method: 'post',
    path: '/workspaces/:id/archive',
    operationId: 'archiveWorkspace',
    summary: 'Archive it with its channels: uninstalled at the platform, credentials destroyed',
    scope: 'workspaces:write',
    manages: true,
    success: { status: 200, shape: workspaceShape },
    handle: async ({ caller, id }) => {
      await archiveWorkspace(deps, await ownWorkspace(deps.connections, caller, id), caller);
      return ok(await shown(deps, await ownWorkspace(deps.connections, caller, id)));
    },
  });

async function shown({ accounts }: WorkspaceRoutesDeps, workspace: Workspace): Promise<unknown> {
  const { id, platform, external_id, name, status, reason, created_at, updated_at } = workspace;
  const person = await accounts.person(workspace.connected_by);
  return {
    id,
    platform,
    external_id,
    name,
    status,
    ...(reason === null ? {} : { reason }),
    connected_by: person?.name ?? person?.email ?? workspace.connected_by,
    created_at: iso(created_at),
    updated_at: iso(updated_at),
  };
}
