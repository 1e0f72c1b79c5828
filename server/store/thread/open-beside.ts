/**
 * SQLite in a thread of its own: it writes, and waits for the disk, while the event loop reads what came in and calls
 * the other side. Everything that is written together is a piece of work that the thread is asked for by name; any other
 * statement, also one inside a transaction, crosses by itself.
 */
import { Kysely } from 'kysely';
import { type Executed, goFar } from '../database/far.ts';
import { type Database, openDatabase } from '../database/open.ts';
import type { Schema } from '../database/schema.ts';
import { farCommitter } from './far-committer.ts';
import { FarDialect } from './far-dialect.ts';
import type { Opening } from './start.ts';

/** Throws as `openDatabase` does. */
export async function openBeside({ url, thread }: Opening): Promise<Database> {
  if (!thread) return openDatabase(url);
  const { ask, close } = thread;
  await thread.opened;
  const db = new Kysely<Schema>({ dialect: new FarDialect(ask, close) });
  // Kysely closes only what it has used.
  await db.connection().execute(async () => undefined);
  goFar(db, {
    query: <Row>(sql: string, parameters: readonly unknown[]) =>
      ask<Executed<Row>>({ to: 'query', sql, parameters }),
    committer: farCommitter(ask),
  });
  return db;
}
