import { createHash } from 'node:crypto';
import type { Connection, Io } from '../../core/adapter.ts';
import type { Event, MessageEvent, UnparsedEvent } from '../../core/message.ts';
import { senderOf } from './customer.ts';
import { whyFailed } from './errors.ts';
import { type Json, number, record, records, text } from './json.ts';
import { partsOf } from './parts.ts';
import { receiptOf, timeOf } from './receipts.ts';

/** The channel behind a phone number id; undefined: not one of ours, acknowledged and dropped. */
export type Route = (phoneNumberId: string) => Promise<Connection | undefined>;

/** Kept of what we do not understand; a `history` webhook alone may have 3 MB. */
const RAW_LIMIT = 16_000;

/** What all items of one `value` share. */
interface Context {
  connection: Event['connection'];
  wabaId: string;
  contacts: Json[];
  now: number;
}

/**
 * All entries, all changes, all messages and statuses of a webhook, each routed by its own phone number.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview (batches of up to 1000)
 */
export async function readBatch(body: Json, route: Route, io: Io): Promise<Event[]> {
  const events: Event[] = [];
  for (const entry of records(body.entry))
    for (const change of records(entry.changes))
      events.push(...(await readChange(text(entry.id) ?? '', change, route, io)));
  return events;
}

async function readChange(wabaId: string, change: Json, route: Route, io: Io): Promise<Event[]> {
  const value = record(change.value);
  const phoneNumberId = text(record(value?.metadata)?.phone_number_id);
  const field = text(change.field) ?? 'nothing';
  // Events of the account (templates, quality, limits) name no phone number and carry no message.
  if (!value || !phoneNumberId) {
    io.log.info({ field, wabaId }, 'a WhatsApp webhook that names no phone number was acknowledged');
    return [];
  }
  const channel = await route(phoneNumberId);
  if (!channel) {
    io.log.warn(
      { field, wabaId, phoneNumberId },
      'a WhatsApp webhook for an unknown number was acknowledged',
    );
    return [];
  }
  const connection = { workspaceId: channel.workspaceId, id: channel.id };
  const context = { connection, wabaId, contacts: records(value.contacts), now: io.clock.now() };
  if (field !== 'messages') return [unparsed(value, `a WhatsApp webhook about “${field}”`, context)];
  return [
    ...records(value.messages).map((message) => guarded(message, context, readMessage)),
    ...records(value.statuses).map((status) => guarded(status, context, readStatus)),
    ...records(value.errors).map((error) => guarded(error, context, readError)),
  ].filter((event) => event !== undefined);
}

type Read = (item: Json, context: Context) => Event | undefined;

/** One item that surprises us never takes the others of its batch with it. */
function guarded(item: Json, context: Context, read: Read): Event | undefined {
  try {
    return read(item, context);
  } catch (error) {
    return unparsed(
      item,
      `could not be read: ${error instanceof Error ? error.message : 'unknown'}`,
      context,
    );
  }
}

function readMessage(message: Json, context: Context): MessageEvent | UnparsedEvent {
  const type = text(message.type) ?? 'without a type';
  if (text(message.group_id)) return unparsed(message, 'a message in a WhatsApp group', context);
  if (type === 'request_welcome')
    return unparsed(message, 'a customer opened the chat for the first time', context);
  const sender = senderOf(message, context.contacts, context.wabaId);
  if (!sender) return unparsed(message, 'a WhatsApp message without a sender', context);
  const parts = partsOf(message);
  if (!parts || parts.length === 0)
    return unparsed(message, `a WhatsApp message of an unknown kind (${type})`, context);
  const replyTo = text(record(message.context)?.id);
  return {
    kind: 'message',
    connection: context.connection,
    id: idOf(message),
    thread: sender.thread,
    author: { kind: 'customer', customer: sender.customer },
    parts,
    at: timeOf(message.timestamp) ?? context.now,
    ...(replyTo ? { replyTo } : {}),
  };
}

function readStatus(status: Json, context: Context): Event | undefined {
  // Seen in the past and without a meaning for us: the business deleted its own message.
  if (status.status === 'deleted') return undefined;
  const receipt = receiptOf(status, context.connection, context.now);
  return receipt ?? unparsed(status, `a WhatsApp status “${text(status.status) ?? ''}”`, context);
}

/** Troubles of the whole number that no message can get past. */
const CLOSED = new Set([0, 190, 368, 131031, 131037, 131042, 131045, 133006, 133010]);

function readError(error: Json, context: Context): Event {
  const code = number(error.code);
  const details = text(record(error.error_data)?.details) ?? text(error.message) ?? text(error.title) ?? '';
  if (code === undefined || !CLOSED.has(code))
    return unparsed(error, `WhatsApp reports trouble: ${details || `error ${code}`}`, context);
  const why = whyFailed(code, details);
  return {
    kind: 'state',
    connection: context.connection,
    id: idOf(error),
    value: 'offline',
    why,
    at: context.now,
  };
}

function unparsed(item: Json, why: string, context: Context): UnparsedEvent {
  return {
    kind: 'unparsed',
    connection: context.connection,
    // A status shares its id with the message it is about; only messages are known by their id alone.
    id: 'status' in item ? hashOf(item) : idOf(item),
    why,
    raw: JSON.stringify(item).slice(0, RAW_LIMIT),
    at: timeOf(item.timestamp) ?? context.now,
  };
}

/** The provider's own id; without one a hash of the content, so that a redelivery is still a duplicate. */
const idOf = (item: Json): string => text(item.id) ?? hashOf(item);

const hashOf = (item: Json): string =>
  `sha256:${createHash('sha256').update(JSON.stringify(item)).digest('hex')}`;
