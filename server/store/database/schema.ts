/**
 * The tables, once for SQLite and Postgres. Every row of a tenant carries its workspace, and its primary key begins
 * with it. Times are ms since 1970. `Uint8Array` columns are sealed (see seal.ts): credentials and content.
 */
import type { Generated } from 'kysely';
import type { BudgetTable, LeaseTable, WorkerTable } from './schema-company.ts';
import type {
  AccountTable,
  ApiTokenTable,
  AuditHeadTable,
  AuditTable,
  InvitationTable,
  JoinRequestTable,
  LoginTable,
  MailLinkTable,
  MemberTable,
  OauthStateTable,
  PasswordTable,
  PersonTable,
  SessionTable,
  ThrottleTable,
  WebhookRefusalTable,
  WorkspaceGrantTable,
} from './schema-people.ts';

export interface WorkspaceTable {
  id: string;
  account_id: string;
  platform: string;
  external_id: string;
  name: string;
  status: 'active' | 'disconnected' | 'archived';
  reason: string | null;
  connected_by: string;
  credentials: Uint8Array | null;
  settings: string;
  /** The workspace's data key, wrapped by the key ring; null = destroyed. */
  wrapped_key: string | null;
  created_at: number;
  updated_at: number;
}
export interface ChannelTable {
  workspace_id: string;
  id: string;
  type: string;
  medium: string;
  external_id: string;
  name: string;
  status: 'pending' | 'connected' | 'offline' | 'disconnected' | 'archived';
  reason: string | null;
  credentials: Uint8Array | null;
  settings: string;
  created_at: number;
  updated_at: number;
  last_inbound_at: number | null;
  last_outbound_at: number | null;
}
export type EventStatus =
  | 'queued'
  | 'sent'
  | 'delivered'
  | 'read'
  | 'failed'
  | 'unknown'
  | 'ignored'
  | 'handled';
export interface EventTable {
  workspace_id: string;
  id: string;
  /** Keyed hash of (connection, kind, the provider's id): the dedupe and the record at once. */
  dedupe: string;
  kind: 'message' | 'receipt' | 'state' | 'erasure' | 'unparsed';
  direction: 'in' | 'out' | null;
  connection_id: string;
  channel_id: string | null;
  conversation_id: string | null;
  /** The provider's own id, for statuses towards it and for look-ups by operators. */
  source_id: string;
  at: number;
  received_at: number;
  status: EventStatus;
  code: string | null;
  reason: string | null;
  /** Sealed Event; null once erased. */
  content: Uint8Array | null;
}
export interface LaneTable {
  workspace_id: string;
  id: string;
  /** When its head can be claimed next; a lease moves it into the future. */
  due: number;
  leased_until: number;
  owner: string | null;
  /** Rises with every claim: an old owner's results no longer fit. */
  fence: number;
  /** Open deliveries. */
  pending: number;
}
export type DeliveryState =
  | 'queued'
  /** `attempt_started` is durable: a crash from here on leaves the outcome unknown. */
  | 'started'
  /** Perhaps accepted; being looked up or waiting for its echo. */
  | 'checking'
  | 'sent'
  | 'delivered'
  | 'read'
  | 'failed'
  | 'unknown'
  | 'cancelled'
  | 'done';
