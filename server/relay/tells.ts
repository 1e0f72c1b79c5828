import type { RelayDeps } from './deps.ts';

/** The statuses of an agent's message that the workspace's platform wants to be told. */
export async function tells(deps: RelayDeps, workspaceId: string): Promise<string[]> {
  const platform = await deps.connections.byId(workspaceId);
  return platform ? (deps.adapter(platform.type)?.can.tells ?? []) : [];
}
