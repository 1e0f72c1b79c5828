/**
 * Postgres behind the same schema and statements. Nothing here needs a session: no named statements, no session
 * settings, locks that end with their transaction. So it works through a pooler in transaction mode as well.
 */
import { type Dialect, type Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Schema } from './schema.ts';

/** Connections of one process: enough to keep Postgres busy, few enough for ten processes at its default of 100. */
const POOL = 10;
const INT8 = 20;

/**
 * What every connection is made with. `bigint` comes back as a number: ours are times in ms and counts, far below
 * 2^53; one beyond is an error, never a rounded value.
 */
export const connectionOptions = (url: string): pg.ClientConfig => ({
  connectionString: url,
  application_name: 'octopods',
  keepAlive: true,
  connectionTimeoutMillis: 3_000,
  // A connection whose other end has vanished must not hold a request for the quarter of an hour that TCP takes.
  query_timeout: 15_000,
  types: {
    getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
      oid === INT8
        ? safeInteger
        : pg.types.getTypeParser(oid, format as 'text')) as pg.CustomTypesConfig['getTypeParser'],
  },
});

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} does not fit a number`);
  return value;
}

export function postgresDialect(url: string): Dialect {
  const pool = new pg.Pool({ ...connectionOptions(url), max: POOL, idleTimeoutMillis: 30_000 });
  // A connection that breaks while idle is replaced by the next request; without a listener it would end the process.
  pool.on('error', () => undefined);
  return new PostgresDialect({ pool });
}

const OLDEST = 140_000;

/** Throws when the server is too old, or set to acknowledge commits that a power cut could still undo. */
export async function checkPostgres(db: Kysely<Schema>): Promise<void> {
  const { rows } = await sql<{ version: string; durable: string }>`
    select current_setting('server_version_num') as version, current_setting('synchronous_commit') as durable`.execute(
    db,
  );
  const [server] = rows;
  if (Number(server?.version) < OLDEST) throw new Error('Postgres 14 or newer is needed');
  if (server?.durable === 'off')
    throw new Error(
      'this Postgres has synchronous_commit = off, so a crash could lose acknowledged messages. Set it on for Octopods: alter role … set synchronous_commit = on',
    );
}
