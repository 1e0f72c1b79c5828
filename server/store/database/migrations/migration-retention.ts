/** 0004: what retention walks: only what still has content, oldest first (an id begins with its time). */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Schema } from '../schema.ts';

const INDEXES = [
  'create index event_kept on event (id) where content is not null',
  'create index media_kept on media (id)',
  "create index media_erased on media (id) where state = 'erased'",
];

export const retention: Migration = {
  async up(db: Kysely<Schema>) {
    for (const index of INDEXES) await sql.raw(index).execute(db);
  },
};
