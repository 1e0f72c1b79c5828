import { createHash } from 'node:crypto';
import type {
  Connection,
  FindConnection,
  Io,
  Received,
  WebhookReply,
  WebhookRequest,
} from '../../core/adapter.ts';
import type { Event, Part, ReceiptStatus } from '../../core/message.ts';
import type { TwilioCredentials } from './credentials.ts';
import { reasonOf } from './errors.ts';
import { contentParts, messageEvent } from './inbound.ts';
import { verify } from './signature.ts';

/** Any text in the answer would be sent to the customer; an empty TwiML document says nothing. */
const SILENCE: WebhookReply = { status: 200, headers: { 'content-type': 'text/xml' }, body: '<Response/>' };

/**
 * A form per message or status: https://www.twilio.com/docs/messaging/guides/webhook-request and
 * https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
 */
export async function receive(request: WebhookRequest, find: FindConnection, io: Io): Promise<Received> {
  const connection = request.routeId === undefined ? undefined : await find.byId(request.routeId);
  if (connection?.type !== 'twilio_sms') return { reject: 404 };
  const { auth_token } = connection.credentials as TwilioCredentials;
  const body = new TextDecoder().decode(request.body);
  if (!verify(auth_token, request.headers['x-twilio-signature'], request.url, body)) return { reject: 401 };
  const form = new URLSearchParams(body);
  const context: Context = { connection, form, body, now: io.clock.now(), url: request.url };
  return { events: eventsOf(context), reply: SILENCE };
}

interface Context {
  connection: Connection;
  form: URLSearchParams;
  body: string;
  now: number;
  url: string;
}

function eventsOf(context: Context): Event[] {
  const { form } = context;
  const sid = form.get('MessageSid') ?? form.get('SmsSid');
  if (!sid) return [unparsed(context, 'Twilio sent something that is neither a message nor a status')];
  const status = form.get('MessageStatus') ?? form.get('SmsStatus');
  if (status && status !== 'received' && status !== 'receiving') return receipt(context, sid, status);
  return [inbound(context, sid)];
}

/** In whole seconds, as the list has them: else a message that was caught up on would stand before its elder. */
const wholeSecond = (at: number): number => Math.floor(at / 1000) * 1000;

function inbound(context: Context, sid: string): Event {
  const { connection, form, now } = context;
  const from = form.get('From') ?? '';
  if (from === '') return unparsed(context, 'Twilio sent a message without a sender');
  if (/^[a-z]+:/i.test(from))
    return unparsed(context, `A message from ${from.split(':', 1)[0]} came to an SMS channel`);
  const replyTo = form.get('OriginalRepliedMessageSid');
  const at = wholeSecond(now);
  return messageEvent(connection, { sid, from, parts: partsOf(form), at, ...(replyTo && { replyTo }) });
}

function partsOf(form: URLSearchParams): Part[] {
  const choice = form.get('ButtonText') ?? form.get('ListTitle');
  const payload = form.get('ButtonPayload') ?? form.get('ListId');
  const files = Array.from({ length: Number(form.get('NumMedia') ?? 0) || 0 }, (_, index) => ({
    url: form.get(`MediaUrl${index}`) ?? '',
    contentType: form.get(`MediaContentType${index}`) ?? '',
  })).filter(({ url }) => url !== '');
  if (choice) return [{ kind: 'choice', text: choice, ...(payload && { payload }) }];
  return [...contentParts(form.get('Body') ?? '', files), ...locationParts(form)];
}

function locationParts(form: URLSearchParams): Part[] {
  const [latitude, longitude] = [form.get('Latitude'), form.get('Longitude')];
  if (!latitude || !longitude) return [];
  const [name, address] = [form.get('Label'), form.get('Address')];
  return [
    {
      kind: 'location',
      latitude: Number(latitude),
      longitude: Number(longitude),
      ...(name && { name }),
      ...(address && { address }),
    },
  ];
}

/** "Sent" means here what it means after a send: Twilio has it. So even the earliest status settles a doubtful send. */
const STATUSES: Record<string, ReceiptStatus> = {
  accepted: 'sent',
  queued: 'sent',
  scheduled: 'sent',
  sending: 'sent',
  sent: 'sent',
  partially_delivered: 'sent',
  delivered: 'delivered',
  read: 'read',
  undelivered: 'failed',
  failed: 'failed',
  canceled: 'failed',
};

/** The callback's URL carries our delivery's id; the signature covers it. There is no time in it: ours counts. */
function receipt(context: Context, sid: string, said: string): Event[] {
  const { connection, form, now, url } = context;
  const status = STATUSES[said];
  if (!status) return [unparsed(context, `Twilio reported a status that we do not know: ${said}`)];
  const ref = new URL(url).searchParams.get('delivery');
  const code = form.get('ErrorCode') || undefined;
  return [
    {
      kind: 'receipt',
      connection: { workspaceId: connection.workspaceId, id: connection.id },
      of: sid,
      ...(ref && { ref }),
      status,
      at: now,
      ...(status === 'failed' && {
        code: code ?? said,
        why: reasonOf(code === undefined ? undefined : Number(code), form.get('ErrorMessage') ?? undefined),
      }),
    },
  ];
}

function unparsed({ connection, body, now }: Context, why: string): Event {
  return {
    kind: 'unparsed',
    connection: { workspaceId: connection.workspaceId, id: connection.id },
    id: `body:${createHash('sha256').update(body).digest('hex')}`,
    why,
    raw: body,
    at: now,
  };
}
