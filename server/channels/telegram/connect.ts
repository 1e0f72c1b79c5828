import { randomBytes } from 'node:crypto';
import type { Connected, Io } from '../../core/adapter.ts';
import { WireError } from '../../core/outcome.ts';
import { call, fieldsOf, type TelegramConnection } from './api.ts';
import type { TelegramCredentials } from './credentials.ts';
import { ALLOWED_UPDATES } from './update.ts';

const WRONG_TOKEN =
  'Telegram does not know this bot token. Copy it again from @BotFather: /mybots → your bot → API Token.';

/** Proves the token, then points the bot's webhook at us with a secret that Telegram repeats in every request. */
export async function connect(
  input: { credentials: TelegramCredentials; webhookUrl: string },
  io: Io,
  apiUrl: string,
): Promise<Connected<TelegramCredentials>> {
  const { bot_token } = input.credentials;
  // The token becomes part of a URL: nothing but a token may get there.
  if (!/^[A-Za-z0-9:_-]+$/.test(bot_token)) return { ok: false, field: 'bot_token', why: WRONG_TOKEN };
  const api = { apiUrl, token: bot_token };
  const me = await call(api, 'getMe', undefined, io);
  if (!me.ok) {
    const wrong = me.code === 401 || me.code === 404;
    return { ok: false, field: 'bot_token', why: wrong ? WRONG_TOKEN : `Telegram answered: ${me.text}` };
  }
  const { id, username, first_name } = fieldsOf(me.result);
  const webhook_secret = input.credentials.webhook_secret ?? randomBytes(32).toString('base64url');
  const registered = await call(
    api,
    'setWebhook',
    { url: input.webhookUrl, secret_token: webhook_secret, allowed_updates: ALLOWED_UPDATES },
    io,
  );
  if (!registered.ok)
    return {
      ok: false,
      field: 'webhook_url',
      why: `Telegram did not accept ${input.webhookUrl}: ${registered.text}`,
    };
  return {
    ok: true,
    externalId: String(id),
    name: username ? `@${username}` : String(first_name ?? id),
    medium: 'telegram',
    credentials: { bot_token, webhook_secret },
    settings: { webhook_url: input.webhookUrl, ...(username ? { username: String(username) } : {}) },
    status: 'connected',
  };
}

/** Takes our webhook away, but not one that another system has set in the meantime. */
export async function disconnect(connection: TelegramConnection, io: Io, apiUrl: string): Promise<void> {
  const api = { apiUrl, token: connection.credentials.bot_token };
  try {
    const current = await call(api, 'getWebhookInfo', undefined, io);
    const url = current.ok ? fieldsOf(current.result).url : undefined;
    if (url !== undefined && url !== connection.settings.webhook_url) return;
    const answer = await call(api, 'deleteWebhook', {}, io);
    if (!answer.ok) io.log.warn({ channel: connection.id, code: answer.code }, 'Telegram kept the webhook');
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    io.log.warn({ channel: connection.id }, 'Telegram could not be reached to take the webhook away');
  }
}
