import { afterEach, beforeEach, expect, test } from 'vitest';
import { unauthorized } from '../../server/core/outcome.ts';
import { look } from '../../server/relay/watch.ts';
import { createSettingStore } from '../../server/store/database/settings.ts';
import { answer } from '../support/other-side.ts';
import { CHANNEL, GATHERED, openWorld, WORKSPACE, type World } from '../support/relay-world.ts';

const MINUTE = 60_000;
const CUSTOMERS = Array.from({ length: 60 }, (_, index) => `+4477009002${String(index).padStart(2, '0')}`);
const CHANNEL_ROW = { workspaceId: WORKSPACE, id: CHANNEL };
let world: World;

beforeEach(async () => {
  world = await openWorld({
    pager: { inspect: true },
    desk: { can: { tells: ['sent', 'failed', 'unknown', 'waiting'] } },
  });
  // As the composition root has it.
  world.connections.onStatus(async ({ workspaceId, from }) => {
    if (from === 'disconnected') await world.ledger.wake(workspaceId);
  });
  for (const thread of CUSTOMERS) await world.customerWrites('hello', { thread });
  await world.advance(GATHERED);
});
afterEach(() => world.close());

async function disconnect(): Promise<void> {
  world.pager.next(answer(unauthorized('The token was revoked.')));
  await world.agentWrites('the first', { thread: CUSTOMERS[0] as string });
  await world.run();
  expect(world.pager.calls).toHaveLength(1);
}
const reconnect = () => world.connections.setStatus(CHANNEL_ROW, 'connected', null);

test('one refusal parks the account: however many wait and for however long, nothing is called', async () => {
  await disconnect();
  for (const thread of CUSTOMERS) await world.agentWrites('next', { thread });
  for (let minute = 0; minute < 300; minute += 10) await world.advance(10 * MINUTE);
  expect(world.pager.calls).toHaveLength(1);
});

test('reconnecting drains it at once, each conversation in order', async () => {
  await disconnect();
  for (const words of ['one', 'two'])
    for (const thread of CUSTOMERS) await world.agentWrites(words, { thread });
  await world.run();
  await world.advance(5 * MINUTE);
  await reconnect();
  await world.run();
  expect(world.pager.texts(CUSTOMERS[0])).toEqual(['the first', 'one', 'two']);
  for (const thread of CUSTOMERS.slice(1)) expect(world.pager.texts(thread)).toEqual(['one', 'two']);
});

test('every agent who waits is told after two minutes, once, with the reason', async () => {
  await disconnect();
  for (const thread of CUSTOMERS.slice(1)) await world.agentWrites('next', { thread });
  await world.run();
  expect(world.desk.told).toEqual([]);
  for (let minute = 0; minute < 240; minute += 2) await world.advance(2 * MINUTE);
  const waiting = world.desk.told.filter((one) => one.status === 'waiting');
  expect(waiting).toHaveLength(CUSTOMERS.length);
  for (const { why } of waiting) expect(why).toContain('The token was revoked.');
});

test('what waited for twelve hours is not sent late', async () => {
  await disconnect();
  await world.advance(2 * MINUTE);
  await world.advance(12 * 60 * MINUTE);
  await reconnect();
  await world.run();
  expect(world.pager.calls).toHaveLength(1);
  expect(world.desk.told.at(-1)).toMatchObject({ status: 'failed' });
});

test('a reconnection at the very moment of parking is not missed', async () => {
  await disconnect();
  const { statusNow } = world.connections;
  let looks = 0;
  world.deps.connections = {
    ...world.connections,
    statusNow: async (row) => {
      const seen = await statusNow(row);
      looks += 1;
      // Between the look that parks it and its settlement.
      if (looks === 1) await reconnect();
      return seen;
    },
  };
  await world.agentWrites('next', { thread: CUSTOMERS[1] as string });
  await world.run();
  expect(world.pager.texts(CUSTOMERS[1])).toEqual(['next']);
});

test('what was in doubt stays so while it is parked, and is looked up when it is back', async () => {
  await world.close();
  world = await openWorld({ pager: { inspect: true, lookup: true } });
  await world.customerWrites('hello');
  await world.advance(GATHERED);
  world.pager.next((_delivery, accept) => {
    accept();
    return { outcome: 'unknown', why: 'no answer in time' };
  });
  await world.agentWrites('perhaps', { id: 'perhaps' });
  await world.run();
  await world.connections.setStatus(CHANNEL_ROW, 'disconnected', 'The token was revoked.');
  await world.advance(MINUTE);
  expect(world.pager.looked).toBe(0);
  await reconnect();
  await world.ledger.wake(WORKSPACE);
  await world.run();
  expect(world.pager.looked).toBe(1);
  expect(world.pager.texts()).toEqual(['perhaps']);
  expect(await world.message('perhaps')).toMatchObject({ status: 'sent' });
});

test('while the inbox is disconnected, who writes for the first time waits without a conversation, and arrives in it', async () => {
  await world.close();
  world = await openWorld({ desk: { inspect: true } });
  const inbox = { workspaceId: WORKSPACE, id: WORKSPACE };
  await world.connections.setStatus(inbox, 'disconnected', 'The token was revoked.');
  for (const words of ['hello', 'are you there?']) await world.customerWrites(words, { id: words });
  await world.advance(GATHERED);
  expect(await world.db.selectFrom('conversation').selectAll().execute()).toEqual([]);
  expect(await world.message('hello')).toMatchObject({ status: 'queued' });
  await world.connections.setStatus(inbox, 'active', null);
  await world.ledger.wake(WORKSPACE);
  await world.run();
  expect(world.desk.texts()).toEqual(['hello', 'are you there?']);
  expect(await world.db.selectFrom('conversation').selectAll().execute()).toHaveLength(1);
});

test('the watch finds out that the credentials work again, and lets go', async () => {
  await disconnect();
  const connection = await world.connections.byId(CHANNEL);
  if (!connection) throw new Error('the channel is gone');
  const watch = { ...world.deps, platforms: [], settings: createSettingStore(world.db) };
  world.pager.inspection = { dead: 'The token was revoked.' };
  await look(watch, connection);
  await world.run();
  expect(world.pager.calls).toHaveLength(1);
  world.pager.inspection = { name: 'Pager' };
  await look(watch, connection);
  await world.run();
  expect(world.pager.texts()).toEqual(['the first']);
});
