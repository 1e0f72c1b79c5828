import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCommitter, oneByOne } from '../../../server/store/database/committer.ts';
import type { Database } from '../../../server/store/database/open.ts';
import { isTaken } from '../../../server/store/database/refusals.ts';
import { takeSlices } from '../../../server/store/ledger/budgets.ts';
import { openBeside } from '../../../server/store/thread/open-beside.ts';
import { beginOpening, startThread } from '../../../server/store/thread/start.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'octopods-thread-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const open = (): Promise<Database> => openBeside(beginOpening(`sqlite:${join(folder, 'octopods.db')}`));

const keep = (db: Database, key: string) => db.insertInto('setting').values({ key, value: 'kept' }).execute();
const keysIn = async (db: Database) =>
  (await db.selectFrom('setting').select('key').where('value', '=', 'kept').orderBy('key').execute()).map(
    (row) => row.key,
  );

describe('a database in a thread of its own', () => {
  let db: Database;
  beforeEach(async () => {
    db = await open();
  });
  afterEach(() => db.destroy());

  test('answers nothing that is not on the disk', async () => {
    const { rows } = await sql<{ synchronous: number }>`pragma synchronous`.execute(db);
    expect(rows).toEqual([{ synchronous: 2 }]);
  });

  test('says why it refuses, with the code by which the refusal is known', async () => {
    await keep(db, 'one');
    const error = await keep(db, 'one').catch((reason: unknown) => reason);
    expect(isTaken(error)).toBe(true);
    expect(error).toBeInstanceOf(Error);
  });

  test('keeps all of a transaction or nothing', async () => {
    await db.transaction().execute(async (trx) => {
      await keep(trx, 'a');
      await keep(trx, 'b');
    });
    const broken = db.transaction().execute(async (trx) => {
      await keep(trx, 'c');
      throw new Error('changed my mind');
    });
    await expect(broken).rejects.toThrow('changed my mind');
    expect(await keysIn(db)).toEqual(['a', 'b']);
  });

  test('lets nothing of anybody else into an open transaction', async () => {
    const budget = { workspaceId: 'wsp_a', connectionId: 'chn_a', name: 'calls', calls: 1, now: 1_000 };
    const order: string[] = [];
    let others: Promise<unknown> = Promise.resolve();
    const undone = db.transaction().execute(async (trx) => {
      await keep(trx, 'mine');
      const slice = createCommitter(db).run(takeSlices, { ...budget, limit: { perSecond: 1, burst: 1 } });
      others = Promise.all([keep(db, 'theirs'), slice]).then(() => order.push('the others'));
      await keysIn(trx);
      order.push('the transaction');
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    await others;
    expect(order).toEqual(['the transaction', 'the others']);
    expect(await keysIn(db)).toEqual(['theirs']);
  });

  test('is asked only for pieces of work that have a name there', async () => {
    const nameless = oneByOne(async () => undefined);
    await expect(createCommitter(db).run(nameless, {})).rejects.toThrow('without a name');
  });
});

test('what was written is there for the next one who opens it', async () => {
  const first = await open();
  await keep(first, 'one');
  await first.destroy();
  const second = await open();
  expect(await keysIn(second)).toEqual(['one']);
  await second.destroy();
});

test('a database that nobody used lets its process end', async () => {
  const file = (name: string) =>
    JSON.stringify(new URL(`../../../server/store/thread/${name}`, import.meta.url).href);
  const script = `
    import { openBeside } from ${file('open-beside.ts')};
    import { beginOpening } from ${file('start.ts')};
    const db = await openBeside(beginOpening('sqlite:${join(folder, 'octopods.db')}'));
    await db.destroy();`;
  expect(await endOf(script)).toMatchObject({ code: 0 });
});

test('a database that cannot be opened says so as it does without a thread', async () => {
  writeFileSync(
    join(folder, 'octopods.db'),
    'this is no database, and it is long enough to be looked at as one',
  );
  await expect(open()).rejects.toMatchObject({ code: 'SQLITE_NOTADB' });
});

/** How a process ends whose database's thread runs this program: its exit code and what it printed. */
function endWith(program: string): Promise<{ code: unknown; said: string }> {
  const file = join(folder, 'program.mjs');
  writeFileSync(file, program);
  const script = `
    import { startThread } from ${JSON.stringify(new URL('../../../server/store/thread/start.ts', import.meta.url).href)};
    const thread = startThread('sqlite:none', new URL(${JSON.stringify(pathToFileURL(file).href)}));
    await thread.opened;
    await thread.ask({ to: 'query', sql: 'select 1', parameters: [] });
    console.error('answered');`;
  return endOf(script);
}
function endOf(script: string): Promise<{ code: unknown; said: string }> {
  return new Promise((resolve) => {
    const options = { timeout: 10_000 };
    execFile(process.execPath, ['--input-type=module', '--eval', script], options, (error, _out, said) =>
      resolve({ code: error ? error.code : 0, said }),
    );
  });
}
const OPENED = `import { parentPort } from 'node:worker_threads';
  parentPort.postMessage([{ id: 0, result: undefined }]);`;

test('a server whose database’s thread dies dies with it: what was being written is as uncertain as after a crash', async () => {
  const ended = await endWith(`${OPENED} parentPort.once('message', () => process.exit());`);
  expect(ended).toMatchObject({ code: 1 });
  expect(ended.said).toContain('the thread of the database has ended');
  const broken = await endWith(
    `${OPENED} parentPort.once('message', () => { throw new Error('a torn page'); });`,
  );
  expect(broken).toMatchObject({ code: 1 });
  expect(broken.said).toContain('a torn page');
});

test('a thread that cannot start is a database that cannot be opened', async () => {
  const file = join(folder, 'broken.mjs');
  writeFileSync(file, `throw new Error('a module of another Node');`);
  await expect(startThread('sqlite:none', pathToFileURL(file)).opened).rejects.toThrow(
    'a module of another Node',
  );
});

test('what cannot be copied is refused by itself, and what is asked of a closed database at once', async () => {
  const file = join(folder, 'echo.mjs');
  writeFileSync(
    file,
    `import { parentPort } from 'node:worker_threads';
    parentPort.on('message', (asks) => {
      parentPort.postMessage(asks.map(({ id }) => ({ id, result: 'done' })));
      if (asks.some(({ to }) => to === 'close')) parentPort.close();
    });
    parentPort.postMessage([{ id: 0, result: undefined }]);`,
  );
  const thread = startThread('sqlite:none', pathToFileURL(file));
  await thread.opened;
  const query = { to: 'query' as const, sql: 'select 1', parameters: [] };
  const [before, odd, behind] = await Promise.allSettled([
    thread.ask(query),
    thread.ask({ ...query, parameters: [() => undefined] }),
    thread.ask(query),
  ]);
  expect([before.status, odd.status, behind.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  await thread.close();
  await expect(thread.ask(query)).rejects.toThrow('closed');
});
