/** The token guardian: renews before expiry, one at a time, and stores what came back before anybody uses it. */
import type { Connection } from '../core/adapter.ts';
import { fromWireError, isOutcome, type NotSent, WireError } from '../core/outcome.ts';
import type { CredentialKeeper, RelayDeps } from './deps.ts';

type GuardianDeps = Pick<RelayDeps, 'connections' | 'adapter' | 'io'>;

export function createCredentialKeeper(deps: GuardianDeps): CredentialKeeper {
  const underWay = new Map<string, ReturnType<CredentialKeeper>>();
  return (connection) => {
    if (!deps.adapter(connection.type)?.refresh) return Promise.resolve(connection);
    const known = underWay.get(connection.id);
    if (known) return known;
    const renewal = renew(deps, connection).finally(() => underWay.delete(connection.id));
    underWay.set(connection.id, renewal);
    return renewal;
  };
}

/** How long a renewal by another process takes, about, ms. */
const ELSEWHERE_MS = 250;

async function renew(deps: GuardianDeps, given: Connection): ReturnType<CredentialKeeper> {
  // Read again: another delivery may have renewed them between its claim and now.
  const connection = (await deps.connections.byId(given.id)) ?? given;
  if (deps.adapter(connection.type)?.needsRefresh?.(connection, deps.io) === false) return connection;
  const renewed = await deps.connections.renewing(connection, (stored) =>
    renewStored(deps, stored ?? connection),
  );
  return renewed === 'busy'
    ? { unusable: 'Its credentials are just being renewed.', retryAfterMs: ELSEWHERE_MS }
    : renewed;
}

/** Alone among all processes: asking twice at once may cost the grant. */
async function renewStored(deps: GuardianDeps, connection: Connection): ReturnType<CredentialKeeper> {
  const renewed = await refreshSafely(deps, connection);
  if (renewed === undefined) return connection;
  if (!isNotSent(renewed)) {
    await deps.connections.saveCredentials(connection, renewed);
    return { ...connection, credentials: renewed };
  }
  if (renewed.outcome === 'unauthorized') {
    await deps.connections.setStatus(connection, 'disconnected', renewed.why);
    return { unusable: renewed.why, retryAfterMs: 60_000 };
  }
  deps.io.log.warn({ connection: connection.id, why: renewed.why }, 'credentials could not be renewed yet');
  return {
    unusable: renewed.why,
    retryAfterMs: renewed.outcome === 'retry' ? (renewed.afterMs ?? 5_000) : 30_000,
  };
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
