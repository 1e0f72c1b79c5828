import type { Connected, Connection, HttpResponse, Io } from '../../core/adapter.ts';
import { WireError } from '../../core/outcome.ts';
import { displayPhone } from '../../core/phone.ts';
import type { WhatsAppCredentials } from './credentials.ts';
import { phoneNumber } from './customer.ts';
import { isDeadToken, isMissingPermission, isPassing } from './errors.ts';
import { callGraph, graphError, type WhatsAppApp } from './graph.ts';
import { type Json, record, records, text } from './json.ts';
import type { Connecting } from './receive.ts';

type Answer = Connected<WhatsAppCredentials>;
type WrongField = Extract<Answer, { ok: false }>;
interface Request {
  credentials: WhatsAppCredentials;
  webhookUrl: string;
  channelId: string;
}

const PHONE_FIELDS =
  'display_phone_number,verified_name,quality_rating,code_verification_status,name_status,whatsapp_business_manager_messaging_limit,webhook_configuration';

const wrong = (field: keyof WhatsAppCredentials, why: string): WrongField => ({ ok: false, field, why });

/**
 * Proves token, number and account, one by one, then subscribes the Meta app to the account's webhooks.
 * Throws a `WireError` when Meta cannot say: no field is to blame then.
 */
export async function connect(
  app: WhatsAppApp,
  connecting: Connecting,
  request: Request,
  io: Io,
): Promise<Answer> {
  const { credentials } = request;
  if (!credentials.app_secret && app.appSecrets.length === 0)
    return wrong(
      'app_secret',
      'This installation has no Meta app: enter the app secret and a verify token of yours.',
    );
  const found = await readPhone(app, credentials, io);
  if ('ok' in found) return found;
  const numbers = await listNumbers(app, credentials, io);
  if ('ok' in numbers) return numbers;
  if (!numbers.some((number) => text(number.id) === credentials.phone_number_id))
    return wrong('waba_id', notAmong(numbers));
  const refusal = await subscribe(app, connecting, request, io);
  return refusal ?? connected(found.phone, request);
}

async function readPhone(
  app: WhatsAppApp,
  credentials: WhatsAppCredentials,
  io: Io,
): Promise<{ phone: Json } | WrongField> {
  const path = `${credentials.phone_number_id}?fields=${PHONE_FIELDS}`;
  const response = await callGraph(app, io, { method: 'GET', path, token: credentials.access_token });
  const phone = record(response.json);
  if (response.status === 200 && phone && text(phone.display_phone_number)) return { phone };
  return refusal(
    response,
    'phone_number_id',
    'WhatsApp knows no phone number with this id, or the token may not see it. Take the “Phone number ID” from WhatsApp Manager, not the number itself.',
  );
}

async function listNumbers(
  app: WhatsAppApp,
  credentials: WhatsAppCredentials,
  io: Io,
): Promise<Json[] | WrongField> {
  const numbers: Json[] = [];
  let after: string | undefined;
  do {
    const page = `fields=id,display_phone_number&limit=100${after ? `&after=${encodeURIComponent(after)}` : ''}`;
    const path = `${credentials.waba_id}/phone_numbers?${page}`;
    const response = await callGraph(app, io, { method: 'GET', path, token: credentials.access_token });
    const list = record(response.json);
    if (response.status !== 200 || !Array.isArray(list?.data))
      return refusal(
        response,
        'waba_id',
        'WhatsApp knows no business account with this id, or the token may not see it. Take the “WhatsApp Business Account ID” from WhatsApp Manager.',
      );
    numbers.push(...records(list.data));
    const paging = record(list.paging);
    after = text(paging?.next) ? text(record(paging?.cursors)?.after) : undefined;
  } while (after && numbers.length < 5000);
  return numbers;
}

function notAmong(numbers: Json[]): string {
  const known = numbers.map((number) => `${text(number.display_phone_number)} (${text(number.id)})`);
  return `The phone number does not belong to this WhatsApp Business Account. Its numbers: ${known.join(', ') || 'none'}.`;
}

/**
 * With a Meta app of the customer's own, its webhooks are led to the channel's own URL, which Meta calls back before it
 * answers. Without, the app-level URL of the installation's app counts.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override
 */
