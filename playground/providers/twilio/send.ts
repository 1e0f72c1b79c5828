/** POST Messages: what Twilio takes and what it refuses at the door. */
import { parsedUrl } from '../wire.ts';
import { bad, TwilioError } from './errors.ts';
import type { TwilioCall } from './resources.ts';
import {
  type MessagingService,
  makeSid,
  type TwilioMessage,
  type TwilioNumber,
  type TwilioState,
} from './state.ts';

/** UTF-16 units: emoji count as several characters (error 21617's own explanation). */
const MAX_BODY = 1600;
const MAX_MEDIA = 10;

/** Checks in Twilio's order and answers the message, not yet stored. */
export function newMessage({ form, state, account, now }: TwilioCall): {
  message: TwilioMessage;
  mediaUrls: string[];
} {
  const to = recipient(form.get('To') ?? '');
  const { number, service } = sender(form, account.sid, to, state);
  const body = form.get('Body') ?? '';
  const mediaUrls = form.getAll('MediaUrl').filter((url) => url !== '');
  checkContent(body, mediaUrls);
  const statusCallback =
    callback(form.get('StatusCallback')) ?? service?.statusCallback ?? number.statusCallback;
  const stopped = state.handset(to).stopped;
  if (stopped.has(number.phone) || (service && stopped.has(service.sid)))
    throw bad(21610, 'Attempt to send to unsubscribed recipient');
  const sid = makeSid(mediaUrls.length > 0 ? 'MM' : 'SM');
  const status = service ? 'accepted' : 'queued';
  const message: TwilioMessage = {
    sid,
    accountSid: account.sid,
    from: number.phone,
    to,
    body,
    direction: 'outbound-api',
    status,
    media: [],
    mediaCount: mediaUrls.length,
    createdAt: now,
    updatedAt: now,
    bubble: { id: sid, direction: 'out', at: now, text: body, files: [], status: 'queued', origin: 'api' },
    ...(service ? { serviceSid: service.sid } : {}),
    ...(statusCallback ? { statusCallback } : {}),
  };
  return { message, mediaUrls };
}

function recipient(to: string): string {
  if (to === '') throw bad(21604, "A 'To' phone number is required.");
  const phone = to.replace(/[\s().-]/g, '');
  if (!/^\+[1-9]\d{7,14}$/.test(phone)) throw bad(21211, `Invalid 'To' Phone Number: ${to}`);
  return phone;
}

/** The number that sends: `From`, or one of the service's (the one this customer already knows). */
function sender(
  form: URLSearchParams,
  accountSid: string,
  to: string,
  state: TwilioState,
): { number: TwilioNumber; service?: MessagingService } {
  const from = form.get('From') ?? '';
  const serviceSid = form.get('MessagingServiceSid') ?? '';
  if (from === '' && serviceSid === '') throw bad(21603, "A 'From' phone number is required.");
  const service = state.services.get(serviceSid);
  if (serviceSid !== '' && service?.accountSid !== accountSid)
    throw new TwilioError(404, 21701, 'The Messaging Service does not exist');
  const number = from === '' ? usual(service, to, state) : state.number(from);
  if (!number && from === '') throw bad(21704, 'The Messaging Service contains no phone numbers.');
  if (!number || number.accountSid !== accountSid || !number.sms)
    throw bad(
      21606,
      `The 'From' phone number provided (${from}) is not a valid message-capable Twilio phone number for this destination.`,
    );
  if (number.phone === to) throw bad(21266, "'To' and 'From' number cannot be the same");
  return service ? { number, service } : { number };
}

function usual(
  service: MessagingService | undefined,
  to: string,
  state: TwilioState,
): TwilioNumber | undefined {
  const numbers = service?.numbers ?? [];
  const last = state.messages.findLast((one) => one.from === to || one.to === to);
  return numbers.find((one) => one.phone === last?.from || one.phone === last?.to) ?? numbers[0];
}

function checkContent(body: string, mediaUrls: string[]): void {
  if (body.trim() === '' && mediaUrls.length === 0) throw bad(21602, 'Message body is required.');
  if (body.length > MAX_BODY)
    throw bad(21617, 'The concatenated message body exceeds the 1600 character limit');
  if (mediaUrls.length > MAX_MEDIA) throw bad(21623, 'Number of media files exceeds allowed limit');
  for (const one of mediaUrls)
    if (!['http:', 'https:'].includes(parsedUrl(one)?.protocol ?? ''))
      throw bad(21620, 'Invalid media URL(s)');
}

function callback(url: string | null): string | undefined {
  if (!url) return undefined;
  if (!['http:', 'https:'].includes(parsedUrl(url)?.protocol ?? '') || url.length > 4000)
    throw bad(21609, `Invalid 'StatusCallback' URL: ${url}`);
  return url;
}

/** What reaches the customer without an API call: TwiML in a webhook's answer, or Twilio's own STOP confirmation. */
export function replyMessage(
  inbound: TwilioMessage,
  { body, origin, at }: { body: string; origin: 'webhook-answer' | 'provider'; at: number },
): TwilioMessage {
  const sid = makeSid('SM');
  return {
    sid,
    accountSid: inbound.accountSid,
    from: inbound.to,
    to: inbound.from,
    body,
    direction: 'outbound-reply',
    status: 'delivered',
    media: [],
    mediaCount: 0,
    createdAt: at,
    updatedAt: at,
    sentAt: at,
    bubble: { id: sid, direction: 'out', at, text: body, files: [], status: 'delivered', origin },
  };
}
