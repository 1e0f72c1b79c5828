import pg from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { freshPostgres } from '../../support/postgres.ts';
import {
  fromCustomer,
  GATHERED_MS,
  onEveryStore,
  storeAt,
  type TestStore,
  take,
  WORKSPACE,
} from '../../support/stores.ts';

const SENT = 40;

/** Stores as many messages of as many customers; answers their events' ids, and the words of each. */
async function sent(store: TestStore): Promise<{ ids: string[]; words: string[] }> {
  const words = Array.from({ length: SENT }, (_, index) => `message ${index}`);
  const events = words.map((text, index) => fromCustomer(text, { thread: `+4477009${10_000 + index}` }));
  await store.ledger.append(events);
  store.clock.advance(GATHERED_MS);
  const claims = await take(store, 'wrk_one', SENT);
  return { ids: claims.map(({ delivery }) => delivery.event_id), words };
}
const wordsIn = (found: Awaited<ReturnType<TestStore['ledger']['event']>>): unknown =>
  found?.event?.kind === 'message' ? found.event.parts[0] : undefined;

onEveryStore('looked up at the same moment', (store) => {
  test('each finds what it asked for, and who asks for what is not there finds nothing', async () => {
    const { ids, words } = await sent(store());
    const asked = ids.flatMap((id) => [id, `${id} not`, id]);
    const found = await Promise.all(asked.map((id) => store().ledger.event(WORKSPACE, id)));
    expect(found.map((one) => one?.id)).toEqual(ids.flatMap((id) => [id, undefined, id]));
    expect(found.flatMap((one) => (one ? [JSON.stringify(wordsIn(one))] : []))).toEqual(
      expect.arrayContaining(words.map((text) => expect.stringContaining(`"${text}"`))),
    );
  });

  test('a customer of another workspace is not found by the same name', async () => {
    const { ids } = await sent(store());
    const found = await Promise.all([
      store().ledger.event(WORKSPACE, ids[0] as string),
      store().ledger.event('wsp_other', ids[0] as string),
    ]);
    expect(found.map((one) => one?.id)).toEqual([ids[0], undefined]);
  });
});

describe('on Postgres', () => {
  test('what is looked up at the same moment is one statement, and all of it fails with that', async () => {
    const store = await storeAt(await freshPostgres(), {});
    const { ids } = await sent(store);
    const submitted = vi.spyOn(pg.Query.prototype, 'submit');
    const all = () => Promise.allSettled(ids.map((id) => store.ledger.event(WORKSPACE, id)));
    expect((await all()).map(({ status }) => status)).toEqual(ids.map(() => 'fulfilled'));
    expect(submitted).toHaveBeenCalledOnce();
    submitted.mockRestore();
    await store.close();
    expect((await all()).map(({ status }) => status)).toEqual(ids.map(() => 'rejected'));
  });
});
