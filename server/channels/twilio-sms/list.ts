import type { Delivery, Io, LookedUp } from '../../core/adapter.ts';
import type { Event } from '../../core/message.ts';
import { unauthorized } from '../../core/outcome.ts';
import {
  accountUrl,
  call,
  fieldsOf,
  isOk,
  listOf,
  type TwilioConnection,
  type TwilioHosts,
  textOf,
} from './api.ts';
import { contentParts, messageEvent, type TwilioMedia } from './inbound.ts';
import { bodyOf } from './send.ts';

type Listed = Record<string, unknown>;

/** Their clock shows seconds, and ours may be a little ahead. */
const CLOCK_SKEW_MS = 5_000;
/** 100 pages of 1,000: more messages than any channel gets in the time that catching up looks back. */
const MAX_PAGES = 100;

/**
 * The account's messages, newest first: https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources
 * Throws when Twilio does not answer with a list: half a list must not pass for a whole one.
 */
async function* messages(
  query: Record<string, string>,
  connection: TwilioConnection,
  io: Io,
  hosts: TwilioHosts,
): AsyncIterable<Listed> {
  const { credentials } = connection;
  let url = `${accountUrl(hosts, credentials)}/Messages.json?${new URLSearchParams(query)}`;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const response = await call(credentials, { method: 'GET', url }, io);
    if (!isOk(response)) throw new NotListed(response.status);
    const { messages: listed, next_page_uri } = fieldsOf(response.json);
    yield* listOf(listed);
    if (typeof next_page_uri !== 'string' || next_page_uri === '') return;
    url = `${hosts.apiUrl}${next_page_uri}`;
  }
}

/**
 * Whether a send without an answer made a message after all. By creation time, not by `DateSent`: a queued message has
 * none yet, and taking it for absent would send it twice.
 */
export async function lookup(
  delivery: Delivery,
  connection: TwilioConnection,
  io: Io,
  hosts: TwilioHosts,
): Promise<LookedUp> {
  if (delivery.kind !== 'message') return 'cannot';
  const since = (delivery.startedAt ?? delivery.at) - CLOCK_SKEW_MS;
  const files = delivery.parts.filter((part) => part.kind === 'file').length;
  const sender: Record<string, string> = connection.credentials.messaging_service_sid
    ? {}
    : { From: connection.externalId };
  const query = { To: delivery.conversation.thread, ...sender, PageSize: '50' };
  let found: string | undefined;
  try {
    for await (const listed of messages(query, connection, io, hosts)) {
      if (timeOf(listed.date_created) < since) break;
      if (delivery.taken?.includes(textOf(listed.sid))) continue;
      const ours =
        isOutbound(listed) && hasBody(listed, bodyOf(delivery)) && Number(listed.num_media ?? 0) === files;
      if (ours) found = textOf(listed.sid);
    }
  } catch (error) {
    if (error instanceof NotListed && error.status === 401)
      return unauthorized('Twilio no longer accepts the account’s SID and auth token.');
    throw error;
  }
  return found ? { found } : 'absent';
}

class NotListed extends Error {
  override name = 'NotListed';
  readonly status: number;
  constructor(status: number) {
    super(`Twilio did not list its messages: ${status}`);
    this.status = status;
  }
}

/** A trial account puts its own words in front. */
const hasBody = (listed: Listed, body: string): boolean =>
  textOf(listed.body).trim() === body.trim() ||
  textOf(listed.body) === `Sent from your Twilio trial account - ${body}`;

const isOutbound = (listed: Listed): boolean => textOf(listed.direction).startsWith('outbound');

/**
 * What came in since then, oldest first, because within a second only the order tells which came first: Twilio repeats a
 * webhook only when it could not connect.
 */
export async function catchUp(
  connection: TwilioConnection,
  since: number,
  io: Io,
  hosts: TwilioHosts,
): Promise<Event[]> {
  const service = connection.credentials.messaging_service_sid;
  const query: Record<string, string> = {
    ...(service ? {} : { To: connection.externalId }),
    'DateSent>': `${new Date(since).toISOString().slice(0, 19)}Z`,
    PageSize: '1000',
  };
  const events: Event[] = [];
  for await (const listed of messages(query, connection, io, hosts)) {
    const mine = listed.direction === 'inbound' && (!service || listed.messaging_service_sid === service);
    if (mine && timeOf(listed.date_sent) >= since - CLOCK_SKEW_MS)
      events.push(await fromListed(listed, connection, io, hosts));
  }
  return events.reverse();
}

async function fromListed(
  listed: Listed,
  connection: TwilioConnection,
  io: Io,
  hosts: TwilioHosts,
): Promise<Event> {
  const sid = textOf(listed.sid);
  const files = Number(listed.num_media ?? 0) > 0 ? await mediaOf(sid, connection, io, hosts) : [];
  const parts = contentParts(textOf(listed.body), files);
  return messageEvent(connection, { sid, from: textOf(listed.from), parts, at: timeOf(listed.date_sent) });
}

/** https://www.twilio.com/docs/messaging/api/media-resource#read-multiple-media-resources */
async function mediaOf(
  sid: string,
  { credentials }: TwilioConnection,
  io: Io,
  hosts: TwilioHosts,
): Promise<TwilioMedia[]> {
  const base = `${accountUrl(hosts, credentials)}/Messages/${sid}/Media`;
  const response = await call(credentials, { method: 'GET', url: `${base}.json` }, io);
  if (!isOk(response)) throw new Error(`Twilio did not list the files of a message: ${response.status}`);
  return listOf(fieldsOf(response.json).media_list).map((media) => ({
    url: `${base}/${textOf(media.sid)}`,
    contentType: textOf(media.content_type),
  }));
}

/** RFC 2822 (`Mon, 02 Nov 2026 10:00:00 +0000`) as milliseconds; without a time it counts as long ago. */
const timeOf = (date: unknown): number => Date.parse(textOf(date)) || 0;
