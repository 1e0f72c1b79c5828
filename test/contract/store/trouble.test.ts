/** Failures as the console lists and counts them: the same rows as ever, without reading what arrived. */
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { everInTrouble } from '../../../server/store/ledger/trouble.ts';
import { createActivityStore } from '../../../server/store/reading/activity.ts';
import { createTrafficStore } from '../../../server/store/reading/traffic.ts';
import { CHANNEL, onEveryStore, outgoing, WORKSPACE } from '../../support/stores.ts';

onEveryStore('failures', (store) => {
  const count = async (since = 0) =>
    Object.fromEntries(await createTrafficStore(store().db).failures({ workspaceIds: [WORKSPACE], since }));
  const listed = async (before?: string) => {
    const query = { workspaceIds: [WORKSPACE], statuses: ['failed' as const, 'unknown' as const], limit: 2 };
    const activity = createActivityStore(store().db, store().connections.seal);
    return activity.list(before ? { ...query, before } : query);
  };
  const fail = async (words: string, to: 'failed' | 'unknown'): Promise<string> => {
    const claim = await outgoing(store(), words);
    await store().ledger.settle(claim, { to, code: 'refused', reason: 'No.' });
    store().clock.advance(1_000);
    return claim.delivery.event_id;
  };

  test('are counted by channel and listed page by page, newest first', async () => {
    const arrived = await outgoing(store(), 'arrived');
    await store().ledger.settle(arrived, { to: 'sent', providerId: 'p1' });
    const ids = [await fail('one', 'failed'), await fail('two', 'failed'), await fail('three', 'failed')];
    expect(await count()).toEqual({ [CHANNEL]: 3 });
    const first = await listed();
    expect(first.rows.map((row) => row.id)).toEqual([ids[2], ids[1]]);
    expect((await listed(first.next)).rows.map((row) => row.id)).toEqual([ids[0]]);
    expect(await count(store().clock.now())).toEqual({});
    const reasons = await createTrafficStore(store().db).failureReasons({
      workspaceIds: [WORKSPACE],
      since: 0,
    });
    expect(reasons).toEqual([{ reason: 'No.', count: 3 }]);
  });

  test('that were sent again are none any more, and others’ are not seen', async () => {
    const id = await fail('again', 'failed');
    expect(await count()).toEqual({ [CHANNEL]: 1 });
    await store().ledger.resend(WORKSPACE, id);
    expect(await count()).toEqual({});
    const traffic = createTrafficStore(store().db);
    await fail('ours', 'failed');
    expect((await traffic.failures({ workspaceIds: ['wsp_other'], since: 0 })).size).toBe(0);
    expect((await traffic.failures({ workspaceIds: [], since: 0 })).size).toBe(0);
  });

  test('are found by their own index', async () => {
    const query = store()
      .db.selectFrom('event')
      .select('id')
      .where(everInTrouble([WORKSPACE], 'evt_0'))
      .where('status', 'in', ['failed', 'unknown'])
      .compile();
    // Postgres would rather read a small table as a whole; told not to, it has to have an index to show.
    const plan = await store()
      .db.connection()
      .execute(async (db) => {
        const postgres = await sql`set enable_seqscan = off`.execute(db).then(
          () => true,
          () => false,
        );
        const explain = postgres ? 'explain ' : 'explain query plan ';
        const { rows } = await db.executeQuery({ ...query, sql: explain + query.sql });
        if (postgres) await sql`reset enable_seqscan`.execute(db);
        return JSON.stringify(rows);
      });
    expect(plan).toContain('history_trouble');
    expect(plan).not.toMatch(/SCAN event|Seq Scan on event/);
  });
});
