/** The token guardian: renews before expiry, one at a time, and stores what came back before anybody uses it. */
import type { Connection } from '../core/adapter.ts';
import { fromWireError, isOutcome, type NotSent, WireError } from '../core/outcome.ts';
import type { CredentialKeeper, RelayDeps } from './deps.ts';

type GuardianDeps = Pick<RelayDeps, 'connections' | 'adapter' | 'io'>;

export function createCredentialKeeper(deps: GuardianDeps): CredentialKeeper {
  const underWay = new Map<string, ReturnType<CredentialKeeper>>();
  const triedEarly = new Map<string, number>();
  return (connection) => {
    if (!deps.adapter(connection.type)?.refresh) return Promise.resolve(connection);
    const known = underWay.get(connection.id);
    if (known) return known;
    const renewal = renewed(deps, triedEarly, connection).finally(() => underWay.delete(connection.id));
    underWay.set(connection.id, renewal);
    return renewal;
  };
}

/** How long a renewal by another process takes, about, ms. */
const ELSEWHERE_MS = 250;
/** Between two early renewals, the first of which failed, ms. */
const EARLY_AGAIN_MS = 30_000;

/**
 * A renewal that was early and came to nothing (the other side is down, another process is at it) holds up nothing:
 * the credentials at hand still serve.
 */
async function renewed(
  deps: GuardianDeps,
  triedEarly: Map<string, number>,
  given: Connection,
): ReturnType<CredentialKeeper> {
  // Read again: another delivery may have renewed them between its claim and now.
  const connection = (await deps.connections.byId(given.id)) ?? given;
  const need = deps.adapter(connection.type)?.refreshNeed?.(connection, deps.io) ?? 'due';
  const now = deps.io.clock.now();
  const isTooSoon = need === 'early' && now < (triedEarly.get(connection.id) ?? 0) + EARLY_AGAIN_MS;
  if (need === 'none' || isTooSoon) return connection;
  const found = await renewAlone(deps, connection);
  if (need === 'due' || !('unusable' in found) || found.lost) return found;
  triedEarly.set(connection.id, now);
  return connection;
}

/** `lost`: no later try will bring them back, somebody has to connect anew. */
type Renewed = Connection | { unusable: string; retryAfterMs: number; lost: boolean };

/** Alone among all processes: asking twice at once may cost the grant. */
async function renewAlone(deps: GuardianDeps, connection: Connection): Promise<Renewed> {
  const found = await deps.connections.renewing(connection, (stored) =>
    renewStored(deps, stored ?? connection),
  );
  if (found !== 'busy') return found;
  return { unusable: 'Its credentials are just being renewed.', retryAfterMs: ELSEWHERE_MS, lost: false };
}

async function renewStored(deps: GuardianDeps, connection: Connection): Promise<Renewed> {
  const fresh = await refreshSafely(deps, connection);
  if (fresh === undefined) return connection;
  if (!isNotSent(fresh)) {
    await deps.connections.saveCredentials(connection, fresh);
    return { ...connection, credentials: fresh };
  }
  if (fresh.outcome === 'unauthorized') {
    await deps.connections.setStatus(connection, 'disconnected', fresh.why);
    return { unusable: fresh.why, retryAfterMs: 60_000, lost: true };
  }
  deps.io.log.warn({ connection: connection.id, why: fresh.why }, 'credentials could not be renewed yet');
  const retryAfterMs = fresh.outcome === 'retry' ? (fresh.afterMs ?? 5_000) : 30_000;
  return { unusable: fresh.why, retryAfterMs, lost: false };
}

async function refreshSafely(
  deps: GuardianDeps,
  connection: Connection,
): Promise<unknown | NotSent | undefined> {
  try {
    return await deps.adapter(connection.type)?.refresh?.(connection, deps.io);
  } catch (error) {
    if (error instanceof WireError) return fromWireError(error);
    throw error;
  }
}

const isNotSent = (value: unknown): value is NotSent => isOutcome(value) && value.outcome !== 'sent';
