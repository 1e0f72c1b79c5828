/** 0003: passwords, invitations, grants, sessions that can be listed, the audit trail, refused webhooks. */
import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { table } from '../columns.ts';
import type { Schema } from '../schema.ts';

const INDEXES = [
  'create unique index password_email on password (email)',
  'create index mail_link_person on mail_link (person_id)',
  'create index mail_link_email on mail_link (kind, email)',
  'create unique index invitation_hash on invitation (hash)',
  'create index session_person on session (person_id)',
  'create index audit_workspace on audit (account_id, workspace_id, seq)',
  'create index login_person on login (person_id)',
];

/** Columns that 0001's tables gained; null in the rows from before. */
const COLUMNS = [
  'alter table member add column limited bigint not null default 0',
  'alter table session add column last_used_at bigint',
  'alter table session add column agent text',
  'alter table session add column provider text',
  'alter table oauth_state add column payload text',
];

export const people: Migration = {
  async up(db: Kysely<Schema>) {
    await secrets(db);
    await membership(db);
    await trail(db);
    for (const statement of [...COLUMNS, ...INDEXES]) await sql.raw(statement).execute(db);
  },
};

async function secrets(db: Kysely<Schema>): Promise<void> {
  await table(db, 'password', ['person_id'], {
    person_id: 'text!',
    email: 'text!',
    hash: 'text!',
    failed: 'int!',
    locked_at: 'int',
    changed_at: 'int!',
  });
  await table(db, 'mail_link', ['hash'], {
    hash: 'text!',
    kind: 'text!',
    person_id: 'text',
    email: 'text!',
    payload: 'text',
    created_at: 'int!',
    expires_at: 'int!',
  });
  await table(db, 'throttle', ['key'], { key: 'text!', count: 'int!', until: 'int!' });
}

async function membership(db: Kysely<Schema>): Promise<void> {
  await table(db, 'workspace_grant', ['workspace_id', 'person_id'], {
    workspace_id: 'text!',
    person_id: 'text!',
    account_id: 'text!',
  });
  await table(db, 'invitation', ['account_id', 'id'], {
    account_id: 'text!',
    id: 'text!',
    hash: 'text!',
    email: 'text!',
    role: 'text!',
    workspaces: 'text',
    invited_by: 'text!',
    mailed: 'int!',
    accepted_by: 'text',
    accepted_at: 'int',
    created_at: 'int!',
    expires_at: 'int!',
  });
}

async function trail(db: Kysely<Schema>): Promise<void> {
  await table(db, 'audit', ['account_id', 'seq'], {
    account_id: 'text!',
    seq: 'int!',
    at: 'int!',
    actor: 'text!',
    token_id: 'text',
    action: 'text!',
    workspace_id: 'text',
    subject: 'text',
    facts: 'text!',
    mac: 'text!',
  });
  await table(db, 'audit_head', ['account_id'], { account_id: 'text!', seq: 'int!', mac: 'text!' });
  await table(db, 'webhook_refusal', ['workspace_id', 'connection_id'], {
    workspace_id: 'text!',
    connection_id: 'text!',
    at: 'int!',
    count: 'int!',
    ours: 'text!',
    signed: 'text',
  });
}
