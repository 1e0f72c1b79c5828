import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAYBE_DELIVERED } from '../../server/relay/later.ts';
import {
  acceptThenHang,
  acceptThenTimeOut,
  hang,
  type OtherSideOptions,
  timeOut,
} from '../support/other-side.ts';
import { GATHERED, openWorld, type World } from '../support/relay-world.ts';
import { until } from '../support/until.ts';

let world: World;
afterEach(() => world.close());

async function linkedWorld(pager: Partial<OtherSideOptions>, desk: Partial<OtherSideOptions> = {}) {
  world = await openWorld({ pager, desk });
  await world.customerWrites('hello');
  await world.advance(GATHERED);
}

/** The process dies while the provider holds the agent's message. */
async function dieWhileSending(): Promise<void> {
  await world.agentWrites('reply', { id: 'reply' });
  await world.begin();
  await world.pager.called(1);
  world = await world.crash();
}

describe('a send whose answer never comes', () => {
  test('has its attempt on disk before the first byte leaves', async () => {
    await linkedWorld({});
    let state: string | undefined;
    world.pager.next(async (_delivery, accept) => {
      state = (await world.message('reply')).parts[0]?.state;
      return accept();
    });
    await world.agentWrites('reply', { id: 'reply' });
    await world.run();
    expect(state).toBe('started');
  });

  test('is sent again with the same key where that makes no second message', async () => {
    await linkedWorld({ can: { idempotent: true } });
    world.pager.next(acceptThenTimeOut);
    await world.agentWrites('reply', { id: 'reply' });
    await world.run();
    await world.advance(2_000);
    expect(world.pager.texts()).toEqual(['reply']);
    expect(new Set(world.pager.calls.map((call) => call.id)).size).toBe(1);
    expect((await world.message('reply')).status).toBe('sent');
  });

  test('is looked up ten seconds later, and not sent again when it is found', async () => {
    await linkedWorld({ lookup: true });
    world.pager.next(acceptThenTimeOut);
    await world.agentWrites('reply', { id: 'reply' });
    await world.run();
    await world.advance(9_900);
    expect(world.pager.looked).toBe(0);
    await world.advance(200);
    expect(world.pager.looked).toBe(1);
    expect(world.pager.texts()).toEqual(['reply']);
    expect((await world.message('reply')).status).toBe('sent');
  });

  test('is sent again when the look-up says that it never arrived', async () => {
    await linkedWorld({ lookup: true });
    world.pager.next(timeOut);
    await world.agentWrites('reply', { id: 'reply' });
    await world.run();
    await world.advance(10_000);
    expect(world.pager.texts()).toEqual(['reply']);
    expect((await world.message('reply')).status).toBe('sent');
  });

  test('is looked up again when the look-up fails, and never sent meanwhile', async () => {
    await linkedWorld({ lookup: true });
    world.pager.next(acceptThenTimeOut);
    world.pager.lookups.push(new Error('502'), new Error('502'));
    await world.agentWrites('reply', { id: 'reply' });
    await world.run();
    for (let tries = 0; tries < 3; tries += 1) await world.advance(10_000);
    expect(world.pager.looked).toBe(3);
    expect(world.pager.texts()).toEqual(['reply']);
    expect((await world.message('reply')).status).toBe('sent');
  });

  test('opening a conversation is looked up twice before it is believed to be absent', async () => {
    world = await openWorld({ desk: { lookup: true } });
    world.desk.next(acceptThenTimeOut);
    world.desk.lookups.push('absent');
    await world.customerWrites('hello', { id: 'hello' });
    await world.advance(GATHERED);
    await world.advance(10_000);
    await world.advance(10_000);
    expect(world.desk.texts()).toEqual(['hello']);
    expect((await world.message('hello')).status).toBe('sent');
  });

  test('waits thirty seconds for an echo, then is told as unknown', async () => {
    await linkedWorld({ can: { echo: true, receipts: ['sent'] } }, { can: { tells: ['sent', 'unknown'] } });
    world.pager.next(acceptThenTimeOut);
    await world.agentWrites('reply', { id: 'reply' });
    await world.run();
    await world.advance(29_000);
    expect((await world.message('reply')).status).toBe('queued');
    await world.advance(1_100);
    const { status, reason } = await world.message('reply');
    expect({ status, reason }).toEqual({ status: 'unknown', reason: MAYBE_DELIVERED });
    expect(world.desk.told).toEqual([{ of: 'reply', status: 'unknown', why: MAYBE_DELIVERED }]);
    expect(world.pager.texts()).toEqual(['reply']);
  });

  test('is settled by an echo with our own reference, without another send', async () => {
    await linkedWorld({ can: { echo: true, receipts: ['sent'] } });
    world.pager.next(acceptThenTimeOut);
    await world.agentWrites('reply', { id: 'reply' });
    await world.run();
    const ref = world.pager.accepted[0]?.key as string;
    await world.receipt('provider-7', 'delivered', { ref });
    await world.run();
    const message = await world.message('reply');
    expect(message.status).toBe('delivered');
    expect(message.parts[0]?.provider_id).toBe('provider-7');
    await world.advance(60_000);
    expect(world.pager.calls).toHaveLength(1);
  });

  test('is told as unknown at once where nothing can find out', async () => {
    await linkedWorld({}, { can: { tells: ['unknown'] } });
    world.pager.next(acceptThenTimeOut);
    await world.agentWrites('reply', { id: 'reply' });
    await world.run();
    await world.advance(3_600_000);
    expect(world.pager.calls).toHaveLength(1);
    expect((await world.message('reply')).status).toBe('unknown');
    expect(world.desk.told.map((one) => one.status)).toEqual(['unknown']);
  });

  test('lets the lane go on once it is unknown', async () => {
    await linkedWorld({});
    world.pager.next(acceptThenTimeOut);
    await world.agentWrites('one');
    await world.agentWrites('two');
    await world.run();
    expect(world.pager.texts()).toEqual(['one', 'two']);
  });
});

