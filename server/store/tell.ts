/** What a platform is told of an agent's reply, as a delivery of its own. */
import { makeId } from '../core/ids.ts';
import { openLane } from './lanes.ts';
import type { Database } from './open.ts';
import { position } from './position.ts';
import { random } from './random.ts';
import type { EventStatus } from './schema.ts';
import type { Seal } from './seal.ts';

interface Tell {
  workspaceId: string;
  eventId: string;
  conversationId: string | null;
  status: EventStatus | 'waiting';
  reason: string | null;
  seal: Seal;
  now: number;
}

/**
 * Statuses travel in a lane of their own. One that was overtaken by a newer one while it waited is dropped by the
 * worker, which compares it with the event: latest rank only.
 */
export async function tell(
  trx: Database,
  { workspaceId, eventId, conversationId, status, reason, seal, now }: Tell,
): Promise<void> {
  const id = makeId('dlv', now, random);
  const content = seal.seal(id, { status, why: reason ?? undefined });
  const lane = `tell ${conversationId ?? eventId}`;
  await trx
    .insertInto('delivery')
    .values({
      workspace_id: workspaceId,
      id,
      lane_id: lane,
      rank: 1,
      position: position(now, undefined, now),
      part: 0,
      event_id: eventId,
      kind: 'status',
      direction: 'in',
      conversation_id: conversationId,
      state: 'queued',
      open: 1,
      attempts: 0,
      next_at: 0,
      started_at: null,
      provider_id: null,
      code: null,
      reason: null,
      content,
      created_at: now,
      updated_at: now,
    })
    .execute();
  await openLane(trx, { workspaceId, laneId: lane, count: 1, now });
}
