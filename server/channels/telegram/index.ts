import type { Adapter } from '../../core/adapter.ts';
import type { Capabilities } from '../../core/capabilities.ts';
import { connect, disconnect } from './connect.ts';
import { type TelegramCredentials, telegramCredentials } from './credentials.ts';
import { inspect } from './inspect.ts';
import { media } from './media.ts';
import { receive } from './receive.ts';
import { send } from './send.ts';

const MAX_UPLOAD = 50_000_000;

const can: Capabilities = {
  // Counted after the markup is read. Telegram says "characters"; UTF-16 units are never fewer.
  text: { max: 4096, unit: 'utf16' },
  files: {
    image: { types: ['image/*'], maxSize: MAX_UPLOAD },
    video: { types: ['*'], maxSize: MAX_UPLOAD },
    audio: { types: ['*'], maxSize: MAX_UPLOAD },
    voice: { types: ['*'], maxSize: MAX_UPLOAD },
    document: { types: ['*'], maxSize: MAX_UPLOAD },
    sticker: { types: ['*'], maxSize: MAX_UPLOAD },
  },
  caption: 1024,
  filesPerCall: 1,
  filesWithText: false,
  filesWhenOpening: true,
  native: ['location', 'contact'],
  replies: true,
  receipts: [],
  idempotent: false,
  echo: false,
  tells: [],
  // About 30 a second and bot: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
  limits: { calls: { perSecond: 25, burst: 5 } },
  redelivery: 'Repeats an update until it is acknowledged, at growing intervals, for up to about 24 hours.',
};

/**
 * Telegram bots, private chats: https://core.telegram.org/bots/api
 * @param options.apiUrl https://api.telegram.org, or what stands for it; no trailing slash.
 */
export function createTelegram({ apiUrl }: { apiUrl: string }): Adapter<TelegramCredentials> {
  return {
    id: 'telegram',
    side: 'channel',
    title: 'Telegram',
    credentials: telegramCredentials,
    can,
    receive,
    send: (delivery, connection, io) => send(delivery, connection, io, apiUrl),
    identify: ({ bot_token }) => ({ medium: 'telegram', externalId: bot_token.split(':')[0] ?? '' }),
    connect: (input, io) => connect(input, io, apiUrl),
    disconnect: (connection, io) => disconnect(connection, io, apiUrl),
    inspect: (connection, webhookUrl, io) => inspect(connection, webhookUrl, io, apiUrl),
    media: (file, connection, io) => media(file, connection, io, apiUrl),
  };
}
