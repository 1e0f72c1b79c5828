import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { retry } from '../../server/core/outcome.ts';
import { answer } from '../support/other-side.ts';
import { GATHERED, openWorld, type World } from '../support/relay-world.ts';

/** Longer than the first message of an unknown customer waits for its siblings. */
const ANN = '+447700900101';
const BEN = '+447700900102';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

/** A conversation that exists on both sides. */
async function linked(thread = ANN): Promise<void> {
  await world.customerWrites('hello', { thread });
  await world.advance(GATHERED);
}

describe('a lane', () => {
  test('delivers in the order in which the customer wrote', async () => {
    for (const text of ['one', 'two', 'three', 'four']) {
      await world.customerWrites(text);
      world.io.clock.advance(1_000);
    }
    await world.run();
    expect(world.desk.texts()).toEqual(['one', 'two', 'three', 'four']);
  });

  test('offers nothing but its head, however often it is asked', async () => {
    await linked();
    for (const text of ['one', 'two', 'three']) await world.customerWrites(text);
    const first = await world.ledger.claim('a', 10, 30_000);
    const second = await world.ledger.claim('b', 10, 30_000);
    expect(first).toHaveLength(1);
    expect(second).toEqual([]);
  });

  test('places a message that came late among those not sent yet', async () => {
    await linked();
    const now = world.io.clock.now();
    await world.customerWrites('second', { at: now + 2_000 });
    await world.customerWrites('third', { at: now + 3_000 });
    await world.customerWrites('first', { at: now + 1_000 });
    await world.run();
    expect(world.desk.texts()).toEqual(['hello', 'first', 'second', 'third']);
  });

  test('sends a message whose successors are out already, behind them', async () => {
    await linked();
    const now = world.io.clock.now();
    await world.customerWrites('second', { at: now });
    await world.run();
    await world.customerWrites('first', { at: now - 5_000 });
    await world.run();
    expect(world.desk.texts()).toEqual(['hello', 'second', 'first']);
  });

  test('goes by the provider’s own sequence within one second, not by arrival', async () => {
    await linked();
    const at = world.io.clock.now();
    for (const seq of ['12', '9', '11', '10']) await world.customerWrites(`number ${seq}`, { at, seq });
    await world.run();
    expect(world.desk.texts().slice(1)).toEqual(['number 9', 'number 10', 'number 11', 'number 12']);
  });

  test('goes by arrival where the provider has no sequence', async () => {
    await linked();
    const at = world.io.clock.now();
    const texts = Array.from({ length: 20 }, (_, index) => `message ${index}`);
    for (const text of texts) await world.customerWrites(text, { at });
    await world.run();
    expect(world.desk.texts().slice(1)).toEqual(texts);
  });

  test('never lets message 2 overtake message 1 that waits for a retry', async () => {
    await linked();
    world.desk.next(answer(retry('busy', { afterMs: 60_000 })));
    await world.customerWrites('one');
    await world.customerWrites('two');
    await world.run();
    await world.advance(59_000);
    expect(world.desk.texts()).toEqual(['hello']);
    await world.advance(2_000);
    expect(world.desk.texts()).toEqual(['hello', 'one', 'two']);
  });

  test('holds up nobody else’s lane', async () => {
    await linked(ANN);
    await linked(BEN);
    world.desk.next(answer(retry('busy', { afterMs: 60_000 })));
    await world.customerWrites('from Ann', { thread: ANN });
    await world.customerWrites('from Ben', { thread: BEN });
    await world.run();
    expect(world.desk.texts()).toEqual(['hello', 'hello', 'from Ben']);
  });

  test('keeps the parts of one message together when an earlier message comes late between them', async () => {
    await linked();
    const now = world.io.clock.now();
    const long = [`${'a'.repeat(95)}.`, `${'b'.repeat(95)}.`, `${'c'.repeat(95)}.`].join(' ');
    world.desk.next(async (_delivery, accept) => {
      await world.customerWrites('late', { at: now - 1_000 });
      return accept();
    });
    await world.customerWrites(long, { at: now });
    await world.run();
    expect(world.desk.texts().map((text) => text[0])).toEqual(['h', 'a', 'b', 'c', 'l']);
  });

  test('never lets part 3 overtake part 2 that waits for a retry', async () => {
    await linked();
    const long = [`${'a'.repeat(95)}.`, `${'b'.repeat(95)}.`, `${'c'.repeat(95)}.`].join(' ');
    world.desk.next((_delivery, accept) => accept(), answer(retry('busy', { afterMs: 60_000 })));
    await world.customerWrites(long);
    await world.run();
    await world.advance(59_000);
    expect(world.desk.texts().map((text) => text[0])).toEqual(['h', 'a']);
    await world.advance(2_000);
    expect(world.desk.texts().map((text) => text[0])).toEqual(['h', 'a', 'b', 'c']);
  });

  test('the two directions of a conversation do not wait for each other', async () => {
    await linked();
    world.desk.next(answer(retry('busy', { afterMs: 60_000 })));
    await world.customerWrites('question');
    await world.agentWrites('answer');
    await world.run();
    expect(world.pager.texts()).toEqual(['answer']);
  });

  test('a message waits behind one whose outcome is being looked up', async () => {
    await world.close();
    world = await openWorld({ desk: { lookup: true } });
    await linked();
    world.desk.next((_delivery, accept) => {
      accept();
      return { outcome: 'unknown', why: 'no answer' };
    });
    await world.customerWrites('one');
    await world.customerWrites('two');
    await world.run();
    expect(world.desk.texts()).toEqual(['hello', 'one']);
    await world.customerWrites('earlier than both', { at: world.io.clock.now() - 60_000 });
    await world.advance(10_000);
    expect(world.desk.texts()).toEqual(['hello', 'one', 'earlier than both', 'two']);
    expect(world.desk.looked).toBe(1);
  });
});

describe('the first messages of an unknown customer', () => {
  test('gather for a moment, so that a burst comes out in the order of the phone’s clock', async () => {
    const now = world.io.clock.now();
    await world.customerWrites('second', { at: now });
    await world.run();
    await world.customerWrites('first', { at: now - 1_000 });
    await world.advance(GATHERED);
    expect(world.desk.texts()).toEqual(['first', 'second']);
  });

  test('make one conversation at the platform', async () => {
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        world.customerWrites(`${index}`, { at: world.io.clock.now() + index }),
      ),
    );
    await world.advance(GATHERED);
    expect(world.desk.texts('thread-desk-1')).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`));
  });
});
