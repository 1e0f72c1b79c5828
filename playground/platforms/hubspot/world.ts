/**
 * What the simulated HubSpot knows: portals with users, inboxes, contacts, files and threads, and the one developer app
 * with its custom channels. Plain records; the rules live beside the routes that enforce them.
 */

export interface PortalUser {
  id: number;
  email: string;
  name: string;
}
export interface Inbox {
  id: string;
  name: string;
  type: 'INBOX' | 'HELP_DESK';
}

/** The app as its developer project defines it. */
export interface HubspotApp {
  appId: number;
  clientId: string;
  clientSecret: string;
  name: string;
  redirectUrls: string[];
  /** Each must be in `scope` of the authorize URL; others must be among the optional ones. */
  requiredScopes: string[];
  optionalScopes: string[];
  /** Of the developer account: for channel-level calls only. */
  developerApiKey: string;
  /** URL prefixes that `hubspot.fetch` may call. */
  permittedFetchUrls: string[];
}

export type IdentifierType =
  | 'CHANNEL_SPECIFIC_OPAQUE_ID'
  | 'HS_EMAIL_ADDRESS'
  | 'HS_PHONE_NUMBER'
  | 'HS_SHORT_CODE';
export interface DeliveryIdentifier {
  type: IdentifierType;
  value: string;
}

/** A custom channel: belongs to the app, is shared by every portal that installed it. */
export interface Channel {
  id: string;
  name: string;
  capabilities: Record<string, unknown>;
  webhookUrl?: string;
  channelAccountConnectionRedirectUrl?: string;
  channelDescription?: string;
  channelLogoUrl?: string;
  createdAt: number;
}

/** The portal's own number or bot on a custom channel, tied to one inbox or help desk. */
export interface ChannelAccount {
  id: string;
  channelId: string;
  inboxId: string;
  name: string;
  deliveryIdentifier?: DeliveryIdentifier;
  active: boolean;
  authorized: boolean;
  archived: boolean;
  createdAt: number;
}

export interface StagingToken {
  accountToken: string;
  portalId: number;
  channelId: string;
  inboxId: string;
  userId: number;
  createdAt: number;
  accountName?: string;
  deliveryIdentifier?: DeliveryIdentifier;
}

export interface StoredFile {
  id: string;
  name: string;
  extension: string;
  contentType: string;
  access: string;
  path: string;
  bytes: Buffer;
  createdAt: number;
}

export interface CrmContact {
  id: string;
  properties: Record<string, string | null>;
  createdAt: number;
  updatedAt: number;
  archived: boolean;
}

export interface Participant {
  actorId: string;
  name?: string;
  deliveryIdentifier: DeliveryIdentifier;
}
export type Attachment = Record<string, unknown> & { type: string; fileId?: string };

export interface Message {
  id: string;
  threadId: string;
  type: 'MESSAGE' | 'COMMENT';
  channelId: string;
  channelAccountId: string;
  direction: 'INCOMING' | 'OUTGOING';
  text: string;
  richText?: string;
  attachments: Attachment[];
  senders: Participant[];
  recipients: Participant[];
  /** The publisher's own time. */
  createdAt: number;
  updatedAt: number;
  createdBy: string;
  client: { clientType: 'HUBSPOT' | 'INTEGRATION'; integrationAppId?: number };
  status: { statusType: 'SENT' | 'FAILED' | 'READ' | 'RECEIVED'; errorMessage?: string };
  inReplyToId?: string;
  integrationThreadId?: string;
}

export interface Thread {
  id: string;
  status: 'OPEN' | 'CLOSED';
  inboxId: string;
  channelId: string;
  channelAccountId: string;
  /** A contact's id, or a visitor's while nobody is known. */
  associatedContactId: string;
  assignedTo?: string;
  archived: boolean;
  createdAt: number;
  closedAt?: number;
  latestMessageAt: number;
  visitor: DeliveryIdentifier;
  integrationThreadIds: string[];
  messages: Message[];
  ticketId?: string;
}

export interface Portal {
  id: number;
  name: string;
  hubDomain: string;
  uiDomain: string;
  /** Below Professional there are no custom channels. */
  tier: 'starter' | 'professional';
  users: PortalUser[];
  inboxes: Inbox[];
  contacts: Map<string, CrmContact>;
  files: Map<string, StoredFile>;
  threads: Map<string, Thread>;
  accounts: Map<string, ChannelAccount>;
  /** (channel, integrationIdempotencyId) → message. */
  published: Map<string, Message>;
  installed: boolean;
  /** The account is gone: its refresh tokens answer BAD_HUB. */
  gone: boolean;
}

export interface Install {
  portal: Portal;
  user: PortalUser;
  scopes: string[];
  revoked: boolean;
}
export interface AccessToken {
  install: Install | undefined;
  /** App-level tokens (client_credentials) have no portal. */
  scopes: string[];
  expires: number;
}

export interface JournalEntry {
  offset: string;
  event: Record<string, unknown>;
}

export interface HubspotTimings {
  codeTtlMs: number;
  /** 30 minutes. */
  accessTokenTtlMs: number;
  /** Per portal and app. */
  callsPer10s: number;
  searchesPerSecond: number;
  /** New and changed contacts are missing from search for this long, ms. */
  contactSearchLagMs: number;
  /** Of signed file URLs without `expirationSeconds`. */
  fileUrlTtlMs: number;
  webhookTimeoutMs: number;
  /** Undocumented for custom channels. */
  webhookRetryMs: number[];
  /** `hubspot.fetch`: the longest time-out. */
  fetchTimeoutMs: number;
}
export const HUBSPOT_TIMINGS: HubspotTimings = {
  codeTtlMs: 300_000,
  accessTokenTtlMs: 1_800_000,
  callsPer10s: 110,
  searchesPerSecond: 5,
  contactSearchLagMs: 0,
  fileUrlTtlMs: 3_600_000,
  webhookTimeoutMs: 5_000,
  webhookRetryMs: [1_000, 5_000, 30_000],
  fetchTimeoutMs: 15_000,
};

/** Where HubSpot's behaviour is not documented: each can be had both ways. */
export interface HubspotChoices {
  /** A refresh hands out a new refresh token and the old one dies. */
  rotateRefreshTokens: boolean;
  /** An OUTGOING publish comes back as OUTGOING_CHANNEL_MESSAGE_CREATED. */
  echoOutgoing: boolean;
  /** FILE attachments of webhooks carry a `url` that can be fetched; without: only `fileId`. */
  attachmentsCarryUrl: boolean;
}

export interface World {
  app: HubspotApp;
  timings: HubspotTimings;
  choices: HubspotChoices;
  portals: Map<number, Portal>;
  channels: Map<string, Channel>;
  staging: Map<string, StagingToken>;
  codes: Map<
    string,
    { install: Install; redirectUri: string; challenge?: string; expires: number; used: boolean }
  >;
  refreshTokens: Map<string, Install>;
  accessTokens: Map<string, AccessToken>;
  journal: JournalEntry[];
  subscriptions: Record<string, unknown>[];
  storageKey: string;
  now(): number;
  nextId(): string;
  baseUrl(): string;
  changed(): void;
  /** Posts one event object to the channel's webhook URL, signed. */
  notify(channel: Channel, event: Record<string, unknown>): void;
}

export const iso = (ms: number): string => new Date(ms).toISOString();
