/**
 * The relay's loop: claims the heads of lanes that are due, works on up to `CONCURRENCY` of them at a time, and drains
 * on request. Polling is the truth; being woken only makes it quick.
 */
import { randomBytes } from 'node:crypto';
import { forLog } from '../store/database/refusals.ts';
import type { Claim } from '../store/ledger/claims.ts';
import { deliver } from './deliver.ts';
import type { RelayDeps } from './deps.ts';

/**
 * Claims under way at once, but for those whose call is slow. Each waits for a few commits; the more wait together, the
 * fewer commits there are.
 */
const CONCURRENCY = 128;
/** The same while webhooks come faster than they are stored: their senders wait for an answer, the ledger can wait. */
const WHILE_BUSY = 16;
/** Between two claims then, ms: some 600 messages a second go on all the same, and take a sixth of the processor. */
const PAUSE_WHILE_BUSY = 25;
/** Claims that are begun in one turn of the event loop: on SQLite each is loaded in the same turn, some 200 µs. */
const IN_ONE_TURN = 16;

export interface Worker {
  start(): void;
  /** Takes nothing new; resolves when what is under way has settled, or after `ms`. */
  drain(ms: number): Promise<void>;
}

export function createWorker(deps: RelayDeps): Worker {
  const owner = deps.owner ?? `wrk_${randomBytes(6).toString('hex')}`;
  const underWay = new Set<Promise<void>>();
  let running = false;
  let looping: Promise<void> = Promise.resolve();
  let wake: () => void = () => undefined;
  deps.ledger.onWork(() => wake());
  const { slow } = deps.budgets;
  slow.onSlow(() => wake());
  const { isBusy } = deps.ledger;
  const places = () => (isBusy() ? WHILE_BUSY : CONCURRENCY);
  const placesLeft = () => places() - (underWay.size - slow.count());

  async function loop(): Promise<void> {
    while (running) {
      const free = placesLeft();
      const claims = free > 0 ? await claimSafely(deps, owner, free) : [];
      await inTurns(claims, track);
      if (claims.length === 0 || placesLeft() <= 0) await rest();
      if (isBusy()) await pause();
    }
  }
  function track(claim: Claim): void {
    const job = deliverSafely(deps, claim).finally(() => {
      underWay.delete(job);
      wake();
    });
    underWay.add(job);
  }
  function rest(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, deps.times.poll);
      function done(): void {
        clearTimeout(timer);
        wake = () => undefined;
        resolve();
      }
      wake = done;
    });
  }
  return {
    start: () => {
      if (running) return;
      running = true;
      looping = loop();
    },
    drain: async (ms) => {
      running = false;
      wake();
      const limit = AbortSignal.timeout(ms);
      const expired = new Promise<void>((resolve) => limit.addEventListener('abort', () => resolve()));
      // A claim may be on its way from the store at this very moment: what it brings is under way as well.
      const finished = looping.then(() => Promise.allSettled(underWay));
      await Promise.race([finished, expired]);
    },
  };
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, PAUSE_WHILE_BUSY));

async function inTurns(claims: Claim[], begin: (claim: Claim) => void): Promise<void> {
  for (const [index, claim] of claims.entries()) {
    if (index > 0 && index % IN_ONE_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    begin(claim);
  }
}

async function claimSafely(deps: RelayDeps, owner: string, max: number): Promise<Claim[]> {
  try {
    return await deps.ledger.claim(owner, max, deps.times.lease);
  } catch (error) {
    deps.io.log.error({ error: String(error) }, 'the ledger could not be claimed from; trying again');
    return [];
  }
}

/** A failure of the store ends the claim where it stands: its lease runs out and its state says what is certain. */
async function deliverSafely(deps: RelayDeps, claim: Claim): Promise<void> {
  try {
    await deliver(deps, claim);
  } catch (error) {
    const { id, kind } = claim.delivery;
    deps.io.log.error({ delivery: id, kind, error: forLog(error) }, 'a delivery stopped');
  }
}
