import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { isPostgresUrl } from './dialect.ts';
import { migrations } from './migrations/migrations.ts';
import { migratePostgres, postgresDialect } from './open-postgres.ts';
import { openWay, preparedOnce } from './prepared.ts';
import type { Schema } from './schema.ts';
import { OurSqlite } from './sqlite-dialect.ts';

export type Database = Kysely<Schema>;

/**
 * Opens the database and brings its schema up to date, as a whole or not at all: a start that is killed meanwhile leaves
 * the schema that it found. On Postgres one of several processes does so while the others wait.
 * `url`: `sqlite:PATH`, `sqlite::memory:` or `postgres://…`. Throws with the reason when it cannot be opened or migrated.
 */
export async function openDatabase(url: string): Promise<Database> {
  if (isPostgresUrl(url)) {
    await migratePostgres(url, migrate);
    return new Kysely<Schema>({ dialect: postgresDialect(url) });
  }
  const sqlite = preparedOnce(openSqlite(url));
  const db = new Kysely<Schema>({ dialect: new OurSqlite({ database: sqlite }) });
  openWay(db, sqlite);
  try {
    await migrate(db);
  } catch (error) {
    await db.destroy();
    throw error;
  }
  return db;
}

async function migrate(db: Database): Promise<void> {
  const { error } = await new Migrator({ db, provider: migrations }).migrateToLatest();
  if (error) throw error;
}

function openSqlite(url: string): Sqlite.Database {
  const path = url.slice('sqlite:'.length);
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true });
  // A busy file means another process writes (the CLI, a backup): wait a little, then answer 503 rather than stall
  // the event loop, which better-sqlite3 would block for the whole wait.
  const database = new Sqlite(path, { timeout: 250 });
  database.pragma('journal_mode = WAL');
  // The ack is the durability boundary: better-sqlite3 defaults to NORMAL in WAL mode, which may lose the last commits.
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  // 16 MB: moving the log into the file costs an fsync and random writes, a fifth of the ingest at the default of 4 MB.
  database.pragma('wal_autocheckpoint = 4000');
  // 24 MB of pages at hand instead of 2: an index of hashes is read at a new place with every message.
  database.pragma('cache_size = -24000');
  // Journals of single statements stay in memory: they only undo, a crash undoes them anyway.
  database.pragma('temp_store = MEMORY');
  // Erased means erased: what is deleted or replaced is overwritten with zeros, not only forgotten.
  database.pragma('secure_delete = ON');
  return database;
}
