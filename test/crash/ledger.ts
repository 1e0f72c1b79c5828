/** The product's own record, read beside it: where every message stands. */
import Sqlite from 'better-sqlite3';
import pg from 'pg';

export interface LedgerRow {
  /** The platform's id of the conversation; null: never opened. */
  thread: string | null;
  direction: 'in' | 'out';
  status: string;
  count: number;
}
export interface OpenCall {
  kind: string;
  direction: string;
  state: string;
  attempts: number;
  reason: string | null;
  /** When it is tried next, ms since 1970. */
  next_at: number;
}
export interface LedgerReader {
  /** Messages by conversation and status. */
  messages(): Promise<LedgerRow[]>;
  /** Calls that wait or are under way. */
  open(): Promise<OpenCall[]>;
  close(): Promise<void>;
}

const MESSAGES = `
  select c.platform_thread as thread, e.direction, e.status, count(*) as count
  from event e left join conversation c on c.workspace_id = e.workspace_id and c.id = e.conversation_id
  where e.kind = 'message' group by c.platform_thread, e.direction, e.status`;
const OPEN = 'select kind, direction, state, attempts, reason, next_at from delivery where open = 1';

export function openLedger(url: string): LedgerReader {
  const { all, close } = url.startsWith('sqlite:') ? sqlite(url.slice('sqlite:'.length)) : postgres(url);
  const counted = <Row extends { count: unknown }>(rows: Row[]) =>
    rows.map((row) => ({ ...row, count: Number(row.count) }));
  return {
    messages: async () => counted((await all(MESSAGES)) as LedgerRow[]),
    open: async () => (await all(OPEN)) as OpenCall[],
    close,
  };
}

interface Reading {
  all(text: string): Promise<unknown[]>;
  close(): Promise<void>;
}

function sqlite(path: string): Reading {
  const database = new Sqlite(path, { readonly: true });
  return {
    all: async (text) => database.prepare(text).all(),
    close: async () => void database.close(),
  };
}

function postgres(url: string): Reading {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  return { all: async (text) => (await pool.query(text)).rows, close: () => pool.end() };
}
