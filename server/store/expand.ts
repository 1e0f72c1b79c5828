/**
 * From a stored event to its consecutive calls, in one transaction: the first takes the place that the event had in
 * its lane, the others stand right behind it.
 */
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { makeId } from '../core/ids.ts';
import type { Event, FileKind, Part } from '../core/message.ts';
import { mediaRows } from './append.ts';
import type { Claim } from './claims.ts';
import type { Handler } from './committer.ts';
import { conversationFor, type FindOrMake } from './conversations.ts';
import { holdsLane } from './lanes.ts';
import type { Database } from './open.ts';
import type { Seal } from './seal.ts';

/** A file of a stored call: its row in the media store. */
export interface MediaRef {
  kind: FileKind;
  mediaId: string;
}
export interface Call {
  parts: Part<MediaRef>[];
  replyTo?: string;
}

export interface ExpandRequest {
  claim: Claim;
  conversationId: string;
  channelId: string;
  calls: Call[];
  seal: Seal;
  now: number;
}

/** False: the lease was lost. Also replaces the calls that have not been made yet, when the target asks for others. */
export const expand: Handler<ExpandRequest, boolean> = async (trx, requests) => {
  const held: boolean[] = [];
  for (const request of requests) held.push(await expandOne(trx, request));
  return held;
};

async function expandOne(trx: Database, request: ExpandRequest): Promise<boolean> {
  const { claim, conversationId, channelId, calls, seal, now } = request;
  const { workspaceId, delivery } = claim;
  if (!(await holdsLane(trx, claim))) return false;
  const dropped = await dropLaterParts(trx, claim);
  const head = calls[0] as Call;
  await trx
    .updateTable('delivery')
    .set({ content: seal.seal(delivery.id, head), conversation_id: conversationId, updated_at: now })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', delivery.id)
    .execute();
  const later = calls.slice(1).map((call, index) => laterRow(request, call, delivery.part + index + 1));
  if (later.length > 0) await trx.insertInto('delivery').values(later).execute();
  await trx
    .updateTable('lane')
    .set({ pending: sql`pending + ${later.length - dropped}` })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', claim.laneId)
    .execute();
  await trx
    .updateTable('event')
    .set({ conversation_id: conversationId, channel_id: channelId })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', delivery.event_id)
    .execute();
  return true;
}

async function dropLaterParts(trx: Database, { workspaceId, delivery }: Claim): Promise<number> {
  const dropped = await trx
    .deleteFrom('delivery')
    .where('workspace_id', '=', workspaceId)
    .where('event_id', '=', delivery.event_id)
    .where('kind', '=', 'message')
    .where('part', '>', delivery.part)
    .where('open', '=', 1)
    .executeTakeFirst();
  return Number(dropped.numDeletedRows);
}

function laterRow({ claim, conversationId, seal, now }: ExpandRequest, call: Call, part: number) {
  const id = makeId('dlv', now, (bytes) => randomBytes(bytes));
  return {
    ...claim.delivery,
    id,
    rank: 1,
    part,
    conversation_id: conversationId,
    state: 'queued' as const,
    attempts: 0,
    next_at: 0,
    started_at: null,
    provider_id: null,
    code: null,
    reason: null,
    content: seal.seal(id, call),
    created_at: now,
    updated_at: now,
  };
}

/** The parts of an event as read back in full: they replace what the webhook carried, with their media. */
export async function replaceParts(
  trx: Database,
  { claim, event, seal, now }: { claim: Claim; event: Event & { kind: 'message' }; seal: Seal; now: number },
): Promise<void> {
  const { workspaceId, delivery } = claim;
  const media = mediaRows(event.parts, {
    workspaceId,
    eventId: delivery.event_id,
    connectionId: event.connection.id,
    seal,
    now,
  });
  await trx
    .updateTable('event')
    .set({ content: seal.seal(delivery.event_id, event) })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', delivery.event_id)
    .execute();
  await trx
    .deleteFrom('media')
    .where('workspace_id', '=', workspaceId)
    .where('event_id', '=', delivery.event_id)
    .execute();
  if (media.length > 0) await trx.insertInto('media').values(media).execute();
}

/** Finds or makes the conversation in a transaction of its own. */
export const conversation: Handler<FindOrMake, string> = async (trx, requests) => {
  const ids: string[] = [];
  for (const request of requests) ids.push(await conversationFor(trx, request));
  return ids;
};
