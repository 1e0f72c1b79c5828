/** Many rows as one parameter of a Postgres statement, so that its text is the same however many they are. */
import { type RawBuilder, sql } from 'kysely';

type Type = 'text' | 'bigint' | 'boolean';
export type Columns<Row> = { [Kind in Type]?: readonly (keyof Row & string)[] };

/**
 * For behind `from` or `join`: the rows as a table `name`. Its columns are those of `columns` in snake case; whatever
 * else the rows carry is left out.
 */
export function records<Row extends object>(
  rows: Row[],
  columns: Columns<Row>,
  name: string,
): RawBuilder<unknown> {
  const all = Object.entries(columns).flatMap(([type, names]) =>
    names.map((key) => ({ key, column: snake(key), type })),
  );
  const plain = rows.map((row) => Object.fromEntries(all.map(({ key, column }) => [column, row[key]])));
  const types = all.map(({ column, type }) => `${column} ${type}`).join(', ');
  return sql`json_to_recordset(${JSON.stringify(plain)}::json) as ${sql.raw(`${name} (${types})`)}`;
}

export const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
