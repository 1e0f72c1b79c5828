/** The Bot API's methods over the emulator's state. https://core.telegram.org/bots/api#available-methods */
import { isLoopback, parsedUrl } from '../wire.ts';
import type { Arguments } from './arguments.ts';
import {
  type Content,
  contactContent,
  fileContent,
  fileMethod,
  placeContent,
  textContent,
} from './content.ts';
import { formatted } from './entities.ts';
import {
  type Bot,
  badRequest,
  botUser,
  type Chat,
  privateChat,
  Refusal,
  type Webhook,
  type Wire,
} from './state.ts';

/** What the methods need of the emulator around them. */
export interface Office {
  now(): number;
  /** Milliseconds until this bot may send again; 0 = now. */
  wait(bot: Bot): number;
  /** The webhook was set or removed. */
  webhookChanged(bot: Bot): void;
  accepted(bot: Bot, chat: Chat, method: string): void;
}
/** `description` beside a result, as setWebhook gives one. */
export interface Result {
  result: unknown;
  description?: string;
}

const DOWNLOAD_LIMIT = 20 * 1024 * 1024;

/** Runs one method (lower-case name: Telegram ignores case); throws `Refusal`. */
export async function callMethod(bot: Bot, method: string, args: Arguments, office: Office): Promise<Result> {
  const plain = PLAIN[method];
  if (plain) return plain(bot, args, office);
  const content = await contentOf(bot, method, args);
  if (!content) throw new Refusal(404, 'Not Found: method not found');
  return { result: send(bot, method, args, content, office) };
}

const PLAIN: Record<string, (bot: Bot, args: Arguments, office: Office) => Result> = {
  getme: (bot) => ({
    result: {
      ...botUser(bot),
      can_join_groups: true,
      can_read_all_group_messages: false,
      supports_inline_queries: false,
      can_connect_to_business: false,
      has_main_web_app: false,
    },
  }),
  setwebhook: setWebhook,
  deletewebhook: (bot, args, office) => removeWebhook(bot, args, office),
  getwebhookinfo: (bot) => ({ result: webhookInfo(bot) }),
  getupdates: getUpdates,
  getfile: getFile,
  answercallbackquery: (bot, args) => {
    if (!bot.callbacks.delete(args.text('callback_query_id')))
      throw badRequest('query is too old and response timeout expired or query ID is invalid');
    return { result: true };
  },
  sendchataction: (bot, args) => {
    if (!args.has('action')) throw badRequest('wrong parameter action in request');
    writableChat(bot, args);
    return { result: true };
  },
  editmessagetext: editMessageText,
};

async function contentOf(bot: Bot, method: string, args: Arguments): Promise<Content | undefined> {
  const file = fileMethod(method);
  if (file) return fileContent(bot, file, args);
  if (method === 'sendmessage') return textContent(args);
  if (method === 'sendlocation') return placeContent(args, false);
  if (method === 'sendvenue') return placeContent(args, true);
  if (method === 'sendcontact') return contactContent(args);
  return undefined;
}

function send(bot: Bot, method: string, args: Arguments, content: Content, office: Office): Wire {
  const chat = writableChat(bot, args);
  const quoted = repliedTo(chat, args);
  const { choices, markup } = keyboard(args);
  const wait = office.wait(bot);
  if (wait > 0) {
    const seconds = Math.ceil(wait / 1000);
    throw new Refusal(429, `Too Many Requests: retry after ${seconds}`, { retry_after: seconds });
  }
  const id = bot.nextMessage++;
  const at = office.now();
  const wire: Wire = {
    message_id: id,
    from: botUser(bot),
    chat: privateChat(chat),
    date: Math.floor(at / 1000),
    ...content.wire,
    ...(quoted ? { reply_to_message: quoted } : {}),
    ...(markup ? { reply_markup: markup } : {}),
  };
  chat.wires.set(id, wire);
  chat.bubbles.push({
    id: String(id),
    direction: 'out',
    at,
    files: [],
    status: 'delivered',
    origin: 'api',
    ...content.bubble,
    ...(quoted ? { replyTo: String(quoted.message_id) } : {}),
    ...(choices.length > 0 ? { choices } : {}),
  });
  office.accepted(bot, chat, method);
  return wire;
}

function writableChat(bot: Bot, args: Arguments): Chat {
  const id = args.text('chat_id');
  if (id === '') throw badRequest('chat_id is empty');
  const chat = bot.chats.get(Number(id));
  if (!chat) throw badRequest('chat not found');
  if (chat.deactivated) throw new Refusal(403, 'Forbidden: user is deactivated');
  if (chat.blocked) throw new Refusal(403, 'Forbidden: bot was blocked by the user');
  return chat;
}

/** `reply_parameters`, or the older `reply_to_message_id`. */
function repliedTo(chat: Chat, args: Arguments): Wire | undefined {
  const parameters = args.json('reply_parameters', 'reply parameters') as Record<string, unknown> | undefined;
  const id = parameters ? parameters.message_id : args.json('reply_to_message_id');
  if (id === undefined || id === null) return undefined;
  const found = chat.wires.get(Number(id));
  const lenient =
    parameters?.allow_sending_without_reply === true || args.flag('allow_sending_without_reply');
  if (!found && !lenient) throw badRequest('message to be replied not found');
  if (!found) return undefined;
  const { reply_to_message: _nested, ...quoted } = found;
  return quoted as Wire;
}

