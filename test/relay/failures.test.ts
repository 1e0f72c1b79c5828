import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refused, retry, unauthorized } from '../../server/core/outcome.ts';
import { acceptThenTimeOut, answer } from '../support/other-side.ts';
import { GATHERED, openWorld, WORKSPACE, type World } from '../support/relay-world.ts';

const HOUR = 3_600_000;
const LONG = [`${'a'.repeat(95)}.`, `${'b'.repeat(95)}.`, `${'c'.repeat(95)}.`].join(' ');
let world: World;

beforeEach(async () => {
  world = await openWorld({ desk: { can: { tells: ['sent', 'failed', 'unknown'] } } });
  await world.customerWrites('hello');
  await world.advance(GATHERED);
});
afterEach(() => world.close());

describe('a refusal', () => {
  test('is told to the agent with the reason, once', async () => {
    world.pager.next(answer(refused('131047', 'The window is closed: send a template.')));
    await world.agentWrites('reply', { id: 'reply' });
    await world.run();
    await world.advance(24 * HOUR);
    expect(world.desk.told).toEqual([
      { of: 'reply', status: 'failed', why: 'The window is closed: send a template.' },
    ]);
    expect(world.pager.calls).toHaveLength(1);
  });

  test('of one part cancels the later parts, and the agent gets one notice', async () => {
    world.pager.next((_delivery, accept) => accept(), answer(refused('1', 'No.')));
    await world.agentWrites(LONG, { id: 'long' });
    await world.run();
    const { parts, status } = await world.message('long');
    expect(parts.map((part) => part.state)).toEqual(['sent', 'failed', 'cancelled']);
    expect(status).toBe('failed');
    expect(world.pager.texts().map((text) => text[0])).toEqual(['a']);
    expect(world.desk.told).toEqual([{ of: 'long', status: 'failed', why: 'No.' }]);
  });

  test('behind a part that is in doubt tells of the doubt, too: Resend would send both', async () => {
    world.pager.next(acceptThenTimeOut, answer(refused('1', 'No.')));
    await world.agentWrites(LONG, { id: 'long' });
    await world.run();
    const { parts, reason } = await world.message('long');
    expect(parts.map((part) => part.state)).toEqual(['unknown', 'failed', 'cancelled']);
    expect(reason).toMatch(/^No\. Another part of it may have been delivered/);
    expect(world.desk.told.map((one) => one.why)).toEqual([reason]);
  });

  test('lets the lane go on', async () => {
    world.pager.next(answer(refused('1', 'No.')));
    await world.agentWrites('one');
    await world.agentWrites('two');
    await world.run();
    expect(world.pager.texts()).toEqual(['two']);
  });

  test('before any call: what the channel cannot carry never reaches it', async () => {
    const file = { kind: 'image' as const, ref: 'x' };
    await world.agentWrites('', { id: 'image', parts: [{ kind: 'file', file }] });
    const [row] = await world.deps.media.rows.claim(1, 1_000, world.io.clock.now());
    if (row) await world.deps.media.rows.stored(row, { name: 'a.png', contentType: 'image/png', size: 5 });
    await world.run();
    expect(world.pager.calls).toEqual([]);
    expect(await world.message('image')).toMatchObject({ status: 'failed', reason: expect.any(String) });
    expect(world.desk.told.map((one) => one.status)).toEqual(['failed']);
    const shown = await world.db
      .selectFrom('event')
      .select('channel_id')
      .where('source_id', '=', 'image')
      .execute();
    expect(shown).toEqual([{ channel_id: 'chn_test' }]);
  });
});

