/** WhatsApp webhooks as Meta posts and signs them, ready to be written to a socket. */
import { createHmac } from 'node:crypto';
import { httpRequest, type Request } from './load.ts';

export interface BusinessNumber {
  appSecret: string;
  wabaId: string;
  phoneNumberId: string;
}

/** How many people write when nothing else is said; a multiple of the connections, see closedLoop. */
export const CUSTOMERS = 512;

/** Customers by their number; the same index is the same person. */
const customerPhone = (index: number): string => String(447_000_000_000 + index);

let made = 0;

export interface Webhook {
  text: string;
  request: Request;
}

/** One message of a customer. Its text ends with a number that rises, so that order can be seen at the other end. */
function webhook(number: BusinessNumber, customer: number): Webhook {
  made += 1;
  const from = customerPhone(customer);
  const text = `Hello, is my order on its way? Message ${made}`;
  const message = {
    from,
    id: `wamid.HBgLNDQ3MDAwMDAwMDAwFQIAEhg${String(made).padStart(16, '0')}AA==`,
    timestamp: String(Math.floor(Date.now() / 1000)),
    type: 'text',
    text: { body: text },
  };
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '14155550102', phone_number_id: number.phoneNumberId },
    contacts: [{ profile: { name: `Customer ${customer}` }, wa_id: from }],
    messages: [message],
  };
  const body = JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: number.wabaId, changes: [{ value, field: 'messages' }] }],
  });
  const signature = createHmac('sha256', number.appSecret).update(body).digest('hex');
  const headers = { 'content-type': 'application/json', 'x-hub-signature-256': `sha256=${signature}` };
  return { text, request: httpRequest('POST', '/webhooks/whatsapp', headers, body) };
}

/** `count` messages of `customers` people in turn, beginning with the person `first`. */
export const webhooks = (number: BusinessNumber, count: number, customers: number, first = 0) =>
  Array.from({ length: count }, (_, index) => webhook(number, first + (index % customers)));
