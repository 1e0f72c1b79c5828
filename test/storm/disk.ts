/** The disk under the database: full, or closed to us. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import type { Town } from '../support/town.ts';
import { until } from '../support/until.ts';
import type { Row } from './report.ts';
import { type Lifted, readiness, run } from './run.ts';
import { openTraffic } from './traffic.ts';

/** A disk of its own, small enough to be filled; undefined where this user may not mount one. */
export interface SmallDisk {
  folder: string;
  fill(): void;
  free(): void;
  remove(): void;
}

export function mountSmallDisk(megabytes: number): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'octopods-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0777`, 'tmpfs', folder], {
      stdio: 'ignore',
    });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  const filler = (size: string) => join(folder, `filler-${size}`);
  const sizes = [1_000_000, 100_000, 4_096];
  return {
    folder,
    fill: () => {
      for (const size of sizes) fillWith(filler(String(size)), Buffer.alloc(size));
    },
    free: () => {
      for (const size of sizes) rmSync(filler(String(size)), { force: true });
    },
    remove: () => {
      execFileSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Until nothing of that size fits any more. */
function fillWith(path: string, block: Buffer): void {
  for (;;)
    try {
      writeFileSync(path, block, { flag: 'a' });
    } catch {
      return;
    }
}

/**
 * Where no disk can be mounted, the server is forbidden to write (RLIMIT_FSIZE): its writes fail in the same places,
 * with another error.
 */
const forbidWriting = (pid: number, forbidden: boolean): void =>
  void execFileSync('prlimit', ['--pid', String(pid), `--fsize=${forbidden ? 0 : 'unlimited'}:unlimited`]);

/** How often senders heard 503 since; throws when one of them was not told when to come again. */
export function refusals(town: Town): () => number {
  const { telegram, meta, twilio, intercom, hubspot } = town.emulators;
  const all = [telegram, meta, twilio, intercom, hubspot];
  const before = all.map((one) => one.webhooks.length);
  return () => {
    const refused = all
      .flatMap((one, index) => one.webhooks.slice(before[index]))
      .filter((sent) => sent.status === 503);
    if (refused.some(({ answer }) => !answer.retryAfter)) throw new Error('a 503 came without Retry-After');
    return refused.length;
  };
}

/** Both directions while the disk is full: 503 to every webhook, and `readyz` says why. */
export async function fullDisk(
  town: Town,
  disk: SmallDisk | undefined,
  { customers, rounds }: { customers: number; rounds: number },
): Promise<Row> {
  const traffic = await openTraffic(town, { platform: 'hubspot', app: 'telegram', count: customers });
  let why = '';
  const pid = town.product.pid as number;
  return run({
    fault: disk ? 'disk full (SQLite)' : 'disk refuses writes (SQLite, RLIMIT_FSIZE)',
    traffic,
    at: town.emulators.hubspot,
    lay: async (): Promise<Lifted> => {
      const count = refusals(town);
      if (disk) disk.fill();
      else forbidWriting(pid, true);
      await until('readyz to say that the disk is full', async () => {
        const ready = await readiness(town);
        why = ready.why;
        return ready.status === 503;
      });
      return {
        lift: async () => {
          if (disk) disk.free();
          else forbidWriting(pid, false);
          await until('readyz to be content again', async () => (await readiness(town)).status === 200);
          return count();
        },
      };
    },
    ...{ rounds, everyMs: 500, withinMs: 60_000, mayBeLate: true },
    check: () => (/disk/.test(why) ? [] : [`readyz said “${why}”`]),
  });
}

/** Another process (a backup, a forgotten CLI) holds the only write lock. */
export async function lockedFile(
  town: Town,
  { customers, rounds }: { customers: number; rounds: number },
): Promise<Row> {
  const traffic = await openTraffic(town, { platform: 'hubspot', app: 'telegram', count: customers });
  let why = '';
  return run({
    fault: 'database closed to writing by another process (SQLite)',
    traffic,
    at: town.emulators.hubspot,
    lay: async () => {
      const count = refusals(town);
      const other = new Sqlite(town.databaseFile, { timeout: 5_000 });
      other.exec('begin exclusive');
      return {
        lift: async () => {
          ({ why } = await readiness(town));
          other.close();
          await pause(500);
          return count();
        },
      };
    },
    ...{ rounds, everyMs: 500, withinMs: 60_000, mayBeLate: true },
    check: () => (/locked/.test(why) ? [] : [`readyz said “${why}”`]),
  });
}