describe('a retry', () => {
  test('comes no earlier than the other side asked for', async () => {
    world.pager.next(answer(retry('slow down', { afterMs: 90_000 })));
    await world.agentWrites('reply');
    await world.run();
    await world.advance(89_000);
    expect(world.pager.calls).toHaveLength(1);
    await world.advance(1_100);
    expect(world.pager.texts()).toEqual(['reply']);
  });

  test('comes quickly at first, then patiently', async () => {
    world.pager.next(...Array.from({ length: 4 }, () => answer(retry('busy'))));
    await world.agentWrites('reply', { id: 'reply' });
    await world.run();
    const waits: number[] = [];
    let last = world.io.clock.now();
    for (let calls = 1; calls < 5; ) {
      await world.advance(100);
      if (world.pager.calls.length === calls) continue;
      calls = world.pager.calls.length;
      waits.push(world.io.clock.now() - last);
      last = world.io.clock.now();
    }
    const planned = [1_000, 2_000, 5_000, 10_000];
    waits.forEach((wait, index) => {
      expect(wait).toBeGreaterThanOrEqual((planned[index] as number) * 0.8);
      expect(wait).toBeLessThanOrEqual((planned[index] as number) * 1.2 + 100);
    });
    expect((await world.message('reply')).parts[0]?.attempts).toBe(5);
  });

  test('of a reply ends after twelve hours: it is not sent late but offered for Resend', async () => {
    world.pager.next(...Array.from({ length: 200 }, () => answer(retry('The provider is down.'))));
    await world.agentWrites('reply', { id: 'reply' });
    await world.run();
    for (let minutes = 0; minutes < 12 * 60 + 30; minutes += 10) await world.advance(10 * 60_000);
    const tried = world.pager.calls.length;
    const { status, reason } = await world.message('reply');
    expect(status).toBe('failed');
    expect(reason).toContain('12 hours');
    expect(reason).toContain('The provider is down.');
    expect(world.desk.told.map((one) => one.status)).toEqual(['failed']);
    await world.advance(24 * HOUR);
    expect(world.pager.calls).toHaveLength(tried);
    expect(world.pager.texts()).toEqual([]);
  });

  test('of a customer’s message goes on for days: the agents must not miss it', async () => {
    world.desk.next(...Array.from({ length: 200 }, () => answer(retry('down'))));
    await world.customerWrites('question', { id: 'question' });
    await world.run();
    for (let hours = 0; hours < 60; hours += 1) await world.advance(HOUR);
    expect((await world.message('question')).status).toBe('queued');
  });
});

