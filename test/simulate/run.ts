/** One seed, from its first process to the verdict. */
import { createHash } from 'node:crypto';
import type { Break } from './breaks.ts';
import type { Disk } from './disk.ts';
import { play } from './scenario.ts';
import { createSimulation } from './simulation.ts';
import { type Breach, judge, type Totals } from './verdict.ts';
import type { Occurrence } from './weather.ts';

export interface Request {
  seed: number;
  /** The rule that a negative control takes away. */
  remove?: Break | undefined;
}

export interface Outcome extends Totals {
  seed: number;
  breaches: Breach[];
  counts: [Occurrence, number][];
  /** Of everything that happened, in its order: the same seed has the same one, wherever it runs. */
  fingerprint: string;
}

/** `print` gets every line of what happens. */
export async function runSeed(
  disk: Disk,
  { seed, remove }: Request,
  print: (line: string) => void = () => undefined,
): Promise<Outcome> {
  const hash = createHash('sha256');
  const witness = (line: string) => {
    hash.update(line);
    print(line);
  };
  const simulation = await createSimulation({ seed, disk, remove, print: witness });
  const played = await play(simulation);
  simulation.count('database refused to write', disk.refusals);
  simulation.count('commit with an unknown end', disk.ambiguities);
  const { breaches, totals } = judge(simulation, played);
  const fingerprint = hash.digest('hex').slice(0, 12);
  return { seed, breaches, ...totals, counts: [...simulation.counts], fingerprint };
}
