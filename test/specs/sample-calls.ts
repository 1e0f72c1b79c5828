import type { Call } from '../../playground/kit.ts';
import { call } from './recorded-call.ts';
import type { ApiName } from './validator/index.ts';

/** Calls that are right and calls that are wrong, by the official descriptions. All values are invented. */
const contact = '5ba682d23d7cf92bef87bfd4';
const account = `AC${'0'.repeat(32)}`;
const messages = `/2010-04-01/Accounts/${account}/Messages.json`;
export const bot = '/bot123456:AAInvented';
const reply = { message_type: 'comment', type: 'user', intercom_user_id: contact, body: 'hi' };
const publish = {
  channelAccountId: '1',
  messageDirection: 'INCOMING',
  senders: [{ deliveryIdentifier: { type: 'HS_PHONE_NUMBER', value: '+15550002222' }, name: 'Ann' }],
  recipients: [{ deliveryIdentifier: { type: 'HS_PHONE_NUMBER', value: '+15550001111' } }],
  text: 'hi',
  timestamp: '2026-11-02T10:00:00Z',
  attachments: [{ type: 'FILE', fileId: '7', fileUsageType: 'IMAGE' }],
  integrationIdempotencyId: 'dlv_1',
};
const PUBLISH = '/conversations/custom-channels/2026-09/1001/messages';
const whatsapp = {
  messaging_product: 'whatsapp',
  recipient_type: 'individual',
  to: '+15550002222',
  type: 'text',
  text: { body: 'hi', preview_url: false },
  biz_opaque_callback_data: 'dlv_1',
};
const SEND = '/v25.0/100000000000001/messages';
const image = { ...whatsapp, type: 'image', text: undefined, image: { id: '17', caption: 'c' } };
const sms = { To: '+15550002222', From: '+15550001111', Body: 'hi', StatusCallback: 'https://x.example/s' };