describe('dead credentials', () => {
  test('park the connection and its messages, which go on in order once they work again', async () => {
    world.pager.next(...Array.from({ length: 10 }, () => answer(unauthorized('The token was revoked.'))));
    await world.agentWrites('one', { id: 'one' });
    await world.agentWrites('two', { id: 'two' });
    await world.run();
    await world.advance(5 * 60_000);
    expect((await world.connections.channelsOf(WORKSPACE))[0]).toMatchObject({
      status: 'disconnected',
      reason: 'The token was revoked.',
    });
    expect((await world.message('one')).status).toBe('queued');
    expect((await world.message('one')).reason).toBeNull();
    const tries = world.pager.calls.length;
    while (world.pager.calls.length < 10) await world.advance(60_000);
    expect(tries).toBeLessThan(10);
    await world.ledger.wake(WORKSPACE);
    await world.run();
    expect(world.pager.texts()).toEqual(['one', 'two']);
  });

  test('wake makes what waits due at once', async () => {
    world.pager.next(answer(unauthorized('revoked')));
    await world.agentWrites('one');
    await world.run();
    expect(world.pager.texts()).toEqual([]);
    await world.ledger.wake(WORKSPACE);
    await world.run();
    expect(world.pager.texts()).toEqual(['one']);
  });

  test('that cannot be renewed yet hold the message back without a call', async () => {
    world.pager.probe.refresh = async () => retry('the token endpoint is down', { afterMs: 20_000 });
    await world.agentWrites('one');
    await world.run();
    expect(world.pager.calls).toEqual([]);
    delete world.pager.probe.refresh;
    await world.advance(20_000);
    expect(world.pager.texts()).toEqual(['one']);
  });

  test('that are renewed early go on serving while the renewal fails, which is tried every half minute', async () => {
    let tries = 0;
    world.pager.probe.refreshNeed = () => 'early';
    world.pager.probe.refresh = async () => {
      tries += 1;
      return retry('the token endpoint is down', { afterMs: 20_000 });
    };
    for (const text of ['one', 'two', 'three']) await world.agentWrites(text);
    await world.run();
    expect(world.pager.texts()).toEqual(['one', 'two', 'three']);
    expect(tries).toBe(1);
    await world.agentWrites('four');
    await world.advance(30_000);
    expect(world.pager.texts()).toEqual(['one', 'two', 'three', 'four']);
    expect(tries).toBe(2);
  });

  test('that are renewed early are lost all the same when the other side takes the grant away', async () => {
    world.pager.probe.refreshNeed = () => 'early';
    world.pager.probe.refresh = async () => unauthorized('The app was uninstalled.');
    await world.agentWrites('one');
    await world.run();
    expect(world.pager.texts()).toEqual([]);
  });

  test('are renewed once for all who wait, and stored before anybody uses them', async () => {
    let renewals = 0;
    world.pager.probe.refresh = async (connection) => {
      if ((connection.credentials as { token: string }).token === 'new') return undefined;
      renewals += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return { token: 'new' };
    };
    await world.customerWrites('hello', { thread: '+447700900102' });
    await world.advance(GATHERED);
    await world.agentWrites('to Ann');
    await world.agentWrites('to Ben', { thread: '+447700900102' });
    await world.run();
    expect(world.pager.texts()).toHaveLength(2);
    expect(renewals).toBe(1);
    world = await world.crash();
    expect((await world.connections.byId('chn_test'))?.credentials).toEqual({ token: 'new' });
  });
});

describe('resend', () => {
  beforeEach(async () => {
    world.pager.next(answer(refused('1', 'No.')));
    await world.agentWrites('reply', { id: 'reply' });
    await world.run();
  });

  test('really sends again, behind what has been written since', async () => {
    world.pager.next(answer(retry('busy', { afterMs: 5_000 })));
    await world.agentWrites('later');
    await world.run();
    const { id } = await world.message('reply');
    expect(await world.ledger.resend(WORKSPACE, id)).toBe('queued');
    await world.advance(5_000);
    expect(world.pager.texts()).toEqual(['later', 'reply']);
    expect(await world.message('reply')).toMatchObject({
      status: 'sent',
      history: ['failed', 'queued', 'sent'],
    });
  });

  test('asked for twice sends once', async () => {
    const { id } = await world.message('reply');
    const answers = await Promise.all([1, 2, 3].map(() => world.ledger.resend(WORKSPACE, id)));
    expect(answers.toSorted()).toEqual(['not_failed', 'not_failed', 'queued']);
    await world.run();
    expect(world.pager.texts()).toEqual(['reply']);
    expect(await world.ledger.resend(WORKSPACE, id)).toBe('not_failed');
  });

  test('sends only the parts that have not arrived', async () => {
    world.pager.next((_delivery, accept) => accept(), answer(refused('1', 'No.')));
    await world.agentWrites(LONG, { id: 'long' });
    await world.run();
    const { id } = await world.message('long');
    await world.ledger.resend(WORKSPACE, id);
    await world.run();
    expect(world.pager.texts().map((text) => text[0])).toEqual(['a', 'b', 'c']);
    expect((await world.message('long')).status).toBe('sent');
  });

  test('of what is on its way or of another workspace does nothing', async () => {
    const { id } = await world.message('reply');
    expect(await world.ledger.resend('wsp_other', id)).toBe('not_found');
    await world.agentWrites('waiting', { id: 'waiting' });
    expect(await world.ledger.resend(WORKSPACE, (await world.message('waiting')).id)).toBe('not_failed');
  });
});
