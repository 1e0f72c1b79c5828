/**
 * kill -9 in the middle of a migration: a server is started on an empty database, or on one of an older version with
 * something in it, and dies as soon as it has begun to change the schema. What it leaves must be the old schema or the
 * new one, never something between, and the next start must make it whole: on Postgres that of two servers at once.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { freePort, Product } from '../../playground/town/product.ts';
import { isPostgresUrl } from '../../server/store/database/dialect.ts';
import { migrations } from '../../server/store/database/migrations/migrations.ts';
import { openDatabase } from '../../server/store/database/open.ts';
import { postgresDialect } from '../../server/store/database/open-postgres.ts';
import type { Chance } from './chance.ts';

export interface Migrating {
  kills: number;
  /** A folder for SQLite's files, and for what Node compiled. */
  folder: string;
  /** The server on which databases are made; SQLite without it. */
  postgresUrl?: string;
  chance: Chance;
  tree?: string;
  /** No kill begins later than this; ms since 1970. */
  until?: number;
  progress?(so: { kills: number; sent: number; open: number }): void;
}
export interface MigrationKills {
  kills: number;
  /** Of these, so many left the old schema, although the new one had been begun. */
  inTheMiddle: number;
  broken: string[];
}

/** After so many kills on one database it is left to come through. */
const KILLS_EACH = 3;
const ROW = 'acc_from_before';

export async function killMigrating(options: Migrating): Promise<MigrationKills> {
  const result: MigrationKills = { kills: 0, inTheMiddle: 0, broken: [] };
  const versions = Object.keys(await migrations.getMigrations()).sort();
  const fresh = await newDatabase(options);
  await (await openDatabase(fresh)).destroy();
  const whole = await schemaOf(fresh);
  // From the first sign of a start to its kill; follows what this machine needs, ms.
  let span = 40;
  const goesOn = () =>
    result.kills < options.kills && Date.now() < (options.until ?? Number.POSITIVE_INFINITY);
  while (goesOn()) {
    const url = await newDatabase(options);
    const older = options.chance.oneOf([undefined, ...versions.slice(0, -1)]);
    if (older) await makeOlder(url, older);
    const before = await schemaOf(url);
    for (let nth = 0; nth < KILLS_EACH && goesOn(); nth += 1) {
      await killOneStarting(options, url, options.chance.next() * span);
      result.kills += 1;
      options.progress?.({ kills: result.kills, sent: 0, open: 0 });
      const left = await schemaOf(url);
      const middle = left === before;
      span = Math.max(5, Math.min(400, span * (middle ? 1.15 : 0.75)));
      if (middle) result.inTheMiddle += 1;
      else if (left !== whole)
        result.broken.push(`a killed migration of ${older ?? 'nothing'} left half a schema`);
      if (!middle) break;
    }
    result.broken.push(...(await comesThrough(options, url, { older, whole })));
  }
  return result;
}

async function killOneStarting(options: Migrating, url: string, afterMs: number): Promise<void> {
  const server = await serverOn(options, url);
  const starting = server.start();
  starting.catch(() => undefined);
  const sign = isPostgresUrl(url) ? changingOn(url) : signOnDisk(url);
  // It may be through before that could be seen.
  let over = false;
  starting
    .finally(() => {
      over = true;
    })
    .catch(() => undefined);
  while (!over && !(await sign.seen())) await new Promise((resolve) => setTimeout(resolve, 1));
  await sign.close();
  if (!isPostgresUrl(url)) await new Promise((resolve) => setTimeout(resolve, afterMs));
  await server.kill();
}

interface Sign {
  /** The schema is about to change, or is being changed. */
  seen(): Promise<boolean>;
  close(): Promise<void>;
}

const signOnDisk = (url: string): Sign => ({
  seen: async () => existsSync(`${pathOf(url)}-wal`),
  close: async () => undefined,
});

const CHANGING = `select count(*)::int as count from pg_stat_activity where datname = current_database()
  and application_name = 'octopods' and query ~* '^(create|alter) ' and xact_start is not null`;

function changingOn(url: string): Sign {
  const client = new pg.Client({ connectionString: url });
  const ready = client.connect();
  return {
    seen: async () => {
      await ready;
      return (await client.query(CHANGING)).rows[0]?.count > 0;
    },
    close: () => client.end(),
  };
}

async function comesThrough(
  options: Migrating,
  url: string,
  { older, whole }: { older: string | undefined; whole: string },
): Promise<string[]> {
  const from = older ?? 'nothing';
  const servers = [await serverOn(options, url)];
  if (isPostgresUrl(url)) servers.push(await serverOn(options, url));
  try {
    await Promise.all(servers.map((server) => server.start()));
  } catch (error) {
    return [`no start after a killed migration of ${from}: ${String(error)}`];
  } finally {
    await Promise.all(servers.map((server) => server.kill()));
  }
  if ((await schemaOf(url)) !== whole)
    return [`the schema made from ${from} is not that of a fresh database`];
  const kept = !older || (await rowsOf(url, `select id from account where id = '${ROW}'`)).length === 1;
  return kept ? [] : [`what was in ${from} is gone`];
}

async function makeOlder(url: string, version: string): Promise<void> {
  const dialect = isPostgresUrl(url)
    ? postgresDialect(url)
    : new SqliteDialect({ database: new Sqlite(pathOf(url)) });
  const db = new Kysely<{ account: { id: string; name: string; created_at: number } }>({ dialect });
  const { error } = await new Migrator({ db, provider: migrations }).migrateTo(version);
  if (error) throw error;
  await db.insertInto('account').values({ id: ROW, name: 'From before', created_at: 1 }).execute();
  await db.destroy();
}

let made = 0;

async function newDatabase({ folder, postgresUrl }: Migrating): Promise<string> {
  made += 1;
  const name = `migrating_${process.pid}_${made}`;
  if (!postgresUrl) return `sqlite:${join(folder, name)}.db`;
  await rowsOf(postgresUrl, `create database ${name}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return url.href;
}

async function serverOn({ folder, tree }: Migrating, url: string): Promise<Product> {
  const env = {
    PORT: String(await freePort()),
    DATABASE_URL: url,
    MEDIA_URL: `file:${join(folder, 'media')}`,
    OCTOPODS_KEYS: randomBytes(32).toString('base64'),
    LOG_LEVEL: 'error',
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
  };
  return new Product(env, tree);
}

const pathOf = (url: string): string => url.slice('sqlite:'.length);

const SQLITE_SCHEMA = `select type, name, sql from sqlite_master
  where name not like 'sqlite_%' and name not like 'kysely_%' order by name`;
const POSTGRES_SCHEMA = `
  select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
    where table_schema = 'public' and table_name not like 'kysely_%'
  union all select tablename, indexname, indexdef, null, null from pg_indexes
    where schemaname = 'public' and tablename not like 'kysely_%'
  order by 1, 2`;

/** Tables, columns and indexes, as one text to compare. */
async function schemaOf(url: string): Promise<string> {
  return JSON.stringify(await rowsOf(url, isPostgresUrl(url) ? POSTGRES_SCHEMA : SQLITE_SCHEMA));
}

async function rowsOf(url: string, text: string): Promise<unknown[]> {
  if (!isPostgresUrl(url)) {
    const file = new Sqlite(pathOf(url));
    try {
      return file.prepare(text).all();
    } finally {
      file.close();
    }
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}