/** What each API takes. */
export const RIGHT: [string, Call][] = [
  ['Intercom: who am I', call('intercom', 'GET', '/me', { headers: { 'intercom-version': '2.16' } })],
  ['Intercom: a reply', call('intercom', 'POST', '/conversations/17/reply', { json: reply })],
  [
    'Intercom: a conversation',
    call('intercom', 'POST', '/conversations', {
      json: { from: { type: 'lead', id: contact }, body: 'hi' },
    }),
  ],
  [
    'Intercom: a search by phone',
    call('intercom', 'POST', '/contacts/search', {
      json: {
        query: { operator: 'OR', value: [{ field: 'phone', operator: '=', value: '+15550002222' }] },
      },
    }),
  ],
  [
    'Intercom: OAuth, described by us',
    call('intercom', 'POST', '/auth/eagle/token', {
      json: { code: 'c', client_id: 'i', client_secret: 's' },
    }),
  ],
  ['HubSpot: a message', call('hubspot', 'POST', PUBLISH, { json: publish })],
  [
    'HubSpot: a token',
    call('hubspot', 'POST', '/oauth/2026-09/token', {
      form: { grant_type: 'refresh_token', refresh_token: 'r' },
    }),
  ],
  [
    'HubSpot: a channel, with the developer’s key',
    call('hubspot', 'POST', '/conversations/custom-channels/2026-09?hapikey=k&appId=7', {
      json: { name: 'SMS', capabilities: { deliveryIdentifierTypes: ['HS_PHONE_NUMBER'], richText: [] } },
    }),
  ],
  ['WhatsApp: a text', call('meta', 'POST', SEND, { json: whatsapp })],
  [
    'WhatsApp: to a user id',
    call('meta', 'POST', SEND, {
      json: { ...whatsapp, to: undefined, recipient: 'US.13491208655302741918' },
    }),
  ],
  ['WhatsApp: an image with a caption', call('meta', 'POST', SEND, { json: image })],
  ['WhatsApp: a number', call('meta', 'GET', '/v25.0/100000000000001?fields=verified_name')],
  ['WhatsApp: a file’s address', call('meta', 'GET', '/v25.0/17?phone_number_id=100000000000001')],
  ['WhatsApp: subscribing', call('meta', 'POST', '/v25.0/200000000000001/subscribed_apps')],
  ['WhatsApp: a download, described by us', call('meta', 'GET', '/whatsapp_business/attachments?mid=17')],
  ['Twilio: a message', call('twilio', 'POST', messages, { form: sms })],
  ['Twilio: the list of messages', call('twilio', 'GET', `${messages}?To=%2B15550001111&PageSize=50`)],
  [
    'Telegram: a text',
    call('telegram', 'POST', `${bot}/sendMessage`, {
      json: { chat_id: 7, text: 'hi', parse_mode: 'HTML' },
    }),
  ],
  ['Telegram: who am I', call('telegram', 'GET', `${bot}/getMe`)],
  [
    'Telegram: a reply',
    call('telegram', 'POST', `${bot}/sendMessage`, {
      json: {
        chat_id: '7',
        text: 'hi',
        reply_parameters: { message_id: 5, allow_sending_without_reply: true },
      },
    }),
  ],
  [
    'Telegram: a download, described by us',
    call('telegram', 'GET', '/file/bot123456:AAInvented/photos/file_1.jpg'),
  ],
];
type Bad = [string, ApiName, string, string, Parameters<typeof call>[3], string];
/** One mistake each, and a word of what must be said about it. */
export const WRONG: Bad[] = [
  [
    'an unknown field',
    'intercom',
    'POST',
    '/conversations/17/reply',
    { json: { ...reply, colour: 1 } },
    'colour',
  ],
  ['a wrong type', 'intercom', 'POST', '/conversations/17/reply', { json: { ...reply, body: 7 } }, '/body'],
  ['a missing field', 'intercom', 'POST', '/conversations', { json: { body: 'hi' } }, "'from'"],
  [
    'a value outside the list',
    'intercom',
    'POST',
    '/conversations',
    { json: { from: { type: 'admin', id: contact }, body: 'hi' } },
    '/from/type',
  ],
  ['an unknown path', 'intercom', 'POST', '/conversation', { json: reply }, 'nothing describes'],
  [
    'an unknown version',
    'intercom',
    'GET',
    '/me',
    { headers: { 'intercom-version': '9' } },
    'Intercom-Version',
  ],
  ['an unknown field', 'hubspot', 'POST', PUBLISH, { json: { ...publish, colour: 1 } }, 'colour'],
  ['a wrong type', 'hubspot', 'POST', PUBLISH, { json: { ...publish, text: 7 } }, '/text'],
  [
    'a missing field',
    'hubspot',
    'POST',
    PUBLISH,
    { json: { ...publish, recipients: undefined } },
    "'recipients'",
  ],
  [
    'a value outside the list',
    'hubspot',
    'PATCH',
    `${PUBLISH}/7`,
    { json: { statusType: 'DELIVERED' } },
    '/statusType',
  ],
  [
    'an unknown path',
    'hubspot',
    'POST',
    PUBLISH.replace('2026-09', '2027-03'),
    { json: publish },
    'nothing describes',
  ],
  [
    'a wrong grant',
    'hubspot',
    'POST',
    '/oauth/2026-09/token',
    { form: { grant_type: 'password' } },
    '/grant_type',
  ],
  [
    'an unknown capability',
    'hubspot',
    'POST',
    '/conversations/custom-channels/2026-09?hapikey=k&appId=7',
    { json: { name: 'SMS', capabilities: { allowEverything: true } } },
    'allowEverything',
  ],
  ['an unknown field', 'meta', 'POST', SEND, { json: { ...whatsapp, colour: 1 } }, 'colour'],
  [
    'an unknown field inside',
    'meta',
    'POST',
    SEND,
    { json: { ...image, image: { id: '1', title: 'x' } } },
    'title',
  ],
  ['a wrong type', 'meta', 'POST', SEND, { json: { ...whatsapp, text: { body: 7 } } }, '/text/body'],
  [
    'a missing field',
    'meta',
    'POST',
    SEND,
    { json: { ...whatsapp, messaging_product: undefined } },
    'messaging_product',
  ],
  ['no recipient', 'meta', 'POST', SEND, { json: { ...whatsapp, to: undefined } }, 'to'],
  [
    'a value outside the list',
    'meta',
    'POST',
    SEND,
    { json: { ...whatsapp, recipient_type: 'all' } },
    'recipient_type',
  ],
  ['an unknown path', 'meta', 'POST', '/v25.0/1/message', { json: whatsapp }, 'nothing describes'],
  ['a path without a version', 'meta', 'POST', '/latest/1/messages', { json: whatsapp }, 'Version'],
  [
    'a link and an id at once',
    'meta',
    'POST',
    SEND,
    { json: { ...image, image: { id: '1', link: 'https://x.example' } } },
    '/image',
  ],
  ['an unknown field', 'twilio', 'POST', messages, { form: { ...sms, Colour: '1' } }, 'Colour'],
  [
    'a wrong type',
    'twilio',
    'POST',
    messages,
    { form: { ...sms, ValidityPeriod: 'long' } },
    '/ValidityPeriod',
  ],
  ['a missing field', 'twilio', 'POST', messages, { form: { Body: 'hi' } }, "'To'"],
  [
    'a value outside the list',
    'twilio',
    'POST',
    messages,
    { form: { ...sms, ScheduleType: 'soon' } },
    '/ScheduleType',
  ],
  [
    'an unknown path',
    'twilio',
    'POST',
    messages.replace('Messages', 'Message'),
    { form: sms },
    'nothing describes',
  ],
  ['a wrong account', 'twilio', 'POST', messages.replace('AC', 'XX'), { form: sms }, 'AccountSid'],
  ['JSON for a form', 'twilio', 'POST', messages, { json: sms }, 'application/json'],
  [
    'an unknown field',
    'telegram',
    'POST',
    `${bot}/sendMessage`,
    { json: { chat_id: 7, text: 'x', colour: 1 } },
    'colour',
  ],
  ['a wrong type', 'telegram', 'POST', `${bot}/sendMessage`, { json: { chat_id: 7, text: 7 } }, '/text'],
  ['a missing field', 'telegram', 'POST', `${bot}/sendMessage`, { json: { chat_id: 7 } }, "'text'"],
  [
    'a value outside the list',
    'telegram',
    'POST',
    `${bot}/sendMessage`,
    { json: { chat_id: 7, text: 'x', parse_mode: 'html5' } },
    '/parse_mode',
  ],
  [
    'an unknown field inside',
    'telegram',
    'POST',
    `${bot}/sendMessage`,
    { json: { chat_id: 7, text: 'x', reply_parameters: { message_id: 5, allow: true } } },
    'allow',
  ],
  ['a field where none is taken', 'telegram', 'POST', `${bot}/getMe`, { json: { chat_id: 7 } }, 'chat_id'],
  ['an unknown method', 'telegram', 'POST', `${bot}/sendMail`, { json: {} }, 'nothing describes'],
  ['an unknown API', 'line' as ApiName, 'GET', '/', {}, 'no description'],
];
