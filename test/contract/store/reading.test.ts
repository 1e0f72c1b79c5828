import { expect, test } from 'vitest';
import {
  CHANNEL,
  fromCustomer,
  GATHERED_MS,
  onEveryStore,
  outgoing,
  photo,
  type TestStore,
  take,
  takeOne,
  WORKSPACE,
} from '../../support/stores.ts';

const list = (store: TestStore, more: Partial<Parameters<TestStore['messages']['list']>[0]> = {}) =>
  store.messages.list({ accountWorkspaceIds: [WORKSPACE], limit: 10, ...more });

onEveryStore('messages', (store) => {
  test('are listed newest first, page by page, with their history', async () => {
    for (const words of ['one', 'two', 'three']) {
      await store().ledger.append([fromCustomer(words)]);
      store().clock.advance(1_000);
    }
    const first = await list(store(), { limit: 2 });
    expect(first.data).toHaveLength(2);
    expect(first.data[0]).toMatchObject({
      channel_id: CHANNEL,
      direction: 'in',
      status: 'queued',
      created_at: store().clock.now() - 1_000,
      history: [{ status: 'queued', at: store().clock.now() - 1_000 }],
    });
    const second = await list(store(), { limit: 2, after: first.next as string });
    expect(second).toMatchObject({ data: [{ created_at: store().clock.now() - 3_000 }], next: null });
  });

  test('are found by their status and channel, and only in the account’s workspaces', async () => {
    const claim = await outgoing(store(), 'reply');
    await store().ledger.settle(claim, { to: 'failed', code: 'refused', reason: 'No.' });
    const id = claim.delivery.event_id;
    expect((await list(store(), { status: 'failed', channelId: CHANNEL })).data).toMatchObject([
      { id, reason: 'No.', history: [{ status: 'queued' }, { status: 'failed', reason: 'No.' }] },
    ]);
    expect((await list(store(), { status: 'sent' })).data).toEqual([]);
    expect(await store().messages.get([WORKSPACE], id)).toMatchObject({ id });
    expect(await store().messages.get(['wsp_other'], id)).toBeUndefined();
    expect(await store().messages.get([], id)).toBeUndefined();
  });

  test('of a conversation are shown with their first words', async () => {
    const claim = await outgoing(store(), 'Your parcel is on its way');
    const cards = await store().messages.ofConversation(
      WORKSPACE,
      claim.delivery.conversation_id as string,
      0,
    );
    expect(cards).toMatchObject([{ direction: 'out', excerpt: 'Your parcel is on its way' }]);
  });
});

onEveryStore('files on their way', (store) => {
  const arrive = () => store().ledger.append([fromCustomer('look', { parts: [photo] })]);

  test('are fetched by one of all that look at once', async () => {
    await arrive();
    const beside = await store().beside();
    const now = store().clock.now();
    const claims = await Promise.all(
      [store(), beside, store(), beside].map(({ media }) => media.claim(6, 60_000, now, 'wrk_one')),
    );
    const rows = claims.flat();
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ attempts: 1, state: 'waiting' });
    expect(await store().media.source(rows[0] as (typeof rows)[number])).toEqual(photo.file);
  });

  test('are fetched by another one when the lease has run out', async () => {
    await arrive();
    const now = store().clock.now();
    await store().media.claim(6, 60_000, now);
    expect(await store().media.claim(6, 60_000, now + 59_999)).toEqual([]);
    expect(await store().media.claim(6, 60_000, now + 60_000)).toMatchObject([{ attempts: 2 }]);
  });

  test('lose their source once they are stored', async () => {
    await arrive();
    const [row] = await store().media.claim(6, 60_000, store().clock.now());
    if (!row) throw new Error('no file was due');
    await store().media.stored(row, { name: 'a.png', contentType: 'image/png', size: 12 });
    expect(await store().media.of(WORKSPACE, row.event_id)).toMatchObject([
      { state: 'stored', source: null, name: 'a.png', size: 12 },
    ]);
    expect(await store().media.claim(6, 60_000, store().clock.now() + 120_000)).toEqual([]);
  });
});

onEveryStore('what belongs to the installation', (store) => {
  test('is made once, whoever asks first', async () => {
    const beside = await store().beside();
    const made = await Promise.all(
      ['a', 'b', 'c', 'd'].map((value, index) =>
        (index % 2 ? store() : beside).settings.getOrMake('secret', value),
      ),
    );
    expect(new Set(made).size).toBe(1);
    await store().settings.set('secret', 'new');
    expect(await beside.settings.get('secret')).toBe('new');
  });

  test('is done by one process at a time', async () => {
    const beside = await store().beside();
    const begun = Promise.withResolvers<void>();
    const end = Promise.withResolvers<string>();
    const first = store().ledger.alone('catch-up', 60_000, () => {
      begun.resolve();
      return end.promise;
    });
    await begun.promise;
    const others = [beside, store()].map(({ ledger }) => ledger.alone('catch-up', 60_000, async () => 'too'));
    expect(await Promise.all(others)).toEqual(['busy', 'busy']);
    expect(await beside.ledger.alone('something else', 60_000, async () => 'too')).toBe('too');
    end.resolve('done');
    expect(await first).toBe('done');
    expect(await beside.ledger.alone('catch-up', 60_000, async () => 'next')).toBe('next');
  });

  test('is not done twice when the first one fails: the next may try', async () => {
    const broken = store().ledger.alone('catch-up', 60_000, () => Promise.reject(new Error('broken')));
    await expect(broken).rejects.toThrow('broken');
    expect(await store().ledger.alone('catch-up', 60_000, async () => 'done')).toBe('done');
  });

  test('counts from when a connection was made, until it has been asked', async () => {
    const connection = { workspaceId: WORKSPACE, id: CHANNEL };
    expect(await store().ledger.catchUpSince(connection)).toBe(store().clock.now());
    await store().ledger.caughtUp(connection, 5);
    expect(await store().ledger.catchUpSince(connection)).toBe(5);
    expect(await store().ledger.catchUpSince({ workspaceId: WORKSPACE, id: WORKSPACE })).toBe(
      store().clock.now(),
    );
  });

  test('wakes its listeners with every commit that may have made work', async () => {
    let woken = 0;
    store().ledger.onWork(() => {
      woken += 1;
    });
    await store().ledger.append([fromCustomer('hello')]);
    expect(woken).toBe(1);
    store().clock.advance(GATHERED_MS);
    await store().ledger.settle(await takeOne(store()), { to: 'sent', providerId: 'p1' });
    expect(woken).toBe(2);
    expect(await take(store())).toEqual([]);
  });

  test('wakes those who fetch files with what brings files, and with nothing else', async () => {
    let woken = 0;
    store().ledger.onFiles(() => {
      woken += 1;
    });
    await store().ledger.append([fromCustomer('hello')]);
    expect(woken).toBe(0);
    await store().ledger.append([fromCustomer('photo', { thread: '+1', parts: [photo] })]);
    expect(woken).toBe(1);
    expect(await store().media.claim(6, 60_000, store().clock.now())).toHaveLength(1);
  });
});
