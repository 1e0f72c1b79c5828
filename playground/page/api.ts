/**
 * What the playground's page and its server say to each other.
 *
 * - `GET /playground/api/state` → `Snapshot`.
 * - `GET /playground/api/events` → server-sent events: event `state`, data = the new `Snapshot`, whenever anything
 *   changed (at most ten a second), and one at once. A comment every 15 s keeps proxies from closing it.
 * - `POST /playground/api/<action>` with the JSON body of `Actions[action]['body']` → 200 and `…['answer']`, or 4xx/5xx
 *   and a `Problem`. What the action changes arrives as a `state` event.
 * - `POST /playground/hubspot/fetch` with `{url, method, body?, timeout?}` → the extension backend's own status and
 *   body: HubSpot's proxy, which adds portal and user to the URL and signs the request.
 *
 * Everything here is what a person at a phone, in an inbox or at a switch can see or do. Times are ms since 1970.
 */

import type { Canvas } from './canvas.ts';

export type { Canvas };

export type PlatformId = 'intercom' | 'hubspot';
export type PhoneApp = 'telegram' | 'whatsapp' | 'sms';
/** The simulated systems, each with its own fault switches. */
export type SystemId = 'telegram' | 'whatsapp' | 'twilio' | 'intercom' | 'hubspot';

export interface Snapshot {
  /** Rises with every change. */
  version: number;
  setup: Setup;
  phones: Phone[];
  intercom: IntercomInbox;
  hubspot: HubspotPortal;
  /** Newest first, at most 100. */
  ledger: LedgerRow[];
  /** Newest first, at most 100: every HTTP call between Octopods and the simulated systems, both ways. */
  wire: WireCall[];
  faults: Record<SystemId, Faults>;
  worker: Worker;
}

/** How far the playground has come with setting itself up, over the same wire as a real customer would. */
export interface Setup {
  state: 'starting' | 'ready' | 'failed';
  steps: { title: string; state: 'waiting' | 'running' | 'done' | 'failed'; detail?: string }[];
}

/** A file that somebody can open: an absolute URL, or a path of this page's own origin. */
export interface FileView {
  name: string;
  contentType: string;
  url: string;
  /** Bytes. */
  size?: number;
}

/** A file on its way from the page. */
export interface Upload {
  name: string;
  contentType: string;
  /** Without the `data:` prefix. */
  base64: string;
}

/** One chat on a customer's phone: one customer, one of our numbers or bots. */
export interface Phone {
  id: string;
  app: PhoneApp;
  customer: { name: string; address: string };
  /** Whom the customer writes to, as the phone shows it. */
  business: { name: string; address: string };
  /** Where that number or bot is answered. */
  platform: PlatformId;
  /** Why answers may not reach this customer, as a switch: they blocked the bot, their phone is off… */
  obstacle: { label: string; on: boolean };
  /** Oldest first. */
  messages: PhoneMessage[];
}
export interface PhoneMessage {
  id: string;
  from: 'customer' | 'business';
  text: string;
  files: FileView[];
  at: number;
  /**
   * The customer's own: whether the business's server took it. The business's: whether the customer has opened it
   * (the page says `phone.read` when it shows an unread one).
   */
  status: 'sending' | 'sent' | 'failed' | 'unread' | 'read';
}

/** One message, note or event in an inbox. */
export interface InboxPart {
  id: string;
  kind: 'message' | 'note' | 'event';
  author: { kind: 'customer' | 'teammate' | 'app'; name: string };
  /** Plain text; empty where there are only files. */
  text: string;
  files: FileView[];
  at: number;
  /** What the platform itself says of an agent's message (HubSpot: SENT, READ, FAILED with the reason). */
  status?: 'sending' | 'sent' | 'read' | 'failed';
  reason?: string;
}

export interface InboxConversation {
  id: string;
  contact: { id: string; name: string; address?: string };
  /** On which of the phones its customer writes; the page shows phone and conversation side by side. */
  app?: PhoneApp;
  /** "WhatsApp", where the platform shows it. */
  channel?: string;
  state: 'open' | 'closed' | 'snoozed';
  unread: boolean;
  updatedAt: number;
  /** Oldest first. */
  parts: InboxPart[];
}

