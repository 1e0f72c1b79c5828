/** A connection whose credentials were refused is left in peace: its messages wait, in their places, until it works again. */
import type { AnyAdapter, Connection } from '../core/adapter.ts';
import { WAITING_MS } from '../core/outcome.ts';
import type { Claim } from '../store/ledger/claims.ts';
import type { RelayDeps } from './deps.ts';
import { later, maxAgeOf } from './later.ts';

/** A connection that is disconnected is left in peace, where the watch or an admin will find out that it works again. */
export const isParked = (connection: Connection, adapter: AnyAdapter): boolean =>
  connection.status === 'disconnected' && adapter.inspect !== undefined;

/** How long a parked message sleeps when nobody wakes it, ms: it makes no call then either, and sleeps on. */
const PARKED_MS = 60 * 60_000;
/** How often one is tried whose adapter offers no other way to find out. */
const TRIED_MS = 60_000;

/**
 * Nothing is sent with credentials that were refused. The message waits at the head of its lane until its connection
 * works again, which wakes it; in between it comes up only to be told to the agent, and when it has become too old.
 */
export async function park(deps: RelayDeps, claim: Claim, connection: Connection): Promise<void> {
  const now = deps.io.clock.now();
  const why = (await deps.connections.statusNow(connection))?.reason;
  const reason = `${connection.name} is disconnected${why ? `: ${why}` : '.'}`;
  if (!deps.adapter(connection.type)?.inspect) return later(deps, claim, now + TRIED_MS, reason);
  const { direction, created_at } = claim.delivery;
  const tell = Number(created_at) + WAITING_MS;
  const over = Number(created_at) + maxAgeOf(deps, direction);
  const asleep = now + PARKED_MS * (0.8 + 0.2 * Math.random());
  const wakesAt = now < tell ? tell : now < over ? Math.min(asleep, over) : asleep;
  await later(deps, claim, wakesAt, reason);
  // Reconnected between our look and our settlement: whoever did so has woken everything but this one.
  if ((await deps.connections.statusNow(connection))?.status !== 'disconnected')
    await deps.ledger.wake(claim.workspaceId, claim.delivery.event_id);
}
