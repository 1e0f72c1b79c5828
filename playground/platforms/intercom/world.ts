/**
 * What the simulated Intercom knows: workspaces with their teammates, people and conversations, and the one app that
 * may be installed. Plain records; the rules live beside the routes that enforce them.
 */
import { createHash, randomBytes } from 'node:crypto';

export interface Teammate {
  id: string;
  name: string;
  email: string;
  /** Default true: Intercom says so of every teammate who confirmed their address. */
  emailVerified: boolean;
  hasInboxSeat: boolean;
}

/** The app as its developer has set it up in Intercom's Developer Hub. */
export interface IntercomApp {
  clientId: string;
  clientSecret: string;
  name: string;
  /** Stamped on parts that the app makes through the API. */
  packageCode: string;
  /** The first one is used when `redirect_uri` is left out. */
  redirectUrls: string[];
  webhookUrl?: string;
  topics: string[];
  uninstallUrl?: string;
  healthCheckUrl?: string;
  canvasInitializeUrl?: string;
  canvasSubmitUrl?: string;
  /** The version used for calls that name none, and for webhooks. */
  apiVersion: string;
}

export interface Contact {
  /** 24 hex digits. */
  id: string;
  role: 'user' | 'lead';
  external_id: string | null;
  email: string | null;
  phone: string | null;
  name: string | null;
  avatar: string | null;
  owner_id: string | null;
  custom_attributes: Record<string, unknown>;
  /** Milliseconds; the wire has whole seconds. */
  createdAt: number;
  updatedAt: number;
  archived: boolean;
  blocked: boolean;
  /** The survivor, once this one was merged away. */
  mergedInto?: string;
  merges: { source_contact_id: string; source_contact_role: 'user' | 'lead'; merged_at: number }[];
  fields: Record<string, unknown>;
}

export interface Author {
  type: 'admin' | 'user' | 'lead' | 'bot';
  id: string;
  name: string | null;
  email: string | null;
}

/** A file in Intercom's own storage; each reading of a conversation signs a fresh, expiring URL for it. */
export interface Upload {
  id: string;
  name: string;
  contentType: string;
  bytes: Buffer;
}

export interface Part {
  id: string;
  partType: string;
  /** As the inbox shows it; the webhook has the plain text of it. */
  html: string | null;
  createdAt: number;
  author: Author;
  uploads: Upload[];
  redacted: boolean;
  appPackageCode: string | null;
  assignedTo: string | null;
  quickReplies: { text: string; uuid: string }[];
  state: ConversationState;
}
export type ConversationState = 'open' | 'closed' | 'snoozed';

export interface Conversation {
  id: string;
  title: string | null;
  createdAt: number;
  updatedAt: number;
  source: {
    id: string;
    deliveredAs: string;
    subject: string;
    html: string;
    author: Author;
    uploads: Upload[];
    redacted: boolean;
  };
  contactIds: string[];
  parts: Part[];
  state: ConversationState;
  read: boolean;
  snoozedUntil: number | null;
  waitingSince: number | null;
  adminAssigneeId: string;
  tags: { id: string; name: string; applied_at: number; applied_by: string }[];
  customAttributes: Record<string, unknown>;
  /** What the search index holds, newest last: a search sees what is older than the lag. */
  indexed: { at: number; fields: Record<string, unknown> }[];
}

export interface DataAttribute {
  id: number;
  name: string;
  model: 'contact' | 'company';
  data_type: string;
  options?: string[];
  description: string;
  createdAt: number;
  adminId: string;
}

export interface HealthReport {
  state: string;
  message?: string;
  cta_type?: string;
  cta_label?: string;
  cta_url?: string;
}

export interface Workspace {
  idCode: string;
  name: string;
  region: 'US' | 'EU' | 'AU';
  timezone: string;
  teammates: Teammate[];
  contacts: Map<string, Contact>;
  conversations: Map<string, Conversation>;
  attributes: DataAttribute[];
  tags: Map<string, { id: string; name: string }>;
  /** False: every call answers 403 `api_plan_restricted`. */
  activeSubscription: boolean;
  /** False: attachments are refused, through the API too. */
  attachmentsEnabled: boolean;
  installed: boolean;
  health?: HealthReport;
}

export interface Grant {
  workspace: Workspace;
  teammate: Teammate;
  revoked: boolean;
}

export interface Timings {
  /** New contacts are missing from search for this long, ms. Intercom: up to minutes. */
  contactSearchLagMs: number;
  /** New and changed conversations likewise. */
  conversationSearchLagMs: number;
  codeTtlMs: number;
  /** Attachment URLs die after 30 minutes. */
  attachmentTtlMs: number;
  webhookTimeoutMs: number;
  /** One retry after a minute. */
  webhookRetryMs: number;
  /** 429 from the endpoint: nothing is sent for this long (1 min … 2 h). */
  webhookThrottleMs: number;
  canvasTimeoutMs: number;
  /** Requests per app and 10-second slice: 10 000 a minute. */
  callsPer10s: number;
}
export const INTERCOM_TIMINGS: Timings = {
  contactSearchLagMs: 0,
  conversationSearchLagMs: 0,
  codeTtlMs: 600_000,
  attachmentTtlMs: 1_800_000,
  webhookTimeoutMs: 5_000,
  webhookRetryMs: 60_000,
  webhookThrottleMs: 60_000,
  canvasTimeoutMs: 10_000,
  callsPer10s: 1_667,
};

export interface World {
  app: IntercomApp;
  timings: Timings;
  workspaces: Map<string, Workspace>;
  codes: Map<string, { workspace: Workspace; teammate: Teammate; expires: number; used: boolean }>;
  grants: Map<string, Grant>;
  uploads: Map<string, Upload>;
  /** Signs attachment URLs. */
  storageKey: string;
  now(): number;
  /** Parts, messages and source ids share one ascending series. */
  nextId(): string;
  baseUrl(): string;
  changed(): void;
  /** Sends a webhook when the app is installed there and listens to the topic. */
  notify(workspace: Workspace, topic: string, item: Record<string, unknown>): void;
  /** Tells the app that it was uninstalled. */
  notifyUninstall(workspace: Workspace): void;
}

export const seconds = (ms: number): number => Math.floor(ms / 1000);
export const hexId = (): string => randomBytes(12).toString('hex');
/** Stable for the same seed, so that a playground looks the same at every start. */
export const numberFrom = (seed: string): number =>
  Number.parseInt(createHash('sha256').update(seed).digest('hex').slice(0, 7), 16) + 10_000_000;

/** Follows merges to the contact that is left. */
export function survivor(workspace: Workspace, id: string): Contact | undefined {
  const contact = workspace.contacts.get(id);
  return contact?.mergedInto ? survivor(workspace, contact.mergedInto) : contact;
}
