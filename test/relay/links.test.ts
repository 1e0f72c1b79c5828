import { afterEach, describe, expect, test } from 'vitest';
import { retry, unknown } from '../../server/core/outcome.ts';
import { acceptThenTimeOut, answer } from '../support/other-side.ts';
import { addChannel, GATHERED, openWorld, WORKSPACE, type World } from '../support/relay-world.ts';
import { until } from '../support/until.ts';

const PHONE = { scope: '', kind: 'phone' as const, value: '+447700900101' };
let world: World;
afterEach(() => world.close());

/** The same person on two channels: two lanes, one identity. */
async function writesOnBoth(): Promise<void> {
  await addChannel(world, 'chn_second');
  for (const id of ['chn_test', 'chn_second'])
    await world.ledger.append([
      {
        kind: 'message',
        connection: { workspaceId: WORKSPACE, id },
        id: `first on ${id}`,
        thread: PHONE.value,
        author: { kind: 'customer', customer: { identities: [PHONE], address: PHONE.value } },
        parts: [{ kind: 'text', text: `via ${id}` }],
        at: world.io.clock.now(),
      },
    ]);
}

/** In whatever conversation the platform says. */
const agentReplies = (thread: string): Promise<number> =>
  world.ledger.append([
    {
      kind: 'message',
      connection: { workspaceId: WORKSPACE, id: WORKSPACE },
      id: 'reply',
      thread,
      author: { kind: 'agent' },
      parts: [{ kind: 'text', text: 'reply' }],
      at: world.io.clock.now(),
    },
  ]);

/** The next contact step never ends; resolves once it has begun. */
const makesContactForEver = (first: (make: () => string) => void): Promise<void> =>
  new Promise((resolve) => {
    world.desk.contactPlans.push((make) => {
      first(make);
      resolve();
      return new Promise(() => undefined);
    });
  });

describe('the contact of a customer', () => {
  test('is made once, although two conversations look for it at the same time', async () => {
    world = await openWorld({ desk: { contacts: true } });
    await writesOnBoth();
    await world.advance(GATHERED);
    await world.advance(GATHERED);
    expect(world.desk.contacts).toEqual(['contact-1']);
    expect(world.desk.texts()).toHaveLength(2);
    const contacts = await world.db.selectFrom('conversation').select('contact_id').execute();
    expect(contacts).toEqual([{ contact_id: 'contact-1' }, { contact_id: 'contact-1' }]);
  });

  test('gets one conversation at a time, because two in doubt could be taken for each other', async () => {
    world = await openWorld({ desk: { contacts: true, lookup: true } });
    world.desk.next(acceptThenTimeOut);
    await writesOnBoth();
    await world.advance(GATHERED);
    await world.advance(5_000);
    expect(world.desk.texts()).toHaveLength(1);
    await world.advance(10_000);
    await world.advance(1_000);
    expect(world.desk.texts().toSorted()).toEqual(['via chn_second', 'via chn_test']);
    const threads = await world.db.selectFrom('conversation').select('platform_thread').distinct().execute();
    expect(threads).toHaveLength(2);
  });

  test('is looked for again, and not made twice, when the process died while making it', async () => {
    world = await openWorld({ desk: { contacts: true } });
    const began = world.io.clock.now() + GATHERED;
    const made = makesContactForEver((make) => make());
    await world.customerWrites('hello');
    world.io.clock.advance(GATHERED);
    await world.begin();
    await made;
    world = await world.crash();
    await world.run();
    expect(world.desk.resumed).toEqual([undefined, began]);
    expect(world.desk.contacts).toEqual(['contact-1']);
    expect(world.desk.texts()).toEqual(['hello']);
  });

  test('is made by somebody else when its maker is gone for longer than a lease', async () => {
    world = await openWorld({ desk: { contacts: true } });
    const making = makesContactForEver(() => undefined);
    await writesOnBoth();
    world.io.clock.advance(GATHERED);
    await world.begin();
    await making;
    await world.advance(GATHERED);
    expect(world.desk.texts()).toEqual([]);
    await world.advance(30_000);
    await world.advance(200);
    expect(world.desk.contacts).toEqual(['contact-1']);
    expect(world.desk.texts().toSorted()).toEqual(['via chn_second', 'via chn_test']);
  });

  test('starts afresh after a certain failure, and resumes after an uncertain one', async () => {
    world = await openWorld({ desk: { contacts: true } });
    world.desk.contactPlans.push(
      async () => retry('busy', { afterMs: 1_000 }),
      async () => unknown('no answer'),
    );
    await world.customerWrites('hello');
    await world.advance(GATHERED);
    for (let tries = 0; tries < 4; tries += 1) await world.advance(10_000);
    expect(world.desk.resumed.map((one) => one !== undefined)).toEqual([false, false, true]);
    expect(world.desk.texts()).toEqual(['hello']);
  });

  test('a later message goes to the same contact and conversation', async () => {
    world = await openWorld({ desk: { contacts: true } });
    await world.customerWrites('hello');
    await world.advance(GATHERED);
    await world.customerWrites('again');
    await world.run();
    expect(world.desk.contacts).toHaveLength(1);
    expect(world.desk.texts('thread-desk-1')).toEqual(['hello', 'again']);
  });
});

describe('a conversation that the platform does not know any more', () => {
  test('is made anew with what has not been sent yet', async () => {
    world = await openWorld();
    await world.customerWrites('hello');
    await world.advance(GATHERED);
    const long = [`${'a'.repeat(95)}.`, `${'b'.repeat(95)}.`].join(' ');
    world.desk.next((_delivery, accept) => accept(), answer(retry('gone', { forget: 'thread' })));
    await world.customerWrites(long);
    await world.run();
    const threads = world.desk.accepted.map(({ thread, text }) => `${thread} ${text[0]}`);
    expect(threads).toEqual(['thread-desk-1 h', 'thread-desk-1 a', 'thread-desk-3 b']);
    await world.customerWrites('after that');
    await world.run();
    expect(world.desk.texts('thread-desk-3').at(-1)).toBe('after that');
  });

  test('an agent’s reply waits when its conversation is linked just between two looks for it', async () => {
    world = await openWorld();
    const answered = Promise.withResolvers<void>();
    world.desk.next(async (_delivery, accept) => {
      const outcome = accept();
      await answered.promise;
      return outcome;
    });
    await world.customerWrites('hello', { id: 'hello' });
    world.io.clock.advance(GATHERED);
    await world.begin();
    await world.desk.called(1);
    const { unopened } = world.ledger;
    world.deps.ledger.unopened = async (workspaceId) => {
      answered.resolve();
      await until('the link', async () => (await world.message('hello')).status === 'sent');
      return unopened(workspaceId);
    };
    await agentReplies('thread-desk-1');
    await world.run();
    await world.advance(1_000);
    expect(world.pager.texts()).toEqual(['reply']);
  });

  test('an agent’s message in a conversation that is not ours is left alone and forgotten', async () => {
    world = await openWorld();
    await agentReplies('somebody else’s');
    await world.run();
    expect(world.pager.calls).toEqual([]);
    const row = await world.db
      .selectFrom('event')
      .select(['status', 'content'])
      .where('source_id', '=', 'reply')
      .executeTakeFirstOrThrow();
    expect(row).toEqual({ status: 'ignored', content: null });
  });
});
