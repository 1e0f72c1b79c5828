/**
 * `npm run crash -- --kills N [--database sqlite|postgres] [--processes 3] [--seed S] [--minutes M]`: the real server under real HTTP
 * traffic, killed with -9 N times on each database. Ends non-zero when a promise of docs/reliability.md breaks.
 */
import { parseArgs } from 'node:util';
import { PostgresServer } from '../support/postgres.ts';
import { type CrashOptions, crash, type Progress, type Report } from './crash.ts';
import { summary } from './report.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    database: { type: 'string' },
    processes: { type: 'string', default: '3' },
    seed: { type: 'string' },
    minutes: { type: 'string' },
  },
});
const DATABASES = ['sqlite', 'postgres'];
const databases = values.database ? [values.database] : DATABASES;
const kills = Number(values.kills);
const processes = Number(values.processes);
const seed = Number(values.seed ?? Date.now() % 1_000_000);
if (
  databases.some((one) => !DATABASES.includes(one)) ||
  !(kills > 0) ||
  !(processes > 0) ||
  Number.isNaN(seed)
) {
  console.error(
    'npm run crash -- --kills N [--database sqlite|postgres] [--processes 3] [--seed S] [--minutes M]',
  );
  process.exit(2);
}

/** For a slow machine: no kill begins later than so many minutes after the start on a database. */
const minutes = Number(values.minutes ?? Number.POSITIVE_INFINITY);
const SPEAK_MS = 10_000;

/** A line every ten seconds, or the run looks dead. */
function speaker(name: string): (so: Progress) => void {
  const began = Date.now();
  let spoke = began;
  return (so) => {
    if (Date.now() - spoke < SPEAK_MS) return;
    spoke = Date.now();
    const seconds = Math.round((spoke - began) / 1_000);
    console.log(
      `${name}: ${seconds} s, ${so.kills} of ${kills} kills, ${so.sent} texts sent, ${so.open} under way`,
    );
  };
}

async function on(database: string): Promise<Report> {
  const common: CrashOptions = {
    kills,
    seed,
    processes: 1,
    progress: speaker(database),
    until: Date.now() + minutes * 60_000,
  };
  if (database === 'sqlite') return crash(common);
  const server = await new PostgresServer().start();
  try {
    return await crash({ ...common, processes, postgresUrl: server.url('postgres') });
  } finally {
    await server.remove();
  }
}

let broken = 0;
for (const database of databases) {
  const servers = database === 'sqlite' ? 'one server' : `${processes} servers`;
  console.log(`\n${database}, ${servers}, seed ${seed}`);
  const began = Date.now();
  const report = await on(database);
  console.log(`\n${summary(report)}\n\n${Math.round((Date.now() - began) / 1_000)} s on ${database}.`);
  broken += report.broken.length;
}
console.log(broken === 0 ? '\nEvery promise held.' : `\n${broken} promises broke (seed ${seed}).`);
process.exit(broken === 0 ? 0 : 1);
