/** What a platform is told of an agent's reply, as a delivery of its own. */
import { makeId } from '../../core/ids.ts';
import type { Database } from '../database/open.ts';
import { random } from '../database/random.ts';
import type { EventStatus } from '../database/schema.ts';
import type { Seal } from '../sealing/seal.ts';
import { openLane } from './lanes.ts';
import { position } from './position.ts';

export interface Tell {
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
export const tell = (trx: Database, one: Tell): Promise<void> => tellAll(trx, [one]);

export async function tellAll(trx: Database, tells: Tell[]): Promise<void> {
  if (tells.length === 0) return;
  const rows = tells.map(deliveryOf);
  await trx.insertInto('delivery').values(rows).execute();
  const byLane = Map.groupBy(rows, (row) => `${row.workspace_id} ${row.lane_id}`);
  for (const [, group] of [...byLane].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { workspace_id: workspaceId, lane_id: laneId, created_at: now } = group[0] as NewDelivery;
    await openLane(trx, { workspaceId, laneId, count: group.length, now });
  }
}

type NewDelivery = ReturnType<typeof deliveryOf>;

function deliveryOf({ workspaceId, eventId, conversationId, status, reason, seal, now }: Tell) {
  const id = makeId('dlv', now, random);
  return {
    workspace_id: workspaceId,
    id,
    lane_id: `tell ${conversationId ?? eventId}`,
    rank: 1,
    position: position(now, undefined, now),
    part: 0,
    event_id: eventId,
    kind: 'status' as const,
    direction: 'in' as const,
    conversation_id: conversationId,
    state: 'queued' as const,
    open: 1,
    attempts: 0,
    next_at: 0,
    started_at: null,
    provider_id: null,
    code: null,
    reason: null,
    content: seal.seal(id, { status, why: reason ?? undefined }),
    created_at: now,
    updated_at: now,
  };
}
