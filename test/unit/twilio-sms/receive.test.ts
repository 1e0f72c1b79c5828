import { describe, expect, it } from 'vitest';
import type { Event, Part } from '../../../server/core/message.ts';
import messages from '../../fixtures/twilio/messages.json' with { type: 'json' };
import { TEST_NOW, testIo } from '../../support/io.ts';
import { AUTH_TOKEN, CUSTOMER, connection, find, HOOK, NUMBER, twilioSms, webhook } from './world.ts';

type Named = keyof typeof messages;
const formOf = (name: Named): Record<string, string> => Object.fromEntries(Object.entries(messages[name]));

async function received(form: Record<string, string>, url = HOOK): Promise<Event[]> {
  const answer = await twilioSms.receive(webhook(form, { url }), find, testIo());
  if ('reject' in answer) throw new Error(`rejected with ${answer.reject}`);
  expect(answer.reply).toEqual({ status: 200, headers: { 'content-type': 'text/xml' }, body: '<Response/>' });
  return answer.events;
}

describe('who may call the webhook', () => {
  const status = async (more: Parameters<typeof webhook>[1]) => {
    const answer = await twilioSms.receive(webhook(formOf('text'), more), find, testIo());
    return 'reject' in answer ? answer.reject : 200;
  };

  it('only Twilio, for exactly this address', async () => {
    expect(await status({})).toBe(200);
    expect(await status({ signature: null })).toBe(401);
    expect(await status({ signature: '' })).toBe(401);
    expect(await status({ secret: `${AUTH_TOKEN}x` })).toBe(401);
    const elsewhere = webhook(formOf('text'), { url: 'https://evil.example/webhooks/twilio/chn_1' });
    expect(await twilioSms.receive({ ...elsewhere, url: HOOK }, find, testIo())).toEqual({ reject: 401 });
  });

  it('an unknown channel, or one of another type, is not found', async () => {
    expect(await status({ routeId: 'chn_2' })).toBe(404);
    const finds = { ...find, byId: async () => ({ ...connection, type: 'telegram' }) };
    expect(await twilioSms.receive(webhook(formOf('text')), finds, testIo())).toEqual({ reject: 404 });
  });
});

describe('a message', () => {
  it('becomes an event of the number that wrote it, at our own time', async () => {
    expect(await received(formOf('text'))).toEqual([
      {
        kind: 'message',
        connection: { workspaceId: 'wsp_1', id: 'chn_1' },
        id: 'SM00000000000000000000000000000001',
        thread: CUSTOMER,
        author: {
          kind: 'customer',
          customer: {
            identities: [{ kind: 'phone', scope: '', value: CUSTOMER }],
            address: '+15550002222',
          },
        },
        parts: [{ kind: 'text', text: 'Hello & welcome 👋' }],
        at: TEST_NOW,
      },
    ]);
  });

  it('has whole seconds, so that one caught up on from the list, which has no others, stands behind it', async () => {
    const io = testIo(TEST_NOW + 900);
    expect(await twilioSms.receive(webhook(formOf('text')), find, io)).toMatchObject({
      events: [{ at: TEST_NOW }],
    });
  });

  const media = (message: number, index: number) =>
    `https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM${message}/Media/ME${index}`;
  it.each<[Named, Part[]]>([
    [
      'picture with words',
      [
        { kind: 'text', text: 'my receipt' },
        {
          kind: 'file',
          file: { kind: 'image', ref: media(2, 0), name: 'image-1.jpg', contentType: 'image/jpeg' },
        },
        {
          kind: 'file',
          file: {
            kind: 'document',
            ref: media(2, 1),
            name: 'document-2.pdf',
            contentType: 'application/pdf',
          },
        },
      ],
    ],
    [
      'contact card',
      [
        {
          kind: 'file',
          file: { kind: 'document', ref: media(3, 0), name: 'contact-1.vcf', contentType: 'text/vcard' },
        },
      ],
    ],
    ['location', [{ kind: 'location', latitude: 52.5, longitude: 13.4, name: 'Café', address: 'Main St 1' }]],
    ['button', [{ kind: 'choice', text: 'Yes', payload: 'yes_1' }]],
    ['opt-out', [{ kind: 'text', text: 'STOP' }]],
    ['nothing', [{ kind: 'other', summary: 'an empty message' }]],
  ])('%s', async (name, parts) => {
    expect(await received(formOf(name))).toMatchObject([{ kind: 'message', parts }]);
  });

  it('names what it answers', async () => {
    expect(await received(formOf('reply'))).toMatchObject([
      { replyTo: 'SM00000000000000000000000000000099' },
    ]);
  });

  it('from a short code is no phone’s', async () => {
    expect(await received(formOf('short code'))).toMatchObject([
      {
        thread: '12345',
        author: { customer: { identities: [{ kind: 'opaque', scope: NUMBER, value: '12345' }] } },
      },
    ]);
  });

  it.each<[Named, RegExp]>([
    ['from WhatsApp', /whatsapp/],
    ['without a sender', /sender/],
    ['no message at all', /neither/],
  ])('%s is kept with the reason', async (name, why) => {
    const [event] = await received(formOf(name));
    expect(event).toMatchObject({
      kind: 'unparsed',
      id: expect.stringMatching(/^body:[0-9a-f]{64}$/),
      why: expect.stringMatching(why),
      raw: new URLSearchParams(formOf(name)).toString(),
    });
  });
});

describe('a status', () => {
  const status = (MessageStatus: string, more: Record<string, string> = {}) => ({
    MessageSid: 'SM9',
    MessageStatus,
    SmsStatus: MessageStatus,
    From: NUMBER,
    To: CUSTOMER,
    ...more,
  });

  it.each([
    ['accepted', 'sent'],
    ['queued', 'sent'],
    ['sending', 'sent'],
    ['sent', 'sent'],
    ['partially_delivered', 'sent'],
    ['delivered', 'delivered'],
    ['read', 'read'],
    ['undelivered', 'failed'],
    ['failed', 'failed'],
    ['canceled', 'failed'],
  ])('%s tells that the message is %s, with our own reference', async (said, rank) => {
    expect(await received(status(said), `${HOOK}?delivery=dlv_1`)).toMatchObject([
      { kind: 'receipt', of: 'SM9', ref: 'dlv_1', status: rank, at: TEST_NOW },
    ]);
  });

  it('of a failure says why in plain words', async () => {
    expect(await received(status('undelivered', { ErrorCode: '30003' }))).toMatchObject([
      { status: 'failed', code: '30003', why: expect.stringContaining('could not be reached') },
    ]);
    expect(await received(status('failed', { ErrorCode: '39999', ErrorMessage: 'Odd' }))).toMatchObject([
      { code: '39999', why: expect.stringMatching(/Odd.*39999/) },
    ]);
    expect(await received(status('failed'))).toMatchObject([
      { code: 'failed', why: expect.stringMatching(/./) },
    ]);
  });

  it('without our reference still names the message', async () => {
    const [event] = await received(status('delivered'));
    expect(event).toEqual({
      kind: 'receipt',
      connection: { workspaceId: 'wsp_1', id: 'chn_1' },
      of: 'SM9',
      status: 'delivered',
      at: TEST_NOW,
    });
  });

  it('that we do not know is kept', async () => {
    expect(await received(status('teleported'))).toMatchObject([
      { kind: 'unparsed', why: expect.stringContaining('teleported') },
    ]);
  });
});
