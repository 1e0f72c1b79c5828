import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../server/store/database/open.ts';
import { MOVED, move } from '../../../server/store/moving/move.ts';
import { emptyPostgres } from '../../support/postgres.ts';
import {
  CHANNEL,
  fromCustomer,
  GATHERED_MS,
  outgoing,
  photo,
  receipt,
  storeAt,
  type TestStore,
  take,
  wordsOf,
} from '../../support/stores.ts';

const CLI = fileURLToPath(new URL('../../../server/cli.ts', import.meta.url));
const run = promisify(execFile);
const migrate = (...options: string[]) =>
  run(process.execPath, ['--disable-warning=ExperimentalWarning', CLI, 'migrate', ...options]);
const silent = () => undefined;

let folder: string;
let from: string;
let to: string;
const key = randomBytes(32);
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'octopods-move-'));
  from = `sqlite:${join(folder, 'octopods.db')}`;
  to = await emptyPostgres();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** More messages than a page holds, one of them sent, one under way, one with a file, and a receipt nobody expects. */
async function furnish(): Promise<TestStore> {
  const store = await storeAt(from, { key });
  const sent = await outgoing(store, 'sent');
  await store.ledger.settle(sent, { to: 'sent', providerId: 'p1' });
  await store.ledger.append(
    Array.from({ length: 600 }, (_, index) =>
      fromCustomer(`message ${index}`, { thread: `+44770090${String(index).padStart(4, '0')}` }),
    ),
  );
  await store.ledger.append([
    fromCustomer('photo', { thread: '+1', parts: [photo] }),
    receipt('p-unknown', 'read'),
  ]);
  await store.accounts.addAccount({ id: 'acc_test', name: 'Acme' }, 'per_test');
  store.clock.advance(GATHERED_MS);
  await take(store, 'wrk_old', 5);
  await store.media.claim(6, 60_000, store.clock.now(), 'wrk_old');
  return store;
}
const tally = async (store: TestStore): Promise<Record<string, number>> => {
  const counts = Object.keys(MOVED).map(async (table) => {
    const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(
      store.db,
    );
    return [table, rows[0]?.n ?? 0] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
};

describe('an installation that moves to Postgres', () => {
  test('arrives whole, says what it moved, and works on', async () => {
    const source = await furnish();
    const expected = await tally(source);
    await source.close();
    const { stdout } = await migrate('--from', from, '--to', to);
    for (const [table, rows] of Object.entries(expected)) expect(stdout).toContain(`${table}: ${rows}\n`);
    expect(stdout).toContain('rows moved and compared');
    const target = await storeAt(to, { found: false, key });
    expect(await tally(target)).toEqual(expected);
    expect((await target.connections.byId(CHANNEL))?.credentials).toEqual({ token: 'token of chn_test' });
    // What the old server held is free, its content opens, and what is new comes behind what was moved.
    target.clock.advance(GATHERED_MS);
    const claims = await take(target, 'wrk_new', 1_000);
    expect(claims.filter((claim) => claim.delivery.kind === 'message')).toHaveLength(601);
    expect(await Promise.all(claims.slice(0, 3).map((claim) => wordsOf(target, claim)))).toEqual(
      expect.arrayContaining([expect.stringContaining('message')]),
    );
    expect(await target.media.claim(6, 60_000, target.clock.now(), 'wrk_new')).toHaveLength(1);
    await target.ledger.settle(claims[0] as (typeof claims)[number], {
      to: 'failed',
      code: 'x',
      reason: 'y',
    });
    const history = await target.db.selectFrom('history').selectAll().orderBy('seq').execute();
    expect(history.map((one) => one.status)).toEqual(['sent', 'failed']);
    await target.close();
  });

  test('does not mix with one that is there already', async () => {
    await (await furnish()).close();
    await migrate('--from', from, '--to', to);
    const again = await migrate('--from', from, '--to', to).catch((error: { stderr: string }) => error);
    expect(again.stderr).toMatch(/the target is not empty .*nothing was moved/);
  });

  test('leaves nothing behind: the source takes no writes meanwhile', async () => {
    const source = await furnish();
    const reader = await openDatabase(from);
    const target = await openDatabase(to);
    let isMoving = true;
    const tries: Promise<unknown>[] = [];
    await move(reader, target, ({ table }) => {
      if (table === 'event')
        tries.push(
          source.ledger.append([fromCustomer('late')]).then(
            () => (isMoving ? 'written meanwhile' : 'not meanwhile'),
            (error: { code: string }) => (error.code === 'SQLITE_BUSY' ? 'not meanwhile' : error),
          ),
        );
    });
    isMoving = false;
    expect(await Promise.all(tries)).toEqual(['not meanwhile']);
    await Promise.all([reader.destroy(), target.destroy(), source.close()]);
  });

  test('is not moved at all when a single value differs at the end', async () => {
    await (await furnish()).close();
    const [source, target] = [await openDatabase(from), await openDatabase(to)];
    await sql`create function spoil() returns trigger language plpgsql as
      $$ begin new.reason := 'spoilt'; return new; end $$`.execute(target);
    await sql`create trigger spoil before insert on media for each row execute function spoil()`.execute(
      target,
    );
    await expect(move(source, target, silent)).rejects.toThrow('"media" differs');
    expect(await target.selectFrom('event').select('id').execute()).toEqual([]);
    expect(await target.selectFrom('workspace').select('id').execute()).toEqual([]);
    await Promise.all([source.destroy(), target.destroy()]);
  });

  test('asks for both ends, and for the right kind of each', async () => {
    const says = async (...options: string[]) =>
      (await migrate(...options).catch((error: { stderr: string }) => error)).stderr;
    expect(await says('--from', from)).toContain('belong together');
    expect(await says('--from', `sqlite:${folder}/nothing.db`, '--to', to)).toContain(
      'there is no SQLite database',
    );
    await (await storeAt(from, { key })).close();
    expect(await says('--from', from, '--to', from)).toContain('must begin with postgres://');
  });
});

test('every table moves, but those about who is at work and what may be called right now', async () => {
  const db = await openDatabase(await emptyPostgres());
  const tables = (await db.introspection.getTables()).map((table) => table.name);
  expect(tables.filter((name) => !(name in MOVED)).toSorted()).toEqual(['budget', 'lease', 'worker']);
  await db.destroy();
});
