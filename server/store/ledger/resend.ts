/**
 * Resend: the message goes to the end of its lane and is really sent again. What the other side called the tries
 * before is kept, because it goes on listing them and reporting of them: they say nothing of the new one.
 */
import { sql } from 'kysely';
import type { Handler } from '../database/committer.ts';
import { lockLanes } from '../database/locks.ts';
import type { Database } from '../database/open.ts';
import type { DeliveryState, DeliveryTable } from '../database/schema.ts';
import { addHistory } from './event-status.ts';
import { openLane } from './lanes.ts';
import { position } from './position.ts';

/** `erased`: there is nothing left that could be sent. */
export type ResendResult = 'queued' | 'not_found' | 'not_failed' | 'erased';
interface ResendRequest {
  workspaceId: string;
  eventId: string;
  now: number;
}

export const resend: Handler<ResendRequest, ResendResult> = async (trx, requests) => {
  const results: ResendResult[] = [];
  for (const request of requests) results.push(await resendOne(trx, request));
  return results;
};

/** The other side's ids of the tries before Resend was pressed; one that never heard of its id has none. */
export const earlierTries = ({ tried }: Pick<DeliveryTable, 'tried'>): string[] =>
  tried ? tried.split('\n') : [];

/** Not null from now on. */
const triesSoFar = sql<string>`case when provider_id is null then coalesce(tried, '')
  when coalesce(tried, '') = '' then provider_id else tried || ${'\n'} || provider_id end`;

const FAILED: DeliveryState[] = ['failed', 'unknown', 'cancelled'];

async function isErased(trx: Database, workspaceId: string, eventId: string): Promise<boolean> {
  const row = await trx
    .selectFrom('event')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', eventId)
    .where('content', 'is not', null)
    .executeTakeFirst();
  return row === undefined;
}

async function resendOne(trx: Database, { workspaceId, eventId, now }: ResendRequest): Promise<ResendResult> {
  const parts = await trx
    .selectFrom('delivery')
    .select(['lane_id', 'state'])
    .where('workspace_id', '=', workspaceId)
    .where('event_id', '=', eventId)
    .where('kind', '=', 'message')
    .execute();
  const lane = parts[0]?.lane_id;
  if (lane === undefined) return 'not_found';
  await lockLanes(trx, [{ workspaceId, laneId: lane }]);
  if (!parts.some((part) => FAILED.includes(part.state))) return 'not_failed';
  if (await isErased(trx, workspaceId, eventId)) return 'erased';
  const back = await trx
    .updateTable('delivery')
    .set({
      state: 'queued',
      open: 1,
      rank: 1,
      attempts: 0,
      tried: triesSoFar,
      next_at: 0,
      started_at: null,
      code: null,
      reason: null,
      position: position(now, undefined, now),
      created_at: now,
      updated_at: now,
    })
    .where('workspace_id', '=', workspaceId)
    .where('event_id', '=', eventId)
    .where('kind', '=', 'message')
    .where('state', 'in', FAILED)
    .executeTakeFirst();
  const count = Number(back.numUpdatedRows);
  if (count === 0) return 'not_failed';
  await trx
    .updateTable('event')
    .set({ status: 'queued', code: null, reason: null })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', eventId)
    .execute();
  await addHistory(trx, { workspaceId, eventId, status: 'queued', reason: 'Resend', now });
  await openLane(trx, { workspaceId, laneId: lane, count, now });
  return 'queued';
}