export interface DeliveryTable {
  workspace_id: string;
  id: string;
  lane_id: string;
  /** 0 = in doubt, or the rest of a message that is partly out: ahead of whatever arrives late; 1 = in its place. */
  rank: number;
  /** Sortable (source time, provider sequence or arrival, id); see position.ts. */
  position: string;
  part: number;
  event_id: string;
  kind: 'message' | 'status' | 'receipt' | 'state' | 'erasure' | 'unparsed';
  direction: 'in' | 'out';
  conversation_id: string | null;
  state: DeliveryState;
  /** 1 while it waits or is under way: what the partial indexes hold. */
  open: number;
  attempts: number;
  next_at: number;
  started_at: number | null;
  /** The other side's id of what was made. */
  provider_id: string | null;
  /** Not null once it was sent again by hand: the other side's ids of the tries before, one a line. */
  tried: string | null;
  code: string | null;
  reason: string | null;
  /** Sealed call; null before expansion and after erasure. */
  content: Uint8Array | null;
  created_at: number;
  updated_at: number;
}
export interface PreparationTable {
  workspace_id: string;
  delivery_id: string;
  name: string;
  value: string | null;
  started_at: number;
}
export interface HistoryTable {
  workspace_id: string;
  event_id: string;
  seq: Generated<number>;
  at: number;
  status: string;
  code: string | null;
  reason: string | null;
}
/** A receipt whose send has not settled yet, or is not known (any more). */
export interface ReceiptTable {
  workspace_id: string;
  connection_id: string;
  /** Keyed hash of the provider's message id. */
  of: string;
  ref: string | null;
  status: 'sent' | 'delivered' | 'read' | 'failed';
  provider_id: string;
  at: number;
  code: string | null;
  why: string | null;
}
export interface ConversationTable {
  workspace_id: string;
  id: string;
  channel_id: string;
  /** Sealed {thread, customer}: ids and an address, never a profile. */
  customer: Uint8Array;
  platform_thread: string | null;
  contact_id: string | null;
  last_inbound_at: number | null;
  created_at: number;
  updated_at: number;
}
export interface ConversationIdentityTable {
  workspace_id: string;
  channel_id: string;
  /** Keyed hash of (scope, kind, value), or of the thread. */
  identity: string;
  conversation_id: string;
}
/** Serialises finding or creating a platform contact, per workspace and identity. */
export interface ContactLinkTable {
  workspace_id: string;
  identity: string;
  contact_id: string | null;
  locked_by: string | null;
  locked_until: number;
  started_at: number | null;
}
export interface MediaTable {
  workspace_id: string;
  id: string;
  event_id: string;
  connection_id: string;
  /** The part and file it belongs to: `3` = the file of part 3. */
  slot: string;
  /** `erased`: its file is to be removed, then the row. */
  state: 'waiting' | 'stored' | 'failed' | 'erased';
  /** Sealed RemoteFile; null once stored. */
  source: Uint8Array | null;
  kind: string;
  name: string | null;
  content_type: string | null;
  size: number | null;
  reason: string | null;
  due: number;
  attempts: number;
  created_at: number;
  /** The worker that is fetching it. */
  owner: string | null;
}
export interface SettingTable {
  key: string;
  value: string;
}
export interface CatchUpTable {
  workspace_id: string;
  connection_id: string;
  /** Everything before this time is known to us. */
  until: number;
}

export interface Schema {
  account: AccountTable;
  person: PersonTable;
  login: LoginTable;
  member: MemberTable;
  join_request: JoinRequestTable;
  session: SessionTable;
  oauth_state: OauthStateTable;
  api_token: ApiTokenTable;
  workspace: WorkspaceTable;
  channel: ChannelTable;
  event: EventTable;
  lane: LaneTable;
  delivery: DeliveryTable;
  preparation: PreparationTable;
  history: HistoryTable;
  receipt: ReceiptTable;
  conversation: ConversationTable;
  conversation_identity: ConversationIdentityTable;
  contact_link: ContactLinkTable;
  media: MediaTable;
  setting: SettingTable;
  catch_up: CatchUpTable;
  worker: WorkerTable;
  lease: LeaseTable;
  budget: BudgetTable;
  password: PasswordTable;
  mail_link: MailLinkTable;
  throttle: ThrottleTable;
  workspace_grant: WorkspaceGrantTable;
  invitation: InvitationTable;
  audit: AuditTable;
  audit_head: AuditHeadTable;
  webhook_refusal: WebhookRefusalTable;
}
