/** Columns whose types mean the same on SQLite and on Postgres. */
import { type Kysely, sql } from 'kysely';
import { isPostgres } from './dialect.ts';
import type { Schema } from './schema.ts';

type Column = 'text' | 'text!' | 'int' | 'int!' | 'blob';

/** A table from a one-line description; `!` = not null. The primary key's columns come first. */
export async function table(
  db: Kysely<Schema>,
  name: string,
  key: string[],
  columns: Record<string, Column>,
): Promise<void> {
  let builder = db.schema.createTable(name);
  for (const [column, type] of Object.entries(columns))
    builder = builder.addColumn(column, sqlType(db, type), (it) => (type.endsWith('!') ? it.notNull() : it));
  await builder.addPrimaryKeyConstraint(`${name}_pk`, key as never).execute();
}

/** Text sorts by its bytes on both: ids and positions mean their order, whatever language the server was set up in. */
export function sqlType(db: Kysely<Schema>, type: Column) {
  if (type.startsWith('text')) return isPostgres(db) ? sql`text collate "C"` : sql`text`;
  if (type.startsWith('int')) return sql`bigint`;
  return isPostgres(db) ? sql`bytea` : sql`blob`;
}
