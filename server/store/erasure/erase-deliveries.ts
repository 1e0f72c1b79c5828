/** Of what is erased: the calls that it became, waiting or made. */
import type { LaneId } from '../database/locks.ts';
import type { Database } from '../database/open.ts';

/** Rows looked at in one go; also the most ids in one `in (…)`. */
export const BATCH = 300;

export const batches = <Item>(items: Item[]): Item[][] =>
  Array.from({ length: Math.ceil(items.length / BATCH) }, (_, index) =>
    items.slice(index * BATCH, (index + 1) * BATCH),
  );

/** Those in which something of theirs waits: nobody sends it while it is being erased. */
export async function lanesOf(trx: Database, workspaceId: string, events: string[]): Promise<LaneId[]> {
  const ids = new Set<string>();
  for (const some of batches(events)) {
    const rows = await trx
      .selectFrom('delivery')
      .select('lane_id')
      .where('workspace_id', '=', workspaceId)
      .where('event_id', 'in', some)
      .where('open', '=', 1)
      .execute();
    for (const row of rows) ids.add(row.lane_id);
  }
  return [...ids].map((laneId) => ({ workspaceId, laneId }));
}

/** What waits is cancelled by going. The fence rises, so that one under way can no longer write its result here. */
export async function eraseDeliveries(trx: Database, workspaceId: string, events: string[]): Promise<void> {
  for (const some of batches(events)) {
    const gone = await trx
      .deleteFrom('delivery')
      .where('workspace_id', '=', workspaceId)
      .where('event_id', 'in', some)
      .returning(['id', 'lane_id', 'open'])
      .execute();
    for (const ids of batches(gone.map((row) => row.id)))
      await trx
        .deleteFrom('preparation')
        .where('workspace_id', '=', workspaceId)
        .where('delivery_id', 'in', ids)
        .execute();
    for (const [lane, rows] of Map.groupBy(
      gone.filter((row) => Number(row.open) === 1),
      (row) => row.lane_id,
    ))
      await trx
        .updateTable('lane')
        .set((eb) => ({
          pending: eb('pending', '-', rows.length),
          fence: eb('fence', '+', 1),
          leased_until: 0,
          owner: null,
          // Whatever else waits in it may be due already.
          due: 0,
        }))
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', lane)
        .execute();
  }
}
