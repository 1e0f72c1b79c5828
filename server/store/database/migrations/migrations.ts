/**
 * The schema's history. A migration that has shipped is never edited: the next one mends it.
 * Types are chosen so that the same statements run on SQLite and on Postgres.
 */
import { type Kysely, sql } from 'kysely';
import type { Migration, MigrationProvider } from 'kysely/migration';
import { sqlType, table } from '../columns.ts';
import { isPostgres } from '../dialect.ts';
import type { Schema } from '../schema.ts';
import { budgets } from './migration-budgets.ts';
import { people } from './migration-people.ts';
import { retention } from './migration-retention.ts';
import { tries } from './migration-tries.ts';
import { trouble } from './migration-trouble.ts';
import { turns } from './migration-turns.ts';

async function accounts(db: Kysely<Schema>): Promise<void> {
  await table(db, 'account', ['id'], { id: 'text!', name: 'text!', created_at: 'int!' });
  await table(db, 'person', ['id'], { id: 'text!', name: 'text', email: 'text', created_at: 'int!' });
  await table(db, 'login', ['provider', 'subject'], {
    provider: 'text!',
    subject: 'text!',
    person_id: 'text!',
    created_at: 'int!',
  });
  await table(db, 'member', ['account_id', 'person_id'], {
    account_id: 'text!',
    person_id: 'text!',
    role: 'text!',
    created_at: 'int!',
  });
  await table(db, 'join_request', ['account_id', 'id'], {
    account_id: 'text!',
    id: 'text!',
    workspace_id: 'text!',
    provider: 'text!',
    subject: 'text!',
    name: 'text',
    email: 'text',
    created_at: 'int!',
  });
  await table(db, 'session', ['hash'], {
    hash: 'text!',
    person_id: 'text!',
    account_id: 'text!',
    created_at: 'int!',
    expires_at: 'int!',
  });
  await table(db, 'oauth_state', ['hash'], {
    hash: 'text!',
    platform: 'text!',
    return_to: 'text',
    expires_at: 'int!',
  });
  await table(db, 'api_token', ['id'], {
    id: 'text!',
    hash: 'text!',
    account_id: 'text!',
    person_id: 'text!',
    name: 'text!',
    scopes: 'text!',
    created_at: 'int!',
    revoked_at: 'int',
  });
}

async function connections(db: Kysely<Schema>): Promise<void> {
  await table(db, 'workspace', ['id'], {
    id: 'text!',
    account_id: 'text!',
    platform: 'text!',
    external_id: 'text!',
    name: 'text!',
    status: 'text!',
    reason: 'text',
    connected_by: 'text!',
    credentials: 'blob',
    settings: 'text!',
    wrapped_key: 'text',
    created_at: 'int!',
    updated_at: 'int!',
  });
  await table(db, 'channel', ['workspace_id', 'id'], {
    workspace_id: 'text!',
    id: 'text!',
    type: 'text!',
    medium: 'text!',
    external_id: 'text!',
    name: 'text!',
    status: 'text!',
    reason: 'text',
    credentials: 'blob',
    settings: 'text!',
    created_at: 'int!',
    updated_at: 'int!',
    last_inbound_at: 'int',
    last_outbound_at: 'int',
  });
  await table(db, 'setting', ['key'], { key: 'text!', value: 'text!' });
  await table(db, 'catch_up', ['workspace_id', 'connection_id'], {
    workspace_id: 'text!',
    connection_id: 'text!',
    until: 'int!',
  });
}

async function ledger(db: Kysely<Schema>): Promise<void> {
  await table(db, 'event', ['workspace_id', 'id'], {
    workspace_id: 'text!',
    id: 'text!',
    dedupe: 'text!',
    kind: 'text!',
    direction: 'text',
    connection_id: 'text!',
    channel_id: 'text',
    conversation_id: 'text',
    source_id: 'text!',
    at: 'int!',
    received_at: 'int!',
    status: 'text!',
    code: 'text',
    reason: 'text',
    content: 'blob',
  });
  await deliveries(db);
  await history(db);
}

async function deliveries(db: Kysely<Schema>): Promise<void> {
  await table(db, 'lane', ['workspace_id', 'id'], {
    workspace_id: 'text!',
    id: 'text!',
    due: 'int!',
    leased_until: 'int!',
    owner: 'text',
    fence: 'int!',
    pending: 'int!',
  });
  await table(db, 'delivery', ['workspace_id', 'id'], {
    workspace_id: 'text!',
    id: 'text!',
    lane_id: 'text!',
    rank: 'int!',
    position: 'text!',
    part: 'int!',
    event_id: 'text!',
    kind: 'text!',
    direction: 'text!',
    conversation_id: 'text',
    state: 'text!',
    open: 'int!',
    attempts: 'int!',
    next_at: 'int!',
    started_at: 'int',
    provider_id: 'text',
    code: 'text',
    reason: 'text',
    content: 'blob',
    created_at: 'int!',
    updated_at: 'int!',
  });
  await table(db, 'preparation', ['workspace_id', 'delivery_id', 'name'], {
    workspace_id: 'text!',
    delivery_id: 'text!',
    name: 'text!',
    value: 'text',
    started_at: 'int!',
  });
  await table(db, 'receipt', ['workspace_id', 'connection_id', 'of', 'status'], {
    workspace_id: 'text!',
    connection_id: 'text!',
    of: 'text!',
    ref: 'text',
    status: 'text!',
    provider_id: 'text!',
    at: 'int!',
    code: 'text',
    why: 'text',
  });
}

