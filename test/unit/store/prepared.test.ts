import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Database, openDatabase } from '../../../server/store/database/open.ts';
import { statement } from '../../../server/store/database/statement.ts';

let db: Database;
beforeEach(async () => {
  db = await openDatabase('sqlite::memory:');
  for (const key of ['a', 'b']) await db.insertInto('setting').values({ key, value: 'same' }).execute();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await db.destroy();
});

const sorted = statement<{ value: string; max: number }, { key: string }>((on, { value, max }) =>
  on.selectFrom('setting').select('key').where('value', '=', value).orderBy('key').limit(max),
);

test('a statement that sorts and has a limit is prepared once, however often it runs', async () => {
  // better-sqlite3 makes the function that builds rows whenever SQLite has prepared the statement (anew).
  const prepared = vi.spyOn(globalThis, 'Function');
  for (let run = 0; run < 10; run += 1)
    expect(await sorted.all(db, { value: 'same', max: 1 + (run % 2) })).toHaveLength(1 + (run % 2));
  expect(prepared).toHaveBeenCalledTimes(1);
});

test('what is bound arrives as it is: text, numbers, bytes, nothing', async () => {
  const row = {
    workspace_id: 'wsp_1',
    id: 'evt_1',
    dedupe: '007',
    kind: 'message' as const,
    direction: null,
    connection_id: 'chn_1',
    source_id: '1e3',
    at: 1.5e12,
    received_at: 0,
    status: 'queued' as const,
    content: Buffer.from([0, 255]),
  };
  await db.insertInto('event').values(row).execute();
  const found = await db.selectFrom('event').selectAll().where('source_id', '=', '1e3').executeTakeFirst();
  expect(found).toMatchObject(row);
});
