import type { Delivery, Io, MessageDelivery } from '../../core/adapter.ts';
import { describe } from '../../core/describe.ts';
import { type Outcome, refused, sent, unknown } from '../../core/outcome.ts';
import {
  accountUrl,
  call,
  fieldsOf,
  isOk,
  refusalOf,
  type TwilioConnection,
  type TwilioHosts,
} from './api.ts';

/** https://www.twilio.com/docs/messaging/api/message-resource#create-a-message-resource */
export async function send(
  delivery: Delivery,
  connection: TwilioConnection,
  io: Io,
  hosts: TwilioHosts,
): Promise<Outcome> {
  if (delivery.kind === 'status') return refused('status', 'SMS shows no delivery status.');
  const url = `${accountUrl(hosts, connection.credentials)}/Messages.json`;
  const form = await formOf(delivery, connection);
  const response = await call(connection.credentials, { method: 'POST', url, form }, io);
  if (!isOk(response)) return refusalOf(response);
  const { sid } = fieldsOf(response.json);
  return typeof sid === 'string' ? sent(sid) : unknown('Twilio accepted the message but did not name it.');
}

async function formOf(delivery: MessageDelivery, connection: TwilioConnection): Promise<URLSearchParams> {
  const form = new URLSearchParams({ To: delivery.conversation.thread, ...senderOf(connection) });
  const body = bodyOf(delivery);
  if (body !== '') form.set('Body', body);
  for (const part of delivery.parts)
    if (part.kind === 'file') form.append('MediaUrl', await part.file.link());
  const callback = statusCallback(delivery.id, connection);
  if (callback) form.set('StatusCallback', callback);
  return form;
}

const senderOf = ({ credentials, externalId }: TwilioConnection): Record<string, string> =>
  credentials.messaging_service_sid
    ? { MessagingServiceSid: credentials.messaging_service_sid }
    : // As connecting found it: the admin may have typed it with blanks.
      { From: externalId };

/** What stands in the message's `Body`, also when it is looked up. */
export const bodyOf = (delivery: MessageDelivery): string =>
  delivery.parts
    .filter((part) => part.kind !== 'file')
    .map(describe)
    .join('\n');

/** Its query comes back, signed, with every status: a send whose answer was lost is settled by it. */
function statusCallback(deliveryId: string, { settings }: TwilioConnection): string | undefined {
  if (typeof settings.webhook_url !== 'string') return undefined;
  return `${settings.webhook_url}?delivery=${encodeURIComponent(deliveryId)}`;
}
