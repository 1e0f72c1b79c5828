import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Committer, createCommitter, type Handler } from '../../../server/store/database/committer.ts';
import { type Database, openDatabase } from '../../../server/store/database/open.ts';

let folder: string;
let file: string;
let db: Database;
let committer: Committer;
/** How many items each call of the handler got. */
let groups: number[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'octopods-committer-'));
  file = join(folder, 'octopods.db');
  db = await openDatabase(`sqlite:${file}`);
  committer = createCommitter(db);
  groups = [];
});
afterEach(async () => {
  await db.destroy();
  rmSync(folder, { recursive: true, force: true });
});

const write: Handler<string, string> = async (trx, items) => {
  groups.push(items.length);
  for (const key of items) await trx.insertInto('setting').values({ key, value: 'x' }).execute();
  return items.map((key) => `${key} written`);
};
const keys = async (): Promise<string[]> =>
  (await db.selectFrom('setting').select('key').orderBy('key').execute()).map((row) => row.key);
const settled = (items: string[]) => Promise.allSettled(items.map((item) => committer.run(write, item)));

test('what waits together is written together, and each piece gets its own answer', async () => {
  const answers = await Promise.all(['a', 'b', 'c'].map((item) => committer.run(write, item)));
  expect(answers).toEqual(['a written', 'b written', 'c written']);
  expect(groups).toEqual([3]);
});

test('a piece alone is written at once', async () => {
  await committer.run(write, 'a');
  await committer.run(write, 'b');
  expect(groups).toEqual([1, 1]);
});

test('a bad piece does not take the others down with it', async () => {
  await committer.run(write, 'twice');
  const results = await settled(['a', 'twice', 'b']);
  expect(results.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await keys()).toEqual(['a', 'b', 'twice']);
});

test('pieces of different kinds share a commit', async () => {
  let seen: string[] = [];
  const look: Handler<undefined, string[]> = async (trx, items) => {
    seen = (await trx.selectFrom('setting').select('key').execute()).map((row) => row.key);
    return items.map(() => seen);
  };
  const [, found] = await Promise.all([committer.run(write, 'a'), committer.run(look, undefined)]);
  expect(found).toEqual(['a']);
});

test('while another process holds the database, every piece is rejected and nothing is written', async () => {
  const other = new Sqlite(file);
  other.exec('begin immediate');
  const results = await settled(['a', 'b']);
  expect(results.map((one) => (one as { reason?: { code?: string } }).reason?.code)).toEqual([
    'SQLITE_BUSY',
    'SQLITE_BUSY',
  ]);
  other.exec('rollback');
  other.close();
  expect(await keys()).toEqual([]);
  await committer.run(write, 'a');
  expect(await keys()).toEqual(['a']);
});

test('more pieces than fit one batch are all written, in the order in which they came', async () => {
  const order: string[] = [];
  const note: Handler<string, void> = async (_trx, items) => {
    order.push(...items);
    return items.map(() => undefined);
  };
  const items = Array.from({ length: 500 }, (_, index) => `item ${index}`);
  await Promise.all(items.map((item) => committer.run(note, item)));
  expect(order).toEqual(items);
});

test('every commit reaches the disk before it is answered', async () => {
  const raw = new Sqlite(file, { readonly: true });
  await committer.run(write, 'a');
  expect(raw.prepare('select key from setting').all()).toEqual([{ key: 'a' }]);
  raw.close();
  const [pragma] = await db.connection().execute(async (connection) => {
    const { CompiledQuery } = await import('kysely');
    return (await connection.executeQuery(CompiledQuery.raw('pragma synchronous'))).rows;
  });
  // 2 = FULL: https://www.sqlite.org/pragma.html#pragma_synchronous
  expect(pragma).toEqual({ synchronous: 2 });
});
