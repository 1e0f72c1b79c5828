/**
 * The database of a simulation: real SQLite under the real statements, reached through a driver in which every
 * statement is a point where the process may be paused or killed. A kill inside a transaction rolls it back, as the
 * operating system would; what was committed stays.
 */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
} from 'kysely';
import { type Database, openDatabase } from '../../server/store/database/open.ts';
import type { Schema } from '../../server/store/database/schema.ts';
import { BlindCompiler } from '../../server/store/database/sqlite-dialect.ts';

/** Whoever uses the disk: told before each step, and may be dead by then (the promise never resolves). */
export interface DiskUser {
  alive: boolean;
  /** A point where the process may be paused or killed; undefined = go on at once. */
  step(label: string): Promise<void> | undefined;
}

export interface Disk {
  raw: Sqlite.Database;
  /** While set, nothing can be written: full, locked or read-only. */
  broken: boolean;
  /** The next commit happens, but its answer is an error. */
  ambiguousCommit: boolean;
  /** What the faults did. */
  refusals: number;
  ambiguities: number;
  /** Prepared once. */
  statement(sql: string): Sqlite.Statement;
  open(user: DiskUser): Database;
  /** The user's process is gone: its open transaction is rolled back, its place in the queue given up. */
  killed(user: DiskUser): void;
  /** Empties every table for the next seed. */
  wipe(): void;
}

export async function createDisk(): Promise<Disk> {
  const raw = await migrated();
  const statements = new Map<string, Sqlite.Statement>();
  const statement = (sql: string): Sqlite.Statement => {
    const known = statements.get(sql) ?? raw.prepare(sql);
    statements.set(sql, known);
    return known;
  };
  const lock = createLock();
  const tables = raw
    .prepare("select name from sqlite_master where type = 'table' and name not like 'kysely%'")
    .all() as { name: string }[];
  const disk: Disk = {
    raw,
    broken: false,
    ambiguousCommit: false,
    refusals: 0,
    ambiguities: 0,
    statement,
    open: (user) => new Kysely<Schema>({ dialect: dialectOf(disk, lock, user) }),
    killed: (user) => {
      if (lock.holder() === user && raw.inTransaction) raw.exec('rollback');
      lock.forget(user);
    },
    wipe: () => {
      if (raw.inTransaction) raw.exec('rollback');
      for (const { name } of tables) statement(`delete from "${name}"`).run();
      lock.clear();
      Object.assign(disk, { broken: false, ambiguousCommit: false, refusals: 0, ambiguities: 0 });
    },
  };
  return disk;
}

/** The schema as the product's own migrations make it, in memory. */
async function migrated(): Promise<Sqlite.Database> {
  const path = join(tmpdir(), `octopods-simulate-${process.pid}.db`);
  const remove = () => {
    for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true });
  };
  remove();
  await (await openDatabase(`sqlite:${path}`)).destroy();
  const file = new Sqlite(path);
  file.pragma('journal_mode = delete');
  const image = file.serialize();
  file.close();
  remove();
  return new Sqlite(image);
}

type Lock = ReturnType<typeof createLock>;

/** One writer and reader at a time, first come first served. */
function createLock() {
  let holder: DiskUser | undefined;
  let queue: { user: DiskUser; resolve(): void }[] = [];
  const next = () => {
    const first = queue.shift();
    holder = first?.user;
    first?.resolve();
  };
  return {
    holder: () => holder,
    take: (user: DiskUser): Promise<void> | undefined => {
      if (!holder) {
        holder = user;
        return undefined;
      }
      return new Promise((resolve) => queue.push({ user, resolve }));
    },
    release: next,
    forget: (user: DiskUser) => {
      queue = queue.filter((waiting) => waiting.user !== user);
      if (holder === user) next();
    },
    clear: () => {
      queue = [];
      holder = undefined;
    },
  };
}

const never = (): Promise<never> => new Promise(() => undefined);

function dialectOf(disk: Disk, lock: Lock, user: DiskUser): Dialect {
  return {
    createAdapter: () => new PooledAdapter(),
    createDriver: () => driverOf(disk, lock, user),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new BlindCompiler(),
  };
}

/** Statements of one process may overtake each other, as through a pool of connections. */
class PooledAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): true {
    return true;
  }
}

function driverOf(disk: Disk, lock: Lock, user: DiskUser): Driver {
  const run = (connection: DatabaseConnection, sql: string) =>
    connection.executeQuery({ sql, parameters: [] } as unknown as CompiledQuery).then(() => undefined);
  return {
    init: async () => undefined,
    acquireConnection: async () => {
      await user.step('database');
      if (!user.alive) return never();
      await lock.take(user);
      if (!user.alive) return never();
      return connectionOf(disk, user);
    },
    beginTransaction: (connection) => run(connection, 'begin'),
    commitTransaction: (connection) => run(connection, 'commit'),
    rollbackTransaction: (connection) => run(connection, 'rollback'),
    releaseConnection: async () => {
      if (!user.alive) return never();
      lock.release();
      await user.step('database answered');
    },
    destroy: async () => undefined,
  };
}

function connectionOf(disk: Disk, user: DiskUser): DatabaseConnection {
  return {
    executeQuery: async <Row>(query: CompiledQuery): Promise<QueryResult<Row>> => {
      const { sql, parameters } = query;
      const waiting = disk.raw.inTransaction ? user.step(`in a transaction: ${sql}`) : undefined;
      if (waiting) await waiting;
      if (!user.alive) return never();
      refuseWrites(disk, sql);
      const result = execute(disk, sql, parameters) as QueryResult<Row>;
      if (sql === 'commit' && disk.ambiguousCommit) ambiguous(disk);
      return result;
    },
    // biome-ignore lint/correctness/useYield: nothing of the product streams rows.
    streamQuery: async function* () {
      throw new Error('rows are not streamed');
    },
  };
}

function execute(disk: Disk, sql: string, parameters: readonly unknown[]): QueryResult<unknown> {
  const statement = disk.statement(sql);
  if (statement.reader) return { rows: statement.all(...parameters) };
  const { changes, lastInsertRowid } = statement.run(...parameters);
  return { numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid), rows: [] };
}

const WRITES = /^(insert|update|delete|begin immediate|commit)/;

/** What the driver throws when the disk is full: nothing of it was written. */
function refuseWrites(disk: Disk, sql: string): void {
  if (!disk.broken || !WRITES.test(sql)) return;
  disk.refusals += 1;
  if (sql === 'commit' && disk.raw.inTransaction) disk.raw.exec('rollback');
  throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
}

function ambiguous(disk: Disk): never {
  disk.ambiguousCommit = false;
  disk.ambiguities += 1;
  throw Object.assign(new Error('the connection broke while committing'), { code: 'SQLITE_IOERR' });
}
