/** One run of the crash loop on one database: kill, go on, and in the end count everything. */
import { type Chance, chanceOf } from './chance.ts';
import { type Kills, killOnce, newKills } from './killing.ts';
import { type LedgerReader, type OpenCall, openLedger } from './ledger.ts';
import { createLoad, type Load } from './load.ts';
import { killMigrating, type MigrationKills } from './migrating.ts';
import type { Point, PointKind } from './points.ts';
import { type CrashTown, openCrashTown } from './town.ts';
import { brokenBy, judge, type Line } from './verdict.ts';

export interface CrashOptions {
  kills: number;
  seed: number;
  /** Servers on one Postgres; one on SQLite. */
  processes: number;
  /** An empty database; SQLite in a folder of its own without it. */
  postgresUrl?: string;
  /** Another copy of the code, broken on purpose. */
  tree?: string;
  /** Only these, in turn, instead of chance's choice. */
  points?: (Point | PointKind)[];
  /** So many customers have written before the first kill, and nobody new comes: no contact is ever in doubt. */
  acquainted?: number;
  /** Kills in the middle of a migration, before all others; a twentieth of all without it. */
  migrating?: number;
  /** No kill begins later than this; ms since 1970. */
  until?: number;
  /** Told before the first kill and after each and while the rest drains. */
  progress?(so: Progress): void;
}
export interface Progress {
  kills: number;
  sent: number;
  open: number;
}
export interface Report {
  kills: Kills;
  migrations: MigrationKills;
  lines: Line[];
  takeovers: number[];
  /** Promises that did not hold. */
  broken: string[];
  /** Those about time, which a busy machine may break, too. */
  slow: string[];
}

/** A killed worker's message goes on within this, ms. */
const TAKEOVER_MS = 2_000;
/**
 * Without any news for this long, what is still open stays open, ms. The longest wait is for a contact whose creation
 * is in doubt: Intercom's search index may lag by two minutes.
 */
const DRAIN_MS = 150_000;

export async function crash(options: CrashOptions): Promise<Report> {
  const chance = chanceOf(options.seed);
  const town = await openCrashTown(options);
  try {
    const wanted = options.migrating ?? Math.round(options.kills / 20);
    const migrations = await killMigrating({ ...options, folder: town.folder, kills: wanted, chance });
    const { broken, ...report } = await run(options, town, chance, migrations.kills);
    return { ...report, migrations, broken: [...migrations.broken, ...broken] };
  } finally {
    await town.close();
  }
}

async function run(
  options: CrashOptions,
  town: CrashTown,
  chance: Chance,
  before: number,
): Promise<Omit<Report, 'migrations'>> {
  const load = createLoad(town, chance);
  const kills = newKills();
  const tell = (done: number) =>
    options.progress?.({ kills: done, sent: load.fates.size, open: load.open().length });
  load.start();
  if (options.acquainted) await load.acquaints(options.acquainted);
  for (let done = before; done < options.kills && Date.now() < (options.until ?? Infinity); done += 1) {
    await killOnce({ town, load, chance, kills }, options.points?.[(done - before) % options.points.length]);
    tell(done + 1);
  }
  load.stop();
  const ledger = openLedger(town.databaseUrl);
  try {
    const open = await drained(load, ledger, () => tell(options.kills));
    const { lines, broken } = judge(town, load, await ledger.messages());
    return {
      kills,
      lines,
      takeovers: kills.takeovers,
      broken: [...broken, ...brokenBy(lines), ...open.map(stillOpen)],
      slow: late(kills),
    };
  } finally {
    await ledger.close();
  }
}

function stillOpen({ next_at, ...call }: OpenCall): string {
  const seconds = Math.round((Number(next_at) - Date.now()) / 1_000);
  return `still open, tried again in ${seconds} s: ${JSON.stringify(call)}`;
}

function late({ takeovers }: Kills): string[] {
  const slow = takeovers.filter((ms) => ms > TAKEOVER_MS);
  return slow.length === 0
    ? []
    : [
        `${slow.length} of ${takeovers.length} takeovers took longer than 2 s: ${Math.max(...slow)} ms at worst`,
      ];
}

/**
 * Until nothing is open and every message has its record, or nothing moves any more: then what is open still. Looked at
 * once more it would count a receipt that has only just come in.
 */
async function drained(load: Load, ledger: LedgerReader, tell: () => void): Promise<OpenCall[]> {
  let before = '';
  let newsAt = Date.now();
  for (;;) {
    const open = await ledger.open();
    const records = (await ledger.messages()).reduce((sum, row) => sum + row.count, 0);
    if (open.length === 0 && records >= load.fates.size) return [];
    const now = `${open.length} ${records} ${load.served()}`;
    if (now !== before) newsAt = Date.now();
    before = now;
    if (Date.now() - newsAt >= DRAIN_MS) return open;
    tell();
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
