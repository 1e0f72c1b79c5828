import type { Connection, HttpRequest, HttpResponse, Io } from '../../core/adapter.ts';
import {
  fromHttpStatus,
  type NotSent,
  refused,
  retry,
  unauthorized,
  unknown,
  WireError,
} from '../../core/outcome.ts';
import type { TelegramCredentials } from './credentials.ts';

export type TelegramConnection = Connection<TelegramCredentials>;

/** What Telegram answers: `{ok: true, result}` or `{ok: false, error_code, description, parameters?}`. */
export type Answer =
  | { ok: true; result: unknown }
  | { ok: false; code: number; text: string; retryAfterMs?: number };

/** The token is part of every URL, so no error that names a URL may leave here with it. */
export async function call(
  api: { apiUrl: string; token: string },
  method: string,
  body: Record<string, unknown> | FormData | undefined,
  io: Io,
): Promise<Answer> {
  const url = `${api.apiUrl}/bot${api.token}/${method}`;
  // Uploads take their time; both stay below a lease of 30 s.
  const payload = body instanceof FormData ? { multipart: body, timeoutMs: 25_000 } : { json: body };
  const request: HttpRequest = body ? { method: 'POST', url, ...payload } : { method: 'GET', url };
  const response = await withoutToken(api.token, () => io.http(request));
  return answerOf(response);
}

export async function withoutToken<Value>(token: string, ask: () => Promise<Value>): Promise<Value> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new WireError(error.message.replaceAll(token, '<token>'), error.notSent);
  }
}

function answerOf(response: HttpResponse): Answer {
  const { ok, result, error_code, description, parameters } = fieldsOf(response.json);
  if (ok === true) return { ok: true, result };
  const seconds = fieldsOf(parameters).retry_after ?? Number(response.headers['retry-after'] ?? Number.NaN);
  return {
    ok: false,
    code: typeof error_code === 'number' ? error_code : response.status,
    text: typeof description === 'string' ? description : `Telegram answered ${response.status}`,
    ...(typeof seconds === 'number' && Number.isFinite(seconds) && { retryAfterMs: seconds * 1000 }),
  };
}

export const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/**
 * Telegram has no codes below the HTTP status, only sentences: https://core.telegram.org/bots/api#making-requests
 * The sentences in use are collected at https://github.com/TelegramBotAPI/errors
 */
const REASONS: [code: number, sentence: RegExp, why: string][] = [
  [
    403,
    /bot was blocked by the user/i,
    'The customer has blocked the bot. They have to unblock it in Telegram before you can write to them.',
  ],
  [403, /user is deactivated/i, 'The customer’s Telegram account no longer exists. Reach them another way.'],
  [
    403,
    /can't initiate conversation/i,
    'The customer has not started a chat with the bot. Ask them to open the bot in Telegram and press Start.',
  ],
  [
    403,
    /bot was kicked|bot is not a member/i,
    'The bot is no longer in that chat. Ask the customer to write to the bot directly.',
  ],
  [403, /can't send messages to (the )?bots/i, 'The recipient is a bot; bots cannot write to each other.'],
  [
    400,
    /chat not found|peer_id_invalid|user not found/i,
    'Telegram does not know this chat. Ask the customer to write to the bot again.',
  ],
  [
    400,
    /upgraded to a supergroup|migrated/i,
    'The chat became a Telegram group of another kind. Ask the customer to write to the bot directly.',
  ],
  [
    400,
    /message text is empty|text must be non-empty|file must be non-empty/i,
    'There was nothing to send: the message is empty. Write it again.',
  ],
  [400, /(message|caption) is too long/i, 'The message is too long for Telegram. Send it in shorter parts.'],
  [
    400,
    /file is too big|request entity too large/i,
    'The file is too big for Telegram. Make it smaller, or send a link to it.',
  ],
  [
    400,
    /wrong file identifier|wrong remote file|failed to get http url content|wrong type of the web page/i,
    'Telegram could not use the file. Send it again, or send a link to it.',
  ],
  [
    400,
    /voice_messages_forbidden/i,
    'The customer does not accept voice messages. Write to them, or send the recording as a file.',
  ],
  [413, /./, 'The file is too big for Telegram. Make it smaller, or send a link to it.'],
];

/** The outcome of a send that Telegram did not take. */
export function outcomeOf(answer: Extract<Answer, { ok: false }>): NotSent {
  const { code, text, retryAfterMs } = answer;
  const reason = REASONS.find(([at, sentence]) => at === code && sentence.test(text));
  if (reason) return refused(code, reason[2]);
  // 404 is what a malformed or deleted token gets: the method names are ours.
  if (code === 401 || code === 404)
    return unauthorized(
      'Telegram no longer accepts the bot token. Get it from @BotFather and connect the channel again.',
    );
  if (code === 409) return retry('Another program is fetching this bot’s updates from Telegram just now.');
  if (code === 429)
    // Its limits per chat and per bot answer alike.
    return retry('Telegram asked to send more slowly.', { afterMs: retryAfterMs, slowDown: 'unclear' });
  if (code === 200) return unknown('Telegram answered something that we do not understand.');
  return fromHttpStatus(code, `Telegram refused the message: ${text}`, retryAfterMs);
}
