import { createHash, timingSafeEqual } from 'node:crypto';
import type { Connection, FindConnection, Io, Received, WebhookRequest } from '../../core/adapter.ts';
import { describe } from '../../core/describe.ts';
import type { Customer, Event, Part } from '../../core/message.ts';
import { partsOf } from './content.ts';
import type { TelegramCredentials } from './credentials.ts';
import { type Message, type Update, type User, update as updateSchema } from './update.ts';

/** One `Update` per request: https://core.telegram.org/bots/api#getting-updates */
export async function receive(request: WebhookRequest, find: FindConnection, io: Io): Promise<Received> {
  const connection = request.routeId === undefined ? undefined : await find.byId(request.routeId);
  if (connection?.type !== 'telegram') return { reject: 404 };
  const { webhook_secret } = connection.credentials as TelegramCredentials;
  if (!isSecret(request.headers['x-telegram-bot-api-secret-token'], webhook_secret)) return { reject: 401 };
  const body = new TextDecoder().decode(request.body);
  const json = parsed(body);
  if (json === undefined) return { reject: 400 };
  const read = updateSchema.safeParse(json);
  const context: Context = { connection, body, now: io.clock.now(), json };
  if (!read.success)
    return { events: [unparsed(context, 'Telegram sent an update of a form we do not know')] };
  return answer(read.data, eventsOf(read.data, context));
}

interface Context {
  connection: Connection;
  body: string;
  json: unknown;
  now: number;
}

/** Digests have one length, whatever was sent: nothing can be learnt from the time. */
function isSecret(given: string | undefined, expected: string | undefined): boolean {
  if (!given || !expected) return false;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** A pressed button spins until it is answered; Telegram takes the answer as the webhook's own reply. */
function answer(update: Update, events: Event[]): Received {
  if (!update.callback_query) return { events };
  const body = { method: 'answerCallbackQuery', callback_query_id: update.callback_query.id };
  return {
    events,
    reply: { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
  };
}

function eventsOf(update: Update, context: Context): Event[] {
  const chat = (
    update.message ??
    update.edited_message ??
    update.callback_query?.message ??
    update.message_reaction
  )?.chat;
  if (chat && chat.type !== 'private')
    return [unparsed(context, `Written in a ${chat.type}: only private chats with the bot are bridged`)];
  if (update.message) return [fromMessage(update.message, context)];
  if (update.edited_message) return [fromEdit(update.edited_message, context)];
  if (update.callback_query) return [fromButton(update.callback_query, context)];
  if (update.message_reaction) return [fromReaction(update, update.message_reaction, context)];
  if (update.my_chat_member) return [unparsed(context, membership(update.my_chat_member))];
  return [unparsed(context, 'Telegram sent an update of a kind that we do not know')];
}

function fromMessage(message: Message, context: Context): Event {
  const parts = partsOf(message);
  if (!parts)
    return unparsed(context, `Telegram sent ${contentNames(message)}, which is no message of a customer`);
  const { chat, from, message_id, date, reply_to_message } = message;
  return {
    ...base(context, chat.id, from, parts),
    id: messageId(chat.id, message_id),
    at: date * 1000,
    seq: String(message_id),
    ...(reply_to_message && { replyTo: messageId(chat.id, reply_to_message.message_id) }),
  };
}

function fromEdit(message: Message, context: Context): Event {
  const { chat, from, message_id, date, edit_date = date } = message;
  // A live location moves every few seconds: nobody wants to read each step in an inbox.
  if (message.location?.live_period) return unparsed(context, 'A live location moved on');
  const parts = partsOf(message);
  if (!parts) return unparsed(context, `Telegram sent an edit of ${contentNames(message)}`);
  const of = messageId(chat.id, message_id);
  const [part] = parts;
  const text = part?.kind === 'file' && part.caption ? part.caption : parts.map(describe).join('\n');
  return {
    ...base(context, chat.id, from, [{ kind: 'edit', of, text }]),
    id: `${of}:edit:${edit_date}`,
    at: edit_date * 1000,
    seq: String(message_id),
  };
}

function fromButton(query: NonNullable<Update['callback_query']>, context: Context): Event {
  const { id, from, data, message } = query;
  const pressed = message?.reply_markup?.inline_keyboard
    .flat()
    .find((button) => button.callback_data === data);
  const choice: Part = { kind: 'choice', text: pressed?.text ?? data ?? '', ...(data && { payload: data }) };
  const chatId = message?.chat.id ?? from.id;
  return {
    ...base(context, chatId, from, [choice]),
    id: `callback:${id}`,
    at: context.now,
    ...(message && { replyTo: messageId(chatId, message.message_id) }),
  };
}

function fromReaction(
  update: Update,
  reaction: NonNullable<Update['message_reaction']>,
  context: Context,
): Event {
  const { chat, user, message_id, date, new_reaction } = reaction;
  const latest = new_reaction.at(-1);
  const emoji = latest ? (latest.emoji ?? 'with a custom emoji') : '';
  return {
    ...base(context, chat.id, user, [{ kind: 'reaction', to: messageId(chat.id, message_id), emoji }]),
    id: `reaction:${update.update_id}`,
    at: date * 1000,
  };
}

function base({ connection }: Context, chatId: number, from: User | undefined, parts: Part[]) {
  const { workspaceId, id } = connection;
  return {
    kind: 'message' as const,
    connection: { workspaceId, id },
    thread: String(chatId),
    author: { kind: 'customer' as const, customer: customerOf(from ?? { id: chatId }, connection) },
    parts,
  };
}

/** A user id means something to one bot only: that is its scope. */
function customerOf(user: User, connection: Connection): Customer {
  const name = [user.first_name, user.last_name].filter(Boolean).join(' ');
  return {
    identities: [{ kind: 'telegram', scope: connection.externalId, value: String(user.id) }],
    ...(name && { name }),
    address: user.username ? `@${user.username}` : name || `Telegram user ${user.id}`,
  };
}

/** A message id is unique in its chat only. */
export const messageId = (chatId: number | string, id: number): string => `${chatId}:${id}`;

function membership({ from, new_chat_member }: NonNullable<Update['my_chat_member']>): string {
  const who = from.first_name ?? 'The customer';
  if (new_chat_member.status === 'kicked') return `${who} blocked the bot: messages to them will fail`;
  return new_chat_member.status === 'member'
    ? `${who} unblocked the bot`
    : 'The bot’s membership in a chat changed';
}

const ENVELOPE = [
  'message_id',
  'date',
  'edit_date',
  'chat',
  'from',
  'reply_to_message',
  'entities',
  'caption_entities',
];
const contentNames = (message: Message): string =>
  Object.keys(message)
    .filter((key) => !ENVELOPE.includes(key))
    .join(', ') || 'an empty message';

/** The update's own number is the same when Telegram repeats it; without one, the body's digest is. */
function unparsed({ connection, json, body, now }: Context, why: string): Event {
  const { update_id } = (typeof json === 'object' && json !== null ? json : {}) as { update_id?: unknown };
  const digest = createHash('sha256').update(body).digest('hex');
  return {
    kind: 'unparsed',
    connection: { workspaceId: connection.workspaceId, id: connection.id },
    id: typeof update_id === 'number' ? `update:${update_id}` : `body:${digest}`,
    why,
    raw: body,
    at: now,
  };
}
