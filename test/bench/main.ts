/**
 * `npm run bench`: how fast the real server is, beside what this machine could do at best (the floor). Only ratios of
 * one run mean anything elsewhere. Every figure is printed as soon as it is known; about two minutes in all.
 * `-- --json`: one JSON line for each figure. `-- --quick`: a tenth of the load, in half a minute.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureCards } from './cards.ts';
import { measureIngest } from './ingest.ts';
import { installOnce } from './octopods.ts';
import { measureRelay } from './relay.ts';
import { printing } from './report.ts';
import { measureStart } from './start.ts';

const flags = new Set(process.argv.slice(2));
const quick = flags.has('--quick');
const report = printing(flags.has('--json'));

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
  await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