async function subscribe(
  app: WhatsAppApp,
  connecting: Connecting,
  request: Request,
  io: Io,
): Promise<WrongField | undefined> {
  const { access_token: token, waba_id, app_secret, verify_token } = request.credentials;
  const call = { method: 'POST' as const, path: `${waba_id}/subscribed_apps`, token };
  if (!app_secret || !verify_token) return subscribed(await callGraph(app, io, call));
  const override = { override_callback_uri: ownUrl(request), verify_token };
  connecting.set(request.channelId, verify_token);
  try {
    return subscribed(await callGraph(app, io, { ...call, json: override }), override.override_callback_uri);
  } finally {
    connecting.delete(request.channelId);
  }
}

function subscribed(response: HttpResponse, callbackUrl?: string): WrongField | undefined {
  if (response.status === 200 && record(response.json)?.success === true) return undefined;
  const details = graphError(response.json)?.details ?? `status ${response.status}`;
  return callbackUrl
    ? refusal(response, 'verify_token', `Meta could not verify the webhook ${callbackUrl}: ${details}`)
    : refusal(response, 'waba_id', `Meta did not subscribe the app to this account: ${details}`);
}

/** Which field is to blame: the token where Meta says so, else the one whose id was asked for. */
function refusal(response: HttpResponse, field: keyof WhatsAppCredentials, why: string): WrongField {
  const error = graphError(response.json);
  if (error ? isPassing(error) : response.status !== 401)
    throw new WireError(`WhatsApp answered ${response.status}${error ? ` (${error.code})` : ''}`, true);
  if (!error || isDeadToken(error))
    return wrong(
      'access_token',
      'WhatsApp does not accept this token. Create a new permanent system-user token.',
    );
  if (isMissingPermission(error))
    return wrong(
      'access_token',
      'The token lacks a permission: it needs whatsapp_business_messaging and whatsapp_business_management, and the account must be assigned to its system user.',
    );
  return wrong(field, why);
}

function connected(phone: Json, request: Request): Answer {
  const { credentials } = request;
  const shown = text(phone.display_phone_number) ?? '';
  const number = phoneNumber(shown) ?? shown;
  const verifiedName = text(phone.verified_name);
  const elsewhere = otherCallback(phone, request);
  return {
    ok: true,
    externalId: credentials.phone_number_id,
    name: verifiedName ? `${verifiedName} (${displayPhone(number)})` : displayPhone(number),
    medium: 'whatsapp',
    credentials,
    settings: {
      phone: number,
      waba_id: credentials.waba_id,
      ...(verifiedName ? { verified_name: verifiedName } : {}),
    },
    ...(elsewhere ? { status: 'pending', todo: todo(elsewhere, request) } : { status: 'connected' }),
  };
}

/** Where Meta says the messages go, if not to us. A number's own override beats the account's and the app's. */
function otherCallback(phone: Json, request: Request): string | undefined {
  const configuration = record(phone.webhook_configuration);
  const own = Boolean(request.credentials.app_secret);
  // The subscription that was just made replaced whatever the account had; the app's URL is below it.
  const effective = text(configuration?.phone_number) ?? (own ? undefined : text(configuration?.application));
  const ours = own ? ownUrl(request) : appUrl(request);
  return effective && effective !== ours ? effective : undefined;
}

const todo = (elsewhere: string, request: Request): string =>
  `Meta sends the messages of this number to ${elsewhere}. In the Meta app under WhatsApp → Configuration, set the callback URL to ${
    request.credentials.app_secret ? ownUrl(request) : appUrl(request)
  } and subscribe to “messages”.`;

/** `/webhooks/whatsapp` and `/webhooks/whatsapp/:channelId`, whichever of the two we were told. */
const appUrl = ({ webhookUrl, channelId }: Request): string =>
  webhookUrl.endsWith(`/${channelId}`) ? webhookUrl.slice(0, -channelId.length - 1) : webhookUrl;
const ownUrl = (request: Request): string => `${appUrl(request)}/${request.channelId}`;

/**
 * Takes the subscription back, unless the account has other numbers: it is one for all of them, and messages of a
 * number that nobody knows any more are acknowledged and dropped.
 */
export async function disconnect(
  app: WhatsAppApp,
  { credentials }: Connection<WhatsAppCredentials>,
  io: Io,
): Promise<void> {
  const { access_token: token, waba_id } = credentials;
  try {
    const numbers = await listNumbers(app, credentials, io);
    if ('ok' in numbers || numbers.length > 1) return;
    const path = `${waba_id}/subscribed_apps`;
    const response = await callGraph(app, io, { method: 'DELETE', path, token });
    if (response.status !== 200) throw new WireError(`WhatsApp answered ${response.status}`, true);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    io.log.warn({ why: error.message, wabaId: waba_id }, 'Meta did not take the subscription back');
  }
}
