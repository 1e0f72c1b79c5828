import { describe, expect, test } from 'vitest';
import type { Call } from '../../playground/kit.ts';
import { checker } from './validator/check.ts';
import { type ApiName, createValidator } from './validator/index.ts';
import { type OpenApi, operationsOf } from './validator/openapi.ts';

type Json = Record<string, unknown>;
const TOKEN = 'secret-token-of-the-test';

/** A call as an emulator records it; JSON unless a form is given. */
function call(
  api: string,
  method: string,
  path: string,
  more: { json?: unknown; form?: Json; headers?: Json } = {},
): Call {
  const form = more.form && new URLSearchParams(more.form as Record<string, string>);
  const type = form
    ? 'application/x-www-form-urlencoded'
    : more.json === undefined
      ? undefined
      : 'application/json';
  return {
    api,
    method,
    path,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      ...(type ? { 'content-type': type } : {}),
      ...(more.headers as Record<string, string>),
    },
    body: form ? form.toString() : more.json === undefined ? '' : JSON.stringify(more.json),
    status: 200,
    at: 0,
  };
}

async function multipart(api: string, path: string, fields: Record<string, string | Blob>): Promise<Call> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  const request = new Request('http://api', { method: 'POST', body: form });
  const bytes = Buffer.from(await request.arrayBuffer());
  const headers = { 'content-type': request.headers.get('content-type') };
  return { ...call(api, 'POST', path, { headers }), bodyBase64: bytes.toString('base64') };
}

describe('a description made for this test', () => {
  const document: OpenApi = {
    openapi: '3.0.1',
    security: [{ bearer: [] }],
    paths: {
      '/things': {
        post: {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
          },
        },
        get: {
          security: [],
          parameters: [
            { name: 'limit', in: 'query', schema: { type: 'integer', maximum: 10 } },
            {
              name: 'ids',
              in: 'query',
              explode: false,
              schema: { type: 'array', items: { type: 'integer' } },
            },
            { name: 'X-Version', in: 'header', required: true, schema: { enum: ['1', '2'] } },
          ],
        },
      },
      '/things/{id}': { get: { parameters: [{ name: 'id', in: 'path', schema: { type: 'integer' } }] } },
      '/things/special': { get: {} },
      '/forms': {
        post: {
          requestBody: {
            content: {
              'application/x-www-form-urlencoded': {
                schema: {
                  type: 'object',
                  properties: { n: { type: 'integer' }, urls: { type: 'array', items: { type: 'string' } } },
                },
              },
            },
          },
        },
      },
    },
    components: {
      schemas: {
        Thing: {
          allOf: [
            { $ref: '#/components/schemas/Named' },
            // Taken literally this would refuse the name; the two describe one object together.
            {
              type: 'object',
              additionalProperties: false,
              properties: { size: { type: 'integer', nullable: true } },
            },
          ],
        },
        Named: {
          type: 'object',
          required: ['name'],
          properties: {
            name: { type: 'string' },
            kind: { type: 'string', enum: ['a', 'b'] },
            free: { type: 'object' },
            owner: {
              oneOf: [{ $ref: '#/components/schemas/ById' }, { $ref: '#/components/schemas/ByMail' }],
            },
          },
        },
        ById: { type: 'object', required: ['id'], properties: { id: { type: 'string' } } },
        ByMail: { type: 'object', required: ['mail'], properties: { mail: { type: 'string' } } },
      },
    },
  };
  const check = checker({
    name: 'x',
    operations: operationsOf('x', document),
    meant: [],
    ignoredHeaders: [],
  });
  const thing = (json: unknown) => call('x', 'POST', '/things', { json });

  test.each([
    ['all of it', { name: 'n', kind: 'a', size: null, free: { any: 'thing' }, owner: { id: '1' } }],
    ['the least', { name: 'n' }],
  ])('%s passes', async (_name, json) => {
    expect(await check(thing(json))).toEqual({ operation: 'POST /things', violations: [] });
  });
  test.each([
    ['an unknown field', { name: 'n', colour: 'red' }, 'body: must NOT have unevaluated properties (colour)'],
    ['an unknown field inside', { name: 'n', owner: { id: '1', colour: 'red' } }, '(colour)'],
    ['both alternatives at once', { name: 'n', owner: { id: '1', mail: 'm' } }, '/owner'],
    ['a missing field', { size: 1 }, "must have required property 'name'"],
    ['a wrong type', { name: 7 }, '/name must be string'],
    ['null where it is not allowed', { name: null }, '/name must be string'],
    [
      'a value outside the list',
      { name: 'n', kind: 'c' },
      '/kind must be equal to one of the allowed values (a, b)',
    ],
    ['a list instead of an object', [], 'must be object'],
  ])('%s is found', async (_name, json, words) => {
    expect((await check(thing(json))).violations.join()).toContain(words);
  });

  const get = (path: string, headers: Json = { 'x-version': '2' }) => call('x', 'GET', path, { headers });
  test.each([
    ['a query of text', '/things?limit=10&ids=1,2', undefined, ''],
    ['an unknown parameter', '/things?limt=3', undefined, 'query limt: is not described'],
    ['a number over the limit', '/things?limit=11', undefined, 'query limit: must be <= 10'],
    ['a word for a number', '/things?limit=many', undefined, 'query limit: must be integer'],
    ['a word in a list of numbers', '/things?ids=1,x', undefined, 'query ids: /1 must be integer'],
    ['a missing header', '/things', {}, 'header X-Version: is missing'],
    ['a wrong header', '/things', { 'x-version': '3' }, 'header X-Version: must be equal'],
    ['a path that is no number', '/things/x', undefined, 'path id: must be integer'],
    ['a word that is a path of its own', '/things/special', undefined, ''],
  ])('%s', async (_name, path, headers, words) => {
    const { violations } = await check(get(path, headers));
    expect(violations.join()).toContain(words);
    expect(violations).toHaveLength(words === '' ? 0 : 1);
  });
  test('who is calling must be said where the description wants it', async () => {
    const anonymous = call('x', 'GET', '/things/1');
    delete anonymous.headers.authorization;
    expect((await check(anonymous)).violations).toEqual(['header authorization: is missing']);
  });
  test.each([
    ['GET', '/nothing', {}, 'nothing describes GET /nothing'],
    ['DELETE', '/things', {}, 'nothing describes DELETE /things'],
    ['GET', '/things/1/deeper', {}, 'nothing describes GET /things/1/deeper'],
    ['POST', '/things', {}, 'body: is missing'],
    ['GET', '/things/1', { json: {} }, 'body: is not described'],
    ['POST', '/things', { form: { name: 'n' } }, 'body: is application/x-www-form-urlencoded'],
  ])('%s %s with a surprise', async (method, path, more, words) => {
    expect((await check(call('x', method, path, more))).violations.join()).toContain(words);
  });
  test('a body that is no JSON is found', async () => {
    expect((await check({ ...thing({}), body: '{"name":' })).violations.join()).toContain(
      'body: is no application/json',
    );
  });
  test('a form’s numbers and lists come as text', async () => {
    const form = (body: string) => ({ ...call('x', 'POST', '/forms', { form: {} }), body });
    expect((await check(form('n=5&urls=a&urls=b'))).violations).toEqual([]);
    expect((await check(form('n=five'))).violations).toEqual(['body: /n must be integer']);
    expect((await check(form('m=5'))).violations.join()).toContain('(m)');
  });
});

