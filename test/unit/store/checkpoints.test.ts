import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Checkpoints, createCheckpoints } from '../../../server/store/database/checkpoints.ts';
import { openDatabase } from '../../../server/store/database/open.ts';
import { scrub } from '../../../server/store/database/scrub.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'octopods-checkpoints-'));
  file = join(folder, 'octopods.db');
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

function open(): Sqlite.Database {
  const database = new Sqlite(file);
  database.pragma('journal_mode = WAL');
  database.exec('create table row (value text)');
  return database;
}
const write = (database: Sqlite.Database, rows: number): void => {
  for (let row = 0; row < rows; row += 1) database.prepare('insert into row values (?)').run('x'.repeat(900));
};
/** How often the log was started anew: in its header, https://www.sqlite.org/fileformat2.html#walformat */
const startsOf = (path: string): number => readFileSync(`${path}-wal`).readUInt32BE(12);
const autocheckpoint = (database: Sqlite.Database): unknown =>
  database.pragma('wal_autocheckpoint', { simple: true });

/** The pause that begins as the log is to be started anew: some ms, which one who looks now and then may miss. */
const nextPause = (checkpoints: Checkpoints) =>
  new Promise<{ during: Promise<void> | undefined }>((resolve) => {
    const post = Worker.prototype.postMessage;
    vi.spyOn(Worker.prototype, 'postMessage').mockImplementation(function (this: Worker, ask) {
      post.call(this, ask);
      if (ask === 'restart') queueMicrotask(() => resolve({ during: checkpoints.pause() }));
    });
  });

test('a log that has grown long is copied into the file and started anew, while nothing is written', async () => {
  const database = open();
  const checkpoints = createCheckpoints(database, { first: 30, every: 30, long: 20 });
  write(database, 200);
  const before = startsOf(file);
  const pause = nextPause(checkpoints);
  checkpoints.committed(10);
  const { during } = await pause;
  expect(during).toBeInstanceOf(Promise);
  await during;
  expect(checkpoints.pause()).toBeUndefined();
  write(database, 1);
  expect(startsOf(file)).toBe(before + 1);
  checkpoints.stop();
  database.close();
});

test('before the log is started anew it is copied twice, so that little is left to do while nothing is written', async () => {
  const database = open();
  const checkpoints = createCheckpoints(database, { first: 30, every: 30, long: 20 });
  write(database, 200);
  const pause = nextPause(checkpoints);
  const asks = vi.mocked(Worker.prototype.postMessage);
  checkpoints.committed(10);
  await (await pause).during;
  expect(asks.mock.calls.map(([ask]) => ask)).toEqual(['copy', 'again', 'restart']);
  checkpoints.committed(10);
  await vi.waitUntil(() => asks.mock.calls.length === 4);
  expect(asks.mock.lastCall).toEqual(['copy']);
  checkpoints.stop();
  database.close();
});

test('a short log is copied beside what is being written, and nothing pauses', async () => {
  const database = open();
  const checkpoints = createCheckpoints(database, { first: 30, every: 30, long: 1_000 });
  write(database, 20);
  const size = statSync(file).size;
  checkpoints.committed(10);
  await vi.waitUntil(() => {
    expect(checkpoints.pause()).toBeUndefined();
    return statSync(file).size > size;
  });
  checkpoints.stop();
  database.close();
});

test('many small commits, which write more pages, are looked after before as many pieces in one', async () => {
  const database = open();
  const pace = { first: 60, every: 60, long: 1_000 };
  const asks = vi.spyOn(Worker.prototype, 'postMessage');
  const large = createCheckpoints(database, pace);
  large.committed(10);
  expect(asks).not.toHaveBeenCalled();
  const small = createCheckpoints(database, pace);
  for (let piece = 0; piece < 10; piece += 1) small.committed(1);
  expect(asks).toHaveBeenCalledExactlyOnceWith('copy');
  small.stop();
  database.close();
});

test('where somebody was reading as the log was to be started anew, that is tried again soon', async () => {
  const database = open();
  const checkpoints = createCheckpoints(database, { first: 30, every: 300, long: 20 });
  write(database, 200);
  const reader = new Sqlite(file);
  reader.exec('begin');
  reader.prepare('select value from row').get();
  write(database, 1);
  const pause = nextPause(checkpoints);
  const asks = vi.mocked(Worker.prototype.postMessage);
  checkpoints.committed(10);
  await (await pause).during;
  expect(asks).toHaveBeenCalledTimes(3);
  reader.close();
  checkpoints.committed(10);
  expect(asks.mock.lastCall).toEqual(['copy']);
  expect(asks).toHaveBeenCalledTimes(4);
  checkpoints.stop();
  database.close();
});

test('where the thread cannot work, SQLite looks after its log by itself again', async () => {
  const database = open();
  const usual = autocheckpoint(database);
  const checkpoints = createCheckpoints(database, { first: 30, every: 30, long: 20 });
  rmSync(file);
  checkpoints.committed(10);
  expect(autocheckpoint(database)).not.toBe(usual);
  await vi.waitUntil(() => autocheckpoint(database) === usual);
  expect(checkpoints.pause()).toBeUndefined();
  checkpoints.stop();
  database.close();
});

test('what was erased leaves the log also when somebody was still reading it', async () => {
  const db = await openDatabase(`sqlite:${file}`);
  await db.insertInto('setting').values({ key: 'a', value: 'x' }).execute();
  const reader = new Sqlite(file);
  reader.exec('begin; select * from setting');
  const scrubbed = scrub(db);
  setImmediate(() => reader.close());
  await scrubbed;
  expect(statSync(`${file}-wal`).size).toBe(0);
  await db.destroy();
});
