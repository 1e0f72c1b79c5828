/** Transactions that run at the same moment, on Postgres: what each may see of the other, made to happen. */
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Database } from '../../../server/store/database/open.ts';
import { conversationFor } from '../../../server/store/ledger/conversations.ts';
import { freshPostgres } from '../../support/postgres.ts';
import {
  CHANNEL,
  conversationWith,
  outgoing,
  storeAt,
  type TestStore,
  WORKSPACE,
} from '../../support/stores.ts';

let store: TestStore;
beforeEach(async () => {
  store = await storeAt(await freshPostgres(), {});
});
afterEach(() => store.close());

/**
 * Writes inside a transaction; while that is open `beside` begins. The transaction ends when `beside` waits for its
 * locks, or is through without having waited.
 */
async function during<Result>(
  write: (trx: Database) => Promise<unknown>,
  beside: () => Promise<Result>,
): Promise<Result> {
  const { db } = await store.beside();
  return store.db
    .transaction()
    .execute(async (trx) => {
      await write(trx);
      let through = false;
      const result = beside().finally(() => {
        through = true;
      });
      await vi.waitFor(async () => expect(through || (await someoneWaits(db))).toBe(true), {
        interval: 5,
        timeout: 10_000,
      });
      return { result };
    })
    .then(({ result }) => result);
}

async function someoneWaits(db: Database): Promise<boolean> {
  const { rows } = await sql<{ waiting: number }>`select count(*) as waiting from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
  return Number(rows[0]?.waiting) > 0;
}

const takenOver = (trx: Database) =>
  trx.updateTable('lane').set({ fence: sql`fence + 1`, owner: null }).execute();

describe('on Postgres, at the same moment', () => {
  test('a send does not start when its lane is just being taken over', async () => {
    const claim = await outgoing(store, 'reply');
    expect(await during(takenOver, () => store.ledger.start(claim))).toBe(false);
    expect(await store.db.selectFrom('delivery').select('state').execute()).toEqual([{ state: 'queued' }]);
  });

  test('a result does not count when its lane is just being taken over', async () => {
    const claim = await outgoing(store, 'reply');
    const settled = await during(takenOver, () =>
      store.ledger.settle(claim, { to: 'sent', providerId: 'p1' }),
    );
    expect(settled).toBe(false);
  });

  test('a conversation that is just being made is found, not made again', async () => {
    const phone = { kind: 'phone' as const, scope: '', value: '+447700900101' };
    const seal = await store.connections.seal(WORKSPACE);
    let made = '';
    const found = await during(
      async (trx) => {
        made = await conversationFor(trx, {
          ...{ workspaceId: WORKSPACE, channelId: CHANNEL, thread: 'GB.1', seal, now: 1 },
          customer: { identities: [phone], address: 'GB.1' },
        });
      },
      () => conversationWith(store, phone.value),
    );
    expect(found.id).toBe(made);
    expect(await store.db.selectFrom('conversation').select('id').execute()).toHaveLength(1);
    // Its new name leads to it as well.
    expect((await conversationWith(store, phone.value)).id).toBe(made);
  });
});
