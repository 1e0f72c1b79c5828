import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { isPostgres } from '../dialect.ts';
import type { Schema } from '../schema.ts';

/** Claims go from workspace to workspace: each one's oldest lane, found without passing by anybody else's. */
export const turns: Migration = {
  async up(db: Kysely<Schema>) {
    await sql.raw('create index lane_turn on lane (workspace_id, due) where pending > 0').execute(db);
    // A worker's lanes are looked for when it is gone, but would be entered here at every claim.
    if (isPostgres(db)) await sql.raw('drop index lane_owner').execute(db);
  },
};
