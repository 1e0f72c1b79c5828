/** The tables of people, their secrets, and what they did. Times are ms since 1970; secrets are here as hashes only. */

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
