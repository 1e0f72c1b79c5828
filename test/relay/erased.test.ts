import { existsSync, readFileSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GATHERED, openWorld, WORKSPACE, type World } from '../support/relay-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld({ desk: { contacts: true } });
  await world.customerWrites('hello');
  await world.advance(GATHERED);
});
afterEach(() => world.close());

const onDisk = (): string =>
  [world.file, `${world.file}-wal`]
    .filter(existsSync)
    .map((file) => readFileSync(file, 'latin1'))
    .join('');
const conversations = () => world.db.selectFrom('conversation').selectAll().execute();
const erasures = () =>
  world.db.selectFrom('delivery').select(['state', 'open']).where('kind', '=', 'erasure').execute();

/** As the desk tells it; answers what the desk called the conversation. */
async function deskErases(): Promise<string> {
  const [conversation] = await conversations();
  const contact = conversation?.contact_id ?? '';
  const connection = { workspaceId: WORKSPACE, id: WORKSPACE };
  const at = world.io.clock.now();
  await world.ledger.append([{ kind: 'erasure', id: `erased ${contact}`, connection, contact, at }]);
  return conversation?.platform_thread ?? '';
}

test('an erasure is over when the files hold nothing of it either, however long somebody read them', async () => {
  const reader = new Sqlite(world.file, { readonly: true });
  reader.exec('begin');
  reader.prepare('select count(*) from conversation').get();
  const thread = await deskErases();
  await world.run();
  expect(await conversations()).toEqual([]);
  expect(onDisk()).toContain(thread);
  expect(await erasures()).toEqual([{ state: 'checking', open: 1 }]);

  reader.close();
  await world.advance(30_000);
  expect(await erasures()).toEqual([{ state: 'done', open: 0 }]);
  expect(onDisk()).not.toContain(thread);
});

test('a process that dies behind the erasure leaves the files to the next one', async () => {
  const thread = await deskErases();
  const { ledger } = world.deps;
  world.deps.ledger = { ...ledger, scrubErased: () => new Promise(() => undefined) };
  await world.begin();
  await expect.poll(conversations).toEqual([]);
  expect(onDisk()).toContain(thread);

  world = await world.crash();
  await world.run();
  expect(await erasures()).toEqual([{ state: 'done', open: 0 }]);
  expect(onDisk()).not.toContain(thread);
});
