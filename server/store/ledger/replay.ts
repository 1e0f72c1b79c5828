/** Sending again many messages that failed, oldest first, so that each conversation keeps its order. */
import { sql } from 'kysely';
import { firstId } from '../../core/ids.ts';
import type { Database } from '../database/open.ts';
import type { Ledger } from './ledger.ts';
import { everInTrouble } from './trouble.ts';

export interface ReplayWish {
  workspaceIds: string[];
  /** `failed`: certainly not sent. `unknown`: perhaps sent; sending again may make it arrive twice. */
  status: 'failed' | 'unknown';
  channelId?: string;
  /** When we got the message, ms; `until` is exclusive. */
  since?: number;
  until?: number;
  /** The `next` of the call before. */
  after?: string;
}
export interface Replayed {
  queued: number;
  /** Their content is gone: nothing is left to send. */
  erased: number;
  /** More may follow: ask again with this as `after`. */
  next: string | null;
}

/** Each is a commit of its own: about half a second for all on a usual disk. */
const AT_ONCE = 200;

export async function replay(
  db: Database,
  ledger: Pick<Ledger, 'resend'>,
  wish: ReplayWish,
): Promise<Replayed> {
  const rows = await failedOnes(db, wish);
  const done: Replayed = { queued: 0, erased: 0, next: null };
  for (const { workspace_id, id } of rows.slice(0, AT_ONCE)) {
    const answer = await ledger.resend(workspace_id, id);
    if (answer === 'queued') done.queued += 1;
    if (answer === 'erased') done.erased += 1;
  }
  const last = rows.length > AT_ONCE ? rows[AT_ONCE - 1] : undefined;
  if (last) done.next = `${last.position} ${last.id}`;
  return done;
}

/** How many a replay would look at. */
export async function countFailed(db: Database, wish: ReplayWish): Promise<number> {
  const { count } = await wished(db, wish)
    .select(sql<number>`count(distinct event.id)`.as('count'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** By their places in their lanes: ids of one millisecond are in no order. */
function failedOnes(db: Database, wish: ReplayWish) {
  const [position, id] = (wish.after ?? '').split(' ');
  const first = sql<string>`min(delivery.position)`;
  return wished(db, wish)
    .select(['event.workspace_id', 'event.id', first.as('position')])
    .groupBy(['event.workspace_id', 'event.id'])
    .having(sql<boolean>`(min(delivery.position), event.id) > (${position}, ${id ?? ''})`)
    .orderBy(first)
    .orderBy('event.id')
    .limit(AT_ONCE + 1)
    .execute();
}

const wished = (db: Database, { workspaceIds, status, channelId, since, until }: ReplayWish) =>
  db
    .selectFrom('event')
    .innerJoin('delivery', (join) =>
      join
        .onRef('delivery.workspace_id', '=', 'event.workspace_id')
        .onRef('delivery.event_id', '=', 'event.id')
        .on('delivery.kind', '=', 'message'),
    )
    .where(everInTrouble(workspaceIds, since === undefined ? '' : firstId('evt', since)))
    .where('event.kind', '=', 'message')
    .where('event.channel_id', 'is not', null)
    .where('event.status', '=', status)
    .$if(channelId !== undefined, (it) => it.where('event.channel_id', '=', channelId as string))
    .$if(until !== undefined, (it) => it.where('event.id', '<', firstId('evt', until as number)));
