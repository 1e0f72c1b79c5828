/**
 * `npm run bench`: how fast the real server is, beside what this machine could do at best (the floor). Only ratios of
 * one run mean anything elsewhere. Every figure is printed as soon as it is known; about two minutes in all.
 * `-- --json`: one JSON line for each figure. `-- --quick`: a tenth of the load, in half a minute. `-- --growth`: instead,
 * what five million settled messages (`--settled N`) and 100,000 waiting ones cost; takes five minutes and 6 GB of
 * disk. `-- --postgres`: instead, two servers on a Postgres of the benchmark's own, and claiming
 * and settling beside other job queues on the same one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureCards } from './cards.ts';
import { measureGrowth } from './growth.ts';
import { measureIngest } from './ingest.ts';
import { installOnce } from './octopods.ts';
import { measurePostgres } from './postgres.ts';
import { measureRelay } from './relay.ts';
import { printing } from './report.ts';
import { measureStart } from './start.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    growth: { type: 'boolean', default: false },
    postgres: { type: 'boolean', default: false },
    settled: { type: 'string', default: '5000000' },
  },
});
const { quick } = values;
const report = printing(values.json);

async function growth(folder: string): Promise<void> {
  report.progress('installing Octopods among simulated inboxes');
  const installed = await installOnce(folder, async () => undefined);
  const load = quick ? { rounds: 1, requests: 12_800 } : { rounds: 5, requests: 12_800 };
  await measureGrowth(installed, { settled: Number(values.settled), waiting: 100_000, ...load }, report);
}

async function postgres(folder: string): Promise<void> {
  report.progress('installing Octopods among simulated inboxes');
  const installed = await installOnce(folder, async () => undefined);
  await measurePostgres(installed, folder, quick, report);
}

async function main(folder: string): Promise<void> {
  report.progress('installing Octopods among simulated inboxes');
  const installed = await installOnce(folder, (inboxes) =>
    measureCards(inboxes, quick ? 200 : 2_000, report),
  );
  await measureStart(installed, 3, report);
  const load = quick ? { rounds: 2, requests: 2_048 } : { rounds: 3, requests: 12_800 };
  const floor = await measureIngest(installed, folder, load, report);
  await measureRelay(
    installed,
    floor,
    quick ? { burst: 1_024, steady: 400 } : { burst: 8_192, steady: 3_000 },
    report,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'octopods-bench-'));
try {
  await (values.growth ? growth(folder) : values.postgres ? postgres(folder) : main(folder));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
