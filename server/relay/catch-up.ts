/**
 * What a lost webhook would have said: asked of every source that can tell, behind the start, at intervals, and as soon
 * as the database can be written again after an outage. Duplicates fall out at the ledger's unique key.
 */
import type { Connection } from '../core/adapter.ts';
import { isDatabaseDown } from '../store/database/refusals.ts';
import type { RelayDeps } from './deps.ts';

const INTERVAL_MS = 5 * 60_000;
/** Behind the start: until then the server answers its first requests, and what it calls with is not loaded yet. */
const FIRST_MS = 500;
/** Clocks differ and indexes lag: what lies this far back is asked for again. */
const OVERLAP_MS = 2 * 60_000;
const PROBE_MS = 1_000;
/** Asking one connection takes no longer than this, ms; only one process does. */
const ALONE_MS = 120_000;
const BUSY_MS = 5_000;

export interface CatchUp {
  start(): void;
  /** A webhook was refused because the ledger could not write (soon enough): probe until it can, then catch up. */
  outage(error: unknown): void;
  stop(): void;
}

export function createCatchUp(deps: RelayDeps): CatchUp {
  let interval: ReturnType<typeof setInterval> | undefined;
  let probe: ReturnType<typeof setInterval> | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  const run = (unlessSince?: number) =>
    void catchUpAll(deps, unlessSince).then((busy) => {
      // Another process is at it, perhaps since before our outage ended, or the next one came: ask once more behind it.
      if (busy) again = setTimeout(() => run(), BUSY_MS);
    });
  const stopProbe = () => {
    clearInterval(probe);
    probe = undefined;
  };
  return {
    start: () => {
      again = setTimeout(() => run(), FIRST_MS);
      interval = setInterval(() => run(deps.io.clock.now() - INTERVAL_MS / 2), INTERVAL_MS);
    },
    outage: (error) => {
      if (probe) return;
      // Once, however many webhooks are refused meanwhile.
      deps.io.log.warn({ error: String(error) }, 'webhooks are refused (503) until they can be stored again');
      probe = setInterval(() => {
        if (deps.ledger.isCrowded()) return;
        deps.ledger.probe().then(
          () => {
            stopProbe();
            run();
          },
          () => undefined,
        );
      }, PROBE_MS);
    },
    stop: () => {
      clearInterval(interval);
      clearTimeout(again);
      stopProbe();
    },
  };
}

/** True: another process is asking some of the connections, or the database went away. `unlessSince`: those asked later than that need no asking. */
async function catchUpAll(deps: RelayDeps, unlessSince = Number.POSITIVE_INFINITY): Promise<boolean> {
  let busy = false;
  try {
    for (const connection of await deps.connections.all()) {
      if (!deps.adapter(connection.type)?.catchUp) continue;
      const work = () => catchUpOne(deps, connection, unlessSince);
      busy = (await deps.ledger.alone(`catch-up ${connection.id}`, ALONE_MS, work)) === 'busy' || busy;
    }
  } catch (error) {
    deps.io.log.warn({ error: String(error) }, 'catching up was interrupted; the next round goes on');
    return busy || isDatabaseDown(error);
  }
  return busy;
}

async function catchUpOne(deps: RelayDeps, connection: Connection, unlessSince: number): Promise<void> {
  const adapter = deps.adapter(connection.type);
  if (!adapter?.catchUp) return;
  const began = deps.io.clock.now();
  try {
    const since = await deps.ledger.catchUpSince(connection);
    if (since !== undefined && since > unlessSince) return;
    // A connection that has never been asked has nothing to catch up on: it starts counting now.
    if (since !== undefined) {
      const usable = await deps.credentials(connection);
      if ('unusable' in usable) return;
      const events = await adapter.catchUp(
        usable,
        since - OVERLAP_MS,
        deps.budgets.io({ connection, adapter }),
      );
      const fresh = events.length > 0 ? await deps.ledger.append(events) : 0;
      if (fresh > 0)
        deps.io.log.warn({ connection: connection.id, fresh }, 'caught up on what no webhook had said');
    }
    await deps.ledger.caughtUp(connection, began);
  } catch (error) {
    if (isDatabaseDown(error)) throw error;
    deps.io.log.warn(
      { connection: connection.id, error: String(error) },
      'could not catch up; trying again later',
    );
  }
}
