/** The last webhook of each connection whose signature did not fit: what the doctor reads. */
import { sql } from 'kysely';
import type { Database } from '../database/open.ts';

export interface WebhookRefusal {
  at: number;
  count: number;
  /** The URL that we hold signatures against. */
  ours: string;
  /** The URL that it was signed for, where it could be found out; then the secret is right. */
  signed: string | null;
}
export interface WebhookRefusalStore {
  /** Workspace '' and the adapter's id: a webhook of the whole app. */
  note(
    of: { workspaceId: string; connectionId: string },
    refusal: Omit<WebhookRefusal, 'count'>,
  ): Promise<void>;
  of(workspaceId: string, connectionId: string): Promise<WebhookRefusal | undefined>;
}

export const createWebhookRefusals = (db: Database): WebhookRefusalStore => ({
  note: async ({ workspaceId, connectionId }, { at, ours, signed }) => {
    await db
      .insertInto('webhook_refusal')
      .values({ workspace_id: workspaceId, connection_id: connectionId, at, count: 1, ours, signed })
      .onConflict((it) =>
        it
          .columns(['workspace_id', 'connection_id'])
          .doUpdateSet({ at, ours, signed, count: sql`webhook_refusal.count + 1` }),
      )
      .execute();
  },
  of: async (workspaceId, connectionId) => {
    const row = await db
      .selectFrom('webhook_refusal')
      .select(['at', 'count', 'ours', 'signed'])
      .where('workspace_id', '=', workspaceId)
      .where('connection_id', '=', connectionId)
      .executeTakeFirst();
    return row && { ...row, at: Number(row.at), count: Number(row.count) };
  },
});
