/** Everything that a SQLite database holds, to be compared and put back. */
import Sqlite from 'better-sqlite3';

export type Row = Record<string, unknown>;
export type Rows = Map<string, Row[]>;

export interface AllRows {
  read(): Rows;
  /** Makes everything as it was. */
  restore(rows: Rows): void;
  close(): void;
}

export function allRows(file: string): AllRows {
  const db = new Sqlite(file);
  const tables = db
    .prepare("select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name")
    .pluck()
    .all() as string[];
  return {
    read: () =>
      new Map(tables.map((table) => [table, db.prepare(`select * from "${table}"`).all() as Row[]])),
    restore: (rows) => {
      db.pragma('foreign_keys = off');
      db.transaction(() => {
        for (const [table, all] of rows) {
          db.exec(`delete from "${table}"`);
          for (const row of all) {
            const columns = Object.keys(row);
            const names = columns.map((column) => `"${column}"`).join(', ');
            const places = columns.map(() => '?').join(', ');
            db.prepare(`insert into "${table}" (${names}) values (${places})`).run(...Object.values(row));
          }
        }
      }).immediate();
    },
    close: () => db.close(),
  };
}

/** That a webhook was refused is noted for the doctor, whoever sent it. */
const NOTES = 'webhook_refusal';

/** One line a row. When a session was last used is nobody's but its own concern. */
export const linesOf = (rows: Rows): string[] =>
  [...rows]
    .filter(([table]) => table !== NOTES)
    .flatMap(([table, all]) =>
      all.map((row) => `${table} ${JSON.stringify(table === 'session' ? { ...row, last_used_at: 0 } : row)}`),
    );
