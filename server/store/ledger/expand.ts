/**
 * From a stored event to its consecutive calls, in one transaction: the first takes the place that the event had in
 * its lane, the others stand right behind it.
 */
import { sql } from 'kysely';
import { makeId } from '../../core/ids.ts';
import type { Event, FileKind, Part } from '../../core/message.ts';
import { type Handler, oneByOne } from '../database/committer.ts';
import { isPostgres } from '../database/dialect.ts';
import { lockLanes } from '../database/locks.ts';
import type { Database } from '../database/open.ts';
import { random } from '../database/random.ts';
import { statement } from '../database/statement.ts';
import { dropMedia } from '../media/media-rows.ts';
import type { Seal } from '../sealing/seal.ts';
import { mediaRows } from './append.ts';
import type { Claim, DeliveryRow } from './claims.ts';
import { conversationFor, type FindOrMake } from './conversations.ts';
import { expandTogether } from './expand-postgres.ts';
import { whileHeld } from './lanes.ts';

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
  /** When the customer wrote, ms: for a customer's message. */
  inboundAt?: number;
  seal: Seal;
  now: number;
}

/**
 * The first call's delivery as it is now stored; undefined: the lease was lost. Also replaces the calls that have not
 * been made yet, when the target asks for others.
 */
export const expand: Handler<ExpandRequest, DeliveryRow | undefined> = async (trx, requests) => {
  const claims = requests.map((request) => request.claim);
  const lanes = await lockLanes(trx, claims);
  const together = isPostgres(trx)
    ? await expandTogether(trx, requests, lanes)
    : new Map<ExpandRequest, DeliveryRow>();
  const heads: (DeliveryRow | undefined)[] = [];
  for (const request of requests) heads.push(together.get(request) ?? (await expandOne(trx, request)));
  return heads;
};

/** Its lane is locked. */
async function expandOne(trx: Database, request: ExpandRequest): Promise<DeliveryRow | undefined> {
  const { claim, conversationId, channelId, calls, seal, now, inboundAt } = request;
  const { workspaceId, delivery } = claim;
  const content = seal.seal(delivery.id, calls[0] as Call);
  const written = { content, conversation_id: conversationId, updated_at: now };
  if ((await writeHead.run(trx, { ...claim, ...written, id: delivery.id })) === 0) return undefined;
  // What has never been expanded has no later parts.
  const dropped = delivery.content === null ? 0 : await dropLaterParts(trx, claim);
  const later = calls.slice(1).map((call, index) => laterRow(request, call, delivery.part + index + 1));
  if (later.length > 0) await trx.insertInto('delivery').values(later).execute();
  if (later.length !== dropped) await lengthen(trx, claim, later.length - dropped);
  await placeEvent.run(trx, { workspaceId, id: delivery.event_id, conversationId, channelId });
  if (inboundAt !== undefined) await heardFrom.run(trx, { workspaceId, conversationId, inboundAt, now });
  return { ...delivery, ...written };
}

const writeHead = statement(
  (
    db,
    it: Pick<Claim, 'workspaceId' | 'laneId' | 'fence'> &
      Pick<DeliveryRow, 'id' | 'content' | 'conversation_id' | 'updated_at'>,
  ) =>
    db
      .updateTable('delivery')
      .set({ content: it.content, conversation_id: it.conversation_id, updated_at: it.updated_at })
      .where('workspace_id', '=', it.workspaceId)
      .where('id', '=', it.id)
      .where(whileHeld(it)),
);

const placeEvent = statement(
  (db, it: { workspaceId: string; id: string; conversationId: string; channelId: string }) =>
    db
      .updateTable('event')
      .set({ conversation_id: it.conversationId, channel_id: it.channelId })
      .where('workspace_id', '=', it.workspaceId)
      .where('id', '=', it.id),
);

/** The customer's last message opens the reply window; one that came late does not move it back. */
const heardFrom = statement(
  (db, it: { workspaceId: string; conversationId: string; inboundAt: number; now: number }) =>
    db
      .updateTable('conversation')
      .set({ last_inbound_at: it.inboundAt, updated_at: it.now })
      .where('workspace_id', '=', it.workspaceId)
      .where('id', '=', it.conversationId)
      .where((eb) => eb.or([eb('last_inbound_at', 'is', null), eb('last_inbound_at', '<', it.inboundAt)])),
);

const lengthen = (trx: Database, { workspaceId, laneId }: Claim, by: number) =>
  trx
    .updateTable('lane')
    .set({ pending: sql`pending + ${by}` })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', laneId)
    .execute();

async function dropLaterParts(trx: Database, { workspaceId, delivery }: Claim): Promise<number> {
  const dropped = await trx
    .deleteFrom('delivery')
    .where('workspace_id', '=', workspaceId)
    .where('event_id', '=', delivery.event_id)
    .where('kind', '=', 'message')
    .where('part', '>', delivery.part)
    .where('open', '=', sql.lit(1))
    .executeTakeFirst();
  return Number(dropped.numDeletedRows);
}

function laterRow({ claim, conversationId, seal, now }: ExpandRequest, call: Call, part: number) {
  const id = makeId('dlv', now, random);
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

interface Replacement {
  claim: Claim;
  event: Event & { kind: 'message' };
  seal: Seal;
  now: number;
}

/** The parts of an event as read back in full: they replace what the webhook carried, with their media. */
export const replaceParts = oneByOne(async (trx: Database, { claim, event, seal, now }: Replacement) => {
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
  await dropMedia(trx, workspaceId, delivery.event_id);
  if (media.length > 0) await trx.insertInto('media').values(media).execute();
});

/** Finds or makes the conversation in a transaction of its own. */
export const conversation: Handler<FindOrMake, string> = async (trx, requests) => {
  const ids: string[] = [];
  for (const request of requests) ids.push(await conversationFor(trx, request));
  return ids;
};
