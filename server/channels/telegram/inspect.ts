import type { Inspection, Io } from '../../core/adapter.ts';
import { type Answer, call, fieldsOf, type TelegramConnection } from './api.ts';

/** https://core.telegram.org/bots/api#getwebhookinfo */
export async function inspect(
  connection: TelegramConnection,
  wanted: string,
  io: Io,
  apiUrl: string,
): Promise<Inspection> {
  const api = { apiUrl, token: connection.credentials.bot_token };
  const me = await call(api, 'getMe', undefined, io);
  if (!me.ok) return isDead(me) ? { dead: 'Telegram does not know this bot token any more.' } : {};
  const { username } = fieldsOf(me.result);
  const info = await call(api, 'getWebhookInfo', undefined, io);
  return {
    ...(username ? { name: `@${username}` } : {}),
    ...(info.ok ? { webhook: webhookOf(fieldsOf(info.result), wanted) } : {}),
  };
}

const isDead = (answer: Extract<Answer, { ok: false }>): boolean =>
  answer.code === 401 || answer.code === 404;

function webhookOf(info: Record<string, unknown>, wanted: string): Inspection['webhook'] {
  const url = typeof info.url === 'string' && info.url !== '' ? info.url : undefined;
  const said = typeof info.last_error_message === 'string' ? info.last_error_message : undefined;
  return { is: url, wanted, ...(said ? { problem: said } : {}) };
}
