import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createForgetting } from '../../server/relay/forget.ts';
import { openWorld, type World } from '../support/relay-world.ts';

const DAY = 24 * 3_600_000;
let world: World;

beforeEach(async () => {
  world = await openWorld();
});
afterEach(async () => {
  vi.useRealTimers();
  await world.close();
});

const kept = async () =>
  (await world.db.selectFrom('receipt').select('provider_id').orderBy('provider_id').execute()).map(
    (row) => row.provider_id,
  );

test('a receipt that matches nothing is kept for eight days and not much longer', async () => {
  const now = world.io.clock.now();
  await world.receipt('nine days old', 'read', { at: now - 9 * DAY });
  await world.receipt('seven days old', 'read', { at: now - 7 * DAY });
  await world.run();
  expect(await kept()).toEqual(['nine days old', 'seven days old']);

  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const forgetting = createForgetting(world.deps);
  forgetting.start();
  await vi.waitFor(async () => expect(await kept()).toEqual(['seven days old']));

  world.io.clock.advance(2 * DAY);
  vi.advanceTimersByTime(3_600_000);
  await vi.waitFor(async () => expect(await kept()).toEqual([]));
  forgetting.stop();
});

test('thousands are forgotten in one go, and nothing else is', async () => {
  const { ledger, db, io } = world;
  await world.receipt('fresh', 'delivered');
  await world.run();
  const [row] = await db.selectFrom('receipt').selectAll().execute();
  if (!row) throw new Error('a receipt that matches nothing is kept');
  const old = Array.from({ length: 1_200 }, (_, index) => ({ ...row, of: `old ${index}`, at: 5 }));
  for (let at = 0; at < old.length; at += 400)
    await db
      .insertInto('receipt')
      .values(old.slice(at, at + 400))
      .execute();
  expect(await ledger.forgetReceipts(io.clock.now() - 8 * DAY)).toBe(1_200);
  expect(await kept()).toEqual(['fresh']);
});

test('a database that cannot be written is no reason to fall over', async () => {
  const broken = { ...world.ledger, forgetReceipts: () => Promise.reject(new Error('SQLITE_READONLY')) };
  const forgetting = createForgetting({ ledger: broken, io: world.io });
  forgetting.start();
  await vi.waitFor(() =>
    expect(world.io.logged).toMatchObject([{ level: 'warn', fields: { error: 'Error: SQLITE_READONLY' } }]),
  );
  forgetting.stop();
});
