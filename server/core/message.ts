/**
 * What travels: the parts of a message and the events that an adapter receives.
 * Times are milliseconds since 1970 (UTC) everywhere inside Octopods; adapters convert.
 */

export type FileKind = 'image' | 'video' | 'audio' | 'voice' | 'document' | 'sticker';

/**
 * A file that still lies at the sender's side. `ref` is whatever the adapter's `media()` needs to fetch it (a media id,
 * a URL): it is stored encrypted and never leaves the adapter that made it.
 */
export interface RemoteFile {
  kind: FileKind;
  ref: string;
  name?: string;
  contentType?: string;
  /** Bytes, where the sender says so before the download. */
  size?: number;
}

/** A file in our own media store, ready to be sent on. */
export interface StoredFile {
  kind: FileKind;
  name: string;
  contentType: string;
  /** Bytes. */
  size: number;
  /** The whole content (capped at 25 MB by the store). */
  bytes(): Promise<Uint8Array>;
  /** A signed, expiring URL on our own host, for targets that only take URLs. */
  link(): Promise<string>;
}

export interface TextPart {
  kind: 'text';
  /** Plain text; always present, also where `html` is. */
  text: string;
  /** The same text as the platform's HTML, for the channel's own markup (agents' replies only). */
  html?: string;
}
export interface FilePart<File = RemoteFile> {
  kind: 'file';
  file: File;
  caption?: string;
}
export interface LocationPart {
  kind: 'location';
  latitude: number;
  longitude: number;
  name?: string;
  address?: string;
}
export interface ContactPart {
  kind: 'contact';
  name: string;
  phones: string[];
  emails: string[];
}
/** A customer's answer by button or list. */
export interface ChoicePart {
  kind: 'choice';
  text: string;
  payload?: string;
}
/** `emoji` empty = the reaction was taken back. */
export interface ReactionPart {
  kind: 'reaction';
  to: string;
  emoji: string;
}
export interface EditPart {
  kind: 'edit';
  of: string;
  text: string;
}
export interface DeletionPart {
  kind: 'deletion';
  of: string;
}
/** Something we cannot carry; `summary` says in plain words what it was ("a poll: Lunch?"). */
export interface OtherPart {
  kind: 'other';
  summary: string;
}

export type Part<File = RemoteFile> =
  | TextPart
  | FilePart<File>
  | LocationPart
  | ContactPart
  | ChoicePart
  | ReactionPart
  | EditPart
  | DeletionPart
  | OtherPart;

export type IdentityKind = 'phone' | 'telegram' | 'whatsapp_user' | 'opaque';

/**
 * Who a customer is on a channel: (scope, kind, value). A phone number (E.164 with plus) is the same person everywhere,
 * so its scope is empty; a Telegram chat belongs to one bot, a WhatsApp user id to one business.
 */
export interface Identity {
  scope: string;
  kind: IdentityKind;
  value: string;
}

export interface Customer {
  /** Most telling first; never empty. */
  identities: Identity[];
  name?: string;
  /**
   * What a person would recognise: "+1 555 000 2222", "@annx". Channels give a phone number in E.164: it is written as
   * people read it in its conversation (`recognisable` in phone.ts), not while the provider waits for its answer.
   */
  address: string;
}

interface EventBase {
  /** The connection it came through: a channel, or a workspace's platform connection. */
  connection: { workspaceId: string; id: string };
}

/** A message from a customer (through a channel) or from an agent (through a platform). */
export interface MessageEvent extends EventBase {
  kind: 'message';
  /** The provider's own id of the message; unique within the connection: the dedupe key. */
  id: string;
  /** The conversation as the sender's side names it: a chat id, a phone number, an Intercom conversation id. */
  thread: string;
  author: { kind: 'customer'; customer: Customer } | { kind: 'agent'; id?: string; name?: string };
  parts: Part[];
  /** The sender's clock. Without one: our clock at receipt. */
  at: number;
  /** The provider's own order among messages of one `at` (a number as text). Without it arrival decides. */
  seq?: string;
  replyTo?: string;
  /** An agent starting on a platform: which channel, and to whom (HubSpot names both; Intercom never sets it). */
  route?: { channelId?: string; channelAccountId?: string; recipient?: string };
  /** The body is known to be incomplete (plain text, no inline images): read it back once before sending. */
  partial?: boolean;
}

export type ReceiptStatus = 'sent' | 'delivered' | 'read' | 'failed';

/** What became of one of our sends. Matched by the provider's id, or by our own reference that the provider echoes. */
export interface ReceiptEvent extends EventBase {
  kind: 'receipt';
  /** The provider's id of our message. */
  of: string;
  /** Our delivery id as echoed by the provider (WhatsApp `biz_opaque_callback_data`, Twilio's per-message callback). */
  ref?: string;
  status: ReceiptStatus;
  at: number;
  /** For `failed`: the provider's code and the reason in plain words for the agent. */
  code?: string;
  why?: string;
}

/** The connection itself changed: uninstalled, token revoked, webhook proven. */
export interface StateEvent extends EventBase {
  kind: 'state';
  id: string;
  value: 'connected' | 'offline' | 'disconnected';
  why: string;
  at: number;
}

/** The platform has erased this contact for good: what is known here of the person behind it goes, too. */
export interface ErasureEvent extends EventBase {
  kind: 'erasure';
  id: string;
  /** As the platform calls it. */
  contact: string;
  at: number;
}

/** Something we do not understand: kept and shown, never refused. */
export interface UnparsedEvent extends EventBase {
  kind: 'unparsed';
  id: string;
  why: string;
  raw: string;
  at: number;
}

export type Event = MessageEvent | ReceiptEvent | StateEvent | ErasureEvent | UnparsedEvent;
