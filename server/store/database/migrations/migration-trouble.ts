/** 0006: failures are found without reading what arrived: `trouble.ts`. */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Schema } from '../schema.ts';

export const trouble: Migration = {
  async up(db: Kysely<Schema>) {
    await sql
      .raw(
        "create index history_trouble on history (workspace_id, event_id) where status in ('failed', 'unknown')",
      )
      .execute(db);
  },
};
