/** Postgres under the server: restarted, away, read-only, or behind a connection that says nothing any more. */
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { type PostgresOptions, PostgresServer } from '../support/postgres.ts';
import type { Town } from '../support/town.ts';
import { until } from '../support/until.ts';
import { refusals, type SmallDisk } from './disk.ts';
import { type HalfOpen, openHalfOpen } from './half-open.ts';
import type { Row } from './report.ts';
import { type Lifted, type Plan, readiness, run } from './run.ts';
import { openTraffic } from './traffic.ts';

/** A Postgres that is reached over TCP: its end is a reset there, as on a network, and it can fall silent. */
export interface Reached {
  server: PostgresServer;
  line: HalfOpen;
  url: string;
  close(): Promise<void>;
}

export async function postgresOnLine(options: PostgresOptions = {}): Promise<Reached> {
  const server = await new PostgresServer({ fsync: true, ...options }).start();
  const line = await openHalfOpen({ path: join(server.folder, '.s.PGSQL.5432') });
  const close = async () => {
    line.close();
    await server.remove();
  };
  return { server, line, url: `postgres://postgres@127.0.0.1:${line.port}/postgres`, close };
}

interface Size {
  customers: number;
  rounds: number;
}

async function onPostgres(
  town: Town,
  { customers, rounds }: Size,
  plan: Pick<Plan, 'fault' | 'lay' | 'everyMs'> & { said?: RegExp },
): Promise<Row> {
  const traffic = await openTraffic(town, { platform: 'hubspot', app: 'telegram', count: customers });
  let why = '';
  const row = await run({
    ...plan,
    ...{ traffic, at: town.emulators.hubspot, rounds, withinMs: 120_000, mayBeLate: true },
    lay: async () => {
      const { lift } = await plan.lay();
      return {
        lift: async () => {
          if (plan.said) ({ why } = await readiness(town));
          return lift();
        },
      };
    },
    check: () => (!plan.said || plan.said.test(why) ? [] : [`readyz said “${why}”`]),
  });
  return row;
}

/** As if its machine had lost power, again and again, while messages come and go. */
export const restarts = (town: Town, server: PostgresServer, size: Size, times: number): Promise<Row> =>
  onPostgres(town, size, {
    fault: `Postgres crashes and starts again, ${times} times`,
    everyMs: 500,
    lay: (): Lifted => {
      let done = 0;
      const crashing = (async () => {
        for (; done < times; done += 1) {
          await pause(1_000);
          await server.stop('immediate');
          await server.start();
        }
      })();
      return {
        lift: async () => {
          await crashing;
          return done;
        },
      };
    },
  });

/** Counted by the webhooks that heard 503 meanwhile. */
export const away = (town: Town, server: PostgresServer, size: Size): Promise<Row> =>
  onPostgres(town, size, {
    fault: 'Postgres is away',
    everyMs: 500,
    said: /does not answer/,
    lay: async () => {
      const count = refusals(town);
      await server.stop('immediate');
      return {
        lift: async () => {
          await server.start();
          return count();
        },
      };
    },
  });

/** As after a failover that left us with a standby. */
export const readOnly = (town: Town, server: PostgresServer, size: Size): Promise<Row> =>
  onPostgres(town, size, {
    fault: 'Postgres is read-only',
    everyMs: 500,
    said: /read-only/,
    lay: async () => {
      const count = refusals(town);
      await setReadOnly(server, true);
      await until('writes to be refused', async () => (await readiness(town)).status === 503);
      return {
        lift: async () => {
          await setReadOnly(server, false);
          return count();
        },
      };
    },
  });

async function setReadOnly(server: PostgresServer, on: boolean): Promise<void> {
  const mayWrite = '-c default_transaction_read_only=off';
  const client = new pg.Client({ connectionString: server.url('postgres'), options: mayWrite });
  await client.connect();
  await client.query(`alter system set default_transaction_read_only = ${on}`);
  await client.query('select pg_reload_conf()');
  await client.end();
}

/**
 * No table can grow (ENOSPC, 53100), while everything else goes on: rows still fit where there is room in a page, so
 * some things can be written and others not. Where the WAL fills its disk as well, Postgres itself goes down.
 */
export const full = (town: Town, disk: SmallDisk, size: Size): Promise<Row> =>
  onPostgres(town, size, {
    fault: 'disk full (Postgres)',
    everyMs: 500,
    said: /disk of the database is full/,
    lay: () => {
      const count = refusals(town);
      disk.fill();
      return {
        lift: () => {
          disk.free();
          return count();
        },
      };
    },
  });

/** The machine under Postgres disappears without a word: connections stand, and nothing comes over them. */
export const silence = (town: Town, line: HalfOpen, size: Size): Promise<Row> =>
  onPostgres(town, size, {
    fault: 'half-open connections to Postgres',
    everyMs: 1_000,
    lay: () => {
      line.swallow('everything');
      return { lift: () => line.restore() };
    },
  });
