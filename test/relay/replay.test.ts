import { afterEach, beforeEach, expect, test } from 'vitest';
import { refused } from '../../server/core/outcome.ts';
import { countFailed, type ReplayWish, replay } from '../../server/store/ledger/replay.ts';
import { octopods } from '../support/cli.ts';
import { acceptThenTimeOut, answer } from '../support/other-side.ts';
import { CHANNEL, GATHERED, openWorld, WORKSPACE, type World } from '../support/relay-world.ts';

const THREADS = ['+447700900301', '+447700900302'];
let world: World;

beforeEach(async () => {
  world = await openWorld();
  for (const thread of THREADS) await world.customerWrites('hello', { thread });
  await world.advance(GATHERED);
});
afterEach(() => world.close());

const wish = (more: Partial<ReplayWish> = {}): ReplayWish => ({
  workspaceIds: [WORKSPACE],
  status: 'failed',
  ...more,
});
const again = (more: Partial<ReplayWish> = {}) => replay(world.db, world.ledger, wish(more));

async function fail(words: string, thread = THREADS[0] as string): Promise<void> {
  world.pager.next(answer(refused('down', 'The number is blocked.')));
  await world.agentWrites(words, { thread, id: `${words} to ${thread}` });
  await world.run();
  world.io.clock.advance(1_000);
}

test('what failed goes out again, each conversation in its order, and nothing else does', async () => {
  for (const words of ['one', 'two', 'three']) for (const thread of THREADS) await fail(words, thread);
  await world.agentWrites('it works again', { thread: THREADS[0] as string });
  await world.run();
  expect(await again()).toEqual({ queued: 6, erased: 0, next: null });
  await world.run();
  expect(world.pager.texts(THREADS[0])).toEqual(['it works again', 'one', 'two', 'three']);
  expect(world.pager.texts(THREADS[1])).toEqual(['one', 'two', 'three']);
  expect(await again()).toEqual({ queued: 0, erased: 0, next: null });
});

test('only those of the time, the channel and the workspaces that are meant', async () => {
  await fail('before');
  const since = world.io.clock.now();
  await fail('inside');
  const until = world.io.clock.now();
  await fail('after');
  expect(await again({ workspaceIds: ['wsp_other'] })).toMatchObject({ queued: 0 });
  expect(await again({ channelId: 'chn_other' })).toMatchObject({ queued: 0 });
  expect(await countFailed(world.db, wish({ since, until, channelId: CHANNEL }))).toBe(1);
  expect(await again({ since, until, channelId: CHANNEL })).toMatchObject({ queued: 1 });
  await world.run();
  expect(world.pager.texts()).toEqual(['inside']);
});

test('those in doubt only when they are asked for by name', async () => {
  world.pager.next(acceptThenTimeOut);
  await world.agentWrites('perhaps', { id: 'perhaps', thread: THREADS[0] as string });
  await world.run();
  await world.advance(60_000);
  expect((await world.message('perhaps')).status).toBe('unknown');
  expect(await again()).toMatchObject({ queued: 0 });
  expect(await again({ status: 'unknown' })).toMatchObject({ queued: 1 });
});

test('hundreds, in several calls', async () => {
  const many = Array.from({ length: 205 }, (_, index) => `message ${index}`);
  world.pager.next(...many.map(() => answer(refused('down', 'The number is blocked.'))));
  for (const words of many) await world.agentWrites(words, { thread: THREADS[0] as string });
  await world.run();
  const first = await again();
  expect(first).toMatchObject({ queued: 200, next: expect.any(String) });
  expect(await again({ after: first.next as string })).toEqual({ queued: 5, erased: 0, next: null });
  await world.run();
  expect(world.pager.texts()).toEqual(many);
});

test('from the command line, while the server runs', async () => {
  for (const words of ['one', 'two']) await fail(words);
  const env = {
    DATABASE_URL: `sqlite:${world.file}`,
    OCTOPODS_KEYS: world.keys.map((key) => Buffer.from(key).toString('base64')).join(),
  };
  expect(await octopods(env, 'replay', '--channel', CHANNEL)).toEqual({
    code: 0,
    said: '2 messages were queued again, 0 have no content left.\n',
  });
  // The command has the machine's clock, the server of this test its own.
  world.io.clock.advance(Date.now() - world.io.clock.now() + 1_000);
  await world.run();
  expect(world.pager.texts()).toEqual(['one', 'two']);
});
