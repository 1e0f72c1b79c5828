/**
 * Claiming and settling beside other job queues on the same Postgres, each in a process of its own, in turn. The others
 * are a package of their own (`peers/`), installed there by the first run: they are no dependencies of Octopods.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createDatabase, type PostgresServer } from '../support/postgres.ts';
import { percentile } from './load.ts';
import type { Report } from './report.ts';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const PEERS = join(HERE, 'peers');
const ROUNDS = 3;
/** Conversations, and the keys or queues within which the others keep their order. */
const LANES = 512;
const run = promisify(execFile);

/** By name: how many messages or jobs a second. */
type Rates = Record<string, number>;

export async function measureLanes(server: PostgresServer, jobs: number, report: Report): Promise<void> {
  installPeers(report);
  const rounds: Rates[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const rates: Rates = {};
    for (const script of ['lanes-process.ts', 'peers/pg-boss.ts', 'peers/graphile-worker.ts']) {
      report.progress(`claim and settle, round ${round + 1} of ${ROUNDS}: ${script}`);
      const name = `${script.replace(/\W/g, '_')}_${round}`;
      const url = await createDatabase(server.url('postgres'), name);
      const { stdout } = await run(process.execPath, [join(HERE, script), url, String(jobs), String(LANES)]);
      Object.assign(rates, JSON.parse(stdout));
    }
    rounds.push(rates);
  }
  reportRates(rounds, report);
}

const OURS = 'claim_settle';

function reportRates(rounds: Rates[], report: Report): void {
  const middle = (of: (rates: Rates) => number) => percentile(rounds.map(of), 0.5);
  const rate = (name: string) => middle((rates) => rates[name] as number);
  const value = rate(OURS);
  report.figure({ name: OURS, value, unit: 'messages/s' });
  for (const name of Object.keys(rounds[0] as Rates)) {
    if (name === OURS) continue;
    if (name.startsWith('claim')) report.figure({ name, value: rate(name), unit: 'messages/s' });
    else {
      const ratio = middle((rates) => (rates[OURS] as number) / (rates[name] as number));
      report.figure({ name, value: rate(name), unit: 'jobs/s' });
      report.figure({ name: `claim_vs_${name}`, value, unit: 'messages/s', ratio, against: name });
    }
  }
  report.progress('BullMQ was not measured: it needs a Redis, and is no queue in Postgres');
}

function installPeers(report: Report): void {
  if (existsSync(join(PEERS, 'node_modules', '.package-lock.json'))) return;
  report.progress('installing the other queues into test/bench/peers');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--silent'], {
    cwd: PEERS,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
