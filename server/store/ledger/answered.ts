/** What a reply answers, seen from the other side. */
import { excerpt } from '../../core/describe.ts';
import type { Event } from '../../core/message.ts';
import type { Database } from '../database/open.ts';
import type { Seal } from '../sealing/seal.ts';
import type { Claim } from './claims.ts';
import type { Conversation } from './conversations.ts';
import { earlierTries } from './resend.ts';

const EXCERPT_CHARACTERS = 60;

/**
 * `id` is what the reply's own side calls the answered message: the provider's id of something we sent there, or of
 * something that came from there.
 */
export async function answered(
  db: Database,
  seal: Seal,
  { workspaceId, id: conversationId }: Conversation,
  id: string,
): Promise<{ counterpart?: string; excerpt?: string } | undefined> {
  const row = await db
    .selectFrom('event')
    .innerJoin('delivery', (join) =>
      join
        .onRef('delivery.workspace_id', '=', 'event.workspace_id')
        .onRef('delivery.event_id', '=', 'event.id'),
    )
    .select(['event.id', 'event.source_id', 'event.content', 'delivery.provider_id'])
    .where('event.workspace_id', '=', workspaceId)
    .where('event.conversation_id', '=', conversationId)
    .where('delivery.kind', '=', 'message')
    .where((eb) => eb.or([eb('delivery.provider_id', '=', id), eb('event.source_id', '=', id)]))
    .executeTakeFirst();
  if (!row) return undefined;
  const counterpart = row.provider_id === id ? row.source_id : row.provider_id;
  const event = row.content ? seal.open<Event>(row.id, row.content) : undefined;
  return {
    ...(counterpart ? { counterpart } : {}),
    ...(event?.kind === 'message' ? { excerpt: excerpt(event.parts, EXCERPT_CHARACTERS) } : {}),
  };
}

/** Clocks of the other side may run behind ours: its ids of a few minutes before count as well. */
const SLACK_MS = 10 * 60_000;

/**
 * The other side's ids that belong to other deliveries of the same direction, in this conversation and in the others of
 * the same contact: somebody who writes "hello" on two channels at once has two conversations that begin alike. And
 * those of tries before Resend was pressed: the one that failed is listed beside the one that is looked for.
 */
export async function taken(
  db: Database,
  { workspaceId, delivery }: Claim,
  since: number,
): Promise<string[]> {
  const own = earlierTries(delivery);
  if (!delivery.conversation_id) return own;
  const rows = await db
    .selectFrom('event')
    .innerJoin('delivery', (join) =>
      join
        .onRef('delivery.workspace_id', '=', 'event.workspace_id')
        .onRef('delivery.event_id', '=', 'event.id'),
    )
    .select(['delivery.provider_id', 'delivery.tried'])
    .where('event.workspace_id', '=', workspaceId)
    .where('event.conversation_id', 'in', sameContact(db, workspaceId, delivery.conversation_id))
    .where('delivery.direction', '=', delivery.direction)
    .where('delivery.id', '<>', delivery.id)
    .where('delivery.provider_id', 'is not', null)
    .where('delivery.updated_at', '>=', since - SLACK_MS)
    .execute();
  return [...own, ...rows.flatMap((row) => [row.provider_id ?? [], earlierTries(row)].flat())];
}

const sameContact = (db: Database, workspaceId: string, conversationId: string) =>
  db
    .selectFrom('conversation')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where((eb) =>
      eb.or([
        eb('id', '=', conversationId),
        eb(
          'contact_id',
          '=',
          eb
            .selectFrom('conversation as this')
            .select('this.contact_id')
            .where('this.workspace_id', '=', workspaceId)
            .where('this.id', '=', conversationId),
        ),
      ]),
    );