async function history(db: Kysely<Schema>): Promise<void> {
  const seq = isPostgres(db) ? sql`bigserial` : sql`integer`;
  await db.schema
    .createTable('history')
    .addColumn('workspace_id', sqlType(db, 'text'), (it) => it.notNull())
    .addColumn('event_id', sqlType(db, 'text'), (it) => it.notNull())
    .addColumn('seq', seq, (it) => it.primaryKey())
    .addColumn('at', 'bigint', (it) => it.notNull())
    .addColumn('status', sqlType(db, 'text'), (it) => it.notNull())
    .addColumn('code', sqlType(db, 'text'))
    .addColumn('reason', sqlType(db, 'text'))
    .execute();
}

async function links(db: Kysely<Schema>): Promise<void> {
  await table(db, 'conversation', ['workspace_id', 'id'], {
    workspace_id: 'text!',
    id: 'text!',
    channel_id: 'text!',
    customer: 'blob',
    platform_thread: 'text',
    contact_id: 'text',
    last_inbound_at: 'int',
    created_at: 'int!',
    updated_at: 'int!',
  });
  await table(db, 'conversation_identity', ['workspace_id', 'channel_id', 'identity'], {
    workspace_id: 'text!',
    channel_id: 'text!',
    identity: 'text!',
    conversation_id: 'text!',
  });
  await table(db, 'contact_link', ['workspace_id', 'identity'], {
    workspace_id: 'text!',
    identity: 'text!',
    contact_id: 'text',
    locked_by: 'text',
    locked_until: 'int!',
    started_at: 'int',
  });
  await table(db, 'media', ['workspace_id', 'id'], {
    workspace_id: 'text!',
    id: 'text!',
    event_id: 'text!',
    connection_id: 'text!',
    slot: 'text!',
    state: 'text!',
    source: 'blob',
    kind: 'text!',
    name: 'text',
    content_type: 'text',
    size: 'int',
    reason: 'text',
    due: 'int!',
    attempts: 'int!',
    created_at: 'int!',
  });
}

/** Partial indexes hold only what is open: five million settled rows cost the claim nothing. */
const INDEXES = [
  "create unique index workspace_external on workspace (platform, external_id) where status <> 'archived'",
  'create index workspace_account on workspace (account_id)',
  "create unique index channel_external on channel (medium, external_id) where status <> 'archived'",
  'create unique index channel_id on channel (id)',
  'create unique index api_token_hash on api_token (hash)',
  'create unique index join_request_once on join_request (account_id, workspace_id, provider, subject)',
  'create index member_person on member (person_id)',
  'create unique index event_dedupe on event (workspace_id, dedupe)',
  'create index event_channel on event (workspace_id, channel_id, id)',
  'create index event_conversation on event (workspace_id, conversation_id, id)',
  'create index lane_due on lane (due) where pending > 0',
  'create index delivery_open on delivery (workspace_id, lane_id, rank, position, part) where open = 1',
  'create index delivery_event on delivery (workspace_id, event_id, part)',
  'create index delivery_provider on delivery (workspace_id, provider_id) where provider_id is not null',
  'create index receipt_ref on receipt (workspace_id, ref) where ref is not null',
  'create index receipt_of on receipt (workspace_id, of)',
  'create index receipt_at on receipt (at)',
  'create index history_event on history (workspace_id, event_id, seq)',
  'create index conversation_platform on conversation (workspace_id, platform_thread) where platform_thread is not null',
  'create index conversation_unopened on conversation (workspace_id) where platform_thread is null',
  'create index conversation_contact on conversation (workspace_id, contact_id) where contact_id is not null',
  "create index media_waiting on media (due) where state = 'waiting'",
  'create index media_event on media (workspace_id, event_id)',
];

const first: Migration = {
  async up(db: Kysely<Schema>) {
    await accounts(db);
    await connections(db);
    await ledger(db);
    await links(db);
    for (const index of INDEXES) await sql.raw(index).execute(db);
  },
};

/** Several processes: who is at work, who holds what, so that what a killed one held goes on within two seconds. */
const company: Migration = {
  async up(db: Kysely<Schema>) {
    await table(db, 'worker', ['id'], { id: 'text!', beats: 'int!' });
    await table(db, 'lease', ['name'], { name: 'text!', owner: 'text!', holder: 'text!', until: 'int!' });
    await db.schema.alterTable('media').addColumn('owner', sqlType(db, 'text')).execute();
    if (isPostgres(db))
      await sql.raw('create index lane_owner on lane (owner) where owner is not null').execute(db);
  },
};

export const migrations: MigrationProvider = {
  getMigrations: async () => ({
    '0001-first': first,
    '0002-company': company,
    '0003-people': people,
    '0004-retention': retention,
    '0005-budgets': budgets,
    '0006-trouble': trouble,
    '0007-turns': turns,
    '0008-tries': tries,
  }),
};