describe('a process killed between the provider’s acceptance and our settle', () => {
  test('asks the target that can be asked, and does not send again', async () => {
    await linkedWorld({ lookup: true });
    world.pager.next(acceptThenHang);
    await dieWhileSending();
    await world.run();
    // The killed request may still be on its way for as long as requests may take; only then do ten seconds begin.
    await world.advance(24_900);
    expect(world.pager.looked).toBe(0);
    await world.advance(200);
    expect(world.pager.looked).toBe(1);
    expect(world.pager.texts()).toEqual(['reply']);
    expect((await world.message('reply')).status).toBe('sent');
  });

  test('repeats the same key where the target deduplicates', async () => {
    await linkedWorld({ can: { idempotent: true } });
    world.pager.next(acceptThenHang);
    await dieWhileSending();
    await world.run();
    expect(world.pager.calls).toHaveLength(2);
    expect(world.pager.texts()).toEqual(['reply']);
  });

  test('tells a status again only when the killed request can no longer arrive and replace a later one', async () => {
    await linkedWorld({}, { can: { idempotent: true, tells: ['sent'] } });
    world.desk.next(hang);
    await world.agentWrites('reply', { id: 'reply' });
    await world.begin();
    await until('it is sent', async () => (await world.message('reply')).status === 'sent');
    await world.begin();
    await world.desk.called(2);
    world = await world.crash();
    await world.advance(14_900);
    expect(world.desk.told).toEqual([]);
    await world.advance(200);
    expect(world.desk.told).toEqual([{ of: 'reply', status: 'sent' }]);
  });

  test('waits for the echo, which settles it', async () => {
    await linkedWorld({ can: { echo: true } });
    world.pager.next(acceptThenHang);
    await dieWhileSending();
    await world.run();
    await world.receipt('provider-7', 'sent', { ref: world.pager.accepted[0]?.key as string });
    await world.advance(1_000);
    expect((await world.message('reply')).status).toBe('sent');
    await world.advance(60_000);
    expect(world.pager.calls).toHaveLength(1);
  });

  test('says unknown where nothing can find out, and never sends blindly', async () => {
    await linkedWorld({});
    world.pager.next(acceptThenHang);
    await dieWhileSending();
    await world.run();
    await world.advance(3_600_000);
    expect(world.pager.calls).toHaveLength(1);
    expect((await world.message('reply')).status).toBe('unknown');
  });

  test('sends what had only been claimed: without a started attempt there is no doubt', async () => {
    await linkedWorld({});
    await world.agentWrites('reply', { id: 'reply' });
    await world.ledger.claim('dies', 10, 30_000);
    world = await world.crash();
    await world.run();
    expect(world.pager.texts()).toEqual(['reply']);
    expect((await world.message('reply')).status).toBe('sent');
  });

  test('another process takes over when the lease has run out, not before', async () => {
    await linkedWorld({ can: { idempotent: true } });
    world.pager.next(hang);
    await world.agentWrites('reply', { id: 'reply' });
    await world.begin();
    await world.pager.called(1);
    await world.advance(29_000);
    expect(world.pager.calls).toHaveLength(1);
    await world.advance(1_100);
    expect(world.pager.texts()).toEqual(['reply']);
  });
});

