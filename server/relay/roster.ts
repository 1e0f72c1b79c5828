/**
 * Who of the processes that share the database is alive. Each says so a few times a second; whose count has not risen
 * for several of our own looks is gone, and what it held goes on here, within two seconds of its end. Only counts are
 * compared, never clocks of two machines; and a database that stalls stalls our looks as well.
 */
import type { Beat, Peers } from '../store/database/peers.ts';
import type { RelayDeps } from './deps.ts';

/** With 300 ms, one of 13 messages went on only after 2,062 ms on a machine that was busy with something else. */
const LOOK_MS = 250;
const SILENT_LOOKS = 4;

export interface Roster {
  /** Resolves when we are on it: nothing may be claimed before. */
  start(): Promise<void>;
  /** Off it; what we still hold goes on elsewhere at once. */
  stop(): Promise<void>;
}

export function createRoster(deps: Pick<RelayDeps, 'io'>, peers: Peers, owner: string): Roster {
  const silent = new Map<string, { beats: number; looks: number }>();
  let running = true;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    const others = await peers.beat(owner);
    for (const id of silent.keys()) if (!others.some((other) => other.id === id)) silent.delete(id);
    for (const other of others) if (isGone(other)) await bury(other);
  }
  function isGone({ id, beats }: Beat): boolean {
    const known = silent.get(id);
    const looks = known?.beats === beats ? known.looks + 1 : 0;
    silent.set(id, { beats, looks });
    return looks >= SILENT_LOOKS;
  }
  async function bury(other: Beat): Promise<void> {
    silent.delete(other.id);
    if (await peers.takeOver(other, deps.io.clock.now()))
      deps.io.log.warn({ worker: other.id }, 'a worker is gone: what it held goes on here');
  }
  function next(): void {
    if (!running) return;
    timer = setTimeout(() => {
      looking = look()
        .catch((error) =>
          deps.io.log.warn({ error: String(error) }, 'the roster could not be read; trying again'),
        )
        .then(next);
    }, LOOK_MS);
  }
  return {
    start: async () => {
      await look();
      next();
    },
    stop: async () => {
      running = false;
      clearTimeout(timer);
      await looking;
      await peers
        .leave(owner, deps.io.clock.now())
        .catch((error) => deps.io.log.warn({ error: String(error) }, 'could not say good-bye to the others'));
    },
  };
}
