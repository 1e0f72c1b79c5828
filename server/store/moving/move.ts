/**
 * An installation from one database to another, row by row. Sealed values move as they are: the keys stay the same.
 * While it runs the source takes no writes, so nothing is acknowledged that stays behind; the target gets everything
 * or nothing.
 */
import { createHash } from 'node:crypto';
import { CompiledQuery, sql } from 'kysely';
import { isPostgres } from '../database/dialect.ts';
import type { Database } from '../database/open.ts';
import type { Schema } from '../database/schema.ts';

type Table = keyof Schema;
type Row = Record<string, unknown>;

/** Every table that holds something of an installation, with its key. Who is at work right now does not move. */
export const MOVED: Record<Exclude<Table, 'worker' | 'lease' | 'budget'>, string[]> = {
  account: ['id'],
  person: ['id'],
  login: ['provider', 'subject'],
  member: ['account_id', 'person_id'],
  join_request: ['account_id', 'id'],
  session: ['hash'],
  oauth_state: ['hash'],
  api_token: ['id'],
  workspace: ['id'],
  channel: ['workspace_id', 'id'],
  password: ['person_id'],
  mail_link: ['hash'],
  throttle: ['key'],
  workspace_grant: ['workspace_id', 'person_id'],
  invitation: ['account_id', 'id'],
  audit: ['account_id', 'seq'],
  audit_head: ['account_id'],
  webhook_refusal: ['workspace_id', 'connection_id'],
  setting: ['key'],
  catch_up: ['workspace_id', 'connection_id'],
  event: ['workspace_id', 'id'],
  lane: ['workspace_id', 'id'],
  delivery: ['workspace_id', 'id'],
  preparation: ['workspace_id', 'delivery_id', 'name'],
  history: ['seq'],
  receipt: ['workspace_id', 'connection_id', 'of', 'status'],
  conversation: ['workspace_id', 'id'],
  conversation_identity: ['workspace_id', 'channel_id', 'identity'],
  contact_link: ['workspace_id', 'identity'],
  media: ['workspace_id', 'id'],
};
const TABLES = Object.keys(MOVED) as (keyof typeof MOVED)[];

export interface Moved {
  table: string;
  rows: number;
}

/** 500 rows of the widest table stay below Postgres' 65,535 parameters. */
const PAGE = 500;

/**
 * Copies everything and compares both sides before it is kept. `told`: after each table. Throws when the target holds
 * anything already, when the source cannot be locked, and when the two differ; the target is empty then as before.
 */
export async function move(from: Database, to: Database, told: (moved: Moved) => void): Promise<Moved[]> {
  await refuseUnlessEmpty(to);
  return locked(from, (source) =>
    to.transaction().execute(async (target) => {
      const moved: Moved[] = [];
      for (const table of TABLES) {
        const rows = await copy(source, target, table);
        moved.push({ table, rows });
        told({ table, rows });
      }
      if (isPostgres(target)) await continueHistory(target);
      return moved;
    }),
  );
}

async function refuseUnlessEmpty(to: Database): Promise<void> {
  for (const table of TABLES) {
    const row = await to.selectFrom(table).select(sql`1`.as('one')).limit(1).executeTakeFirst();
    if (row) throw new Error(`the target is not empty (it has rows in "${table}"): nothing was moved`);
  }
}

/** A server that still runs on the source answers 503 meanwhile, and its providers come again. */
function locked<Result>(from: Database, work: (source: Database) => Promise<Result>): Promise<Result> {
  return from.connection().execute(async (source) => {
    await source.executeQuery(CompiledQuery.raw('begin immediate'));
    try {
      return await work(source);
    } finally {
      await source.executeQuery(CompiledQuery.raw('rollback'));
    }
  });
}

async function copy(source: Database, target: Database, table: keyof typeof MOVED): Promise<number> {
  const read = digest();
  for await (const page of pages(source, table)) {
    const values = page.map((row) => atRest(table, row));
    for (const row of values) read.add(row);
    await target
      .insertInto(table as 'setting')
      .values(values as never)
      .execute();
  }
  const written = digest();
  for await (const page of pages(target, table)) for (const row of page) written.add(row);
  if (read.rows !== written.rows)
    throw new Error(`"${table}" has ${read.rows} rows here and ${written.rows} there: nothing was moved`);
  if (read.sum() !== written.sum()) throw new Error(`"${table}" differs between the two: nothing was moved`);
  return read.rows;
}

/** Whoever held a lease worked on the source: everything is free at the target, and old results count no more. */
function atRest(table: string, row: Row): Row {
  if (table === 'lane' && Number(row.leased_until) > 0)
    return { ...row, due: 0, leased_until: 0, owner: null, fence: Number(row.fence) + 1 };
  if (table === 'media' && row.owner !== null) return { ...row, due: 0, owner: null };
  return row;
}

/** All rows in the order of their key, a page at a time, so that a table of millions costs no memory. */
async function* pages(db: Database, table: keyof typeof MOVED): AsyncGenerator<Row[]> {
  const key = MOVED[table];
  const columns = sql.join(key.map((column) => sql.ref(column)));
  let last: unknown[] | undefined;
  for (;;) {
    const behind = last ? sql`where (${columns}) > (${sql.join(last)})` : sql``;
    const { rows } =
      await sql<Row>`select * from ${sql.table(table)} ${behind} order by ${columns} limit ${PAGE}`.execute(
        db,
      );
    if (rows.length > 0) yield rows;
    if (rows.length < PAGE) return;
    const end = rows.at(-1) as Row;
    last = key.map((column) => end[column]);
  }
}

/** The same for the same rows in the same order, whichever database they come from. */
function digest() {
  const hash = createHash('sha256');
  const result = {
    rows: 0,
    add: (row: Row) => {
      result.rows += 1;
      const columns = Object.keys(row).sort();
      hash.update(JSON.stringify(columns.map((column) => [column, plain(row[column])])));
    },
    sum: () => hash.digest('base64'),
  };
  return result;
}

const plain = (value: unknown): unknown =>
  value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;

/** What is written next comes behind what was moved. */
const continueHistory = (target: Database) =>
  sql`select setval(pg_get_serial_sequence('history', 'seq'), coalesce((select max(seq) from history), 0) + 1, false)`.execute(
    target,
  );
