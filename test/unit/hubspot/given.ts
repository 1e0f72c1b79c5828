/** What the HubSpot tests start from: one portal, one WhatsApp channel in its inbox, one customer. */
import { readFileSync } from 'node:fs';
import type { ConversationLink, MessageDelivery } from '../../../server/core/adapter.ts';
import type { Part, StoredFile } from '../../../server/core/message.ts';
import {
  createHubspot,
  type HubspotCredentials,
  type HubspotOptions,
} from '../../../server/platforms/hubspot/index.ts';
import { TEST_NOW } from '../../support/io.ts';

export const API = 'https://api.test/prefix';
export const WEBHOOK = 'https://octopods.test/hubspot/channels/webhook/s3cret';

export const fixture = <T = Record<string, unknown>>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../../fixtures/hubspot/${name}.json`, import.meta.url), 'utf8')) as T;
export const errorBody = (name: string): unknown => fixture<Record<string, unknown>>('errors')[name];

/** The app's registered channels, as the operator's store keeps them. */
export function channelStore(
  ids: Record<string, string> = { telegram: '1000', whatsapp: '1001', sms: '1002' },
) {
  const stored = new Map(Object.entries(ids));
  return {
    stored,
    get: async (medium: string) => stored.get(medium),
    set: async (medium: string, id: string) => void stored.set(medium, id),
  };
}

const options = (more: Partial<HubspotOptions> = {}): HubspotOptions => ({
  apiUrl: API,
  appUrl: 'https://app.test',
  clientId: 'client-1',
  clientSecrets: ['secret-new', 'secret-old'],
  redirectUri: 'https://octopods.test/hubspot/oauth/callback',
  appId: '9009',
  customChannels: channelStore(),
  webhookUrl: WEBHOOK,
  ...more,
});
export const hubspot = (more: Partial<HubspotOptions> = {}) => createHubspot(options(more));

export const connection = (credentials: Partial<HubspotCredentials> = {}) => ({
  workspaceId: 'wsp_1',
  id: 'wsp_1',
  side: 'platform' as const,
  type: 'hubspot',
  externalId: '4711001',
  name: 'Portal ID #4711001',
  credentials: {
    access_token: 'at-1',
    refresh_token: 'rt-1',
    expires_at: TEST_NOW + 20 * 60_000,
    ...credentials,
  },
  settings: {},
});

const ATTACHED = {
  custom_channel_id: '1001',
  channel_account_id: '77001',
  inbox_id: '310',
  identifier: { type: 'HS_PHONE_NUMBER', value: '+15550001111' },
};

export const conversation = (more: Partial<ConversationLink> = {}): ConversationLink => ({
  id: 'cnv_1',
  thread: '+15550002222',
  customer: {
    identities: [{ scope: '', kind: 'phone', value: '+15550002222' }],
    name: 'Ann Example',
    address: '+1 555 000 2222',
  },
  channel: {
    id: 'chn_1',
    type: 'whatsapp',
    title: 'WhatsApp',
    name: '+1 555 000 1111',
    externalId: '100200300',
    settings: { phone: '+15550001111', hubspot: ATTACHED },
  },
  ...more,
});

/** The same customer as a Telegram chat: an opaque id without a number. */
export const telegramConversation = (settings: Record<string, unknown> = {}): ConversationLink =>
  conversation({
    thread: '52',
    customer: {
      identities: [{ scope: '8', kind: 'telegram', value: '52' }],
      name: 'Ann van Example',
      address: '@annx',
    },
    channel: {
      id: 'chn_2',
      type: 'telegram',
      title: 'Telegram',
      name: '@tulip_bot',
      externalId: '8',
      settings: {
        hubspot: {
          ...ATTACHED,
          custom_channel_id: '1000',
          identifier: { type: 'CHANNEL_SPECIFIC_OPAQUE_ID', value: '8' },
        },
        ...settings,
      },
    },
  });

export const message = (more: Partial<MessageDelivery> = {}): MessageDelivery => ({
  kind: 'message',
  id: 'dlv_1',
  conversation: conversation({ contactId: '5001', platformThread: '90210' }),
  prepared: {},
  at: TEST_NOW - 1_000,
  parts: [{ kind: 'text', text: 'Is my bike ready?' }],
  opens: false,
  ...more,
});

const file = (more: Partial<StoredFile> = {}): StoredFile => ({
  kind: 'image',
  name: 'bike.jpg',
  contentType: 'image/jpeg',
  size: 3,
  bytes: async () => new Uint8Array([1, 2, 3]),
  link: async () => 'https://octopods.test/media/1',
  ...more,
});
export const filePart = (more: Partial<StoredFile> = {}, caption?: string): Part<StoredFile> => ({
  kind: 'file',
  file: file(more),
  ...(caption === undefined ? {} : { caption }),
});
