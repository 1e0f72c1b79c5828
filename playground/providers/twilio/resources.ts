/** Accounts, numbers, messages and media of the 2010 API, and Messaging Services, as they are read and changed. */
import type { Request } from 'express';
import { type Answer, formBody } from '../../kit.ts';
import { parsedUrl } from '../wire.ts';
import { bad, notFound, TwilioError, unauthenticated } from './errors.ts';
import {
  accountWire,
  type MessagingService,
  mediaWire,
  messageWire,
  numberWire,
  serviceWire,
  type TwilioAccount,
  type TwilioMedia,
  type TwilioMessage,
  type TwilioState,
} from './state.ts';

export interface TwilioCall {
  request: Request;
  state: TwilioState;
  account: TwilioAccount;
  query: URLSearchParams;
  form: URLSearchParams;
  now: number;
  /** How long a new message is missing from the list: Twilio's index lags behind its answers. */
  listLagMs: number;
  cdnUrl(message: TwilioMessage, media: TwilioMedia): string;
  send(call: TwilioCall): Record<string, unknown>;
}

/** Basic auth: account SID and auth token, or an API key of the account. */
export function authenticate(request: Request, state: TwilioState): TwilioAccount {
  const encoded = /^Basic (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const [user = '', ...rest] = Buffer.from(encoded, 'base64').toString('utf8').split(':');
  const password = rest.join(':');
  const account = [...state.accounts.values()].find((one) =>
    one.sid === user ? one.authToken === password : password !== '' && one.keys.get(user) === password,
  );
  if (!account) throw unauthenticated();
  return account;
}

export const formOf = (request: Request): URLSearchParams =>
  (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded')
    ? formBody(request)
    : new URLSearchParams();

/** `GET Messages/{sid}` of `/2010-04-01/Accounts/{AC}/…`; `.json` stripped. */
export function accountCall(call: TwilioCall, path: string[]): Answer {
  const { request, account } = call;
  const [accountSid, resource, sid, sub, subSid] = path;
  if (accountSid !== account.sid) throw unauthenticated();
  if (account.status !== 'active' && resource !== undefined)
    throw new TwilioError(401, 20005, `Account ${account.sid} is not active`);
  const route = `${request.method} ${[resource, sid && ':sid', sub, subSid && ':sid'].filter(Boolean).join('/')}`;
  const handler = ROUTES[route];
  if (!handler) throw notFound(request.path);
  return handler(call, sid ?? '', subSid ?? '');
}

const ROUTES: Record<string, (call: TwilioCall, sid: string, subSid: string) => Answer> = {
  'GET ': (call) => ({ json: accountWire(call.account) }),
  'GET IncomingPhoneNumbers': listNumbers,
  'GET IncomingPhoneNumbers/:sid': (call, sid) => ({ json: numberWire(numberBy(call, sid)) }),
  'POST IncomingPhoneNumbers/:sid': updateNumber,
  'POST Messages': (call) => ({ status: 201, json: call.send(call) }),
  'GET Messages': listMessages,
  'GET Messages/:sid': (call, sid) => ({ json: messageWire(messageBy(call, sid)) }),
  'DELETE Messages/:sid': (call, sid) => {
    call.state.messages.splice(call.state.messages.indexOf(messageBy(call, sid)), 1);
    return { status: 204 };
  },
  'GET Messages/:sid/Media': (call, sid) => {
    const message = messageBy(call, sid);
    const media_list = message.media.map((media) => mediaWire(message, media));
    return { json: { ...page(call, media_list.length), media_list } };
  },
  'GET Messages/:sid/Media/:sid': readMedia,
  'DELETE Messages/:sid/Media/:sid': (call, sid, mediaSid) => {
    const message = messageBy(call, sid);
    message.media.splice(message.media.indexOf(mediaBy(call, message, mediaSid)), 1);
    return { status: 204 };
  },
};

function messageBy({ request, state, account }: TwilioCall, sid: string): TwilioMessage {
  const found = state.messages.find((one) => one.sid === sid && one.accountSid === account.sid);
  if (!found) throw notFound(request.path);
  return found;
}
function mediaBy({ request }: TwilioCall, message: TwilioMessage, sid: string): TwilioMedia {
  const found = message.media.find((one) => one.sid === sid);
  if (!found) throw notFound(request.path);
  return found;
}

/** With `.json` the description, without it the file itself: on a CDN, behind a redirect that carries its own proof. */
function readMedia(call: TwilioCall, sid: string, mediaSid: string): Answer {
  const message = messageBy(call, sid);
  const media = mediaBy(call, message, mediaSid);
  if (call.request.path.endsWith('.json')) return { json: mediaWire(message, media) };
  return { status: 307, headers: { location: call.cdnUrl(message, media) } };
}

function numberBy({ request, state, account }: TwilioCall, sid: string) {
  const found = state.numbers.find((one) => one.sid === sid && one.accountSid === account.sid);
  if (!found) throw notFound(request.path);
  return found;
}

function listNumbers(call: TwilioCall): Answer {
  const { state, account, query } = call;
  const asked = query.get('PhoneNumber')?.replace(/[^\d]/g, '') ?? '';
  const found = state.numbers.filter(
    (one) => one.accountSid === account.sid && one.phone.replace(/[^\d]/g, '').includes(asked),
  );
  return { json: { ...page(call, found.length), incoming_phone_numbers: found.map(numberWire) } };
}

function updateNumber(call: TwilioCall, sid: string): Answer {
  const number = numberBy(call, sid);
  const { form } = call;
  for (const name of ['SmsUrl', 'SmsFallbackUrl', 'StatusCallback']) checkUrl(name, form.get(name));
  number.smsUrl = form.get('SmsUrl') ?? number.smsUrl;
  number.smsMethod = form.get('SmsMethod') ?? number.smsMethod;
  number.smsFallbackUrl = form.get('SmsFallbackUrl') ?? number.smsFallbackUrl;
  number.statusCallback = form.get('StatusCallback') ?? number.statusCallback;
  number.smsApplicationSid = form.get('SmsApplicationSid') ?? number.smsApplicationSid;
  return { json: numberWire(number) };
}

/** Empty removes; anything else must be an absolute http(s) URL. */
function checkUrl(name: string, value: string | null): void {
  if (!value) return;
  const url = parsedUrl(value);
  if (!url || !['http:', 'https:'].includes(url.protocol))
    throw bad(21502, `${name} is not a valid URL: ${value}`);
}

/** Newest first, by To, From and DateSent (a day, or a moment in GMT; `DateSent>` and `DateSent<` include it). */
function listMessages(call: TwilioCall): Answer {
  const { query, state, account, now, listLagMs, request } = call;
  const size = Math.min(1000, Math.max(1, Number(query.get('PageSize') ?? 50) || 50));
  const at = Number(query.get('Page') ?? 0) || 0;
  const found = state.messages
    .filter((one) => one.accountSid === account.sid && one.createdAt <= now - listLagMs)
    .filter((one) => !query.get('To') || one.to === query.get('To'))
    .filter((one) => !query.get('From') || one.from === query.get('From'))
    .filter((one) => sentWhen(one, query))
    .reverse();
  const shown = found.slice(at * size, (at + 1) * size);
  const uri = (number: number): string => {
    const other = new URLSearchParams(query);
    other.set('PageSize', String(size));
    other.set('Page', String(number));
    if (number > 0) other.set('PageToken', `PA${found[number * size - 1]?.sid ?? ''}`);
    return `${request.path}?${other}`;
  };
  return {
    json: {
      ...page(call, shown.length, at, size),
      uri: uri(at),
      first_page_uri: uri(0),
      next_page_uri: found.length > (at + 1) * size ? uri(at + 1) : null,
      previous_page_uri: at > 0 ? uri(at - 1) : null,
      messages: shown.map(messageWire),
    },
  };
}

function sentWhen(message: TwilioMessage, query: URLSearchParams): boolean {
  const at = Math.floor((message.sentAt ?? message.createdAt) / 1000) * 1000;
  const day = query.get('DateSent');
  const from = query.get('DateSent>');
  const to = query.get('DateSent<');
  if (day && new Date(at).toISOString().slice(0, 10) !== day.slice(0, 10)) return false;
  return (!from || at >= moment(from)) && (!to || at <= moment(to));
}
function moment(text: string): number {
  const at = Date.parse(/Z|[+-]\d\d:?\d\d$/.test(text) || text.length === 10 ? text : `${text}Z`);
  if (Number.isNaN(at)) throw bad(20001, `Invalid date: ${text}`);
  return at;
}

const page = ({ request }: TwilioCall, shown: number, at = 0, size = 50): Record<string, unknown> => ({
  page: at,
  page_size: size,
  start: at * size,
  end: at * size + Math.max(0, shown - 1),
  uri: request.originalUrl,
  first_page_uri: request.originalUrl,
  next_page_uri: null,
  previous_page_uri: null,
});

/** `https://messaging.twilio.com/v1/Services[/{MG}[/PhoneNumbers]]` */
export function servicesCall(call: TwilioCall, path: string[]): Answer {
  const { request, state, account, form } = call;
  const [sid, sub] = path;
  const mine = [...state.services.values()].filter((one) => one.accountSid === account.sid);
  const meta = {
    page: 0,
    page_size: 50,
    first_page_url: '',
    previous_page_url: null,
    next_page_url: null,
    url: '',
    key: '',
  };
  if (sid === undefined && request.method === 'GET')
    return { json: { meta: { ...meta, key: 'services' }, services: mine.map(serviceWire) } };
  const service = mine.find((one) => one.sid === sid);
  if (!service) throw notFound(`/Services/${sid ?? ''}`);
  if (sub === 'PhoneNumbers' && request.method === 'GET') {
    const phone_numbers = service.numbers.map(({ sid: id, phone }) => ({
      sid: id,
      phone_number: phone,
      service_sid: sid,
    }));
    return { json: { meta: { ...meta, key: 'phone_numbers' }, phone_numbers } };
  }
  if (sub !== undefined) throw notFound(request.path);
  if (request.method === 'POST') updateService(service, form);
  return { json: serviceWire(service) };
}

function updateService(service: MessagingService, form: URLSearchParams): void {
  for (const name of ['InboundRequestUrl', 'FallbackUrl', 'StatusCallback']) checkUrl(name, form.get(name));
  service.name = form.get('FriendlyName') ?? service.name;
  service.inboundRequestUrl = form.get('InboundRequestUrl') ?? service.inboundRequestUrl;
  service.fallbackUrl = form.get('FallbackUrl') ?? service.fallbackUrl;
  service.statusCallback = form.get('StatusCallback') ?? service.statusCallback;
  const onNumber = form.get('UseInboundWebhookOnNumber');
  if (onNumber !== null) service.useInboundWebhookOnNumber = onNumber.toLowerCase() === 'true';
}
