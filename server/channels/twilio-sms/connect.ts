import type { Connected, HttpResponse, Io } from '../../core/adapter.ts';
import { WireError } from '../../core/outcome.ts';
import { displayPhone, isE164, toE164 } from '../../core/phone.ts';
import {
  accountUrl,
  call,
  errorOf,
  fieldsOf,
  isOk,
  listOf,
  type TwilioConnection,
  type TwilioHosts,
  textOf,
} from './api.ts';
import type { TwilioCredentials } from './credentials.ts';

type Input = { credentials: TwilioCredentials; webhookUrl: string };
type Result = Connected<TwilioCredentials>;
const wrong = (field: string, why: string): Result => ({ ok: false, field, why });

/** Proves the account, finds the sender in it, and points the sender's incoming messages at us. */
export async function connect(input: Input, io: Io, hosts: TwilioHosts): Promise<Result> {
  const { credentials } = input;
  const account = await call(
    credentials,
    { method: 'GET', url: `${accountUrl(hosts, credentials)}.json` },
    io,
  );
  const problem = accountProblem(account);
  if (problem) return problem;
  const trial = fieldsOf(account.json).type === 'Trial';
  const connected = credentials.messaging_service_sid
    ? await connectService(input, credentials.messaging_service_sid, io, hosts)
    : await connectNumber(input, credentials.from ?? '', io, hosts);
  if (!connected.ok || !trial) return connected;
  return {
    ...connected,
    todo: 'This is a Twilio trial account: it only sends to numbers verified in the Twilio Console.',
  };
}

function accountProblem(response: HttpResponse): Result | undefined {
  if (response.status === 404)
    return wrong(
      'account_sid',
      'Twilio does not know this account. Copy the Account SID (AC…) from the Twilio Console.',
    );
  if (response.status === 401 || response.status === 403)
    return wrong(
      'auth_token',
      'Twilio does not accept this auth token for the account. Copy both from the Twilio Console.',
    );
  if (!isOk(response)) return wrong('account_sid', `Twilio answered: ${errorOf(response).text}`);
  const status = textOf(fieldsOf(response.json).status);
  if (status && status !== 'active')
    return wrong('account_sid', `The Twilio account is ${status}. It has to be active to send and receive.`);
  return undefined;
}

/** https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource */
async function connectNumber({ credentials, webhookUrl }: Input, from: string, io: Io, hosts: TwilioHosts) {
  // `whatsapp:+1…` is another kind of sender.
  const number = /[a-z]/i.test(from) ? undefined : toE164(from);
  if (!number || !isE164(number))
    return wrong(
      'from',
      `“${from}” is no phone number with country code, such as +15550001111. For a short code, use a Messaging Service.`,
    );
  const list = `${accountUrl(hosts, credentials)}/IncomingPhoneNumbers`;
  const query = new URLSearchParams({ PhoneNumber: number });
  const found = await call(credentials, { method: 'GET', url: `${list}.json?${query}` }, io);
  const owned = listOf(fieldsOf(found.json).incoming_phone_numbers).find(
    (entry) => entry.phone_number === number,
  );
  const problem = isOk(found)
    ? numberProblem(number, owned)
    : wrong('from', `Twilio answered: ${errorOf(found).text}`);
  if (problem || !owned) return problem ?? wrong('from', 'Twilio did not name the number.');
  const sid = textOf(owned.sid);
  const form = new URLSearchParams({ SmsUrl: webhookUrl, SmsMethod: 'POST' });
  const registered = await call(credentials, { method: 'POST', url: `${list}/${sid}.json`, form }, io);
  if (!isOk(registered))
    return wrong('webhook_url', `Twilio did not accept ${webhookUrl}: ${errorOf(registered).text}`);
  return success(credentials, number, displayPhone(number), {
    webhook_url: webhookUrl,
    phone: number,
    number_sid: sid,
    ...(owned.sms_url && owned.sms_url !== webhookUrl ? { replaced_sms_url: owned.sms_url } : {}),
  });
}

function numberProblem(number: string, owned: Record<string, unknown> | undefined): Result | undefined {
  if (!owned)
    return wrong(
      'from',
      `${displayPhone(number)} is no number of this Twilio account. Check it under Phone Numbers → Active numbers.`,
    );
  if (fieldsOf(owned.capabilities).sms === false)
    return wrong('from', `${displayPhone(number)} cannot send or receive SMS. Choose a number with SMS.`);
  if (owned.sms_application_sid)
    return wrong(
      'from',
      `The messages of ${displayPhone(number)} go to a TwiML app. In Twilio, open the number, set “A message comes in” to Webhook, save, and connect again.`,
    );
  return undefined;
}

/** https://www.twilio.com/docs/messaging/api/service-resource: its URL wins over those of its numbers. */
async function connectService({ credentials, webhookUrl }: Input, sid: string, io: Io, hosts: TwilioHosts) {
  const field = 'messaging_service_sid';
  if (!/^MG[0-9a-zA-Z]+$/.test(sid))
    return wrong(field, 'A Messaging Service SID begins with MG. Copy it from Messaging → Services.');
  const form = new URLSearchParams({
    InboundRequestUrl: webhookUrl,
    InboundMethod: 'POST',
    UseInboundWebhookOnNumber: 'false',
  });
  const url = `${hosts.messagingUrl}/v1/Services/${sid}`;
  const response = await call(credentials, { method: 'POST', url, form }, io);
  if (response.status === 404)
    return wrong(
      field,
      'This Twilio account has no such Messaging Service. Copy its SID from Messaging → Services.',
    );
  if (!isOk(response)) return wrong(field, `Twilio did not accept it: ${errorOf(response).text}`);
  const name = textOf(fieldsOf(response.json).friendly_name) || sid;
  return success(credentials, sid, name, { webhook_url: webhookUrl });
}

const success = (
  credentials: TwilioCredentials,
  externalId: string,
  name: string,
  settings: Record<string, unknown>,
): Result => ({ ok: true, externalId, name, medium: 'sms', credentials, settings, status: 'connected' });

/** Gives the number back the URL that it had before, or lets the service's numbers answer for themselves again. */
export async function disconnect(connection: TwilioConnection, io: Io, hosts: TwilioHosts): Promise<void> {
  const { credentials, settings } = connection;
  try {
    const answer =
      typeof settings.number_sid === 'string'
        ? await releaseNumber(connection, settings.number_sid, io, hosts)
        : await call(
            credentials,
            {
              method: 'POST',
              url: `${hosts.messagingUrl}/v1/Services/${connection.externalId}`,
              form: new URLSearchParams({ UseInboundWebhookOnNumber: 'true' }),
            },
            io,
          );
    if (answer && !isOk(answer))
      io.log.warn({ channel: connection.id, status: answer.status }, 'Twilio kept the webhook');
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    io.log.warn({ channel: connection.id }, 'Twilio could not be reached to take the webhook away');
  }
}

/** Not when another system has put its own URL there in the meantime. */
async function releaseNumber(
  { credentials, settings }: TwilioConnection,
  sid: string,
  io: Io,
  hosts: TwilioHosts,
) {
  const url = `${accountUrl(hosts, credentials)}/IncomingPhoneNumbers/${sid}.json`;
  const current = await call(credentials, { method: 'GET', url }, io);
  if (!isOk(current)) return current;
  if (fieldsOf(current.json).sms_url !== settings.webhook_url) return undefined;
  const form = new URLSearchParams({ SmsUrl: textOf(settings.replaced_sms_url) });
  return call(credentials, { method: 'POST', url, form }, io);
}
