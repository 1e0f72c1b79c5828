/**
 * `npm run crash -- --kills 1000`: the real server under real HTTP traffic, killed with -9 so often on each database.
 * Ends non-zero when a promise of docs/reliability.md breaks.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { PostgresServer } from '../support/postgres.ts';
import { BREAKS, type Break, brokenTree } from './breaks.ts';
import { type CrashOptions, crash, type Progress, type Report } from './crash.ts';
import { summary } from './report.ts';

interface Choices {
  kills: number;
  database?: string;
  processes: number;
  seed: number;
  minutes: number;
  break?: string;
}

const whole = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number from 1.');
  return value;
};

const choices = new Command('npm run crash --')
  .description('Kills the real server, again and again, and counts what became of every message.')
  .addOption(new Option('--kills <n>', 'on each database').argParser(whole).default(1_000))
  .addOption(new Option('--database <name>', 'only this one').choices(['sqlite', 'postgres']))
  .addOption(new Option('--processes <n>', 'servers on Postgres').argParser(whole).default(3))
  .addOption(new Option('--seed <n>', 'the same choices again').argParser(whole).default(Date.now() % 1e6))
  .addOption(
    new Option('--minutes <n>', 'no kill later than this, on each database')
      .argParser(whole)
      .default(Number.POSITIVE_INFINITY, 'as long as it takes'),
  )
  .addOption(
    new Option('--break <name>', 'in a copy of the code that breaks a promise').choices(Object.keys(BREAKS)),
  )
  .parse()
  .opts<Choices>();

const SPEAK_MS = 10_000;

/** A line every ten seconds, or the run looks dead. */
function speaker(name: string): (so: Progress) => void {
  const began = Date.now();
  let spoke = began;
  return ({ kills, sent, open }) => {
    if (Date.now() - spoke < SPEAK_MS) return;
    spoke = Date.now();
    const seconds = Math.round((spoke - began) / 1_000);
    console.log(
      `${name}: ${seconds} s, ${kills} of ${choices.kills} kills, ${sent} texts sent, ${open} under way`,
    );
  };
}

async function on(database: string, tree: string | undefined): Promise<Report> {
  const common: CrashOptions = {
    kills: choices.kills,
    seed: choices.seed,
    processes: 1,
    progress: speaker(database),
    until: Date.now() + choices.minutes * 60_000,
    ...(tree ? { tree } : {}),
  };
  if (database === 'sqlite') return crash(common);
  const server = await new PostgresServer().start();
  try {
    return await crash({ ...common, processes: choices.processes, postgresUrl: server.url('postgres') });
  } finally {
    await server.remove();
  }
}

/** Answers how many promises broke. */
async function report(database: string, tree: string | undefined): Promise<number> {
  const servers = database === 'sqlite' ? 'one server' : `${choices.processes} servers`;
  console.log(`\n${database}, ${servers}, seed ${choices.seed}`);
  const began = Date.now();
  const said = await on(database, tree);
  console.log(`\n${summary(said)}\n\n${Math.round((Date.now() - began) / 1_000)} s on ${database}.`);
  return said.broken.length + said.slow.length;
}

async function main(): Promise<number> {
  const spoiled: Break | undefined = choices.break === undefined ? undefined : BREAKS[choices.break];
  const copy = spoiled && brokenTree(spoiled);
  if (spoiled) console.log(`In a copy that ${spoiled.what}: ${spoiled.file}`);
  try {
    let broken = 0;
    for (const database of choices.database ? [choices.database] : ['sqlite', 'postgres'])
      broken += await report(database, copy?.tree);
    return broken;
  } finally {
    copy?.remove();
  }
}

const broken = await main();
const words = broken === 1 ? '1 promise broke' : `${broken} promises broke`;
console.log(broken === 0 ? '\nEvery promise held.' : `\n${words} (seed ${choices.seed}).`);
process.exit(broken === 0 ? 0 : 1);
