import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { acceptThenTimeOut, timeOut } from '../support/other-side.ts';
import { GATHERED, openWorld, type World } from '../support/relay-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld({
    pager: { lookup: true, can: { echo: true, receipts: ['sent', 'delivered', 'failed'] } },
    desk: { can: { tells: ['sent', 'failed', 'unknown'] } },
  });
  await world.customerWrites('hello');
  await world.advance(GATHERED);
});
afterEach(() => world.close());

/** The provider takes it, and says that it failed: so somebody presses Resend. Its id at the provider. */
async function failsAndIsResent(): Promise<string> {
  await world.agentWrites('reply', { id: 'reply' });
  await world.run();
  return resentAgain();
}

async function resentAgain(): Promise<string> {
  const of = world.pager.accepted.at(-1)?.id as string;
  const { id, parts } = await world.message('reply');
  await world.receipt(of, 'failed', { ref: parts[0]?.id as string });
  await world.run();
  expect((await world.message('reply')).status).toBe('failed');
  expect(await world.ledger.resend('wsp_test', id)).toBe('queued');
  return of;
}

describe('a message that was sent again by hand, and whose new end is in doubt', () => {
  test('is not taken for the try that failed, which the provider lists as well: it is sent', async () => {
    await failsAndIsResent();
    world.pager.next(timeOut);
    await world.run();
    await world.advance(10_000);
    expect(world.pager.texts()).toEqual(['reply', 'reply']);
    const { status, parts } = await world.message('reply');
    expect([status, parts[0]?.provider_id]).toEqual(['sent', world.pager.accepted[1]?.id]);
  });

  test('is not taken for any of the tries that failed, however often it was sent again', async () => {
    await failsAndIsResent();
    await world.run();
    await resentAgain();
    world.pager.next(timeOut);
    await world.run();
    await world.advance(10_000);
    expect(world.pager.texts()).toEqual(['reply', 'reply', 'reply']);
    expect((await world.message('reply')).status).toBe('sent');
  });

  test('is found where it was accepted, and not sent a third time', async () => {
    await failsAndIsResent();
    world.pager.next(acceptThenTimeOut);
    await world.run();
    await world.advance(10_000);
    expect(world.pager.texts()).toEqual(['reply', 'reply']);
    const { status, parts } = await world.message('reply');
    expect([status, parts[0]?.provider_id]).toEqual(['sent', world.pager.accepted[1]?.id]);
  });

  test('is not settled by what is still said of the try that failed', async () => {
    const of = await failsAndIsResent();
    const ref = (await world.message('reply')).parts[0]?.id as string;
    world.pager.next(timeOut);
    await world.run();
    await world.receipt(of, 'sent', { ref });
    await world.run();
    expect((await world.message('reply')).status).toBe('queued');
    await world.advance(10_000);
    expect(world.pager.texts()).toEqual(['reply', 'reply']);
    expect(world.desk.told.map((one) => one.status)).toEqual(['sent', 'failed', 'sent']);
  });
});
