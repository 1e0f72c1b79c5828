/** 0005: what may be called on each account, for all processes together. */
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { table } from '../columns.ts';
import type { Schema } from '../schema.ts';

export const budgets: Migration = {
  async up(db: Kysely<Schema>) {
    await table(db, 'budget', ['workspace_id', 'connection_id', 'name'], {
      workspace_id: 'text!',
      connection_id: 'text!',
      name: 'text!',
      free_at: 'int!',
      closed_until: 'int!',
      probe_until: 'int!',
    });
  },
};
