import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createConnectionStore } from '../../../server/store/connections/connections.ts';
import { type Database, openDatabase } from '../../../server/store/database/open.ts';
import { createLedger } from '../../../server/store/ledger/ledger.ts';
import { backUp, restore } from '../../../server/store/moving/backup.ts';
import { createKeyRing } from '../../../server/store/sealing/keyring.ts';
import { testIo } from '../../support/io.ts';
import { channel, fromCustomer, WORKSPACE, workspace } from '../../support/stores.ts';

const key = randomBytes(32);
const keys = createKeyRing([key]);
const { clock } = testIo();
let folder: string;
let db: Database;
let url: string;
const at = (name: string) => join(folder, name);

const storeOf = (database: Database) => {
  const connections = createConnectionStore(database, keys, clock);
  return { connections, ledger: createLedger(database, connections, clock) };
};
const customers = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => fromCustomer(`message ${from + index}`));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'octopods-backup-'));
  url = `sqlite:${at('octopods.db')}`;
  db = await openDatabase(url);
  const { connections, ledger } = storeOf(db);
  await connections.addWorkspace(workspace(WORKSPACE, 'desk-1'));
  await connections.addChannel(channel('chn_test'));
  await ledger.append(customers(50));
});
afterEach(async () => {
  await db.destroy();
  rmSync(folder, { recursive: true, force: true });
});

test('a backup is of one moment, while messages go on coming in, and opens as the database did', async () => {
  const { ledger } = storeOf(db);
  const coming = ledger.append(customers(200, 50));
  backUp(url, at('backups/one.db'));
  expect(await coming).toBe(200);
  await restore(at('backups/one.db'), `sqlite:${at('restored.db')}`, keys);
  const restored = await openDatabase(`sqlite:${at('restored.db')}`);
  const events = await restored.selectFrom('event').selectAll().orderBy('id').execute();
  expect(events).toHaveLength(50);
  const [first] = events;
  const opened = await storeOf(restored).ledger.event(WORKSPACE, first?.id ?? '');
  expect(opened?.event).toMatchObject({
    parts: [{ kind: 'text', text: expect.stringMatching(/^message \d+$/) }],
  });
  await restored.destroy();
});

test('a backup holds nothing of what was deleted before it', async () => {
  await db.insertInto('setting').values({ key: 'trace', value: 'a very particular trace' }).execute();
  backUp(url, at('before.db'));
  await db.deleteFrom('setting').where('key', '=', 'trace').execute();
  backUp(url, at('after.db'));
  expect(readFileSync(at('before.db')).includes('a very particular trace')).toBe(true);
  expect(readFileSync(at('after.db')).includes('a very particular trace')).toBe(false);
});

test('nothing is overwritten, by a backup or by a restored one', async () => {
  backUp(url, at('one.db'));
  expect(() => backUp(url, at('one.db'))).toThrow('overwrites nothing');
  await expect(restore(at('one.db'), url, keys)).rejects.toThrow('move it away first');
  expect(() => backUp(`sqlite:${at('none.db')}`, at('two.db'))).toThrow('there is no database');
  expect(() => backUp('postgres://db/octopods', at('two.db'))).toThrow('pg_dump');
});

test('a damaged backup, or one of other keys, is not put in its place', async () => {
  backUp(url, at('one.db'));
  const target = `sqlite:${at('restored.db')}`;
  await expect(restore(at('one.db'), target, createKeyRing([randomBytes(32)]))).rejects.toThrow(
    'OCTOPODS_KEYS does not hold the key',
  );
  const bytes = readFileSync(at('one.db'));
  bytes.fill(0xff, 4_096, bytes.length - 4_096);
  writeFileSync(at('damaged.db'), bytes);
  await expect(restore(at('damaged.db'), target, keys)).rejects.toThrow();
  expect(existsSync(at('restored.db'))).toBe(false);
});
