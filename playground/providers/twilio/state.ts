/** What the Twilio emulator remembers, and how its resources look on the wire. */
import { randomBytes } from 'node:crypto';
import type { PhoneMessage } from '../phone.ts';

export interface TwilioAccount {
  sid: string;
  authToken: string;
  name: string;
  status: 'active' | 'suspended' | 'closed';
  /** API key SID → secret. */
  keys: Map<string, string>;
}
export interface TwilioNumber {
  sid: string;
  accountSid: string;
  /** E.164 with plus. */
  phone: string;
  smsUrl: string;
  smsMethod: string;
  smsFallbackUrl: string;
  smsApplicationSid: string;
  statusCallback: string;
  /** False: a voice-only number. */
  sms: boolean;
}
export interface MessagingService {
  sid: string;
  accountSid: string;
  name: string;
  numbers: TwilioNumber[];
  inboundRequestUrl: string | null;
  fallbackUrl: string | null;
  statusCallback: string | null;
  useInboundWebhookOnNumber: boolean;
}
export interface TwilioMedia {
  sid: string;
  contentType: string;
  bytes: Uint8Array;
}
export interface TwilioMessage {
  sid: string;
  accountSid: string;
  serviceSid?: string;
  from: string;
  to: string;
  body: string;
  direction: 'inbound' | 'outbound-api' | 'outbound-reply';
  status: string;
  media: TwilioMedia[];
  mediaCount: number;
  statusCallback?: string;
  error?: { code: number; message: string };
  createdAt: number;
  updatedAt: number;
  sentAt?: number;
  bubble: PhoneMessage;
}
/** A customer's handset: one per phone number. */
export interface Handset {
  phone: string;
  name: string;
  /** Numbers and services that the customer said STOP to. */
  stopped: Set<string>;
  /** Every message to it fails with this code (30003, 30005, 30006…). */
  unreachable?: number;
}

export class TwilioState {
  readonly accounts = new Map<string, TwilioAccount>();
  readonly numbers: TwilioNumber[] = [];
  readonly services = new Map<string, MessagingService>();
  readonly handsets = new Map<string, Handset>();
  /** Oldest first. */
  readonly messages: TwilioMessage[] = [];

  handset(phone: string): Handset {
    const known = this.handsets.get(phone);
    if (known) return known;
    const handset: Handset = { phone, name: phone, stopped: new Set() };
    this.handsets.set(phone, handset);
    return handset;
  }
  serviceOf(number: TwilioNumber): MessagingService | undefined {
    return [...this.services.values()].find((service) => service.numbers.includes(number));
  }
  number(phone: string): TwilioNumber | undefined {
    return this.numbers.find((one) => one.phone === phone);
  }
}

/** Two letters and 32 hexadecimal digits. */
export const makeSid = (prefix: string): string => `${prefix}${randomBytes(16).toString('hex')}`;

/** RFC 2822, as the 2010 API writes dates. */
const written = (ms: number | undefined): string | null =>
  ms === undefined ? null : new Date(ms).toUTCString().replace('GMT', '+0000');

const ROOT = '/2010-04-01/Accounts';
export const messageUri = (message: TwilioMessage): string =>
  `${ROOT}/${message.accountSid}/Messages/${message.sid}`;

export function messageWire(message: TwilioMessage): Record<string, unknown> {
  const uri = messageUri(message);
  const sent = message.status !== 'accepted';
  return {
    account_sid: message.accountSid,
    api_version: '2010-04-01',
    body: message.body,
    date_created: written(message.createdAt),
    date_sent: written(message.sentAt),
    date_updated: written(message.updatedAt),
    direction: message.direction,
    error_code: message.error?.code ?? null,
    error_message: message.error?.message ?? null,
    // Through a service the sender is chosen after the answer.
    from: sent ? message.from : null,
    messaging_service_sid: message.serviceSid ?? null,
    num_media: String(message.mediaCount),
    num_segments: String(sent ? segments(message.body) : 0),
    price: null,
    price_unit: 'USD',
    sid: message.sid,
    status: message.status,
    subresource_uris: { media: `${uri}/Media.json` },
    to: message.to,
    uri: `${uri}.json`,
  };
}

export const mediaWire = (message: TwilioMessage, media: TwilioMedia): Record<string, unknown> => ({
  account_sid: message.accountSid,
  content_type: media.contentType,
  date_created: written(message.createdAt),
  date_updated: written(message.updatedAt),
  parent_sid: message.sid,
  sid: media.sid,
  uri: `${messageUri(message)}/Media/${media.sid}.json`,
});

export const accountWire = (account: TwilioAccount): Record<string, unknown> => ({
  auth_token: account.authToken,
  date_created: written(1_767_225_600_000),
  date_updated: written(1_767_225_600_000),
  friendly_name: account.name,
  owner_account_sid: account.sid,
  sid: account.sid,
  status: account.status,
  subresource_uris: { messages: `${ROOT}/${account.sid}/Messages.json` },
  type: 'Full',
  uri: `${ROOT}/${account.sid}.json`,
});

export const numberWire = (number: TwilioNumber): Record<string, unknown> => ({
  account_sid: number.accountSid,
  api_version: '2010-04-01',
  capabilities: { voice: true, sms: number.sms, mms: number.sms, fax: false },
  date_created: written(1_767_225_600_000),
  date_updated: written(1_767_225_600_000),
  friendly_name: number.phone,
  phone_number: number.phone,
  sid: number.sid,
  sms_application_sid: number.smsApplicationSid,
  sms_fallback_method: 'POST',
  sms_fallback_url: number.smsFallbackUrl,
  sms_method: number.smsMethod,
  sms_url: number.smsUrl,
  status_callback: number.statusCallback,
  status_callback_method: 'POST',
  status: 'in-use',
  uri: `${ROOT}/${number.accountSid}/IncomingPhoneNumbers/${number.sid}.json`,
});

export const serviceWire = (service: MessagingService): Record<string, unknown> => ({
  sid: service.sid,
  account_sid: service.accountSid,
  friendly_name: service.name,
  date_created: '2026-01-01T00:00:00Z',
  date_updated: '2026-01-01T00:00:00Z',
  inbound_request_url: service.inboundRequestUrl,
  inbound_method: 'POST',
  fallback_url: service.fallbackUrl,
  fallback_method: 'POST',
  status_callback: service.statusCallback,
  sticky_sender: true,
  use_inbound_webhook_on_number: service.useInboundWebhookOnNumber,
  validity_period: 36_000,
  usecase: 'undeclared',
  url: `https://messaging.twilio.com/v1/Services/${service.sid}`,
  links: { phone_numbers: `https://messaging.twilio.com/v1/Services/${service.sid}/PhoneNumbers` },
});

const GSM = /^[\n\r !-_a-z¡£¤¥§¿ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùüΓΔΘΛΞΠΣΦΨΩ{}[\]^~|€\\]*$/;

/** 160 GSM-7 characters, or 153 a part; 70 UCS-2 units, or 67 a part. */
export function segments(body: string): number {
  const [whole, part] = GSM.test(body) ? [160, 153] : [70, 67];
  return body.length <= whole ? 1 : Math.ceil(body.length / part);
}