interface Button {
  text?: unknown;
  callback_data?: unknown;
  url?: unknown;
}

function keyboard(args: Arguments): { choices: { text: string; payload: string }[]; markup?: unknown } {
  const value = args.json('reply_markup', 'reply keyboard markup') as
    | { inline_keyboard?: Button[][] }
    | undefined;
  if (!value?.inline_keyboard) return { choices: [] };
  const choices = value.inline_keyboard.flat().map((button) => {
    if (typeof button.text !== 'string' || button.text === '')
      throw badRequest('can\'t parse inline keyboard button: Field "text" must be of type String');
    const payload = typeof button.callback_data === 'string' ? button.callback_data : '';
    if (payload === '' && button.url === undefined)
      throw badRequest(
        "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
      );
    if (Buffer.byteLength(payload) > 64) throw badRequest('BUTTON_DATA_INVALID');
    return { text: button.text, payload };
  });
  return { choices, markup: value };
}

function editMessageText(bot: Bot, args: Arguments, office: Office): Result {
  const chat = writableChat(bot, args);
  const wire = chat.wires.get(args.number('message_id'));
  if (!wire) throw badRequest('message to edit not found');
  const { text, entities } = formatted(args, 'text');
  if (text === '') throw badRequest('message text is empty');
  if (wire.text === text)
    throw badRequest(
      'message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message',
    );
  Object.assign(wire, { text, entities, edit_date: Math.floor(office.now() / 1000) });
  const bubble = chat.bubbles.find((one) => one.id === String(wire.message_id));
  if (bubble) Object.assign(bubble, { text, edited: true });
  return { result: wire };
}

function setWebhook(bot: Bot, args: Arguments, office: Office): Result {
  const text = args.text('url');
  if (text === '') return removeWebhook(bot, args, office);
  checkWebhookUrl(text);
  const secret = args.text('secret_token');
  if (secret.length > 256) throw badRequest('secret token is too long');
  if (!/^[A-Za-z0-9_-]*$/.test(secret)) throw badRequest('secret token contains unallowed characters');
  const allowed = args.json('allowed_updates', 'allowed updates') as string[] | undefined;
  const kept = allowed ?? bot.webhook?.allowed;
  const connections = args.number('max_connections');
  const webhook: Webhook = {
    url: text,
    secret,
    maxConnections: Number.isNaN(connections) ? 40 : Math.min(100, Math.max(1, connections)),
    ...(kept && kept.length > 0 ? { allowed: kept } : {}),
  };
  if (args.flag('drop_pending_updates')) bot.pending = [];
  const same = JSON.stringify(webhook) === JSON.stringify(bot.webhook);
  bot.webhook = webhook;
  office.webhookChanged(bot);
  return { result: true, description: same ? 'Webhook is already set' : 'Webhook was set' };
}

/** https on Telegram's four ports; plain http only to this very machine, where the product under test lives. */
function checkWebhookUrl(text: string): void {
  const url = parsedUrl(text);
  if (!url || !['http:', 'https:'].includes(url.protocol)) throw badRequest('invalid webhook URL specified');
  if (isLoopback(url)) return;
  if (url.protocol !== 'https:') throw badRequest('bad webhook: An HTTPS URL must be provided for webhook');
  if (!['', '443', '80', '88', '8443'].includes(url.port))
    throw badRequest('bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443');
}

function removeWebhook(bot: Bot, args: Arguments, office: Office): Result {
  if (args.flag('drop_pending_updates')) bot.pending = [];
  const had = bot.webhook !== undefined;
  delete bot.webhook;
  delete bot.lastError;
  office.webhookChanged(bot);
  return { result: true, description: had ? 'Webhook was deleted' : 'Webhook is already deleted' };
}

function webhookInfo(bot: Bot): Record<string, unknown> {
  return {
    url: bot.webhook?.url ?? '',
    has_custom_certificate: false,
    pending_update_count: bot.pending.length,
    ...(bot.lastError
      ? { last_error_date: bot.lastError.date, last_error_message: bot.lastError.message }
      : {}),
    ...(bot.webhook ? { max_connections: bot.webhook.maxConnections, ip_address: '127.0.0.1' } : {}),
    ...(bot.webhook?.allowed ? { allowed_updates: bot.webhook.allowed } : {}),
  };
}

function getUpdates(bot: Bot, args: Arguments): Result {
  if (bot.webhook)
    throw new Refusal(
      409,
      "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    );
  const offset = args.number('offset');
  if (!Number.isNaN(offset)) bot.pending = bot.pending.filter((update) => update.body.update_id >= offset);
  return { result: bot.pending.slice(0, args.number('limit') || 100).map((update) => update.body) };
}

function getFile(bot: Bot, args: Arguments): Result {
  const id = args.text('file_id');
  if (id === '') throw badRequest('file_id not specified');
  const file = bot.files.get(id);
  if (!file) throw badRequest('wrong file_id or the file is temporarily unavailable');
  if (file.bytes.length > DOWNLOAD_LIMIT) throw badRequest('file is too big');
  return {
    result: {
      file_id: id,
      file_unique_id: file.uniqueId,
      file_size: file.bytes.length,
      file_path: file.path,
    },
  };
}
