/** Files on their way: one row each, fetched by a job of their own because their URLs die within minutes. */
import { type Selectable, sql } from 'kysely';
import type { RemoteFile } from '../core/message.ts';
import type { Database } from './open.ts';
import type { MediaTable } from './schema.ts';
import type { Seal } from './seal.ts';
import { asValue } from './statement.ts';

export type MediaRow = Selectable<MediaTable>;

export interface MediaRows {
  /** Takes what is due for `leaseMs`; the connection's adapter knows how to fetch it. `owner`: who takes it. */
  claim(max: number, leaseMs: number, now: number, owner?: string): Promise<MediaRow[]>;
  source(row: MediaRow): Promise<RemoteFile>;
  stored(row: MediaRow, facts: { name: string; contentType: string; size: number }): Promise<void>;
  failed(row: MediaRow, reason: string): Promise<void>;
  later(row: MediaRow, due: number): Promise<void>;
  of(workspaceId: string, eventId: string): Promise<MediaRow[]>;
  byId(workspaceId: string, id: string): Promise<MediaRow | undefined>;
}

export function createMediaRows(db: Database, seal: (workspaceId: string) => Promise<Seal>): MediaRows {
  const update = (row: MediaRow, set: Partial<MediaTable>) =>
    db
      .updateTable('media')
      .set(set)
      .where('workspace_id', '=', row.workspace_id)
      .where('id', '=', row.id)
      .execute()
      .then(() => undefined);
  return {
    claim: (max, leaseMs, now, owner) =>
      claimDue(db, max, { now, until: now + leaseMs, owner: owner ?? null }),
    source: async (row) => {
      if (!row.source) throw new Error(`media ${row.id} has no source any more`);
      return (await seal(row.workspace_id)).open<RemoteFile>(row.id, row.source);
    },
    stored: (row, facts) =>
      update(row, {
        state: 'stored',
        source: null,
        name: facts.name,
        content_type: facts.contentType,
        size: facts.size,
      }),
    failed: (row, reason) => update(row, { state: 'failed', source: null, reason }),
    later: (row, due) => update(row, { due }),
    of: (workspaceId, eventId) =>
      db
        .selectFrom('media')
        .selectAll()
        .where('workspace_id', '=', workspaceId)
        .where('event_id', '=', eventId)
        .execute(),
    byId: (workspaceId, id) =>
      db
        .selectFrom('media')
        .selectAll()
        .where('workspace_id', '=', workspaceId)
        .where('id', '=', id)
        .executeTakeFirst(),
  };
}

/** The update decides who has it: of two processes that read the same row, one finds its `due` changed. */
async function claimDue(
  db: Database,
  max: number,
  { now, until, owner }: { now: number; until: number; owner: string | null },
): Promise<MediaRow[]> {
  const due = await db
    .selectFrom('media')
    .selectAll()
    .where('state', '=', sql.lit('waiting'))
    .where('due', '<=', now)
    .orderBy('due')
    .limit(asValue(max))
    .execute();
  const taken: MediaRow[] = [];
  for (const row of due) {
    const won = await db
      .updateTable('media')
      .set({ due: until, attempts: row.attempts + 1, owner })
      .where('workspace_id', '=', row.workspace_id)
      .where('id', '=', row.id)
      .where('due', '=', row.due)
      .executeTakeFirst();
    if (won.numUpdatedRows === 1n) taken.push({ ...row, attempts: row.attempts + 1 });
  }
  return taken;
}
