/** Many seeds, on all cores. */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Outcome, Request } from './run.ts';

const RUNNER = fileURLToPath(new URL('./runner.ts', import.meta.url));
/** Seeds handed over at a time: about a second of work, so that neither the last one nor a stop is waited for long. */
const AT_ONCE = 4;
export const CORES = availableParallelism();

/** Runs until all have run, or until `enough` says so of an outcome. Throws when a runner dies. */
export async function runSeeds(requests: Request[], enough: (outcome: Outcome) => boolean): Promise<void> {
  const waiting = [...requests];
  const runners = Math.min(CORES, Math.ceil(requests.length / AT_ONCE));
  const take = () => waiting.splice(0, AT_ONCE);
  const hear = (outcome: Outcome) => {
    if (enough(outcome)) waiting.length = 0;
  };
  await Promise.all(
    Array.from({ length: runners }, () => keepBusy(fork(RUNNER, { execArgv: [] }), take, hear)),
  );
}

function keepBusy(runner: ChildProcess, take: () => Request[], hear: (outcome: Outcome) => void) {
  return new Promise<void>((resolve, reject) => {
    let seeds: Request[] = [];
    const next = () => {
      seeds = take();
      if (seeds.length > 0) return void runner.send(seeds);
      runner.removeAllListeners('exit').kill();
      resolve();
    };
    runner.on('message', (outcomes: Outcome[]) => {
      for (const outcome of outcomes) hear(outcome);
      next();
    });
    const { seed: first } = seeds[0] ?? {};
    runner.on('exit', (code) => reject(new Error(`a runner ended (${code}) in the seeds from ${first} on`)));
    next();
  });
}
