/**
 * Messages as the console's people look for them: by workspace, channel, direction, status, customer or id, and one
 * message's whole journey. Content is opened here, because an admin must see which message is meant; what was erased,
 * or lies in an archived workspace (its key is destroyed), stays closed.
 */
import type { Event } from '../../core/message.ts';
import type { Database } from '../database/open.ts';
import type { DeliveryTable, EventStatus, EventTable, MediaTable } from '../database/schema.ts';
import type { Conversation } from '../ledger/conversations.ts';
import { everInTrouble, isTrouble } from '../ledger/trouble.ts';
import type { Seal } from '../sealing/seal.ts';
import { opened } from './activity-rows.ts';
import { searched } from './activity-search.ts';
import { journey } from './journey.ts';

export interface ActivityRow {
  id: string;
  workspaceId: string;
  kind: EventTable['kind'];
  channelId: string | null;
  direction: 'in' | 'out' | null;
  status: EventStatus;
  code?: string;
  reason?: string;
  /** When we got it, ms. */
  receivedAt: number;
  /** The sender's clock, ms. */
  at: number;
  sourceId: string;
  customer?: { name?: string; address: string };
  /** The first words; undefined once erased. */
  excerpt?: string;
}

export interface ActivityQuery {
  workspaceIds: string[];
  kinds?: EventTable['kind'][];
  channelId?: string;
  direction?: 'in' | 'out';
  statuses?: EventStatus[];
  /** A name, number, handle or id, as somebody typed it. */
  search?: string;
  /** The `next` of the page before. */
  before?: string;
  limit: number;
}

export interface Step {
  at: number;
  status: string;
  code?: string;
  reason?: string;
}
/** One call to the other side (or one word about a message to the platform). */
export interface JourneyCall {
  id: string;
  kind: DeliveryTable['kind'];
  state: DeliveryTable['state'];
  part: number;
  attempts: number;
  /** When it is tried next, ms; only while it waits. */
  nextAt?: number;
  updatedAt: number;
  providerId?: string;
  reason?: string;
  excerpt?: string;
}
export interface Journey extends ActivityRow {
  history: Step[];
  calls: JourneyCall[];
  files: Pick<MediaTable, 'id' | 'kind' | 'name' | 'state' | 'reason' | 'size'>[];
  /** The event as the adapter understood it; undefined once erased. */
  event?: Event;
  conversation?: Conversation;
}

export interface ActivityStore {
  list(query: ActivityQuery): Promise<{ rows: ActivityRow[]; next?: string }>;
  journey(workspaceIds: string[], id: string): Promise<Journey | undefined>;
}

export type SealOf = (workspaceId: string) => Promise<Seal>;

export const createActivityStore = (db: Database, sealOf: SealOf): ActivityStore => ({
  list: (query) => list(db, sealOf, query),
  journey: (workspaceIds, id) => journey(db, sealOf, workspaceIds, id),
});

async function list(
  db: Database,
  sealOf: SealOf,
  query: ActivityQuery,
): Promise<{ rows: ActivityRow[]; next?: string }> {
  if (query.workspaceIds.length === 0) return { rows: [] };
  const found = query.search ? await searched(db, sealOf, query.workspaceIds, query.search) : undefined;
  if (found && found.conversationIds.length === 0 && found.eventIds.length === 0) return { rows: [] };
  const { channelId, direction, statuses, before, kinds = ['message'] } = query;
  const few = statuses !== undefined && isTrouble(statuses);
  const events = await db
    .selectFrom('event')
    .selectAll()
    .$if(!few, (it) => it.where('workspace_id', 'in', query.workspaceIds))
    .$if(few, (it) => it.where(everInTrouble(query.workspaceIds)))
    .where('kind', 'in', kinds)
    // What was never bridged is none of our business.
    .where('status', '<>', 'ignored')
    .$if(channelId !== undefined, (it) => it.where('channel_id', '=', channelId as string))
    .$if(direction !== undefined, (it) => it.where('direction', '=', direction as 'in' | 'out'))
    .$if(statuses !== undefined, (it) => it.where('status', 'in', statuses as EventStatus[]))
    .$if(before !== undefined, (it) => it.where('id', '<', before as string))
    .$if(found !== undefined, (it) =>
      it.where((eb) =>
        eb.or([
          eb('conversation_id', 'in', found?.conversationIds.length ? found.conversationIds : ['']),
          eb('id', 'in', found?.eventIds.length ? found.eventIds : ['']),
        ]),
      ),
    )
    .orderBy('id', 'desc')
    .limit(query.limit + 1)
    .execute();
  const page = events.slice(0, query.limit);
  const last = page.at(-1);
  const rows = await opened(db, sealOf, page);
  return events.length > query.limit && last ? { rows, next: last.id } : { rows };
}
