/** Until when each connection has been asked for what its webhooks may have missed. */
import type { Database } from '../database/open.ts';

interface ConnectionId {
  workspaceId: string;
  id: string;
}

export const catchUpMarks = (db: Database) => ({
  catchUpSince: async ({ workspaceId, id }: ConnectionId) => {
    const row = await db
      .selectFrom('catch_up')
      .select('until')
      .where('workspace_id', '=', workspaceId)
      .where('connection_id', '=', id)
      .executeTakeFirst();
    // Never asked before: what came since it was connected may have been missed.
    return row ? Number(row.until) : connectedAt(db, workspaceId, id);
  },
  caughtUp: async ({ workspaceId, id }: ConnectionId, until: number) => {
    await db
      .insertInto('catch_up')
      .values({ workspace_id: workspaceId, connection_id: id, until })
      .onConflict((it) => it.columns(['workspace_id', 'connection_id']).doUpdateSet({ until }))
      .execute();
  },
});

async function connectedAt(db: Database, workspaceId: string, id: string): Promise<number | undefined> {
  const row =
    id === workspaceId
      ? await db.selectFrom('workspace').select('created_at').where('id', '=', id).executeTakeFirst()
      : await db
          .selectFrom('channel')
          .select('created_at')
          .where('workspace_id', '=', workspaceId)
          .where('id', '=', id)
          .executeTakeFirst();
  return row && Number(row.created_at);
}
