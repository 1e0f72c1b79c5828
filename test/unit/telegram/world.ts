import type { TelegramCredentials } from '../../../server/channels/telegram/credentials.ts';
import { createTelegram } from '../../../server/channels/telegram/index.ts';
import type {
  Connection,
  FindConnection,
  MessageDelivery,
  WebhookRequest,
} from '../../../server/core/adapter.ts';
import type { Part, StoredFile } from '../../../server/core/message.ts';

export const TOKEN = '123456:AAsecret-of-the-bot_x';
export const SECRET = 'webhook-secret-of-this-channel';
export const API = 'https://api.telegram.org';
export const BOT = `${API}/bot${TOKEN}`;

export const telegram = createTelegram({ apiUrl: API });

export const connection: Connection<TelegramCredentials> = {
  workspaceId: 'wsp_1',
  id: 'chn_1',
  side: 'channel',
  type: 'telegram',
  externalId: '123456',
  name: '@acme_bot',
  credentials: { bot_token: TOKEN, webhook_secret: SECRET },
  settings: { webhook_url: 'https://octopods.example/webhooks/telegram/chn_1' },
};

export const find: FindConnection = {
  byId: async (id) => (id === 'chn_1' ? connection : undefined),
  byExternalId: async () => undefined,
};

export const webhook = (body: unknown, more: Partial<WebhookRequest> = {}): WebhookRequest => ({
  method: 'POST',
  url: 'https://octopods.example/webhooks/telegram/chn_1',
  headers: { 'x-telegram-bot-api-secret-token': SECRET, 'content-type': 'application/json' },
  body: new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body)),
  routeId: 'chn_1',
  ...more,
});

export const delivery = (part: Part<StoredFile>, more: Partial<MessageDelivery> = {}): MessageDelivery => ({
  kind: 'message',
  id: 'dlv_1',
  conversation: {
    id: 'cnv_1',
    thread: '7000001',
    customer: { identities: [{ kind: 'telegram', scope: '123456', value: '7000001' }], address: '@annx' },
    channel: {
      id: 'chn_1',
      type: 'telegram',
      title: 'Telegram',
      name: '@acme_bot',
      externalId: '123456',
      settings: {},
    },
  },
  prepared: {},
  at: 0,
  parts: [part],
  opens: false,
  ...more,
});

export const file = (more: Partial<StoredFile> = {}): StoredFile => ({
  kind: 'image',
  name: 'photo.jpg',
  contentType: 'image/jpeg',
  size: 3,
  bytes: async () => new Uint8Array([1, 2, 3]),
  link: async () => {
    throw new Error('Telegram takes uploads');
  },
  ...more,
});
