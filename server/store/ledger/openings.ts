/**
 * Conversations of one customer are opened one at a time. Whether an opening was accepted is looked up by its contact
 * and its words: two of them in doubt at once, "ok" by WhatsApp and "ok" by SMS, could each be taken for the other.
 */
import { sql } from 'kysely';
import type { Handler } from '../database/committer.ts';
import { lockWords } from '../database/locks.ts';
import { statement } from '../database/statement.ts';
import { type Start, start } from './claims.ts';

export interface Opening extends Start {
  contactId: string;
}

/** `lost`: as for `start`. `busy`: another one of this contact has begun, and its end is not known yet. */
export type Opened = 'started' | 'lost' | 'busy';

export const startOpening: Handler<Opening, Opened> = async (trx, openings) => {
  await lockWords(
    trx,
    openings.map(({ claim, contactId }) => ['opening', claim.workspaceId, contactId]),
  );
  const answers: Opened[] = [];
  for (const opening of openings) {
    const { claim, contactId } = opening;
    const another = await underWay.first(trx, { ...claim, id: claim.delivery.id, contactId });
    if (another) answers.push('busy');
    else answers.push((await start(trx, [opening]))[0] ? 'started' : 'lost');
  }
  return answers;
};

/** By the contact's conversations, which are few, not by what waits in the workspace. */
const underWay = statement((db, it: { workspaceId: string; id: string; contactId: string }) =>
  db
    .selectFrom('conversation as c')
    .innerJoin('event as e', (join) =>
      join.onRef('e.workspace_id', '=', 'c.workspace_id').onRef('e.conversation_id', '=', 'c.id'),
    )
    .innerJoin('delivery as d', (join) =>
      join.onRef('d.workspace_id', '=', 'e.workspace_id').onRef('d.event_id', '=', 'e.id'),
    )
    .select('d.id')
    .where('c.workspace_id', '=', it.workspaceId)
    .where('c.contact_id', '=', it.contactId)
    .where('c.platform_thread', 'is', null)
    .where('d.kind', '=', 'message')
    .where('d.direction', '=', 'in')
    .where('d.state', 'in', [sql.lit('started' as const), sql.lit('checking' as const)])
    .where('d.id', '<>', it.id)
    .limit(sql.lit(1)),
);
