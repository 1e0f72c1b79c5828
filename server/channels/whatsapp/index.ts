import type { Adapter } from '../../core/adapter.ts';
import type { Capabilities } from '../../core/capabilities.ts';
import { connect, disconnect } from './connect.ts';
import { type WhatsAppCredentials, whatsAppCredentials } from './credentials.ts';
import type { WhatsAppApp } from './graph.ts';
import { inspect } from './inspect.ts';
import { TEXT_LIMIT } from './markup.ts';
import { fetchMedia } from './media.ts';
import { type Connecting, receive } from './receive.ts';
import { send } from './send.ts';
import { uploads } from './upload.ts';

const MB = 1024 * 1024;

/** https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media */
const capabilities: Capabilities = {
  text: { max: TEXT_LIMIT, unit: 'characters' },
  files: {
    image: { types: ['image/jpeg', 'image/png'], maxSize: 5 * MB },
    video: { types: ['video/mp4', 'video/3gpp'], maxSize: 16 * MB },
    audio: {
      types: ['audio/aac', 'audio/amr', 'audio/mpeg', 'audio/mp4', 'audio/ogg'],
      maxSize: 16 * MB,
    },
    voice: { types: ['audio/ogg', 'audio/aac', 'audio/amr', 'audio/mpeg', 'audio/mp4'], maxSize: 16 * MB },
    document: { types: ['*'], maxSize: 100 * MB },
    sticker: { types: ['image/webp'], maxSize: 100 * 1024 },
  },
  caption: 1024,
  filesPerCall: 1,
  filesWithText: false,
  filesWhenOpening: true,
  native: ['location', 'contact'],
  windowHours: 24,
  replies: true,
  receipts: ['sent', 'delivered', 'read', 'failed'],
  idempotent: false,
  echo: true,
  tells: [],
  // 80 a second and number, which Meta raises by itself for numbers that need more.
  limits: { calls: { perSecond: 70, burst: 10 } },
  redelivery:
    'Anything but 200 is sent again with falling frequency, for 36 hours or 7 days (Meta’s pages disagree); no catch-up exists.',
};

/**
 * WhatsApp by Meta's Cloud API.
 * @param app `graphUrl` without a slash at the end; `appSecrets` and `verifyToken` of the installation's own Meta app
 *   (channels with an app of their own bring theirs along).
 */
export function createWhatsApp(app: WhatsAppApp & { appId?: string }): Adapter<WhatsAppCredentials> {
  const connecting: Connecting = new Map();
  return {
    id: 'whatsapp',
    side: 'channel',
    title: 'WhatsApp',
    credentials: whatsAppCredentials,
    can: capabilities,
    receive: (request, find, io) => receive(app, connecting, request, find, io),
    identify: ({ phone_number_id }) => ({ medium: 'whatsapp', externalId: phone_number_id }),
    connect: (request, io) => connect(app, connecting, request, io),
    disconnect: (connection, io) => disconnect(app, connection, io),
    inspect: (connection, webhookUrl, io) => inspect(app, connection, webhookUrl, io),
    prepare: (delivery, connection, io) =>
      delivery.kind === 'message' ? uploads(app, delivery, connection, io) : [],
    send: (delivery, connection, io) => send(app, delivery, connection, io),
    media: (file, connection, io) => fetchMedia(app, file, connection, io),
  };
}
