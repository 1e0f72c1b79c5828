/**
 * The acknowledgement is this transaction: the event (its unique key is the dedupe and the record at once), its place
 * in its lane, and the media it promises. Nothing is acknowledged before it has committed.
 */
import { createHash } from 'node:crypto';
import { type Insertable, sql } from 'kysely';
import { makeId } from '../../core/ids.ts';
import type { Event, FilePart, Part } from '../../core/message.ts';
import type { Handler } from '../database/committer.ts';
import { random } from '../database/random.ts';
import type { DeliveryTable, EventTable, LaneTable, MediaTable } from '../database/schema.ts';
import { rowsStatement } from '../database/statement.ts';
import type { Seal } from '../sealing/seal.ts';
import { position } from './position.ts';

export interface Arrival {
  event: Event;
  seal: Seal;
  now: number;
}

type NewEvent = Insertable<EventTable>;
type NewDelivery = Insertable<DeliveryTable>;
/** An arrival as it is written: named, sealed, and with its place. */
export interface Arrived {
  event: NewEvent;
  lane: Pick<NewDelivery, 'lane_id' | 'position' | 'direction'> & { due: number };
  media: MediaTable[];
}

/**
 * The first message of an unknown customer waits this long (ms) for its siblings: a phone that was offline sends a
 * burst in parallel, and finding or creating the contact costs several round trips anyway.
 */
export const GATHER_MS = 250;
/** Receipts of one connection share this many lanes: they carry ranks, so order among them does not matter. */
const RECEIPT_LANES = 16;

const insertEvents = rowsStatement<NewEvent, { id: string }>(
  [
    'workspace_id',
    'id',
    'dedupe',
    'kind',
    'direction',
    'connection_id',
    'channel_id',
    'source_id',
    'at',
    'received_at',
    'status',
    'content',
  ],
  (db, rows) =>
    db
      .insertInto('event')
      .values(rows)
      .onConflict((it) => it.columns(['workspace_id', 'dedupe']).doNothing())
      .returning('id'),
);

const insertDeliveries = rowsStatement<NewDelivery>(
  [
    'workspace_id',
    'id',
    'lane_id',
    'rank',
    'position',
    'part',
    'event_id',
    'kind',
    'direction',
    'state',
    'open',
    'attempts',
    'next_at',
    'created_at',
    'updated_at',
  ],
  (db, rows) => db.insertInto('delivery').values(rows),
);

/** A lane that was idle becomes due when its newest delivery was stored; a busy one keeps its time. */
const raiseLanes = rowsStatement<Insertable<LaneTable> & { now: number }>(
  ['workspace_id', 'id', 'due', 'leased_until', 'fence', 'pending'],
  (db, rows, { now }) =>
    db
      .insertInto('lane')
      .values(rows)
      .onConflict((it) =>
        it.columns(['workspace_id', 'id']).doUpdateSet({
          pending: sql`lane.pending + excluded.pending`,
          due: sql`case when lane.pending = 0 then ${now} else lane.due end`,
        }),
      ),
);

/** Answers per arrival whether it was new. */
export const append: Handler<Arrived, boolean> = async (trx, rows) => {
  // In one order: another process that stores the same duplicates waits for us, or we for it, never both.
  const ordered = rows
    .map((row) => row.event)
    .toSorted((a, b) => byKey(a.workspace_id, b.workspace_id) || byKey(a.dedupe, b.dedupe));
  const inserted = await insertEvents(trx, ordered);
  const fresh = new Set(inserted.map((row) => row.id));
  const kept = rows.filter((row) => fresh.has(row.event.id));
  if (kept.length > 0) {
    await raiseLanes(trx, lanesOf(kept));
    await insertDeliveries(trx, kept.map(firstDelivery));
    const media = kept.flatMap((row) => row.media);
    if (media.length > 0) await trx.insertInto('media').values(media).execute();
  }
  return rows.map((row) => fresh.has(row.event.id));
};

