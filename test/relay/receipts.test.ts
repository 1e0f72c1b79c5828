import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ReceiptStatus } from '../../server/core/message.ts';
import { retry } from '../../server/core/outcome.ts';
import { acceptThenTimeOut, answer } from '../support/other-side.ts';
import { openWorld, type World } from '../support/relay-world.ts';

const ALL = ['sent', 'delivered', 'read', 'failed', 'unknown'] as const;
let world: World;

beforeEach(async () => {
  world = await openWorld({ pager: { can: { echo: true } }, desk: { can: { tells: [...ALL] } } });
  await world.customerWrites('hello');
  await world.advance(150);
});
afterEach(() => world.close());

async function reply(id: string): Promise<string> {
  await world.agentWrites(`reply ${id}`, { id });
  await world.run();
  return world.pager.accepted.at(-1)?.id as string;
}

describe('receipts', () => {
  test('raise the message, and the platform hears of each step', async () => {
    const of = await reply('r');
    for (const status of ['delivered', 'read'] as const) {
      await world.receipt(of, status);
      await world.run();
    }
    expect((await world.message('r')).history).toEqual(['sent', 'delivered', 'read']);
    expect(world.desk.told.map((one) => one.status)).toEqual(['sent', 'delivered', 'read']);
  });

  test('never lower it', async () => {
    const of = await reply('r');
    for (const status of ['read', 'delivered', 'sent', 'failed'] as const) {
      await world.receipt(of, status);
      await world.run();
    }
    expect((await world.message('r')).history).toEqual(['sent', 'read']);
  });

  test('failed before anything arrived is told with its reason', async () => {
    const of = await reply('r');
    await world.receipt(of, 'failed', { code: '131047', why: 'The window is closed.' });
    await world.run();
    expect((await world.message('r')).status).toBe('failed');
    expect(world.desk.told.at(-1)).toEqual({ of: 'r', status: 'failed', why: 'The window is closed.' });
  });

  test('the same one twice counts once', async () => {
    const of = await reply('r');
    expect(await world.receipt(of, 'delivered')).toBe(1);
    expect(await world.receipt(of, 'delivered')).toBe(0);
  });

  test('that come before the send’s own answer are applied behind it', async () => {
    world.pager.next(async (_delivery, accept) => {
      const outcome = accept();
      await world.receipt(outcome.id, 'read');
      await world.receipt(outcome.id, 'delivered');
      await world.run();
      expect((await world.message('r')).status).toBe('queued');
      return outcome;
    });
    await reply('r');
    expect((await world.message('r')).status).toBe('read');
  });

  test('settle what was told as unknown', async () => {
    world.pager.next(acceptThenTimeOut);
    await reply('r');
    await world.advance(31_000);
    expect((await world.message('r')).status).toBe('unknown');
    const { key, id } = world.pager.accepted.at(-1) as { key: string; id: string };
    await world.receipt(id, 'delivered', { ref: key });
    await world.run();
    expect((await world.message('r')).status).toBe('delivered');
    expect(world.desk.told.map((one) => one.status)).toEqual(['unknown', 'delivered']);
  });

  test('of nobody we know are kept without harm', async () => {
    await world.receipt('somebody else’s', 'read');
    await world.run();
    expect(await world.db.selectFrom('receipt').select('status').execute()).toEqual([{ status: 'read' }]);
  });

  test('of messages that customers sent never match: only our own sends have receipts', async () => {
    const inbound = world.desk.accepted[0]?.id as string;
    await world.receipt(inbound, 'failed');
    await world.run();
    expect((await world.message('message-1')).status).toBe('sent');
  });

  test('lead to the same end in any order, with any repeats, before or after the answer', async () => {
    const statuses = fc.constantFrom<ReceiptStatus>('sent', 'delivered', 'read', 'failed');
    let round = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(statuses, { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        async (list, early) => {
          round += 1;
          const ends = [list, list.toReversed(), list.toSorted(), [...list, ...list]].map((order, index) =>
            endOf(`r-${round}-${index}`, order, early),
          );
          const found: string[] = [];
          for (const end of ends) found.push(await end());
          expect(new Set(found).size).toBe(1);
          expect(found[0]).toBe(bestOf(list));
        },
      ),
      { numRuns: 40 },
    );
  });
});

const STEPS: ReceiptStatus[] = ['sent', 'failed', 'delivered', 'read'];
const bestOf = (list: ReceiptStatus[]): string => STEPS.findLast((one) => list.includes(one)) ?? 'sent';

/** Every status is an event of its own, also when it is said again: as providers do after an hour. */
function endOf(id: string, order: ReceiptStatus[], early: boolean): () => Promise<string> {
  return async () => {
    const ref = { current: '' };
    const tell = async (of: string) => {
      for (const [index, status] of order.entries()) {
        await world.receipt(of, status, index % 2 ? { ref: ref.current } : {});
        await world.run();
      }
    };
    world.pager.next(async (delivery, accept) => {
      ref.current = delivery.id;
      const outcome = accept();
      if (early) await tell(outcome.id);
      return outcome;
    });
    const of = await reply(id);
    if (!early) await tell(of);
    await world.run();
    return (await world.message(id)).status;
  };
}

describe('the lane of statuses', () => {
  test('tells the latest rank only: what was overtaken while it waited is left out', async () => {
    world.desk.next(answer(retry('the desk is busy', { afterMs: 30_000 })));
    const of = await reply('r');
    expect(world.desk.told).toEqual([]);
    await world.receipt(of, 'delivered');
    await world.receipt(of, 'read');
    await world.run();
    await world.advance(31_000);
    expect(world.desk.told.map((one) => one.status)).toEqual(['read']);
  });
});
