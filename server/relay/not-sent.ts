/** What becomes of a message that was not accepted, or of a step before it that failed. */
import type { Connection } from '../core/adapter.ts';
import type { NotSent } from '../core/outcome.ts';
import type { Claim } from '../store/ledger/claims.ts';
import { backoff } from './backoff.ts';
import type { RelayDeps } from './deps.ts';
import { later } from './later.ts';
import { park } from './park.ts';
import { settleTold } from './tells.ts';

/** For every outcome before or instead of an acceptance. A step that is repeatable turns `unknown` into a retry. */
export async function settleNotSent(
  deps: RelayDeps,
  claim: Claim,
  connection: Connection,
  outcome: NotSent,
): Promise<void> {
  const now = deps.io.clock.now();
  const turn = await deps.budgets.heard(connection, claim, outcome);
  switch (outcome.outcome) {
    case 'retry': {
      // Where everybody waits, a message that met the refusal waits no longer than the others.
      const at = turn ?? now + backoff(claim.delivery.attempts + 1, outcome.afterMs);
      return later(deps, claim, at, outcome.why);
    }
    case 'unknown':
      return later(deps, claim, now + deps.times.lookUpAfter, outcome.why);
    case 'unauthorized':
      if (await wasMended(deps, connection))
        return later(deps, claim, now + 1_000, `${connection.name} has new credentials since.`);
      await deps.connections.setStatus(connection, 'disconnected', outcome.why);
      return park(deps, claim, connection);
    case 'refused': {
      const failed = { to: 'failed' as const, code: outcome.code, reason: outcome.why };
      await settleTold(deps, claim, failed);
    }
  }
}

/** It was connected again while this attempt was under way with what it had before: that refusal is old news. */
async function wasMended({ connections }: RelayDeps, { id, credentials }: Connection): Promise<boolean> {
  const stored = await connections.byId(id);
  return stored !== undefined && JSON.stringify(stored.credentials) !== JSON.stringify(credentials);
}
