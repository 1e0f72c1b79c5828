/** Files on their way: one row each, fetched by a job of their own because their URLs die within minutes. */
import { type Selectable, sql } from 'kysely';
import type { RemoteFile } from '../../core/message.ts';
import type { Database } from '../database/open.ts';
import type { MediaTable } from '../database/schema.ts';
import type { Seal } from '../sealing/seal.ts';

export type MediaRow = Selectable<MediaTable>;

export interface MediaRows {
  /** Takes what is due for `leaseMs`; the connection's adapter knows how to fetch it. `owner`: who takes it. */
  claim(max: number, leaseMs: number, now: number, owner?: string): Promise<MediaRow[]>;
  source(row: MediaRow): Promise<RemoteFile>;
  /** False: it was erased while it was fetched; its bytes are nobody's. */
  stored(row: MediaRow, facts: { name: string; contentType: string; size: number }): Promise<boolean>;
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
      .where('state', '=', 'waiting')
      .executeTakeFirst()
      .then(({ numUpdatedRows }) => numUpdatedRows === 1n);
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
    failed: async (row, reason) => void (await update(row, { state: 'failed', source: null, reason })),
    later: async (row, due) => void (await update(row, { due })),
    of: (workspaceId, eventId) =>
      db
        .selectFrom('media')
        .selectAll()
        .where('workspace_id', '=', workspaceId)
        .where('event_id', '=', eventId)
        .where('state', '<>', 'erased')
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
    .limit(max)
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

/** Forgotten but for their ids, by which the files are removed (see retention.ts): a row that went first would leave its file. */
export const FORGOTTEN = {
  state: 'erased' as const,
  source: null,
  name: null,
  content_type: null,
  reason: null,
  owner: null,
};

/** The files of an event are nobody's any more. */
export const dropMedia = (trx: Database, workspaceId: string, eventId: string): Promise<unknown> =>
  trx
    .updateTable('media')
    .set(FORGOTTEN)
    .where('workspace_id', '=', workspaceId)
    .where('event_id', '=', eventId)
    .execute();
