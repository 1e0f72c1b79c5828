import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, expect, test } from 'vitest';
import { openDatabase } from '../../../server/store/database/open.ts';

const folder = mkdtempSync(join(tmpdir(), 'octopods-migrating-'));
const path = join(folder, 'octopods.db');
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function tables(): string[] {
  const file = new Sqlite(path);
  const rows = file.prepare("select name from sqlite_master where type = 'table' order by name").all();
  file.close();
  return (rows as { name: string }[]).map(({ name }) => name).filter((name) => !name.startsWith('kysely_'));
}
function run(statement: string): void {
  const file = new Sqlite(path);
  file.exec(statement);
  file.close();
}

test('a migration on SQLite that ends in its middle leaves nothing behind, and the next start makes it whole', async () => {
  // In the way of one of the last tables.
  run('create table audit_head (in_the_way text)');
  await expect(openDatabase(`sqlite:${path}`)).rejects.toThrow('audit_head');
  expect(tables()).toEqual(['audit_head']);
  run('drop table audit_head');
  const db = await openDatabase(`sqlite:${path}`);
  await db.destroy();
  expect(tables()).toEqual(expect.arrayContaining(['account', 'audit_head', 'event', 'lane']));
});
