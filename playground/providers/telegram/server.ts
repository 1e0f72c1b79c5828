/** The wire side of the Telegram emulator: the Bot API's HTTP, and updates pushed as Telegram's own server pushes them. */
import type { Request, Response } from 'express';
import { type Answer, Emulator, type SentWebhook } from '../../kit.ts';
import { type Budget, Throttle } from '../budget.ts';
import type { PhoneMessage } from '../phone.ts';
import { asciiJson } from '../wire.ts';
import { argumentsOf } from './arguments.ts';
import { callMethod, type Office } from './methods.ts';
import { type Bot, type Chat, isAllowed, type PendingUpdate, Refusal, type TelegramUser } from './state.ts';

export interface TelegramOptions {
  recordTo?: string;
  bots?: BotSeed[];
  /** Waits between pushes of one update, ms. Telegram: at once, then 2 s doubling to a minute, for a day. */
  webhookRetryAfterMs?: number[];
  webhookTimeoutMs?: number;
  /** Sends per bot; Telegram's FAQ says about 30 a second. */
  budget?: Budget;
  now?: () => number;
}
export interface BotSeed {
  /** `<digits>:<secret>`; the digits are the bot's id. */
  token: string;
  username: string;
  name?: string;
}

const TELEGRAM_WAITS = [0, 2_000, 4_000, 8_000, 16_000, 32_000, ...Array<number>(1_400).fill(60_000)];

/** Everything that is seen over the wire; the phones stand on top of it. */
export abstract class TelegramServer extends Emulator {
  protected readonly bots = new Map<string, Bot>();
  protected readonly people = new Map<number, TelegramUser>();
  readonly #options: TelegramOptions;
  readonly #office: Office;
  /** Every send that was accepted, in order: what "never twice" is counted by. */
  readonly accepted: { bot: number; chat: number; method: string; message: PhoneMessage }[] = [];

  constructor(options: TelegramOptions = {}) {
    super('telegram', options.recordTo);
    this.#options = options;
    const throttle = new Throttle(options.budget ?? { burst: 30, perSecond: 30 });
    this.#office = {
      now: () => this.now(),
      wait: (bot) => throttle.take(bot.token, this.now()),
      webhookChanged: (bot) => this.#push(bot),
      accepted: (bot, chat, method) => this.#onAccepted(bot, chat, method),
    };
    for (const bot of options.bots ?? []) this.addBot(bot);
    this.app.get(/^\/file\/bot([^/]+)\/(.+)$/, (request, response) => this.#download(request, response));
    this.app.all(/^\/bot([^/]+)\/([^/]+)$/, (request, response) => this.#call(request, response));
    this.app.use((_request, response) => {
      response.status(404).json({ ok: false, error_code: 404, description: 'Not Found' });
    });
  }

  addBot({ token, username, name = username }: BotSeed): { id: number; token: string; username: string } {
    const id = Number(token.split(':')[0]);
    if (!Number.isSafeInteger(id)) throw new Error('a bot token begins with the digits of its id');
    this.bots.set(token, {
      token,
      id,
      username,
      name,
      revoked: false,
      pending: [],
      busy: new Set(),
      nextMessage: 1,
      nextUpdate: 900_000_000 + (id % 1000) * 1000,
      chats: new Map(),
      files: new Map(),
      callbacks: new Set(),
    });
    this.changed();
    return { id, token, username };
  }

  // ——— HTTP ———

  async #call(request: Request, response: Response): Promise<void> {
    const [token, method] = pathParts(request);
    const run = async (): Promise<Answer> => {
      try {
        const bot = this.#authorised(token);
        const args = await argumentsOf(request);
        return ok(await callMethod(bot, method.toLowerCase(), args, this.#office));
      } catch (error) {
        if (error instanceof Refusal) return refusal(error);
        throw error;
      }
    };
    await this.serve(request, response, run, planned);
  }

  async #download(request: Request, response: Response): Promise<void> {
    const [token, path] = pathParts(request);
    const work = (): Answer => {
      const bot = this.bots.get(token);
      const file = [...(bot?.files.values() ?? [])].find((one) => one.path === path);
      if (!bot || bot.revoked || !file) return refusal(new Refusal(404, 'Not Found'));
      return { bytes: file.bytes, contentType: 'application/octet-stream' };
    };
    await this.serve(request, response, work, planned);
  }

  #authorised(token: string): Bot {
    const bot = this.bots.get(token);
    if (bot && !bot.revoked) return bot;
    if (bot || /^\d+:[\w-]+$/.test(token)) throw new Refusal(401, 'Unauthorized');
    throw new Refusal(404, 'Not Found');
  }

  // ——— Updates ———

