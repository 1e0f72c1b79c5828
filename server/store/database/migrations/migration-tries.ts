/** 0008: what the other side called the tries of a message before somebody pressed Resend. */
import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import { sqlType } from '../columns.ts';
import type { Schema } from '../schema.ts';

export const tries: Migration = {
  async up(db: Kysely<Schema>) {
    await db.schema.alterTable('delivery').addColumn('tried', sqlType(db, 'text')).execute();
  },
};
