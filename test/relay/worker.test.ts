import { afterEach, expect, test, vi } from 'vitest';
import { sent } from '../../server/core/outcome.ts';
import { createWorker } from '../../server/relay/worker.ts';
import { GATHERED, openWorld, type World } from '../support/relay-world.ts';

let world: World;
afterEach(() => {
  vi.useRealTimers();
  return world.close();
});

test('the worker wakes at once when a message is stored, not at its next look', async () => {
  world = await openWorld();
  await world.customerWrites('hello');
  await world.advance(GATHERED);
  const worker = createWorker({ ...world.deps, times: { ...world.deps.times, poll: 3_600_000 } });
  worker.start();
  await world.customerWrites('again');
  await world.desk.called(2);
  await worker.drain(5_000);
  expect(world.desk.texts()).toEqual(['hello', 'again']);
});

test('draining finishes what is under way and takes nothing new', async () => {
  world = await openWorld();
  await world.customerWrites('hello', { id: 'hello' });
  world.io.clock.advance(GATHERED);
  let answer: () => void = () => undefined;
  world.desk.next(
    () =>
      new Promise((resolve) => {
        answer = () => resolve(sent('desk-late', { thread: 'thread-late' }));
      }),
  );
  const worker = createWorker(world.deps);
  worker.start();
  await world.desk.called(1);
  const drained = worker.drain(60_000);
  await world.customerWrites('too late');
  answer();
  await drained;
  expect((await world.message('hello')).status).toBe('sent');
  expect(world.desk.calls).toHaveLength(1);
});

test('draining waits for a claim that is on its way, and for what it brings', async () => {
  world = await openWorld();
  await world.customerWrites('hello', { id: 'hello' });
  world.io.clock.advance(GATHERED);
  let asked: () => void = () => undefined;
  let bring: () => void = () => undefined;
  const claiming = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const brought = new Promise<void>((resolve) => {
    bring = resolve;
  });
  const ledger: typeof world.deps.ledger = {
    ...world.deps.ledger,
    claim: async (...request) => {
      const claims = await world.deps.ledger.claim(...request);
      asked();
      await brought;
      return claims;
    },
  };
  const worker = createWorker({ ...world.deps, ledger });
  worker.start();
  await claiming;
  const drained = worker.drain(60_000);
  bring();
  await drained;
  expect((await world.message('hello')).status).toBe('sent');
});

test('while webhooks wait for their commit, sixteen messages are under way at most', async () => {
  world = await openWorld();
  const customers = Array.from({ length: 40 }, (_, index) => `customer-${index}`);
  for (const thread of customers) await world.customerWrites('hello', { id: thread, thread });
  world.io.clock.advance(GATHERED);
  const answers: (() => void)[] = [];
  for (const thread of customers)
    world.desk.next(
      () => new Promise((resolve) => answers.push(() => resolve(sent(`desk-${thread}`, { thread })))),
    );
  let busy = true;
  let claimed = 0;
  const ledger: typeof world.deps.ledger = {
    ...world.deps.ledger,
    isBusy: () => busy,
    claim: async (...request) => {
      const claims = await world.deps.ledger.claim(...request);
      claimed += claims.length;
      return claims;
    },
  };
  const worker = createWorker({ ...world.deps, ledger });
  worker.start();
  await world.desk.called(16);
  expect(claimed).toBe(16);
  busy = false;
  await world.desk.called(40);
  for (const answer of answers) answer();
  await worker.drain(60_000);
  expect(world.desk.calls).toHaveLength(40);
});

test('while webhooks wait for their commit, the relay pauses between two claims, however quickly it is through', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  world = await openWorld();
  const customers = Array.from({ length: 40 }, (_, index) => `customer-${index}`);
  for (const thread of customers) await world.customerWrites('hello', { id: thread, thread });
  world.io.clock.advance(GATHERED);
  let busy = true;
  const worker = createWorker({ ...world.deps, ledger: { ...world.deps.ledger, isBusy: () => busy } });
  worker.start();
  await world.desk.called(16);
  // Far more turns of the event loop than these sixteen take to settle and the next ones to be claimed.
  for (let turn = 0; turn < 500; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(world.desk.calls).toHaveLength(16);
  vi.advanceTimersByTime(25);
  await world.desk.called(32);
  busy = false;
  vi.advanceTimersByTime(25);
  await world.desk.called(40);
  vi.useRealTimers();
  await worker.drain(60_000);
});
