/** Counts for plots and lists: how much went where, how fast, and what failed for which reason. No content. */
import { sql } from 'kysely';
import type { Database } from '../database/open.ts';
import { everInTrouble, TROUBLE } from '../ledger/trouble.ts';

interface Range {
  workspaceIds: string[];
  /** ms since 1970, inclusive. */
  since: number;
  channelId?: string;
}
interface TrafficCount {
  channelId: string;
  direction: 'in' | 'out';
  /** Number of whole `bucketMs` since `since`. */
  bucket: number;
  count: number;
  failed: number;
}

export interface TrafficStore {
  /** Messages per channel, direction and time bucket. */
  counts(range: Range & { bucketMs: number }): Promise<TrafficCount[]>;
  /** How many messages reached the other side within each of these times (ms, ascending; one more for the rest). */
  deliveryTimes(range: Range & { within: number[] }): Promise<{ in: number[]; out: number[] }>;
  /** The commonest reasons first, ten at most. */
  failureReasons(range: Range): Promise<{ reason: string; count: number }[]>;
  /** Failed and doubtful messages per channel. */
  failures(range: Range): Promise<Map<string, number>>;
}

/** Ids begin with their time, so a time range is a range of the primary key. */
const firstIdOf = (since: number): string =>
  `evt_${Math.max(0, Math.floor(since)).toString(32).padStart(10, '0')}`;

const messagesIn = (db: Database, { workspaceIds, since, channelId }: Range) =>
  db
    .selectFrom('event')
    .where('event.workspace_id', 'in', workspaceIds.length > 0 ? workspaceIds : [''])
    .where('event.id', '>=', firstIdOf(since))
    .where('event.kind', '=', 'message')
    .where('event.channel_id', 'is not', null)
    .where('event.status', '<>', 'ignored')
    .$if(channelId !== undefined, (query) => query.where('event.channel_id', '=', channelId as string));

/** The same, but for those that are in trouble: of what arrived, nothing is read. */
const troubledIn = (db: Database, { workspaceIds, since, channelId }: Range) =>
  db
    .selectFrom('event')
    .where(everInTrouble(workspaceIds, firstIdOf(since)))
    .where('event.status', 'in', TROUBLE)
    .where('event.kind', '=', 'message')
    .where('event.channel_id', 'is not', null)
    .$if(channelId !== undefined, (query) => query.where('event.channel_id', '=', channelId as string));

/** Numbers stand in the statement itself: Postgres takes `$1` and `$2` for different groups even when they are equal. */
const bucketOf = (since: number, bucketMs: number) =>
  sql<number>`cast((event.received_at - ${sql.lit(Math.floor(since))}) / ${sql.lit(bucketMs)} as bigint)`;

export function createTrafficStore(db: Database): TrafficStore {
  const messages = (range: Range) => messagesIn(db, range);
  return {
    counts: async ({ bucketMs, ...range }) => {
      const bucket = bucketOf(range.since, bucketMs);
      const rows = await messages(range)
        .select(['event.channel_id', 'event.direction', bucket.as('bucket')])
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .select(
          sql<number>`sum(case when event.status in ('failed', 'unknown') then 1 else 0 end)`.as('failed'),
        )
        .groupBy(['event.channel_id', 'event.direction', bucket])
        .execute();
      return rows.map((row) => ({
        channelId: row.channel_id ?? '',
        direction: row.direction ?? 'in',
        bucket: Math.floor(Number(row.bucket)),
        count: Number(row.count),
        failed: Number(row.failed),
      }));
    },
    deliveryTimes: ({ within, ...range }) => deliveryTimes(messages(range), within),
    failureReasons: async (range) => {
      const reason = sql<string>`coalesce(event.reason, event.code, 'No reason was given')`;
      const rows = await troubledIn(db, range)
        .select(reason.as('reason'))
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .groupBy(reason)
        .orderBy('count', 'desc')
        .limit(10)
        .execute();
      return rows.map((row) => ({ reason: row.reason, count: Number(row.count) }));
    },
    failures: async (range) => {
      const rows = await troubledIn(db, range)
        .select('event.channel_id')
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .groupBy('event.channel_id')
        .execute();
      return new Map(rows.map((row) => [row.channel_id ?? '', Number(row.count)]));
    },
  };
}

/** From our receiving a message to the other side's taking it: the first `sent` of its history. */
async function deliveryTimes(
  messages: ReturnType<typeof messagesIn>,
  within: number[],
): Promise<{ in: number[]; out: number[] }> {
  const slot = sql<number>`case ${sql.join(
    within.map(
      (limit, index) => sql`when history.at - event.received_at < ${sql.lit(limit)} then ${sql.lit(index)}`,
    ),
    sql` `,
  )} else ${sql.lit(within.length)} end`;
  const rows = await messages
    .innerJoin('history', (join) =>
      join
        .onRef('history.workspace_id', '=', 'event.workspace_id')
        .onRef('history.event_id', '=', 'event.id')
        .on('history.status', '=', 'sent'),
    )
    .select(['event.direction', slot.as('slot')])
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .groupBy(['event.direction', slot])
    .execute();
  const result = {
    in: new Array<number>(within.length + 1).fill(0),
    out: new Array<number>(within.length + 1).fill(0),
  };
  for (const row of rows) result[row.direction ?? 'in'][Number(row.slot)] = Number(row.count);
  return result;
}
