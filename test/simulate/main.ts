/**
 * `npm run simulate -- --seeds N [--from K] [--break RULE]`: the real relay and the real store over a fake clock and a
 * faulty network, N times, on all cores. Ends non-zero on any loss, duplicate or inversion, and on a kind of fault that
 * never happened. `--seed S` runs one of them and prints everything that happens in it.
 */
import { parseArgs } from 'node:util';
import { BREAKS, type Break } from './breaks.ts';
import { createDisk } from './disk.ts';
import { add, failure, missing, nothing, type Sum, table } from './report.ts';
import { runSeed } from './run.ts';
import { CORES, runSeeds } from './seeds.ts';

/** From so many seeds on every kind of fault must have happened. */
const MANY = 200;
const PROGRESS_MS = 10_000;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    break: { type: 'string' },
  },
});

const whole = (name: string, value: string): number =>
  /^[1-9]\d*$/.test(value) ? Number(value) : leave(`--${name} takes a whole number from 1 on, not ${value}`);

function leave(why: string): never {
  console.error(why);
  process.exit(2);
}

function ruleToBreak(): Break | undefined {
  const rule = values.break;
  if (rule === undefined) return undefined;
  return BREAKS.find((one) => one === rule) ?? leave(`--break takes one of: ${BREAKS.join(', ')}`);
}

async function one(seed: number, remove: Break | undefined): Promise<boolean> {
  const sum = nothing();
  const disk = await createDisk();
  add(sum, await runSeed(disk, { seed, remove }, (line) => console.log(line)));
  for (const outcome of sum.broken) console.log(failure(outcome, remove));
  if (sum.broken.length === 0) console.log(`Seed ${seed} breaks nothing.`);
  return sum.broken.length === 0;
}

async function many(first: number, count: number, remove: Break | undefined): Promise<boolean> {
  const sum = nothing();
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1_000;
  const progress = () => console.log(`${sum.seeds} of ${count} seeds, ${sum.broken.length} broken`);
  const timer = setInterval(progress, PROGRESS_MS);
  const requests = Array.from({ length: count }, (_, index) => ({ seed: first + index, remove }));
  await runSeeds(requests, (outcome) => {
    add(sum, outcome);
    if (outcome.breaches.length > 0) console.log(failure(outcome, remove));
    // A control has shown what it is for with the first seed that fails.
    return remove !== undefined && sum.broken.length > 0;
  });
  clearInterval(timer);
  console.log(table(sum));
  const pace = `${(sum.seeds / seconds()).toFixed(1)} a second on ${CORES} cores`;
  console.log(`${sum.seeds} seeds from ${first} on, in ${seconds().toFixed(0)} s (${pace})`);
  return conclude(sum, remove);
}

function conclude(sum: Sum, remove: Break | undefined): boolean {
  const without = remove ? `Without ${BROKEN_RULE[remove]}: ` : '';
  if (sum.broken.length > 0) {
    const seeds = sum.broken.map(({ seed }) => seed).join(', ');
    console.log(`${without}${sum.broken.length} of ${sum.seeds} seeds FAILED: ${seeds}`);
    return false;
  }
  const never = sum.seeds >= MANY ? missing(sum) : [];
  if (never.length > 0) console.log(`These faults never happened: ${never.join(', ')}`);
  else console.log(`${without}0 lost, 0 reordered, 0 duplicates beyond those labelled unknown`);
  return never.length === 0;
}

const BROKEN_RULE: Record<Break, string> = {
  head: 'the head-of-lane rule',
  fence: 'the fence',
  started: 'attempt_started',
  dedupe: 'the dedupe key',
  ack: 'the durable ack',
};

const remove = ruleToBreak();
const well = values.seed
  ? await one(whole('seed', values.seed), remove)
  : await many(whole('from', values.from), whole('seeds', values.seeds), remove);
process.exit(well ? 0 : 1);
