/** What the Meta emulator remembers. */
import { createHash, randomBytes } from 'node:crypto';
import type { PhoneMessage } from '../phone.ts';

export interface MetaApp {
  id: string;
  secret: string;
  name: string;
  /** The dashboard's callback URL for whatsapp_business_account. */
  callback?: Callback;
}
export interface Callback {
  url: string;
  verifyToken: string;
}
export interface AccessToken {
  token: string;
  appId: string;
  scopes: string[];
  /** Undefined: all WhatsApp business accounts. */
  wabas?: string[];
  valid: boolean;
}
export interface Template {
  name: string;
  language: string;
  category: string;
  status: string;
  /** With `{{1}}` or `{{name}}` variables. */
  body: string;
}
export interface Waba {
  id: string;
  name: string;
  /** App id → its own URL for this account, where it has one. */
  subscriptions: Map<string, Callback | undefined>;
  templates: Template[];
}
export interface BusinessNumber {
  id: string;
  wabaId: string;
  /** E.164 with plus. */
  phone: string;
  name: string;
  /** App id → its own URL for this number. */
  overrides: Map<string, Callback>;
}
export interface WhatsappUser {
  /** E.164 with plus; always known to the emulator, perhaps not to the business. */
  phone: string;
  bsuid: string;
  name: string;
  username?: string;
  /** Adopted a username: the business learns the BSUID only. */
  hidesPhone: boolean;
  /** False: the account is gone (131026). */
  onWhatsapp: boolean;
}
export interface Thread {
  user: WhatsappUser;
  number: BusinessNumber;
  bubbles: PhoneMessage[];
  /** Undefined: never wrote. */
  lastInboundAt?: number;
  blocked: boolean;
}
export interface Media {
  id: string;
  numberId: string;
  contentType: string;
  name?: string;
  bytes: Uint8Array;
  sha256: Buffer;
}
/** One accepted send, until its last status. */
export interface Outgoing {
  wamid: string;
  thread: Thread;
  bubble: PhoneMessage;
  /** `biz_opaque_callback_data` */
  reference?: string;
  byBsuid: boolean;
  template: boolean;
}

export class MetaState {
  readonly apps = new Map<string, MetaApp>();
  readonly tokens = new Map<string, AccessToken>();
  readonly wabas = new Map<string, Waba>();
  readonly numbers = new Map<string, BusinessNumber>();
  readonly users: WhatsappUser[] = [];
  readonly threads = new Map<string, Thread>();
  readonly media = new Map<string, Media>();

  waba(id: string): Waba {
    const known = this.wabas.get(id);
    if (known) return known;
    const waba: Waba = { id, name: `Business ${id}`, subscriptions: new Map(), templates: [] };
    this.wabas.set(id, waba);
    return waba;
  }

  /** By phone (with or without plus) or BSUID. */
  user(address: string): WhatsappUser | undefined {
    const digits = address.replace(/\D/g, '');
    return this.users.find((user) => user.bsuid === address || user.phone === `+${digits}`);
  }

  thread(number: BusinessNumber, user: WhatsappUser): Thread {
    const key = `${number.id} ${user.bsuid}`;
    const known = this.threads.get(key);
    if (known) return known;
    const thread: Thread = { user, number, bubbles: [], blocked: false };
    this.threads.set(key, thread);
    return thread;
  }

  store(numberId: string, contentType: string, bytes: Uint8Array, name?: string): Media {
    const id = String(1_000_000_000_000_000 + this.media.size);
    const sha256 = createHash('sha256').update(bytes).digest();
    const media: Media = { id, numberId, contentType, bytes, sha256, ...(name ? { name } : {}) };
    this.media.set(id, media);
    return media;
  }
}

export const makeWamid = (): string => `wamid.${randomBytes(24).toString('base64')}`;