const byKey = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** One row per lane, however many deliveries it gets: a statement may not touch a row twice. */
function lanesOf(rows: Arrived[]) {
  const now = Math.max(...rows.map((row) => Number(row.event.received_at)));
  const byLane = Map.groupBy(rows, ({ event, lane }) => `${event.workspace_id} ${lane.lane_id}`);
  const inOrder = [...byLane].toSorted(([a], [b]) => byKey(a, b));
  return inOrder.map(([, group]) => {
    const { event, lane } = group[0] as Arrived;
    const { workspace_id } = event;
    return {
      workspace_id,
      id: lane.lane_id,
      due: lane.due,
      leased_until: 0,
      fence: 0,
      pending: group.length,
      now,
    };
  });
}

/** What takes no database: done before the write is waited for. */
export function arrived({ event, seal, now }: Arrival): Arrived {
  const workspaceId = event.connection.workspaceId;
  const id = makeId('evt', now, random);
  const direction = event.kind === 'message' && event.author.kind === 'agent' ? 'out' : 'in';
  return {
    event: {
      workspace_id: workspaceId,
      id,
      dedupe: seal.hash(event.connection.id, event.kind, sourceId(event)),
      kind: event.kind,
      direction: event.kind === 'message' ? direction : null,
      connection_id: event.connection.id,
      channel_id: event.connection.id === workspaceId ? null : event.connection.id,
      source_id: sourceId(event),
      at: event.at,
      received_at: now,
      status: 'queued',
      content: seal.seal(id, event),
    },
    lane: {
      lane_id: laneOf(event, direction, seal),
      position: position(event.at, event.kind === 'message' ? event.seq : undefined, now),
      direction,
      due: event.kind === 'message' && direction === 'in' ? now + GATHER_MS : now,
    },
    media:
      event.kind === 'message'
        ? mediaRows(event.parts, { workspaceId, eventId: id, connectionId: event.connection.id, seal, now })
        : [],
  };
}

/** What the provider calls it; a body hash where it calls it nothing (never a time of ours: that breaks the dedupe). */
function sourceId(event: Event): string {
  if (event.kind === 'receipt') return `${event.of}:${event.status}${event.ref ? `:${event.ref}` : ''}`;
  return event.id || createHash('sha256').update(JSON.stringify(event)).digest('base64url').slice(0, 22);
}

function laneOf(event: Event, direction: 'in' | 'out', seal: Seal): string {
  const connection = event.connection.id;
  if (event.kind === 'message') return `${direction} ${connection} ${seal.hash('thread', event.thread)}`;
  if (event.kind === 'receipt') return `receipt ${connection} ${shard(event.of)}`;
  return `${event.kind} ${connection}`;
}
const shard = (text: string): number => {
  const first = createHash('sha256').update(text).digest()[0] as number;
  return first % RECEIPT_LANES;
};

function firstDelivery({ event, lane }: Arrived): NewDelivery {
  const now = Number(event.received_at);
  return {
    workspace_id: event.workspace_id,
    id: makeId('dlv', now, random),
    lane_id: lane.lane_id,
    rank: 1,
    position: lane.position,
    part: 0,
    event_id: event.id,
    kind: event.kind,
    direction: lane.direction,
    state: 'queued',
    open: 1,
    attempts: 0,
    next_at: 0,
    created_at: now,
    updated_at: now,
  };
}

/** One row per file that has yet to be fetched; the slot is the part's index. */
export function mediaRows(
  parts: Part[],
  of: { workspaceId: string; eventId: string; connectionId: string; seal: Seal; now: number },
): MediaTable[] {
  return parts.flatMap((part, index) => {
    if (part.kind !== 'file') return [];
    const { file } = part as FilePart;
    const id = makeId('med', of.now, random);
    return [
      {
        workspace_id: of.workspaceId,
        id,
        event_id: of.eventId,
        connection_id: of.connectionId,
        slot: String(index),
        state: 'waiting' as const,
        source: of.seal.seal(id, file),
        kind: file.kind,
        name: file.name ?? null,
        content_type: file.contentType ?? null,
        size: file.size ?? null,
        reason: null,
        due: of.now,
        attempts: 0,
        created_at: of.now,
        owner: null,
      },
    ];
  });
}
