import type { z } from 'zod';
import type { BudgetNews, Capabilities } from './capabilities.ts';
import type { ChannelChoice, ChannelFacts } from './channel-facts.ts';
import type { Inspection, Installation, Uninstalls } from './inspection.ts';
import type { Customer, Event, Identity, Part, RemoteFile, StoredFile } from './message.ts';
import type { NotSent, Outcome, Unauthorized } from './outcome.ts';

export type { Inspection, Installation, Uninstalls } from './inspection.ts';

/** The credentials and identity with which an adapter acts, decrypted. */
export interface Connection<Credentials = unknown> {
  workspaceId: string;
  /** A channel's id, or the workspace's own id for its platform connection. */
  id: string;
  side: 'channel' | 'platform';
  /** The adapter's id: `telegram`, `intercom`… */
  type: string;
  /** The bot, number, Intercom app or HubSpot portal behind it. */
  externalId: string;
  name: string;
  credentials: Credentials;
  /** As last known: `active`, `connected`, `pending`, `offline` or `disconnected`. */
  status?: string;
  /** What the admin chose, and what the adapter learned while connecting (ids, regions): no secrets. */
  settings: Record<string, unknown>;
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  /** At most one of these. */
  json?: unknown;
  form?: URLSearchParams;
  multipart?: FormData;
  /** As it is: what it is must be said among the headers. */
  body?: string;
  /** Milliseconds; 10 000 without it. Always shorter than a lease (30 s). */
  timeoutMs?: number;
}
export interface HttpResponse {
  status: number;
  /** Lower-case header names. */
  headers: Record<string, string>;
  text: string;
  /** The parsed body; undefined when it is not JSON. */
  json: unknown;
}
export interface HttpDownload {
  status: number;
  headers: Record<string, string>;
  body: AsyncIterable<Uint8Array>;
}

/** The only way out: answers for every HTTP status, throws `WireError` when there is none. */
export interface Http {
  (request: HttpRequest): Promise<HttpResponse>;
  /**
   * Streams a file. Follows redirects (≤ 3), drops `Authorization` on another host, refuses hosts outside `hosts`
   * (exact names, or `.suffix`) with a `WireError`. Hosts of the configured API URLs count as the provider's own.
   */
  download(request: HttpRequest & { hosts: string[] }): Promise<HttpDownload>;
  /** A `fetch` with the same rules, for the SDKs that take one. */
  fetch: typeof fetch;
}

