import { type Kysely, PostgresAdapter } from 'kysely';
import type { Schema } from './schema.ts';

export const isPostgresUrl = (url: string): boolean => /^postgres(ql)?:\/\//.test(url);

/** Statements are the same for both; locks and types are not: SQLite has one writer, Postgres many. */
export const isPostgres = (db: Kysely<Schema>): boolean =>
  db.getExecutor().adapter instanceof PostgresAdapter;
