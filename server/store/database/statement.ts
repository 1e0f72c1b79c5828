/**
 * Statements of the hot path. Kysely builds and compiles each once; from then on only its values are bound. Measured
 * per statement: building 20–40 µs, binding and running 3–6.
 */
import { type Compilable, CompiledQuery } from 'kysely';
import { type Executed, farFrom } from './far.ts';
import type { Database } from './open.ts';
import { directly, directlyWithin, type Prepared } from './prepared.ts';

export interface Statement<Values, Row> {
  all(db: Database, values: Values): Promise<Row[]>;
  first(db: Database, values: Values): Promise<Row | undefined>;
  /** Answers how many rows it changed. */
  run(db: Database, values: Values): Promise<number>;
}

/** Stands in the built query for a value that comes later. */
class Blank {
  readonly name: string;
  readonly row: number;
  constructor(name: string, row = 0) {
    this.name = name;
    this.row = row;
  }
}

const anyBlank = <Values>(): Values =>
  new Proxy({}, { get: (_target, name) => new Blank(String(name)) }) as Values;

/** `build` sees a blank for each property it takes from `values`; it must build the same query every time. */
export function statement<Values extends object, Row = unknown>(
  build: (db: Database, values: Values) => Compilable<Row>,
): Statement<Values, Row> {
  const blanks = anyBlank<Values>();
  const compiled = compiledOnce((db) => build(db, blanks));
  return {
    all: async (db, values) => (await execute(db, compiled(db, 1), [values])).rows,
    first: async (db, values) => (await execute(db, compiled(db, 1), [values])).rows[0],
    run: async (db, values) => (await execute(db, compiled(db, 1), [values])).changed,
  };
}

/**
 * One insert for many rows, compiled once for each number of rows; on SQLite once for all, and run row by row: there a
 * statement of many rows keeps a journal of its own, which costs half as much again as writing the rows. Columns left out get their default; `shared` is what
 * the statement takes from the first row beside the inserted columns.
 */
export function rowsStatement<Values extends object, Row = unknown>(
  columns: readonly (keyof Values & string)[],
  build: (db: Database, rows: Values[], shared: Values) => Compilable<Row>,
): (db: Database, rows: Values[]) => Promise<Row[]> {
  const blankRow = (row: number) =>
    Object.fromEntries(columns.map((column) => [column, new Blank(column, row)])) as Values;
  const compiled = compiledOnce((db, count) =>
    build(
      db,
      Array.from({ length: count }, (_, row) => blankRow(row)),
      anyBlank<Values>(),
    ),
  );
  return async (db, rows) => {
    const prepared = directlyWithin(db);
    if (!prepared) return (await execute(db, compiled(db, rows.length), rows)).rows;
    const one = compiled(db, 1);
    return rows.flatMap((row) => executeDirectly<Row>(prepared, one, [row]).rows);
  };
}

/** By dialect, because a process may hold databases of both kinds (while it moves from one to the other). */
function compiledOnce<Row>(build: (db: Database, count: number) => Compilable<Row>) {
  const known = new Map<unknown, Map<number, CompiledQuery<Row>>>();
  return (db: Database, count: number): CompiledQuery<Row> => {
    const dialect = db.getExecutor().adapter.constructor;
    const byCount = known.get(dialect) ?? new Map<number, CompiledQuery<Row>>();
    known.set(dialect, byCount);
    const found = byCount.get(count) ?? build(db, count).compile();
    byCount.set(count, found);
    return found;
  };
}

/** A statement that somebody else has compiled. */
export const query = (db: Database, text: string, parameters: readonly unknown[]): Promise<Executed> =>
  execute(db, CompiledQuery.raw(text, [...parameters]), []);

async function execute<Row>(db: Database, query: CompiledQuery<Row>, rows: object[]): Promise<Executed<Row>> {
  const prepared = directly(db);
  if (prepared) return executeDirectly(prepared, query, rows);
  const far = farFrom(db);
  if (far) return far.query<Row>(query.sql, fill(query, rows));
  const result = await db.executeQuery<Row>({ ...query, parameters: fill(query, rows) });
  return { rows: result.rows, changed: Number(result.numAffectedRows ?? 0n) };
}

function executeDirectly<Row>(prepared: Prepared, query: CompiledQuery<Row>, rows: object[]): Executed<Row> {
  const made = prepared.prepare(query.sql);
  const parameters = fill(query, rows);
  // One by one: taken out of a list, each value costs a quarter more to bind.
  if (made.reader) return { rows: made.all(...parameters) as Row[], changed: 0 };
  return { rows: [], changed: made.run(...parameters).changes };
}

const fill = ({ parameters }: CompiledQuery, rows: object[]): unknown[] =>
  parameters.map((parameter) =>
    parameter instanceof Blank ? (rows[parameter.row] as Record<string, unknown>)[parameter.name] : parameter,
  );