export interface Log {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/** All that an adapter may touch of the world. */
export interface Io {
  http: Http;
  /** `now()` in milliseconds. */
  clock: { now(): number };
  log: Log;
}

/** A webhook as it arrived, before anything was parsed. */
export interface WebhookRequest {
  method: string;
  /** PUBLIC_URL + path + query: what the provider called and what signatures cover. Never from the Host header. */
  url: string;
  /** Lower-case names; the last one wins. */
  headers: Record<string, string>;
  body: Uint8Array;
  /** The `:channelId` (or HubSpot's `:secret`) of the route, where there is one. */
  routeId?: string;
}
export interface WebhookReply {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}
/** `reply` is what the provider wants to hear after the events are durable; without it: 200 and an empty body. */
export type Received = { events: Event[]; reply?: WebhookReply } | { reject: 400 | 401 | 404 };

export interface FindConnection {
  byId(id: string): Promise<Connection | undefined>;
  /** Active and disconnected ones alike; never an archived one. */
  byExternalId(type: string, externalId: string): Promise<Connection | undefined>;
}

/** The link between a customer on a channel and a platform conversation: ids only. */
export interface ConversationLink {
  id: string;
  /** The channel's name for it: a chat id, a phone number. */
  thread: string;
  customer: Customer;
  /** The platform's conversation and contact, once they exist. */
  platformThread?: string;
  contactId?: string;
  channel: {
    id: string;
    type: string;
    title: string;
    name: string;
    externalId: string;
    settings: Record<string, unknown>;
  };
}

interface DeliveryBase {
  /** Unique for ever; the idempotency key and reference towards the other side. */
  id: string;
  conversation: ConversationLink;
  /** What the preparations made, by their names. */
  prepared: Record<string, string>;
  /** When the message was written (sender's clock), ms. */
  at: number;
  /** When an earlier attempt of this very delivery began, ms: set when its outcome is not known. */
  startedAt?: number;
  /** For look-ups: what the other side calls this conversation's other messages. None of them can be this one. */
  taken?: string[];
}
/** One call's worth of a message: already fitted to the target's capabilities. */
export interface MessageDelivery extends DeliveryBase {
  kind: 'message';
  parts: Part<StoredFile>[];
  replyTo?: string;
  /** This call makes the conversation at the target. */
  opens: boolean;
}
/** Tells the platform (and so the agent) what became of the agent's own message. */
export interface StatusDelivery extends DeliveryBase {
  kind: 'status';
  /** The platform's id of the agent's message. */
  of: string;
  /** `waiting`: not out for two minutes, still being tried; told once. */
  status: 'sent' | 'delivered' | 'read' | 'failed' | 'unknown' | 'waiting';
  /** Plain words for the agent: what happened and what to do next. */
  why?: string;
  /** The first words of the message, so that a note can say which one it means. */
  excerpt: string;
}
export type Delivery = MessageDelivery | StatusDelivery;

/**
 * One repeatable step before the send: find or create a contact, upload a file. Its value is stored when it succeeds,
 * so a retry resumes and never repeats.
 */
export interface Preparation {
  /** `contact` is special: its value becomes the conversation's contact id. */
  name: string;
  /** Serialises this step per workspace and identity across all lanes and processes, and shares its value. */
  lock?: Identity;
  /** Answers the value, or the outcome that stops the delivery. */
  run(prepared: Record<string, string>, making: Making): Promise<string | NotSent>;
}

/** How a step that makes something which must not exist twice says so. */
export interface Making {
  /** When a making began whose end is not known, ms: what it made is looked for before another is made. */
  resumed?: number;
  /**
   * Durable, like `attempt_started`: called right before the request that makes something. From then on only a certain
   * end (made, or certainly not accepted) ends the doubt. Throws, with nothing sent, when the lock is somebody else's.
   */
  begins(): Promise<void>;
}

export type LookedUp = { found: string; thread?: string } | 'absent' | 'cannot' | Unauthorized;

/** Prove, register, or say which field is wrong and how to mend it. */
export type Connected<Credentials> =
  | {
      ok: true;
      externalId: string;
      name: string;
      /** Two channels are the same when (medium, canonical number, bot or page) is, whichever adapter. */
      medium: string;
      credentials: Credentials;
      settings: Record<string, unknown>;
      /** `pending`: credentials fine, webhook not proven yet. */
      status: 'connected' | 'pending';
      /** What the admin still has to do by hand, with copyable values. */
      todo?: string;
    }
  | { ok: false; field: string; why: string };

export interface Adapter<Credentials = unknown> {
  id: string;
  side: 'channel' | 'platform';
  title: string;
  /** Validates, drives the set-up form; `.meta({ secret: true })` marks what is never shown again. */
  credentials: z.ZodType<Credentials>;
  can: Capabilities;
  /** Verifies and parses; writes nothing. */
  receive(request: WebhookRequest, find: FindConnection, io: Io): Promise<Received>;
  /** What the headers (lower-case) of an answer say about the account's budget; undefined: nothing new. */
  budgetNews?(headers: Record<string, string>, now: number): BudgetNews | undefined;
  /**
   * The whole of a message that the webhook carried only in part; asked once per message. `refused` with the code
   * `not_listed`: the conversation is there but does not show the message (yet).
   */
  readBack?(
    event: { id: string; thread: string },
    connection: Connection<Credentials>,
    io: Io,
  ): Promise<Part[] | NotSent>;
  prepare?(delivery: Delivery, connection: Connection<Credentials>, io: Io): Preparation[];
  /** The one non-repeatable write. Never throws for what the other side says; a `WireError` may pass through. */
  send(delivery: Delivery, connection: Connection<Credentials>, io: Io): Promise<Outcome>;
  /**
   * Was it accepted after all? Asked ≥ 10 s after an unknown outcome: the other side's indexes lag. `cannot`: nobody can
   * ever say. A failure that passes is thrown and asked again; dead credentials are `unauthorized`, and the doubt waits.
   */
  lookup?(delivery: Delivery, connection: Connection<Credentials>, io: Io): Promise<LookedUp>;
  /**
   * Which bot, number or page the credentials name, told from them alone (no call): asked before `connect`, so that
   * connecting one a second time is refused before it takes over the first one's webhook. Undefined: cannot be told.
   */
  identify?(credentials: Credentials): { medium: string; externalId: string } | undefined;
  connect?(
    input: { credentials: Credentials; webhookUrl: string; channelId: string },
    io: Io,
  ): Promise<Connected<Credentials>>;
  /** Undoes what connect registered. Best effort; never throws for what the other side says. */
  disconnect?(connection: Connection<Credentials>, io: Io): Promise<void>;
  /** Undefined: nothing to renew yet. Called single-flight; what it answers is stored before anybody uses it. */
  refresh?(connection: Connection<Credentials>, io: Io): Promise<Credentials | NotSent | undefined>;
  /**
   * Whether `refresh` would ask the other side now, told from what is at hand before every use: `early`, while the
   * credentials still serve for a while, or because they do not (`due`). Absent: always due.
   */
  refreshNeed?(connection: Connection<Credentials>, io: Io): 'none' | 'early' | 'due';
  /** Undefined: the credentials work. Otherwise why they do not, in plain words. Throws when nobody answered. */
  probe?(connection: Connection<Credentials>, io: Io): Promise<string | undefined>;
  /** Asked by the doctor and once an hour; changes nothing. Throws a `WireError` when nobody answered. */
  inspect?(connection: Connection<Credentials>, webhookUrl: string, io: Io): Promise<Inspection>;
  /** What a lost webhook would have said, since a time (ms); duplicates are fine. */
  catchUp?(connection: Connection<Credentials>, since: number, io: Io): Promise<Event[]>;
  /** Streams a file that one of our events named. An outcome says why it cannot be had. */
  media?(
    file: RemoteFile,
    connection: Connection<Credentials>,
    io: Io,
  ): Promise<{ body: AsyncIterable<Uint8Array>; contentType?: string; name?: string } | NotSent>;
}

/** Any adapter, where its credentials' type does not matter (each validates its own before it gets them). */
// biome-ignore lint/suspicious/noExplicitAny: the one existential type of the project; zod checks the value at the door.
export type AnyAdapter = Adapter<any>;

export interface PlatformAdapter<Credentials = unknown> extends Adapter<Credentials> {
  side: 'platform';
  /** Where the admin's browser is sent to consent. */
  authorizeUrl(state: string): string;
  /** Redeems the one-time code. `refused` is plain words for the admin. */
  install(code: string, io: Io): Promise<Installation<Credentials> | { refused: string }>;
  /** Uninstalls at the platform. Best effort. */
  uninstall(connection: Connection<Credentials>, io: Io): Promise<void>;
  /** What has to be chosen before a channel can be attached. `refused` is plain words for the admin. */
  channelChoices?(
    connection: Connection<Credentials>,
    io: Io,
  ): Promise<ChannelChoice[] | { refused: string }>;
  /** Makes the channel known at the platform; `settings` are merged into the channel's. */
  attachChannel?(
    connection: Connection<Credentials>,
    channel: ChannelFacts,
    io: Io,
  ): Promise<{ ok: true; settings: Record<string, unknown> } | { ok: false; field: string; why: string }>;
  /**
   * Which accounts have uninstalled the app since `cursor` (undefined: never asked), for platforms that tell nobody and
   * have to be asked. `undefined`: this app may not ask.
   */
  uninstalls?(cursor: string | undefined, io: Io): Promise<Uninstalls | undefined>;
  detachChannel?(connection: Connection<Credentials>, channel: ChannelFacts, io: Io): Promise<void>;
}
// biome-ignore lint/suspicious/noExplicitAny: as AnyAdapter.
export type AnyPlatformAdapter = PlatformAdapter<any>;