export interface IntercomInbox {
  workspace: { id: string; name: string };
  /** Who answers on this page. */
  teammate: { name: string };
  /** Newest first. */
  conversations: InboxConversation[];
}

export interface HubspotPortal {
  portal: { id: number; name: string };
  agent: { name: string };
  /** Newest first. */
  threads: HubspotThread[];
  extension: {
    /** What `buildExtension` wrote, as URLs. */
    bundleUrl: string;
    workerUrl: string;
    appId: number;
    /** The profile variables of this build: BACKEND_URL. */
    variables: Record<string, string>;
  };
}
export interface HubspotThread extends InboxConversation {
  /** The record beside the thread; absent while HubSpot knows only a visitor. */
  record?: { objectId: number; objectTypeId: string; properties: { label: string; value: string }[] };
}

export type LedgerStatus =
  | 'queued'
  | 'sending'
  | 'checking'
  | 'sent'
  | 'delivered'
  | 'read'
  | 'failed'
  | 'unknown';

/** One message on its way through Octopods. */
export interface LedgerRow {
  id: string;
  at: number;
  direction: 'in' | 'out';
  app: PhoneApp;
  platform: PlatformId;
  customer?: string;
  /** The first words, or what it is. */
  excerpt?: string;
  status: LedgerStatus;
  /** For `failed` and `unknown`: what happened, in plain words. */
  reason?: string;
  attempts?: number;
  /** Oldest first. */
  history: { status: LedgerStatus; at: number; reason?: string }[];
}

export interface WireCall {
  id: string;
  at: number;
  /** `in`: a webhook or signed call to Octopods; `out`: Octopods calls an API. */
  direction: 'in' | 'out';
  system: SystemId;
  method: string;
  /** Path with query, without secrets. */
  path: string;
  /** 0 = no answer. */
  status: number;
  /** The planned fault that made this answer. */
  fault?: string;
}

/** `429`, `500`: answer so and do nothing. `hang`: do the work, then never answer. */
export type NextFault = '429' | '500' | 'hang';
export interface Faults {
  /** How many of the next sends each will hit. */
  next: Record<NextFault, number>;
  duplicateWebhooks: boolean;
  /** Undefined where the system sends no receipts. */
  reorderReceipts?: boolean;
}

export interface Worker {
  state: 'running' | 'restarting' | 'stopped';
  /** How often it was killed. */
  kills: number;
}

export interface Problem {
  title: string;
  detail?: string;
}

export interface Actions {
  'phone.send': { body: { phoneId: string; text: string; files: Upload[] }; answer: object };
  /** The customer opens the chat. */
  'phone.read': { body: { phoneId: string }; answer: object };
  'phone.obstacle': { body: { phoneId: string; on: boolean }; answer: object };
  'intercom.reply': { body: InboxReply; answer: object };
  /** Asks our card as Intercom does when a teammate opens a conversation (initialize). */
  'intercom.card.open': { body: { conversationId: string }; answer: { canvas: Canvas } };
  'intercom.card.submit': {
    body: {
      conversationId: string;
      componentId: string;
      inputValues: Record<string, string | string[]>;
      /** The canvas as it was answered last. */
      canvas: Canvas;
    };
    answer: { canvas: Canvas };
  };
  'hubspot.reply': { body: InboxReply; answer: object };
  /** `times`: how many of the next sends; 0 takes it back. */
  'fault.next': { body: { system: SystemId; fault: NextFault; times: number }; answer: object };
  'fault.switch': {
    body: { system: SystemId; fault: 'duplicateWebhooks' | 'reorderReceipts'; on: boolean };
    answer: object;
  };
  'fault.clear': { body: object; answer: object };
  /** kill -9 for the process that sends; it is started again after two seconds. */
  'worker.kill': { body: object; answer: object };
}
export type ActionName = keyof Actions;

export interface InboxReply {
  conversationId: string;
  text: string;
  files: Upload[];
  /** An internal note: never sent to the customer. */
  note: boolean;
}
