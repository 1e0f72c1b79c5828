/** One account may be called only so often: what waits for its turn keeps its place, and is no attempt. */
import { afterEach, describe, expect, test } from 'vitest';
import { retry } from '../../server/core/outcome.ts';
import { answer, type OtherSideOptions, timeOut } from '../support/other-side.ts';
import { addChannel, GATHERED, openWorld, type World } from '../support/relay-world.ts';

let world: World;
afterEach(() => world.close());

const tooMany = answer(retry('Too many calls', { afterMs: 10_000, slowDown: 'account' }));
const notYou = answer(retry('Too many calls', { afterMs: 10_000, slowDown: 'unclear' }));

const customer = (index: number): string => `+4477009${String(index).padStart(5, '0')}`;

/** So many customers write one message each, all due at once. */
async function crowd(count: number, more: { desk?: Partial<OtherSideOptions> } = {}): Promise<void> {
  world = await openWorld(more);
  for (let index = 1; index <= count; index += 1)
    await world.customerWrites(`from ${index}`, { id: `of-${index}`, thread: customer(index) });
  world.io.clock.advance(GATHERED);
}
const limits = { calls: { perSecond: 10, burst: 6 } };
const attempts = async (sourceId: string) => (await world.message(sourceId)).parts[0]?.attempts;

describe('an account that may be called only so often', () => {
  test('is called no more than its burst at once, and no more than its rate from then on', async () => {
    await crowd(40, { desk: { can: { limits } } });
    await world.run();
    expect(world.desk.calls).toHaveLength(6);
    for (let second = 1; second <= 3; second += 1) {
      for (let tenth = 0; tenth < 10; tenth += 1) await world.advance(100);
      expect(world.desk.calls.length).toBeLessThanOrEqual(6 + 10 * second);
    }
    await world.advance(2_000);
    expect(world.desk.texts()).toHaveLength(40);
  });

  test('counts no attempt for a message that waits, and does not tell the agent', async () => {
    await crowd(8, { desk: { can: { limits, tells: ['failed', 'waiting'] } } });
    await world.run();
    const waiting = await world.message('of-8');
    expect(waiting).toMatchObject({ status: 'queued', history: [] });
    expect(waiting.parts[0]).toMatchObject({ state: 'queued', attempts: 0 });
    expect(world.desk.told).toEqual([]);
    await world.advance(1_000);
    expect(await attempts('of-8')).toBe(1);
  });

  test('keeps the order of a conversation whose messages wait', async () => {
    world = await openWorld({ desk: { can: { limits } } });
    for (let index = 1; index <= 12; index += 1) await world.customerWrites(`message ${index}`);
    await world.advance(GATHERED);
    for (let second = 0; second < 3; second += 1) await world.advance(1_000);
    expect(world.desk.texts()).toEqual(Array.from({ length: 12 }, (_, index) => `message ${index + 1}`));
  });

  test('serves who waits before who comes later', async () => {
    await crowd(10, { desk: { can: { limits } } });
    await world.run();
    await world.customerWrites('late', { thread: customer(99) });
    await world.advance(GATHERED);
    for (let tenth = 0; tenth < 10; tenth += 1) await world.advance(100);
    expect(world.desk.texts().at(-1)).toBe('late');
  });
});

describe('an account that refuses: too many calls', () => {
  test('gets one call after its reset, however many wait, and the others follow when that was taken', async () => {
    await crowd(100);
    world.desk.next(tooMany);
    await world.begin();
    await world.desk.called(1);
    await world.run();
    const inFlight = world.desk.calls.length;
    await world.advance(9_900);
    expect(world.desk.calls).toHaveLength(inFlight);
    await world.advance(200);
    expect(world.desk.calls.length).toBe(inFlight + 1);
    for (let second = 0; second < 5; second += 1) await world.advance(1_000);
    expect(world.desk.texts()).toHaveLength(100);
  });

  test('gets one call after each reset as long as it goes on refusing', async () => {
    await crowd(60);
    world.desk.next(...Array.from({ length: 500 }, () => tooMany));
    await world.run();
    const first = world.desk.calls.length;
    for (let second = 0; second < 60; second += 1) await world.advance(1_000);
    const probes = world.desk.calls.length - first;
    expect(probes).toBeGreaterThanOrEqual(3);
    expect(probes).toBeLessThanOrEqual(6);
    expect(world.desk.texts()).toEqual([]);
  });

  test('holds up nobody else’s account', async () => {
    world = await openWorld();
    await addChannel(world, 'chn_other');
    await world.customerWrites('opens');
    await world.advance(GATHERED);
    world.pager.next(tooMany);
    await world.agentWrites('refused');
    await world.run();
    await world.customerWrites('still comes in', { thread: customer(5) });
    await world.advance(GATHERED);
    expect(world.desk.texts()).toEqual(['opens', 'still comes in']);
    expect(world.pager.texts()).toEqual([]);
    await world.advance(10_500);
    expect(world.pager.texts()).toEqual(['refused']);
  });

  test('that means one customer only holds up no other', async () => {
    await crowd(2);
    world.desk.next(notYou);
    await world.run();
    await world.customerWrites('goes out', { thread: customer(3) });
    await world.advance(GATHERED);
    expect(world.desk.texts()).toEqual(expect.arrayContaining(['goes out']));
    expect(world.desk.texts()).toHaveLength(2);
  });

  test('is remembered by the process that comes after a crash', async () => {
    await crowd(1);
    world.desk.next(tooMany);
    await world.run();
    world = await world.crash();
    await world.customerWrites('after the crash', { thread: customer(7) });
    await world.advance(GATHERED);
    expect(world.desk.calls).toHaveLength(1);
    await world.advance(10_000);
    await world.advance(2_000);
    expect(world.desk.texts()).toHaveLength(2);
  });
});

test('an account that falls silent leaves two messages in doubt, not all that wait', async () => {
  world = await openWorld();
  for (const index of [1, 2, 3, 4, 5])
    await world.customerWrites(`hello ${index}`, { thread: customer(index) });
  await world.advance(GATHERED);
  world.pager.next(...Array.from({ length: 10 }, () => timeOut));
  for (const index of [1, 2, 3, 4, 5]) {
    await world.agentWrites(`answer ${index}`, { id: `answer-${index}`, thread: customer(index) });
    await world.run();
  }
  const states = await Promise.all([1, 2, 3, 4, 5].map((index) => world.message(`answer-${index}`)));
  expect(states.map((one) => one.status)).toEqual(['unknown', 'unknown', 'queued', 'queued', 'queued']);
});
