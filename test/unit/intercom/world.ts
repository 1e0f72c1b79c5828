import { readFileSync } from 'node:fs';
import type {
  Connection,
  ConversationLink,
  FindConnection,
  MessageDelivery,
  StatusDelivery,
  WebhookRequest,
} from '../../../server/core/adapter.ts';
import type { Customer, StoredFile } from '../../../server/core/message.ts';
import type { IntercomCredentials } from '../../../server/platforms/intercom/app.ts';
import { createIntercom } from '../../../server/platforms/intercom/index.ts';
import { signHub } from '../../../server/platforms/intercom/signature.ts';
import type { Answer } from '../../support/scripted-http.ts';

export const API = 'https://api.eu.intercom.io';
export const GLOBAL = 'https://api.intercom.io';
export const TOKEN = 'dG9rOmV4YW1wbGU=';
export const CONTACT = '68a1f0d51bb69f9f2193b001';
export const THREAD = '215480021';
export const CONVERSATION = `${API}/conversations/${THREAD}`;

export const app = {
  appUrl: 'https://app.intercom.com',
  clientId: 'client-1',
  clientSecrets: ['s3cr3t', 'older'],
};
export const intercom = createIntercom(app);

export const connection: Connection<IntercomCredentials> = {
  workspaceId: 'wsp_1',
  id: 'wsp_1',
  side: 'platform',
  type: 'intercom',
  externalId: 'wk2acme7',
  name: 'Acme Support',
  credentials: { access_token: TOKEN },
  settings: { region: 'EU', admin_id: '8801', admin_name: 'Maya Bright' },
};
export const find: FindConnection = {
  byId: async () => undefined,
  byExternalId: async (type, id) =>
    type === 'intercom' && id === connection.externalId ? connection : undefined,
};

// biome-ignore lint/suspicious/noExplicitAny: fixtures are bent at will before they are sent.
export const fixture = (name: string): any =>
  JSON.parse(readFileSync(new URL(`../../fixtures/intercom/${name}.json`, import.meta.url), 'utf8'));

const bytesOf = (body: unknown): Uint8Array =>
  new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));

export function webhook(body: unknown, more: Partial<WebhookRequest> = {}): WebhookRequest {
  const bytes = bytesOf(body);
  return {
    method: 'POST',
    url: 'https://octopods.test/intercom/webhooks',
    headers: { 'x-hub-signature': signHub('s3cr3t', bytes) },
    body: bytes,
    ...more,
  };
}

export const byPhone: Customer = {
  identities: [{ kind: 'phone', scope: '', value: '+15550002222' }],
  name: 'Ann Example',
  address: '+1 555 000 2222',
};
export const byTelegram: Customer = {
  identities: [{ kind: 'telegram', scope: '7120001', value: '88' }],
  name: 'Ann',
  address: '@annx',
};

export const link = (more: Partial<ConversationLink> = {}): ConversationLink => ({
  id: 'cnv_1',
  thread: '+15550002222',
  customer: byPhone,
  platformThread: THREAD,
  contactId: CONTACT,
  channel: {
    id: 'chn_1',
    type: 'whatsapp',
    title: 'WhatsApp',
    name: 'Support line',
    externalId: '1065',
    settings: {},
  },
  ...more,
});

export const message = (more: Partial<MessageDelivery> = {}): MessageDelivery => ({
  kind: 'message',
  id: 'dlv_1',
  conversation: link(),
  prepared: {},
  at: 1_793_613_000_000,
  parts: [{ kind: 'text', text: 'Thanks a lot' }],
  opens: false,
  ...more,
});
export const opening = (more: Partial<MessageDelivery> = {}): MessageDelivery => {
  const { platformThread: _none, ...conversation } = link();
  return message({ conversation, opens: true, ...more });
};
export const failedStatus = (more: Partial<StatusDelivery> = {}): StatusDelivery => ({
  kind: 'status',
  id: 'dlv_2',
  conversation: link(),
  prepared: {},
  at: 1_793_613_000_000,
  of: '9007044',
  status: 'failed',
  why: 'More than 24 hours have passed since the customer wrote. Send a template instead.',
  excerpt: 'Yes! It left our shop <today>',
  ...more,
});

export const file = (more: Partial<StoredFile> = {}): StoredFile => ({
  kind: 'image',
  name: 'photo.jpg',
  contentType: 'image/jpeg',
  size: 3,
  bytes: async () => new Uint8Array([1, 2, 3]),
  link: async () => 'https://octopods.test/media/abc',
  ...more,
});

export const failure = (
  status: number,
  code: string,
  text: string,
  headers: Record<string, string> = {},
): Answer => ({
  status,
  headers,
  json: { type: 'error.list', request_id: null, errors: [{ code, message: text }] },
});

/** The conversation as a reply answers it: its last part is the new one. */
export const replied = (part: Record<string, unknown>): Answer => ({
  json: {
    ...fixture('conversation'),
    conversation_parts: {
      type: 'conversation_part.list',
      conversation_parts: [
        { ...fixture('conversation').conversation_parts.conversation_parts[0] },
        { type: 'conversation_part', part_type: 'comment', created_at: 1793613610, attachments: [], ...part },
      ],
      total_count: 2,
    },
  },
});
export const contactAuthor = { type: 'lead', id: CONTACT, name: 'Ann Example' };
