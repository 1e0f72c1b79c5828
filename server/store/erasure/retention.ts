/**
 * What is not kept for ever. Content goes some days after a message's last outcome, its files likewise, the rows
 * themselves much later. What is open (it waits, or is in doubt) stays as it is, however old. Every step is a short
 * transaction over at most `STEP` messages, so that no webhook waits for more than one of them.
 */
import { sql } from 'kysely';
import { firstId } from '../../core/ids.ts';
import { createCommitter, oneByOne } from '../database/committer.ts';
import { lockLanes } from '../database/locks.ts';
import type { Database } from '../database/open.ts';
import { scrub } from '../database/scrub.ts';
import { FORGOTTEN } from '../media/media-rows.ts';

export interface RetentionStore {
  /** One step through what was received before `before` (ms) and has content; erases it where all has been over since then. */
  eraseContent(before: number, after: string): Promise<Step>;
  /** The same for files: what it answers is to be removed from the media store, then `filesRemoved`. */
  eraseFiles(before: number, after: string): Promise<Step & { files: string[] }>;
  /** Files whose message was erased for another reason, or by a process that died before it removed them. */
  erasedFiles(): Promise<string[]>;
  filesRemoved(ids: string[]): Promise<void>;
  /** One step through a workspace's rows: ids, statuses and history go. */
  purge(workspaceId: string, before: number, after: string): Promise<Step>;
  /** All, the archived ones too. */
  workspaceIds(): Promise<string[]>;
  /** Nothing erased stays readable in the database's files. False: not yet, see scrub.ts. */
  scrub(): Promise<boolean>;
}

export interface Step {
  /** How many messages were erased. */
  erased: number;
  /** Where the next step begins; undefined: nothing is left to look at. */
  next: string | undefined;
}

/** Nobody else writes to SQLite meanwhile: about a millisecond, and a commit. */
const STEP = 25;

interface EventId {
  workspace_id: string;
  id: string;
}

export function createRetentionStore(db: Database): RetentionStore {
  const { run } = createCommitter(db);
  return {
    eraseContent: (before, after) => run(eraseContent, { before, after }),
    eraseFiles: (before, after) => run(eraseFiles, { before, after }),
    erasedFiles: async () =>
      (
        await db.selectFrom('media').select('id').where('state', '=', sql.lit('erased')).limit(STEP).execute()
      ).map((row) => row.id),
    filesRemoved: async (ids) => {
      if (ids.length === 0) return;
      await db.deleteFrom('media').where('id', 'in', ids).where('state', '=', 'erased').execute();
    },
    purge: (workspaceId, before, after) => run(purge, { workspaceId, before, after }),
    workspaceIds: async () =>
      (await db.selectFrom('workspace').select('id').orderBy('id').execute()).map((row) => row.id),
    scrub: () => scrub(db),
  };
}

interface Part {
  before: number;
  after: string;
}

const stepOf = (seen: { id: string }[], erased: number): Step => ({
  erased,
  next: seen.length === STEP ? seen.at(-1)?.id : undefined,
});

export const eraseContent = oneByOne(async (db: Database, { before, after }: Part): Promise<Step> => {
  const seen = await db
    .selectFrom('event')
    .select(['workspace_id', 'id'])
    .where('content', 'is not', null)
    .where('id', '>', after)
    .where('id', '<', firstId('evt', before))
    .orderBy('id')
    .limit(STEP)
    .execute();
  const erased = await whereOver(db, seen, before, async (trx, over) => {
    await sql`update event set content = null where ${among('workspace_id', 'id', over)}`.execute(trx);
    await sql`update delivery set content = null where ${among('workspace_id', 'event_id', over)}`.execute(
      trx,
    );
    await deletePreparations(trx, over);
  });
  return stepOf(seen, erased.length);
});

