import { expect, test } from 'vitest';
import { createErasureStore } from '../../../server/store/erasure/erasure.ts';
import { MOVED } from '../../../server/store/moving/move.ts';
import {
  CHANNEL,
  fromCustomer,
  GATHERED_MS,
  onEveryStore,
  photo,
  receipt,
  type TestStore,
  take,
  WORKSPACE,
} from '../../support/stores.ts';

const ANN = '+447700900111';
const BEN = '+447700900122';

/** Every row of every table, as text. */
async function everything({ db }: TestStore): Promise<string> {
  const tables = Object.keys(MOVED) as (keyof typeof MOVED)[];
  const rows = await Promise.all(tables.map((table) => db.selectFrom(table).selectAll().execute()));
  return JSON.stringify(rows, (_key, value) => (value instanceof Uint8Array ? '' : value));
}

async function talk(store: TestStore, thread: string): Promise<void> {
  const ids = (name: string) => `${name} of ${thread}`;
  const customer = {
    identities: [{ kind: 'phone' as const, scope: '', value: thread }],
    name: 'Ann',
    address: thread,
  };
  await store.ledger.append([
    fromCustomer('hello', { id: ids('hello'), thread, parts: [{ kind: 'text', text: 'hello' }, photo] }),
  ]);
  store.clock.advance(GATHERED_MS);
  for (const claim of await take(store)) {
    const found = await store.ledger.conversationFor({
      workspaceId: WORKSPACE,
      channelId: CHANNEL,
      thread,
      customer,
    });
    const delivery = await store.ledger.expand(claim, {
      conversationId: found.id,
      channelId: CHANNEL,
      calls: [{ parts: [{ kind: 'text', text: 'hello' }] }],
    });
    if (!delivery) throw new Error('the lease was lost');
    await store.ledger.settle(
      { ...claim, delivery },
      { to: 'sent', providerId: ids('reply'), thread: ids('thread'), contact: ids('contact') },
    );
    await store.ledger.keepContact(found, ids('contact'));
    // As Resend leaves it behind.
    const { id } = delivery;
    await store.db
      .updateTable('delivery')
      .set({ tried: ids('try') })
      .where('id', '=', id)
      .execute();
  }
  await store.ledger.append([receipt(ids('try'), 'sent'), receipt(ids('reply'), 'read')]);
}

onEveryStore('an erased customer', (store) => {
  test('is in no row any more, and everybody else in as many as before', async () => {
    await talk(store(), ANN);
    await talk(store(), BEN);
    const before = await everything(store());
    for (const trace of ['hello', 'try', 'reply', 'thread', 'contact'])
      expect(before).toContain(`${trace} of ${ANN}`);

    const removed: string[] = [];
    const files = { remove: async (id: string) => void removed.push(id) };
    const erasures = createErasureStore(store().db, store().connections, files);
    const erased = await erasures.erase({
      workspaceId: WORKSPACE,
      words: [ANN],
      isTheirs: (thread) => thread === ANN,
    });
    await erasures.scrub();
    expect(erased).toMatchObject({ conversations: 1, messages: 1, contacts: 1 });
    expect(removed).toEqual(erased.files);
    expect(removed).toHaveLength(1);

    const after = await everything(store());
    for (const trace of ['hello', 'try', 'reply', 'thread', 'contact'])
      expect(after).not.toContain(`${trace} of ${ANN}`);
    expect(after.split(BEN).length).toBe(before.split(BEN).length);
  });
});
