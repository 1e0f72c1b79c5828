import { expect, test } from 'vitest';
import type { Step } from '../../../server/store/erasure/retention.ts';
import {
  CHANNEL,
  fromAgent,
  fromCustomer,
  GATHERED_MS,
  onEveryStore,
  outgoing,
  photo,
  receipt,
  statusOf,
  type TestStore,
  take,
  takeOne,
  WORKSPACE,
} from '../../support/stores.ts';

const DAY = 24 * 3_600_000;
const KEPT = 7 * DAY;

async function all(step: (after: string) => Promise<Step>): Promise<number> {
  let erased = 0;
  for (let after: string | undefined = ''; after !== undefined; ) {
    const done = await step(after);
    erased += done.erased;
    after = done.next;
  }
  return erased;
}
const erase = (store: TestStore, keptMs = KEPT) =>
  all((after) => store.retention.eraseContent(store.clock.now() - keptMs, after));
const purge = (store: TestStore, keptMs: number) =>
  all((after) => store.retention.purge(WORKSPACE, store.clock.now() - keptMs, after));

/** What is left of content anywhere. */
async function left({ db }: TestStore): Promise<number> {
  const events = await db.selectFrom('event').select('id').where('content', 'is not', null).execute();
  const deliveries = await db.selectFrom('delivery').select('id').where('content', 'is not', null).execute();
  return events.length + deliveries.length;
}
const rows = async ({ db }: TestStore) => ({
  events: (await db.selectFrom('event').select('id').execute()).length,
  deliveries: (await db.selectFrom('delivery').select('id').execute()).length,
  history: (await db.selectFrom('history').select('seq').execute()).length,
});

async function sent(store: TestStore, words: string, calls?: string[]): Promise<string> {
  const claim = await outgoing(store, words, calls);
  await store.ledger.keepPrepared(claim, 'contact', 'c1');
  for (let next = claim, part = 0; ; part += 1) {
    await store.ledger.settle(next, { to: 'sent', providerId: `at the provider: ${words} ${part}` });
    const [another] = await take(store);
    if (!another) return claim.delivery.event_id;
    next = another;
  }
}
async function failed(store: TestStore, words: string): Promise<string> {
  const claim = await outgoing(store, words);
  await store.ledger.settle(claim, { to: 'failed', code: 'blocked', reason: 'The number is blocked.' });
  return claim.delivery.event_id;
}

onEveryStore('content', (store) => {
  test('goes when its time since the last outcome is over, and not a moment before', async () => {
    await sent(store(), 'reply', ['one', 'two']);
    store().clock.advance(KEPT);
    expect(await erase(store())).toBe(0);
    expect(await left(store())).toBe(3);
    store().clock.advance(1);
    expect(await erase(store())).toBe(1);
    expect(await left(store())).toBe(0);
    expect(await store().db.selectFrom('preparation').selectAll().execute()).toEqual([]);
    expect(await statusOf(store(), 'reply')).toBe('sent');
  });

  test('counts from the last outcome: a receipt that came later keeps it for longer', async () => {
    await sent(store(), 'reply');
    store().clock.advance(5 * DAY);
    await store().ledger.append([receipt('at the provider: reply 0', 'read')]);
    const claim = await takeOne(store());
    await store().ledger.applyReceipt(claim, receipt('at the provider: reply 0', 'read'), []);
    store().clock.advance(5 * DAY);
    expect(await erase(store())).toBe(0);
    store().clock.advance(2 * DAY + 1);
    expect(await erase(store())).toBe(1);
  });

  test('of what is open stays, however old: waiting, started, or in doubt', async () => {
    for (const [words, thread] of [
      ['waits', 'a'],
      ['started', 'b'],
      ['in doubt', 'c'],
    ] as const)
      await store().ledger.append([fromAgent(words, { thread })]);
    const claims = await take(store());
    const nextAt = store().clock.now() + 1_000 * DAY;
    await store().ledger.settle(claims[0] as never, { to: 'queued', nextAt, reason: 'parked' });
    await store().ledger.start(claims[1] as never);
    await store().ledger.settle(claims[2] as never, { to: 'checking', nextAt, reason: 'no answer' });
    store().clock.advance(100 * DAY);
    expect(await erase(store(), 0)).toBe(0);
    expect(await purge(store(), 8 * DAY)).toBe(0);
    expect(await left(store())).toBe(3);
  });

  test('that is kept for no time at all goes with the outcome', async () => {
    await sent(store(), 'reply');
    store().clock.advance(1);
    expect(await erase(store(), 0)).toBe(1);
    expect(await left(store())).toBe(0);
  });

  test('of what nobody understood goes too', async () => {
    const unparsed = { kind: 'unparsed' as const, connection: { workspaceId: WORKSPACE, id: CHANNEL } };
    await store().ledger.append([{ ...unparsed, id: 'u', at: 1, why: 'unknown', raw: 'a whole body' }]);
    await store().ledger.settle(await takeOne(store()), { to: 'done', event: 'handled' });
    expect(await left(store())).toBe(1);
    store().clock.advance(KEPT + 1);
    await erase(store());
    expect(await left(store())).toBe(0);
  });

  test('of hundreds goes in steps, past those that have to stay', async () => {
    const many = Array.from({ length: 130 }, (_, index) =>
      fromAgent(`message ${index}`, { thread: `thread ${index}` }),
    );
    await store().ledger.append(many);
    for (const claim of await take(store(), 'wrk_one', 300))
      if (claim.delivery.event_id.length > 0)
        await store().ledger.settle(claim, { to: 'done', event: 'handled' });
    await store().ledger.append([fromAgent('waits')]);
    for (let index = 0; index < 120; index += 1)
      await store().ledger.append([fromAgent(`later ${index}`, { thread: `other ${index}` })]);
    const [, ...others] = await take(store(), 'wrk_one', 300);
    for (const claim of others) await store().ledger.settle(claim, { to: 'done', event: 'handled' });
    store().clock.advance(KEPT + 1);
    expect(await erase(store())).toBe(250);
    expect(await left(store())).toBe(1);
  });
});