export const eraseFiles = oneByOne(
  async (db: Database, { before, after }: Part): Promise<Step & { files: string[] }> => {
    const seen = await db
      .selectFrom('media')
      .select(['workspace_id', 'event_id', 'id'])
      .where('id', '>', after)
      .where('id', '<', firstId('med', before))
      .orderBy('id')
      .limit(STEP)
      .execute();
    const events = seen.map((row) => ({ workspace_id: row.workspace_id, id: row.event_id }));
    const over = await whereOver(db, distinct(events), before, async (trx, some) => {
      await sql`update media set ${set(FORGOTTEN)} where ${among('workspace_id', 'event_id', some)}`.execute(
        trx,
      );
    });
    const erased = new Set(over.map(keyOf));
    const files = seen.filter((_, index) => erased.has(keyOf(events[index] as EventId))).map((row) => row.id);
    return { ...stepOf(seen, over.length), files };
  },
);

export const purge = oneByOne(
  async (db: Database, { workspaceId, before, after }: Part & { workspaceId: string }): Promise<Step> => {
    const seen = await db
      .selectFrom('event')
      .select(['workspace_id', 'id'])
      .where('workspace_id', '=', workspaceId)
      .where('id', '>', after)
      .where('id', '<', firstId('evt', before))
      .orderBy('id')
      .limit(STEP)
      .execute();
    const purged = await whereOver(db, seen, before, async (trx, over) => {
      await deletePreparations(trx, over);
      await sql`update media set ${set(FORGOTTEN)} where ${among('workspace_id', 'event_id', over)}`.execute(
        trx,
      );
      for (const table of ['delivery', 'history'])
        await sql`delete from ${sql.table(table)} where ${among('workspace_id', 'event_id', over)}`.execute(
          trx,
        );
      await sql`delete from event where ${among('workspace_id', 'id', over)}`.execute(trx);
    });
    return stepOf(seen, purged.length);
  },
);

/**
 * Does it to those of the events of which nothing is open and nothing has happened since `before` (ms). Looked at once
 * without locks, which decides for most, and again behind the locks of their lanes: a Resend that comes in between wins.
 */
async function whereOver(
  trx: Database,
  events: EventId[],
  before: number,
  act: (trx: Database, over: EventId[]) => Promise<void>,
): Promise<EventId[]> {
  const perhaps = await overSince(trx, events, before);
  if (perhaps.length === 0) return [];
  await lockLanes(trx, await lanesOf(trx, perhaps));
  const over = await overSince(trx, events, before);
  if (over.length > 0) await act(trx, over);
  return over;
}

async function overSince(db: Database, events: EventId[], before: number): Promise<EventId[]> {
  if (events.length === 0) return [];
  const { rows } = await sql<EventId>`
    select event.workspace_id, event.id from event
    where ${among('event.workspace_id', 'event.id', events)}
      and not exists (
        select 1 from delivery
        where delivery.workspace_id = event.workspace_id and delivery.event_id = event.id
          and (delivery.open = 1 or delivery.updated_at >= ${before}))`.execute(db);
  return rows;
}

async function lanesOf(trx: Database, events: EventId[]): Promise<{ workspaceId: string; laneId: string }[]> {
  if (events.length === 0) return [];
  // Not `distinct`: for its order SQLite would read every delivery of the workspaces instead of 25 by their index.
  const { rows } = await sql<{ workspaceId: string; laneId: string }>`
    select workspace_id as "workspaceId", lane_id as "laneId" from delivery
    where ${among('workspace_id', 'event_id', events)} and kind = 'message'`.execute(trx);
  return rows;
}

const deletePreparations = (trx: Database, events: EventId[]) =>
  sql`delete from preparation where (workspace_id, delivery_id) in (
    select workspace_id, id from delivery where ${among('workspace_id', 'event_id', events)})`.execute(trx);

/** Rows of these events, by the table's own key: a list of pairs, written so that both databases look them up. */
const among = (workspace: string, id: string, events: EventId[]) =>
  sql<boolean>`(${sql.ref(workspace)}, ${sql.ref(id)}) in (values ${sql.join(events.map((one) => sql`(${one.workspace_id}, ${one.id})`))})`;

const set = (values: Record<string, string | null>) =>
  sql.join(Object.entries(values).map(([column, value]) => sql`${sql.ref(column)} = ${value}`));

const keyOf = (event: EventId): string => `${event.workspace_id} ${event.id}`;
const distinct = (events: EventId[]): EventId[] => [
  ...new Map(events.map((event) => [keyOf(event), event])).values(),
];
