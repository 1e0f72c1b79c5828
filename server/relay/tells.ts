import type { Claim } from '../store/ledger/claims.ts';
import type { Settlement } from '../store/ledger/settlement.ts';
import type { RelayDeps } from './deps.ts';

/** The statuses of an agent's message that the workspace's platform wants to be told. */
export async function tells(deps: RelayDeps, workspaceId: string): Promise<string[]> {
  const platform = await deps.connections.byId(workspaceId);
  return platform ? (deps.adapter(platform.type)?.can.tells ?? []) : [];
}

/**
 * Settles, and has the platform told what follows from it. That may be more than the settlement says: a receipt that
 * came first may close what is put back in doubt.
 */
export async function settleTold(deps: RelayDeps, claim: Claim, settlement: Settlement): Promise<void> {
  await deps.ledger.settle(claim, settlement, await tells(deps, claim.workspaceId));
}
