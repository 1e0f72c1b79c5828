import type { Inspection, Io } from '../../core/adapter.ts';
import { accountUrl, call, fieldsOf, isOk, type TwilioConnection, type TwilioHosts, textOf } from './api.ts';

/** The account, then the number or service: a service's URL wins over those of its numbers. */
export async function inspect(
  connection: TwilioConnection,
  wanted: string,
  io: Io,
  hosts: TwilioHosts,
): Promise<Inspection> {
  const { credentials, settings } = connection;
  const get = (url: string) => call(credentials, { method: 'GET', url }, io);
  const account = await get(`${accountUrl(hosts, credentials)}.json`);
  if ([401, 403, 404].includes(account.status))
    return { dead: 'Twilio does not accept this account SID and auth token any more.' };
  if (!isOk(account)) return {};
  const number = textOf(settings.number_sid);
  const place = number
    ? await get(`${accountUrl(hosts, credentials)}/IncomingPhoneNumbers/${number}.json`)
    : await get(`${hosts.messagingUrl}/v1/Services/${connection.externalId}`);
  if (place.status === 404)
    return {
      webhook: { is: undefined, wanted, problem: 'the number or service is no longer in the account' },
    };
  if (!isOk(place)) return {};
  const fields = fieldsOf(place.json);
  const is = textOf(number ? fields.sms_url : fields.inbound_request_url);
  return { webhook: { is: is || undefined, wanted } };
}
