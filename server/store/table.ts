/** Tables from one-line descriptions, for migrations. Types are such that the same statements run on both databases. */
import type { Kysely } from 'kysely';
import type { Schema } from './schema.ts';

export type Column = 'text' | 'text!' | 'int' | 'int!' | 'blob';

/** `!` = not null. The primary key's columns come first. */
export async function table(
  db: Kysely<Schema>,
  name: string,
  key: string[],
  columns: Record<string, Column>,
): Promise<void> {
  const bytes = isPostgres(db) ? 'bytea' : 'blob';
  let builder = db.schema.createTable(name);
  for (const [column, type] of Object.entries(columns)) {
    const base = type.startsWith('text') ? 'text' : type.startsWith('int') ? 'bigint' : bytes;
    builder = builder.addColumn(column, base as 'text', (it) => (type.endsWith('!') ? it.notNull() : it));
  }
  await builder.addPrimaryKeyConstraint(`${name}_pk`, key as never).execute();
}

export const isPostgres = (db: Kysely<Schema>): boolean =>
  db.getExecutor().adapter.constructor.name.startsWith('Postgres');
