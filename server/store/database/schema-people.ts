/** The tables of accounts, people, their secrets, and what they did. Times are ms since 1970; secrets are here as hashes only. */
import type { Generated } from 'kysely';

export interface AccountTable {
  id: string;
  name: string;
  created_at: number;
}
export interface PersonTable {
  id: string;
  name: string | null;
  email: string | null;
  created_at: number;
}
/** Who someone is: (provider, subject), never an e-mail address alone. */
export interface LoginTable {
  provider: string;
  subject: string;
  person_id: string;
  created_at: number;
}
export interface MemberTable {
  account_id: string;
  person_id: string;
  role: 'owner' | 'admin' | 'member';
  created_at: number;
  /** 1: only the workspaces of workspace_grant. */
  limited: Generated<number>;
}
export interface JoinRequestTable {
  account_id: string;
  id: string;
  workspace_id: string;
  provider: string;
  subject: string;
  name: string | null;
  email: string | null;
  created_at: number;
}
export interface SessionTable {
  hash: string;
  person_id: string;
  account_id: string;
  created_at: number;
  expires_at: number;
  last_used_at: number | null;
  /** The browser, as it introduced itself. */
  agent: string | null;
  provider: string | null;
}
/** A started OAuth round trip; deleted when it is used, so a `state` works once. */
export interface OauthStateTable {
  hash: string;
  platform: string;
  return_to: string | null;
  expires_at: number;
  /** What the round trip needs to remember, as JSON: nonce, PKCE verifier, an invitation. */
  payload: string | null;
}
export interface ApiTokenTable {
  id: string;
  hash: string;
  account_id: string;
  person_id: string;
  name: string;
  scopes: string;
  created_at: number;
  revoked_at: number | null;
}
export interface PasswordTable {
  person_id: string;
  /** Lower case, confirmed by mail. */
  email: string;
  /** A PHC string: algorithm, parameters, salt, hash. */
  hash: string;
  /** Wrong tries since the last right one. */
  failed: number;
  locked_at: number | null;
  changed_at: number;
}
/** A link in a mail: works once, for a while. */
export interface MailLinkTable {
  hash: string;
  kind: 'confirm' | 'reset' | 'unlock' | 'address';
  person_id: string | null;
  email: string;
  /** JSON; a sign-up's name, password hash and invitation wait here until the address is confirmed. */
  payload: string | null;
  created_at: number;
  expires_at: number;
}
/** How often something was tried; the key is a hash of what it is about. */
export interface ThrottleTable {
  key: string;
  count: number;
  until: number;
}
export interface WorkspaceGrantTable {
  workspace_id: string;
  person_id: string;
  account_id: string;
}
export interface InvitationTable {
  account_id: string;
  id: string;
  hash: string;
  email: string;
  role: 'admin' | 'member';
  /** JSON list of ids; null = all. */
  workspaces: string | null;
  invited_by: string;
  mailed: number;
  accepted_by: string | null;
  accepted_at: number | null;
  created_at: number;
  expires_at: number;
}
/** Append-only: each row's `mac` covers the one before it. */
export interface AuditTable {
  account_id: string;
  seq: number;
  at: number;
  actor: string;
  token_id: string | null;
  action: string;
  workspace_id: string | null;
  subject: string | null;
  /** JSON */
  facts: string;
  mac: string;
}
/** Where each account's chain ends, so that cutting off its end shows. */
export interface AuditHeadTable {
  account_id: string;
  seq: number;
  mac: string;
}
/** The last webhook of a connection whose signature did not fit. Workspace '' = an app-level webhook. */
export interface WebhookRefusalTable {
  workspace_id: string;
  connection_id: string;
  at: number;
  count: number;
  /** The URL that we hold the signature against. */
  ours: string;
  /** The URL that it was made for, where it could be found out. */
  signed: string | null;
}