const folder = process.env.API_SPECS_DIR;
// As in calls.test.ts: without the descriptions there is nothing to test.
describe.skipIf(!folder)('the official descriptions', () => {
  const check = createValidator(folder ?? '');
  const contact = '5ba682d23d7cf92bef87bfd4';
  const account = `AC${'0'.repeat(32)}`;
  const messages = `/2010-04-01/Accounts/${account}/Messages.json`;
  const bot = '/bot123456:AAInvented';
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

  const good: [string, Call][] = [
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
  test.each(good)('%s passes', async (_name, one) => {
    expect(await check(one)).toEqual({ operation: expect.any(String), violations: [] });
  });

  test('files pass in multipart', async () => {
    const file = new Blob(['bytes'], { type: 'image/png' });
    const uploads = [
      await multipart('meta', '/v25.0/100000000000001/media', {
        messaging_product: 'whatsapp',
        type: 'image/png',
        file,
      }),
      await multipart('hubspot', '/files/2026-09/files', { file, options: '{}', folderPath: '/x' }),
      await multipart('telegram', `${bot}/sendPhoto`, { chat_id: '7', photo: file, caption: 'c' }),
      await multipart('telegram', `${bot}/sendMediaGroup`, {
        chat_id: '7',
        media: JSON.stringify([{ type: 'photo', media: 'attach://a' }]),
        a: file,
      }),
    ];
    for (const one of uploads) expect((await check(one)).violations).toEqual([]);
    const wrong = [
      await multipart('meta', '/v25.0/100000000000001/media', { messaging_product: 'whatsapp' }),
      await multipart('hubspot', '/files/2026-09/files', { file, folder: '/x' }),
      await multipart('telegram', `${bot}/sendPhoto`, { chat_id: '7', picture: file }),
      await multipart('telegram', `${bot}/sendMediaGroup`, {
        chat_id: '7',
        media: '[{"type":"photo","medium":"x"}]',
      }),
    ];
    for (const one of wrong) expect((await check(one)).violations).not.toEqual([]);
  });

  type Bad = [string, ApiName, string, string, Parameters<typeof call>[3], string];
  const bad: Bad[] = [
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
  test.each(bad)('%s of %s is found (%s %s)', async (_name, api, method, path, more, words) => {
    const { violations } = await check(call(api, method, path, more));
    expect(violations.join()).toContain(words);
    expect(violations.join()).not.toMatch(new RegExp(`${TOKEN}|AAInvented`));
  });
});
