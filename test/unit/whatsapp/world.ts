import { createHmac } from 'node:crypto';
import { createWhatsApp } from '../../../server/channels/whatsapp/index.ts';
import type {
  Connection,
  FindConnection,
  MessageDelivery,
  WebhookRequest,
} from '../../../server/core/adapter.ts';
import type { Part, StoredFile } from '../../../server/core/message.ts';

/** What all tests of the WhatsApp adapter start from. All values are invented. */
export const GRAPH = 'https://graph.test';
export const APP_SECRET = '0123456789abcdef0123456789abcdef';
export const OLD_SECRET = 'fedcba9876543210fedcba9876543210';
export const PHONE_ID = '100000000000001';
export const SECOND_PHONE_ID = '100000000000002';
export const WABA = '200000000000001';
export const TOKEN = 'EAAInventedToken';
export const CHANNEL = 'chn_1';

export const whatsApp = createWhatsApp({
  graphUrl: GRAPH,
  appId: '300000000000001',
  appSecrets: [APP_SECRET, OLD_SECRET],
  verifyToken: 'the-verify-token',
});

type Credentials = Connection['credentials'] & { app_secret?: string; verify_token?: string };

export function connectionOf(
  more: Partial<Connection> & { credentials?: Credentials } = {},
): Connection<{ phone_number_id: string; waba_id: string; access_token: string }> {
  const externalId = more.externalId ?? PHONE_ID;
  return {
    workspaceId: 'wsp_1',
    id: CHANNEL,
    side: 'channel',
    type: 'whatsapp',
    externalId,
    name: 'Example (+1 555 000 1111)',
    settings: { phone: '+15550001111', waba_id: WABA },
    ...more,
    credentials: {
      phone_number_id: externalId,
      waba_id: WABA,
      access_token: TOKEN,
      ...(more.credentials as object),
    },
  };
}

/** A store that knows exactly these connections. */
export const finding = (...connections: Connection[]): FindConnection => ({
  byId: async (id) => connections.find((one) => one.id === id),
  byExternalId: async (type, externalId) =>
    connections.find((one) => one.type === type && one.externalId === externalId),
});

/** A webhook as Meta posts it, signed unless told otherwise. */
export function webhook(
  body: unknown,
  more: { secret?: string; headers?: Record<string, string>; routeId?: string } = {},
): WebhookRequest {
  const bytes = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));
  const hmac = createHmac('sha256', more.secret ?? APP_SECRET).update(bytes);
  const path = more.routeId ? `/${more.routeId}` : '';
  return {
    method: 'POST',
    url: `https://octopods.test/webhooks/whatsapp${path}`,
    headers: more.headers ?? { 'x-hub-signature-256': `sha256=${hmac.digest('hex')}` },
    body: bytes,
    ...(more.routeId ? { routeId: more.routeId } : {}),
  };
}

/** One change of one entry. */
export const batchOf = (value: object, phoneNumberId = PHONE_ID, field = 'messages') => ({
  object: 'whatsapp_business_account',
  entry: [
    {
      id: WABA,
      changes: [
        {
          field,
          value: {
            messaging_product: 'whatsapp',
            metadata: { display_phone_number: '15550001111', phone_number_id: phoneNumberId },
            ...value,
          },
        },
      ],
    },
  ],
});

export function deliveryOf(
  parts: Part<StoredFile>[],
  more: Partial<MessageDelivery> & { thread?: string } = {},
): MessageDelivery {
  const { thread = '+15550002222', ...rest } = more;
  return {
    kind: 'message',
    id: 'dlv_1',
    parts,
    prepared: {},
    at: Date.UTC(2026, 10, 2, 10),
    opens: false,
    conversation: {
      id: 'cnv_1',
      thread,
      customer: { identities: [{ kind: 'phone', scope: '', value: '+15550002222' }], address: thread },
      channel: {
        id: CHANNEL,
        type: 'whatsapp',
        title: 'WhatsApp',
        name: 'Example',
        externalId: PHONE_ID,
        settings: {},
      },
    },
    ...rest,
  };
}

export const storedFile = (kind: StoredFile['kind'], contentType: string, name: string): StoredFile => ({
  kind,
  name,
  contentType,
  size: 5,
  bytes: async () => new TextEncoder().encode('bytes'),
  link: async () => 'https://octopods.test/media/x',
});

/** Graph's error envelope. */
export const graphFailure = (code: number, more: { subcode?: number; details?: string } = {}) => ({
  error: {
    message: `(#${code}) invented message`,
    type: 'OAuthException',
    code,
    ...(more.subcode ? { error_subcode: more.subcode } : {}),
    ...(more.details ? { error_data: { messaging_product: 'whatsapp', details: more.details } } : {}),
    fbtrace_id: 'Ainvented',
  },
});