describe('the fence', () => {
  beforeEach(() => linkedWorld({ can: { echo: true } }));

  test('an owner whose lease ran out may not send any more', async () => {
    await world.agentWrites('reply');
    const [claim] = await world.ledger.claim('slow', 10, 30_000);
    world.io.clock.advance(30_000);
    expect(await world.ledger.start(claim as never)).toBe(false);
  });

  test('a process that slept between its start and its request does not send: others may be looking already', async () => {
    let sent = false;
    world.pager.next(async (_delivery, accept, io) => {
      world.io.clock.advance(5_001);
      await io.http({ method: 'POST', url: 'https://pager.test/send' });
      sent = true;
      return accept();
    });
    await world.agentWrites('reply', { id: 'reply' });
    await world.run();
    expect(sent).toBe(false);
    await world.advance(2_000);
    expect(world.pager.texts()).toEqual(['reply']);
  });

  test('an owner who was replaced may not send either', async () => {
    await world.agentWrites('reply');
    const [old] = await world.ledger.claim('slow', 10, 30_000);
    world.io.clock.advance(30_001);
    await world.ledger.claim('quick', 10, 30_000);
    expect(await world.ledger.start({ ...(old as NonNullable<typeof old>), leasedUntil: Infinity })).toBe(
      false,
    );
  });

  test('a replaced owner’s result changes nothing', async () => {
    await world.agentWrites('reply', { id: 'reply' });
    const [old] = await world.ledger.claim('slow', 10, 30_000);
    world.io.clock.advance(30_001);
    await world.ledger.claim('quick', 10, 30_000);
    const counted = await world.ledger.settle(old as never, { to: 'failed', code: '1', reason: 'late' });
    expect(counted).toBe(false);
    expect((await world.message('reply')).status).toBe('queued');
  });

  test('a replaced owner’s success is kept as evidence, which settles the doubt of the next one', async () => {
    world.pager.next(hang);
    await world.agentWrites('reply', { id: 'reply' });
    const [old] = await world.ledger.claim('slow', 10, 30_000);
    await world.ledger.start(old as never);
    world.io.clock.advance(30_001);
    expect(await world.ledger.claim('quick', 10, 1_000)).toHaveLength(1);
    expect(await world.ledger.settle(old as never, { to: 'sent', providerId: 'provider-9' })).toBe(false);
    await world.advance(1_001);
    const message = await world.message('reply');
    expect(message.status).toBe('sent');
    expect(message.parts[0]?.provider_id).toBe('provider-9');
    expect(world.pager.calls).toEqual([]);
  });

  test('a success that comes after the agent was told “unknown” corrects it', async () => {
    await world.agentWrites('reply', { id: 'reply' });
    const [old] = await world.ledger.claim('slow', 10, 30_000);
    await world.ledger.start(old as never);
    await world.advance(61_000);
    expect((await world.message('reply')).status).toBe('unknown');
    await world.ledger.settle(old as never, { to: 'sent', providerId: 'provider-9' });
    const message = await world.message('reply');
    expect(message.status).toBe('sent');
    expect(message.parts[0]?.provider_id).toBe('provider-9');
  });
});
