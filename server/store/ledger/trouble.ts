/**
 * Messages that failed or stayed in doubt: few among very many. History only grows, so an index of its failures
 * (0006) costs nothing where nothing fails; one on the message itself would be moved by every change of a status.
 */
import { type RawBuilder, sql } from 'kysely';
import type { EventStatus } from '../database/schema.ts';

export const TROUBLE: EventStatus[] = ['failed', 'unknown'];

export const isTrouble = (statuses: EventStatus[]): boolean =>
  statuses.length > 0 && statuses.every((status) => TROUBLE.includes(status));

/** For `event`: those that were ever in trouble, ids from `since` on. The statuses are literals, or the index is not seen. */
export const everInTrouble = (workspaceIds: string[], since = ''): RawBuilder<boolean> =>
  sql<boolean>`(event.workspace_id, event.id) in (select history.workspace_id, history.event_id from history
    where history.workspace_id in (${sql.join(workspaceIds.length > 0 ? workspaceIds : [''])})
    and history.event_id >= ${since} and history.status in ('failed', 'unknown'))`;
