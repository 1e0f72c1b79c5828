/**
 * Postgres behind the same schema and statements. Nothing here needs a session: no named statements, no session
 * settings, locks that end with their transaction. So it works through a pooler in transaction mode as well.
 */
import { type Dialect, Kysely, PostgresAdapter, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Schema } from './schema.ts';

/** Connections of one process: enough to keep Postgres busy, few enough for ten processes at its default of 100. */
const POOL = 10;
const INT8 = 20;
/** A connection whose other end has vanished must not hold a request for the quarter of an hour that TCP takes. */
const QUERY_MS = 15_000;
/** What a migration does to a table of many millions takes minutes, and given up it would be begun anew by every start. */
const MIGRATION_MS = 6 * 60 * 60_000;

/**
 * What every connection is made with. `bigint` comes back as a number: ours are times in ms and counts, far below
 * 2^53; one beyond is an error, never a rounded value.
 */
export const connectionOptions = (url: string, queryMs = QUERY_MS): pg.ClientConfig => ({
  connectionString: url,
  application_name: 'octopods',
  keepAlive: true,
  connectionTimeoutMillis: 3_000,
  query_timeout: queryMs,
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

export const postgresDialect = (url: string): Dialect =>
  dialectOf({ ...connectionOptions(url), max: POOL, idleTimeoutMillis: 30_000 });

function dialectOf(options: pg.PoolConfig): Dialect {
  const pool = new pg.Pool(options);
  // A connection that breaks while idle is replaced by the next request; without a listener it would end the process.
  pool.on('error', () => undefined);
  // One that breaks while it is used fails its query, and then says so once more, to nobody: that would end it, too.
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    hangUpOnSilence(client);
  });
  return new WithoutSession({ pool });
}

/**
 * Kysely would lock out other processes' migrations for the session. Behind a pooler the unlocking goes to another
 * session, and no later server ever starts: see `migratePostgres`.
 */
class WithoutSession extends PostgresDialect {
  override createAdapter() {
    return new (class extends PostgresAdapter {
      override async acquireMigrationLock() {}
      override async releaseMigrationLock() {}
    })();
  }
}

/** Any number, as long as it is ours alone among the users of one database. */
const MIGRATING = 671_002;
const AGAIN_MS = 250;

/**
 * Brings the schema up to date in one transaction, while no other process is at it: whoever comes later waits, without
 * holding a connection. Throws when this Postgres is none to work with.
 */
export async function migratePostgres(
  url: string,
  migrate: (trx: Kysely<Schema>) => Promise<void>,
): Promise<void> {
  const dialect = dialectOf({ ...connectionOptions(url, MIGRATION_MS), max: 1 });
  const db = new Kysely<Schema>({ dialect });
  try {
    await checkPostgres(db);
    await migratingAlone(db, migrate);
  } finally {
    await db.destroy();
  }
}

async function migratingAlone(
  db: Kysely<Schema>,
  work: (trx: Kysely<Schema>) => Promise<void>,
): Promise<void> {
  for (;;) {
    const isDone = await db.transaction().execute(async (trx) => {
      const { rows } = await sql<{
        mine: boolean;
      }>`select pg_try_advisory_xact_lock(${MIGRATING}) as mine`.execute(trx);
      if (rows[0]?.mine) await work(trx);
      return rows[0]?.mine === true;
    });
    if (isDone) return;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

/**
 * A connection on which a query was not answered in time is ended: behind a machine that vanished nothing else would end
 * it, and the pool would hand it out again and again.
 */
export function hangUpOnSilence(client: pg.ClientBase): void {
  const query = client.query.bind(client) as (...request: unknown[]) => Promise<unknown>;
  const impatient = (...request: unknown[]) => {
    const answer = query(...request);
    answer.catch((error: unknown) => {
      if (/^Query read timeout/.test(String((error as Error | null)?.message)))
        void (client as pg.Client).end().catch(() => undefined);
    });
    return answer;
  };
  Object.assign(client, { query: impatient });
}

const OLDEST = 140_000;

/** Throws when the server is too old, or set to acknowledge commits that a power cut could still undo. */
async function checkPostgres(db: Kysely<Schema>): Promise<void> {
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
