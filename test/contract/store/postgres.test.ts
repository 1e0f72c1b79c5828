import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRoster, type Roster } from '../../../server/relay/roster.ts';
import { migrations } from '../../../server/store/database/migrations/migrations.ts';
import { type Database, openDatabase } from '../../../server/store/database/open.ts';
import { createPeers, type Peers } from '../../../server/store/database/peers.ts';
import { isDatabaseDown, whyUnwritable } from '../../../server/store/database/refusals.ts';
import { testIo } from '../../support/io.ts';
import { emptyPostgres, freshPostgres, PostgresServer, postgresPrograms } from '../../support/postgres.ts';
import { fromCustomer, storeAt, type TestStore, WORKSPACE } from '../../support/stores.ts';

const soon = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 20 });

test('a Postgres of the tests starts as well where only its owner may enter, such as below /root', async () => {
  const closed = mkdtempSync(join(tmpdir(), 'octopods-closed-'));
  cpSync(postgresPrograms(), join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
  const server = await new PostgresServer({ programs: join(closed, 'native') }).start();
  const db = await openDatabase(server.url('postgres'));
  await db.destroy();
  await server.remove();
  rmSync(closed, { recursive: true, force: true });
});

test('the tests’ Postgres is put elsewhere where its owner’s temporary folder is closed, or its path too long for a socket', async () => {
  const closed = mkdtempSync(join(tmpdir(), 'octopods-closed-'));
  const long = join(closed, 'x'.repeat(60));
  mkdirSync(long);
  chmodSync(closed, 0o755);
  vi.stubEnv('TMPDIR', long);
  const far = new PostgresServer();
  chmodSync(closed, 0o700);
  vi.stubEnv('TMPDIR', closed);
  const closedToOthers = new PostgresServer();
  vi.unstubAllEnvs();
  for (const server of [far, closedToOthers]) {
    if (process.getuid?.() === 0 || server === far) expect(server.folder.startsWith(closed)).toBe(false);
    await server.remove();
  }
  rmSync(closed, { recursive: true, force: true });
});

describe('a Postgres', () => {
  test('may take longer for a migration than for any other statement', async () => {
    const url = await emptyPostgres();
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    // Longer than the 15 s after which a connection counts as dead.
    await client.query(`create function hold_up() returns event_trigger language plpgsql as $$ begin
      if exists (select from pg_event_trigger_ddl_commands() where object_identity = 'public.lane') then
        perform pg_sleep(15.5); end if; end $$`);
    await client.query(`create event trigger hold_up on ddl_command_end when tag in ('CREATE TABLE')
      execute function hold_up()`);
    const db = await openDatabase(url);
    await db.destroy();
    const { rows } = await client.query(`select to_regclass('public.lane') is not null as made`);
    await client.end();
    expect(rows).toEqual([{ made: true }]);
  }, 60_000);

  test('gets its schema once, however many processes start on it at the same moment', async () => {
    const url = await emptyPostgres();
    const opened = await Promise.all(Array.from({ length: 5 }, () => openDatabase(url)));
    const done = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(
      opened[0] as Database,
    );
    expect(done.rows.map((row) => row.name)).toEqual(Object.keys(await migrations.getMigrations()));
    await Promise.all(opened.map((db) => db.destroy()));
  });

  test('sorts text by its bytes, as SQLite does, whatever language it was set up in', async () => {
    const db = await openDatabase(await freshPostgres());
    for (const key of ['b', 'B', 'a.1', 'a1', 'é'])
      await db.insertInto('setting').values({ key, value: '' }).execute();
    const rows = await db.selectFrom('setting').select('key').orderBy('key').execute();
    expect(rows.map((row) => row.key)).toEqual(['B', 'a.1', 'a1', 'b', 'é']);
    await db.destroy();
  });

  test('answers with an error rather than with a rounded number', async () => {
    const db = await openDatabase(await freshPostgres());
    await expect(sql`select 9007199254740993::bigint as big`.execute(db)).rejects.toThrow('does not fit');
    const { rows } = await sql<{ n: number }>`select 9007199254740991::bigint as n`.execute(db);
    expect(rows).toEqual([{ n: Number.MAX_SAFE_INTEGER }]);
    await db.destroy();
  });

  test('that could lose acknowledged commits is refused, with what to do', async () => {
    const url = await emptyPostgres();
    const name = new URL(url).pathname.slice(1);
    const admin = await openDatabase(url);
    await sql.raw(`alter database ${name} set synchronous_commit = off`).execute(admin);
    await admin.destroy();
    await expect(openDatabase(url)).rejects.toThrow('synchronous_commit');
  });

  test('that nobody can reach is down, not broken', async () => {
    const failure = await openDatabase('postgres://127.0.0.1:1/none').catch((error: unknown) => error);
    expect(isDatabaseDown(failure)).toBe(true);
  });
});

describe('a Postgres whose disk is full', () => {
  let store: TestStore;
  beforeEach(async () => {
    store = await storeAt(await freshPostgres(), {});
  });
  afterEach(() => store.close());

  /** As it says when a table cannot grow; small changes still find room, like the probe's own. */
  const fill = () =>
    sql
      .raw(
        `create function no_room() returns trigger language plpgsql as $$ begin
           raise exception 'could not extend file' using errcode = '53100'; end $$;
         create trigger no_room before insert on event for each row execute function no_room()`,
      )
      .execute(store.db);
  const free = () => sql.raw('drop trigger no_room on event').execute(store.db);

  test('is not ready while messages are refused, though a small write goes through', async () => {
    await store.ledger.probe();
    await fill();
    const refused = await store.ledger.append([fromCustomer('hello')]).catch((error: unknown) => error);
    expect(isDatabaseDown(refused)).toBe(true);
    const notReady = await store.ledger.probe().catch((error: unknown) => error);
    expect(whyUnwritable(notReady)).toContain('disk of the database is full');
    await free();
    expect(await store.ledger.append([fromCustomer('hello')])).toBe(1);
    await store.ledger.probe();
  });

  test('is tried again after a while, also when nobody brings messages meanwhile', async () => {
    await fill();
    await store.ledger.append([fromCustomer('hello')]).catch(() => undefined);
    await expect(store.ledger.probe()).rejects.toThrow('extend');
    store.clock.advance(5_000);
    await store.ledger.probe();
  });
});

describe('peers on one Postgres', () => {
  let url: string;
  let db: Database;
  let ours: Peers;
  let theirs: Peers;
  beforeEach(async () => {
    url = await freshPostgres();
    db = await openDatabase(url);
    ours = createPeers(url);
    theirs = createPeers(url);
  });
  afterEach(async () => {
    await Promise.all([ours.close(), theirs.close()]);
    await db.destroy();
  });

  /** A lane, a file and a lease in the hands of `owner`. */
  async function give(owner: string): Promise<void> {
    const row = { workspace_id: WORKSPACE, due: 9e12 };
    await db
      .insertInto('lane')
      .values({ ...row, id: `lane of ${owner}`, leased_until: 9e12, owner, fence: 4, pending: 1 })
      .execute();
    await db
      .insertInto('media')
      .values({
        ...{ ...row, id: `file of ${owner}`, event_id: 'e', connection_id: 'c', slot: '0', kind: 'image' },
        ...{ state: 'waiting', source: null, name: null, content_type: null, size: null, reason: null },
        ...{ attempts: 1, created_at: 1, owner },
      })
      .execute();
    await db
      .insertInto('lease')
      .values({ name: `lease of ${owner}`, owner, holder: 'h', until: 9e12 })
      .execute();
  }
  const held = async () => ({
    lanes: await db.selectFrom('lane').select(['id', 'due', 'owner', 'fence', 'leased_until']).execute(),
    files: await db.selectFrom('media').select(['due', 'owner']).execute(),
    leases: await db.selectFrom('lease').select('name').execute(),
  });

  test('hear each other’s bell, and not their own', async () => {
    let heard = 0;
    let echoed = 0;
    await Promise.all([ours.beat('wrk_a'), theirs.beat('wrk_b')]);
    theirs.onRing(() => {
      heard += 1;
    });
    ours.onRing(() => {
      echoed += 1;
    });
    for (let index = 0; index < 20; index += 1) ours.ring();
    await soon(() => expect(heard).toBe(1));
    theirs.ring();
    await soon(() => expect(echoed).toBe(1));
    expect(heard).toBe(1);
  });

  test('see how often the others have said that they are alive', async () => {
    await ours.beat('wrk_a');
    await ours.beat('wrk_a');
    expect(await theirs.beat('wrk_b')).toEqual([{ id: 'wrk_a', beats: 2 }]);
  });

  test('take over what a dead one held, once, and nothing of the living', async () => {
    await ours.beat('wrk_dead');
    await ours.beat('wrk_alive');
    await give('wrk_dead');
    await give('wrk_alive');
    const dead = { id: 'wrk_dead', beats: 1 };
    const won = await Promise.all([ours.takeOver(dead, 1_000), theirs.takeOver(dead, 1_000)]);
    expect(won.toSorted()).toEqual([false, true]);
    const after = await held();
    expect(after.lanes).toContainEqual({
      ...{ id: 'lane of wrk_dead', due: 1_000, owner: null, fence: 5, leased_until: 0 },
    });
    expect(after.lanes).toContainEqual(expect.objectContaining({ owner: 'wrk_alive', fence: 4 }));
    expect(after.files).toContainEqual({ due: 1_000, owner: null });
    expect(after.files).toContainEqual({ due: 9e12, owner: 'wrk_alive' });
    expect(after.leases).toEqual([{ name: 'lease of wrk_alive' }]);
  });

  test('leave alone who has said something since they looked', async () => {
    await ours.beat('wrk_slow');
    await give('wrk_slow');
    await ours.beat('wrk_slow');
    expect(await theirs.takeOver({ id: 'wrk_slow', beats: 1 }, 1_000)).toBe(false);
    expect((await held()).leases).toHaveLength(1);
  });

  test('find a new line when theirs is cut', async () => {
    await ours.beat('wrk_a');
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(db);
    await soon(async () => expect(await ours.beat('wrk_a')).toEqual([]));
    let heard = 0;
    ours.onRing(() => {
      heard += 1;
    });
    await soon(() => {
      theirs.ring();
      expect(heard).toBeGreaterThan(0);
    });
  });

  describe('on the roster', () => {
    const rosters: Roster[] = [];
    const join = async (peers: Peers, owner: string) => {
      const roster = createRoster({ io: { ...testIo(), http: testIo().http } }, peers, owner);
      rosters.push(roster);
      await roster.start();
      return roster;
    };
    afterEach(async () => {
      for (const roster of rosters.splice(0)) await roster.stop();
    });

    test('inherit within two seconds from one that falls silent', async () => {
      await ours.beat('wrk_silent');
      await give('wrk_silent');
      await join(theirs, 'wrk_heir');
      const since = performance.now();
      await soon(async () => expect((await held()).leases).toEqual([]));
      expect(performance.now() - since).toBeLessThan(2_000);
    });

    test('never inherit from one that is heard of, however long it works', async () => {
      await join(ours, 'wrk_a');
      await give('wrk_a');
      await join(theirs, 'wrk_b');
      // As long as it would take to find a silent one gone, and more.
      await ours.beat('wrk_silent');
      await give('wrk_silent');
      await soon(async () => expect((await held()).leases).toEqual([{ name: 'lease of wrk_a' }]));
      expect((await held()).lanes).toContainEqual(expect.objectContaining({ owner: 'wrk_a', fence: 4 }));
    });

    test('pass on at once what they hold when they leave', async () => {
      const roster = await join(ours, 'wrk_a');
      await give('wrk_a');
      await roster.stop();
      expect((await held()).leases).toEqual([]);
      expect(await theirs.beat('wrk_b')).toEqual([]);
    });
  });
});

describe('a Postgres that crashes', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await new PostgresServer({ fsync: true }).start();
  });
  afterAll(() => server.remove());

  test('is down for whoever writes, and there again behind its restart', async () => {
    const db = await openDatabase(server.url('postgres'));
    const write = (value: string) =>
      db
        .insertInto('setting')
        .values({ key: 'k', value })
        .onConflict((it) => it.column('key').doUpdateSet({ value }))
        .execute();
    await write('before');
    await server.stop('immediate');
    const failure = await write('during').catch((error: unknown) => error);
    expect(isDatabaseDown(failure)).toBe(true);
    await server.start();
    await soon(async () => void (await write('after')));
    expect(await db.selectFrom('setting').select('value').execute()).toEqual([{ value: 'after' }]);
    await db.destroy();
  });
});