  protected update(bot: Bot, chat: Chat, type: string, content: Record<string, unknown>): void {
    this.changed();
    if (!isAllowed(bot.webhook, type)) return;
    // A snapshot: later edits of the message must not change what is waiting.
    const body = JSON.parse(
      JSON.stringify({ update_id: bot.nextUpdate++, [type]: content }),
    ) as PendingUpdate['body'];
    bot.pending.push({ chat: chat.user.id, body });
    this.#push(bot);
  }

  /** Starts what may start: at most `max_connections` at once, and one update of a chat after another. */
  #push(bot: Bot): void {
    for (const update of bot.pending) {
      if (!bot.webhook || bot.busy.size >= bot.webhook.maxConnections) return;
      if (bot.busy.has(update.chat)) continue;
      bot.busy.add(update.chat);
      void this.track(this.#pushOne(bot, update));
    }
  }

  async #pushOne(bot: Bot, update: PendingUpdate): Promise<void> {
    const taken = await this.post(() => webhookPost(bot, update), {
      retryAfterMs: this.#options.webhookRetryAfterMs ?? TELEGRAM_WAITS,
      timeoutMs: this.#options.webhookTimeoutMs ?? 60_000,
      retries: () => true,
      tried: (sent) => this.#tried(bot, sent),
    });
    bot.busy.delete(update.chat);
    // Without a webhook it waits for the next one; otherwise it was taken or given up.
    if (taken || bot.webhook) bot.pending = bot.pending.filter((one) => one !== update);
    this.#push(bot);
  }

  #tried(bot: Bot, sent: SentWebhook): void {
    if (sent.status >= 200 && sent.status < 300) return;
    const words = {
      connect: 'Connection refused',
      timeout: 'Read timeout expired',
      broken: 'Connection closed',
    };
    const message = sent.failure ? words[sent.failure] : `Wrong response from the webhook: ${sent.status}`;
    bot.lastError = { date: Math.floor(this.now() / 1000), message };
  }

  // ——— State ———

  protected bot(id?: number | string): Bot {
    const bots = [...this.bots.values()];
    const found = id === undefined ? bots[0] : bots.find((bot) => bot.id === Number(id));
    if (!found) throw new Error(`no bot ${id ?? ''}: addBot first`);
    return found;
  }

  /** The chat of this person with the bot; started now where there was none. */
  protected chatWith(bot: Bot, customer: number): Chat {
    const chat = bot.chats.get(customer) ?? this.newChat(customer);
    bot.chats.set(customer, chat);
    return chat;
  }
  protected newChat(customer: number): Chat {
    const user = this.people.get(customer) ?? { id: customer, first_name: `Customer ${customer}` };
    return { user, blocked: false, deactivated: false, bubbles: [], wires: new Map() };
  }

  protected sender({ user }: Chat): Record<string, unknown> {
    return { ...user, is_bot: false, language_code: user.language_code ?? 'en' };
  }

  #onAccepted(bot: Bot, chat: Chat, method: string): void {
    const message = chat.bubbles.at(-1);
    if (message) this.accepted.push({ bot: bot.id, chat: chat.user.id, method, message });
    this.changed();
  }

  protected now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

function webhookPost(
  bot: Bot,
  update: PendingUpdate,
): { url: string; headers: Record<string, string>; body: string } | undefined {
  if (!bot.webhook) return undefined;
  const { url, secret } = bot.webhook;
  const headers = {
    'content-type': 'application/json',
    ...(secret ? { 'x-telegram-bot-api-secret-token': secret } : {}),
  };
  return { url, headers, body: asciiJson(update.body) };
}

const pathParts = (request: Request): [string, string] => {
  const parts = request.params as unknown as Record<string, string>;
  return [decodeURIComponent(parts[0] ?? ''), decodeURIComponent(parts[1] ?? '')];
};

const ok = (result: { result: unknown; description?: string }): Answer => ({
  contentType: 'application/json',
  text: asciiJson({ ok: true, ...result }),
});

function refusal({ code, message, parameters }: Refusal): Answer {
  return {
    status: code,
    ...(parameters?.retry_after ? { headers: { 'retry-after': String(parameters.retry_after) } } : {}),
    json: { ok: false, error_code: code, description: message, ...(parameters ? { parameters } : {}) },
  };
}

/** A planned fault in Telegram's own words. */
function planned({ status, retryAfter = 1 }: { status: number; retryAfter?: number }): Answer {
  if (status === 429)
    return refusal(
      new Refusal(429, `Too Many Requests: retry after ${retryAfter}`, { retry_after: retryAfter }),
    );
  const words: Record<number, string> = {
    400: 'Bad Request',
    401: 'Unauthorized',
    403: 'Forbidden: bot was blocked by the user',
    404: 'Not Found',
    409: 'Conflict: terminated by other getUpdates request',
    500: 'Internal Server Error',
    502: 'Bad Gateway',
    503: 'Service Unavailable',
    504: 'Gateway Timeout',
  };
  return refusal(new Refusal(status, words[status] ?? 'Internal Server Error'));
}
