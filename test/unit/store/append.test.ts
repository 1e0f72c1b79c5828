import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Event } from '../../../server/core/message.ts';
import { CHANNEL, openWorld, WORKSPACE, type World } from '../../support/relay-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const message = (id: string, connection = CHANNEL): Event => ({
  kind: 'message',
  connection: { workspaceId: WORKSPACE, id: connection },
  id,
  thread: '+447700900101',
  author: {
    kind: 'customer',
    customer: {
      identities: [{ scope: '', kind: 'phone', value: '+447700900101' }],
      address: '+44 7700 900101',
    },
  },
  parts: [{ kind: 'text', text: `text of ${id}` }],
  at: world.io.clock.now(),
});

const count = async (table: 'event' | 'delivery'): Promise<number> =>
  Number(
    (
      await world.db
        .selectFrom(table)
        .select(({ fn }) => fn.countAll().as('n'))
        .executeTakeFirstOrThrow()
    ).n,
  );
const pending = async (): Promise<number> => {
  const lanes = await world.db.selectFrom('lane').select('pending').execute();
  return lanes.reduce((sum, lane) => sum + Number(lane.pending), 0);
};

describe('append', () => {
  test('stores one message of two with the same id in one batch', async () => {
    expect(await world.ledger.append([message('a'), message('a'), message('b')])).toBe(2);
    expect([await count('event'), await count('delivery'), await pending()]).toEqual([2, 2, 2]);
  });

  test('stores nothing of a batch that came before', async () => {
    await world.ledger.append([message('a'), message('b')]);
    expect(await world.ledger.append([message('b'), message('a')])).toBe(0);
    expect([await count('event'), await count('delivery'), await pending()]).toEqual([2, 2, 2]);
  });

  test('stores one of fifty that come at once', async () => {
    const fresh = await Promise.all(Array.from({ length: 50 }, () => world.ledger.append([message('a')])));
    expect(fresh.reduce((sum, one) => sum + one, 0)).toBe(1);
    expect([await count('event'), await count('delivery'), await pending()]).toEqual([1, 1, 1]);
  });

  test('still knows a message whose content was erased', async () => {
    await world.ledger.append([message('a')]);
    await world.db.updateTable('event').set({ content: null }).execute();
    expect(await world.ledger.append([message('a')])).toBe(0);
  });

  test('two connections may use the same ids', async () => {
    expect(await world.ledger.append([message('a'), message('a', WORKSPACE)])).toBe(2);
  });

  test('a message and a receipt that share an id are two things', async () => {
    const receipt: Event = {
      kind: 'receipt',
      connection: { workspaceId: WORKSPACE, id: CHANNEL },
      of: 'a',
      status: 'read',
      at: 1,
    };
    expect(await world.ledger.append([message('a'), receipt])).toBe(2);
  });

  test('without an id of the provider’s, the same content is the same event', async () => {
    const nameless = (): Event => ({
      kind: 'unparsed',
      connection: { workspaceId: WORKSPACE, id: CHANNEL },
      id: '',
      why: 'no idea',
      raw: '{"a":1}',
      at: 1,
    });
    expect(await world.ledger.append([nameless()])).toBe(1);
    world.io.clock.advance(5_000);
    expect(await world.ledger.append([nameless()])).toBe(0);
  });

  test('a batch of hundreds goes in as one, each in the order given', async () => {
    const many = Array.from({ length: 300 }, (_, index) => message(`m-${index}`));
    expect(await world.ledger.append(many)).toBe(300);
    const rows = await world.db
      .selectFrom('delivery')
      .innerJoin('event', 'event.id', 'delivery.event_id')
      .select('event.source_id')
      .orderBy('delivery.position')
      .execute();
    expect(rows.map((row) => row.source_id)).toEqual(many.map((one) => (one as { id: string }).id));
  });

  test('is durable when it resolves: another process finds it', async () => {
    await world.ledger.append([message('a')]);
    const next = await world.crash();
    expect(await next.db.selectFrom('event').select('source_id').execute()).toEqual([{ source_id: 'a' }]);
    world = next;
  });
});