onEveryStore('behind its erasure a message', (store) => {
  test('still keeps its duplicates out and takes its receipts', async () => {
    await sent(store(), 'reply');
    store().clock.advance(KEPT + 1);
    await erase(store());
    expect(await store().ledger.append([fromAgent('reply')])).toBe(0);
    await store().ledger.append([receipt('at the provider: reply 0', 'delivered')]);
    const claim = await takeOne(store());
    await store().ledger.applyReceipt(claim, receipt('at the provider: reply 0', 'delivered'), []);
    expect(await statusOf(store(), 'reply')).toBe('delivered');
  });

  test('is not sent again, and says why', async () => {
    const id = await failed(store(), 'reply');
    store().clock.advance(KEPT + 1);
    await erase(store());
    expect(await store().ledger.resend(WORKSPACE, id)).toBe('erased');
    expect(await statusOf(store(), 'reply')).toBe('failed');
    expect(await take(store())).toEqual([]);
  });

  test('that was resent at that very moment is either whole or erased, never sent empty', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 24; index += 1) ids.push(await failed(store(), `reply ${index}`));
    store().clock.advance(KEPT + 1);
    const beside = await store().beside();
    const before = store().clock.now() - KEPT;
    const [answers] = await Promise.all([
      Promise.all(ids.map((id) => beside.ledger.resend(WORKSPACE, id))),
      store().retention.eraseContent(before, ''),
      store().retention.eraseContent(before, ''),
    ]);
    for (const [index, id] of ids.entries()) {
      const event = await store().ledger.event(WORKSPACE, id);
      expect([answers[index], event?.event !== undefined]).toEqual([
        answers[index],
        answers[index] === 'queued',
      ]);
    }
  });
});

onEveryStore('files', (store) => {
  const files = () =>
    all(async (after) => {
      const step = await store().retention.eraseFiles(store().clock.now() - KEPT, after);
      await store().retention.filesRemoved(step.files);
      return step;
    });

  test('are named to be removed once, with their message over, and their rows go last', async () => {
    await store().ledger.append([fromCustomer('look', { parts: [photo] })]);
    store().clock.advance(GATHERED_MS);
    const claim = await takeOne(store());
    const [row] = await store().media.of(WORKSPACE, claim.delivery.event_id);
    if (!row) throw new Error('the photo has no row');
    await store().media.stored(row, { name: 'ann.jpg', contentType: 'image/jpeg', size: 12 });
    store().clock.advance(KEPT + 1);
    expect(await files()).toBe(0);
    await store().ledger.settle(claim, { to: 'sent', providerId: 'p' });
    store().clock.advance(KEPT + 1);
    const step = await store().retention.eraseFiles(store().clock.now() - KEPT, '');
    expect(step.files).toEqual([row.id]);
    expect(await store().media.of(WORKSPACE, claim.delivery.event_id)).toEqual([]);
    // A process that dies here has removed nothing: the next one finds it.
    expect(await store().retention.erasedFiles()).toEqual([row.id]);
    const kept = await store().db.selectFrom('media').select(['name', 'state']).execute();
    expect(kept).toEqual([{ name: null, state: 'erased' }]);
    await store().retention.filesRemoved([row.id]);
    expect(await store().db.selectFrom('media').selectAll().execute()).toEqual([]);
  });

  test('that come when their message is none of ours any more are said to be nobody’s', async () => {
    await store().ledger.append([fromAgent('look', { parts: [photo] })]);
    const claim = await takeOne(store());
    const [row] = await store().media.of(WORKSPACE, claim.delivery.event_id);
    if (!row) throw new Error('the photo has no row');
    await store().ledger.settle(claim, { to: 'done', event: 'ignored' });
    expect(await store().media.stored(row, { name: 'a.jpg', contentType: 'image/jpeg', size: 1 })).toBe(
      false,
    );
    expect(await store().retention.erasedFiles()).toEqual([row.id]);
  });
});

onEveryStore('the rows of the ledger', (store) => {
  test('go when their own time is over, and leave what is younger', async () => {
    await sent(store(), 'old', ['one', 'two']);
    store().clock.advance(300 * DAY);
    await sent(store(), 'young');
    store().clock.advance(101 * DAY);
    const before = await rows(store());
    expect(await purge(store(), 400 * DAY)).toBe(1);
    expect(before).toEqual({ events: 2, deliveries: 3, history: 2 });
    expect(await rows(store())).toEqual({ events: 1, deliveries: 1, history: 1 });
    expect(await statusOf(store(), 'young')).toBe('sent');
  });
});
