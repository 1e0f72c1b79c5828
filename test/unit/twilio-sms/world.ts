import { createHmac } from 'node:crypto';
import type { TwilioCredentials } from '../../../server/channels/twilio-sms/credentials.ts';
import { createTwilioSms } from '../../../server/channels/twilio-sms/index.ts';
import type {
  Connection,
  FindConnection,
  MessageDelivery,
  WebhookRequest,
} from '../../../server/core/adapter.ts';
import type { Part, StoredFile } from '../../../server/core/message.ts';

/** What all tests of the Twilio adapter start from. All values are invented. */
export const SID = 'AC00000000000000000000000000000001';
export const AUTH_TOKEN = '0123456789abcdef0123456789abcdef';
export const SERVICE = 'MG00000000000000000000000000000001';
export const NUMBER = '+15550001111';
export const CUSTOMER = '+15550002222';
export const HOOK = 'https://octopods.example/webhooks/twilio/chn_1';
export const ACCOUNT = `https://api.twilio.com/2010-04-01/Accounts/${SID}`;
export const BASIC = `Basic ${btoa(`${SID}:${AUTH_TOKEN}`)}`;

export const twilioSms = createTwilioSms({
  apiUrl: 'https://api.twilio.com',
  messagingUrl: 'https://messaging.twilio.com',
});

export const connection: Connection<TwilioCredentials> = {
  workspaceId: 'wsp_1',
  id: 'chn_1',
  side: 'channel',
  type: 'twilio_sms',
  externalId: NUMBER,
  name: '+1 555 000 1111',
  credentials: { account_sid: SID, auth_token: AUTH_TOKEN, from: NUMBER },
  settings: { webhook_url: HOOK, phone: NUMBER, number_sid: 'PN1' },
};
export const serviceConnection: Connection<TwilioCredentials> = {
  ...connection,
  externalId: SERVICE,
  credentials: { account_sid: SID, auth_token: AUTH_TOKEN, messaging_service_sid: SERVICE },
  settings: { webhook_url: HOOK },
};

export const find: FindConnection = {
  byId: async (id) => (id === 'chn_1' ? connection : undefined),
  byExternalId: async () => undefined,
};

/** A webhook as Twilio posts it, signed unless told otherwise. */
export function webhook(
  form: Record<string, string>,
  more: { url?: string; signature?: string | null; secret?: string; routeId?: string } = {},
): WebhookRequest {
  const url = more.url ?? HOOK;
  const signed = Object.keys(form)
    .sort()
    .reduce((text, key) => text + key + form[key], url);
  const signature =
    more.signature ??
    createHmac('sha1', more.secret ?? AUTH_TOKEN)
      .update(signed)
      .digest('base64');
  return {
    method: 'POST',
    url,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(more.signature === null ? {} : { 'x-twilio-signature': signature }),
    },
    body: new TextEncoder().encode(new URLSearchParams(form).toString()),
    routeId: more.routeId ?? 'chn_1',
  };
}

export const delivery = (
  parts: Part<StoredFile>[],
  more: Partial<MessageDelivery> = {},
): MessageDelivery => ({
  kind: 'message',
  id: 'dlv_1',
  conversation: {
    id: 'cnv_1',
    thread: CUSTOMER,
    customer: { identities: [{ kind: 'phone', scope: '', value: CUSTOMER }], address: '+1 555 000 2222' },
    channel: {
      id: 'chn_1',
      type: 'twilio_sms',
      title: 'SMS',
      name: NUMBER,
      externalId: NUMBER,
      settings: {},
    },
  },
  prepared: {},
  at: 0,
  parts,
  opens: false,
  ...more,
});

export const image = (name: string): Part<StoredFile> => ({
  kind: 'file',
  file: {
    kind: 'image',
    name,
    contentType: 'image/jpeg',
    size: 3,
    bytes: async () => {
      throw new Error('Twilio takes URLs');
    },
    link: async () => `https://octopods.example/media/${name}`,
  },
});
