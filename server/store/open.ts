import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { migrations } from './migrations.ts';
import type { Schema } from './schema.ts';

export type Database = Kysely<Schema>;

/**
 * Opens the database and brings its schema up to date.
 * `url`: `sqlite:PATH` or `sqlite::memory:`. Throws with the reason when it cannot be opened or migrated.
 */
export async function openDatabase(url: string): Promise<Database> {
  const db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: openSqlite(url) }) });
  const { error } = await new Migrator({ db, provider: migrations }).migrateToLatest();
  if (error) throw error;
  return db;
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
  database.pragma('wal_autocheckpoint = 1000');
  // Erased means erased: what is deleted or replaced is overwritten with zeros, not only forgotten.
  database.pragma('secure_delete = ON');
  return database;
}
