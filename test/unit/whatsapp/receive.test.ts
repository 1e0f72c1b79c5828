import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Event, MessageEvent, Part } from '../../../server/core/message.ts';
import { TEST_NOW, testIo } from '../../support/io.ts';
import { batchOf, connectionOf, finding, SECOND_PHONE_ID, WABA, webhook, whatsApp } from './world.ts';

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../fixtures/whatsapp/${name}.json`, import.meta.url), 'utf8'));
const messages = fixture('messages') as Record<string, object>;
const senders = fixture('senders') as Record<string, { contacts: object[]; message: object }>;

async function eventsOf(body: unknown): Promise<Event[]> {
  const second = connectionOf({ id: 'chn_2', workspaceId: 'wsp_2', externalId: SECOND_PHONE_ID });
  const received = await whatsApp.receive(webhook(body), finding(connectionOf(), second), testIo());
  if ('reject' in received) throw new Error(`rejected with ${received.reject}`);
  return received.events;
}
const envelope = { from: '15550002222', id: 'wamid.IN=', timestamp: '1793613600' };
const ann = [{ profile: { name: 'Ann' }, wa_id: '15550002222' }];
const only = async (message: object): Promise<Event> => {
  const events = await eventsOf(batchOf({ contacts: ann, messages: [{ ...envelope, ...message }] }));
  expect(events).toHaveLength(1);
  return events[0] as Event;
};
const messageOf = async (name: string): Promise<MessageEvent> => {
  const event = await only(messages[name] as object);
  if (event.kind !== 'message') throw new Error(`${name} became ${event.kind}`);
  return event;
};
const other = (summary: string): Part[] => [{ kind: 'other', summary }];

describe('a message of each type', () => {
  const expected: Record<string, Part[]> = {
    text: [{ kind: 'text', text: 'Hello, is anybody there?' }],
    reply: [{ kind: 'text', text: 'this one' }],
    forwarded: [{ kind: 'text', text: 'look' }],
    image: [
      {
        kind: 'file',
        file: { kind: 'image', ref: '1700000000000001', contentType: 'image/jpeg' },
        caption: 'the broken part',
      },
    ],
    video: [{ kind: 'file', file: { kind: 'video', ref: '1700000000000002', contentType: 'video/mp4' } }],
    voice: [{ kind: 'file', file: { kind: 'voice', ref: '1700000000000003', contentType: 'audio/ogg' } }],
    audio: [{ kind: 'file', file: { kind: 'audio', ref: '1700000000000004', contentType: 'audio/mpeg' } }],
    document: [
      {
        kind: 'file',
        file: {
          kind: 'document',
          ref: '1700000000000005',
          name: 'invoice 17.pdf',
          contentType: 'application/pdf',
        },
        caption: 'please check',
      },
    ],
    sticker: [
      { kind: 'file', file: { kind: 'sticker', ref: '1700000000000006', contentType: 'image/webp' } },
    ],
    'lost image': [
      ...other('an image that WhatsApp could not pass on: The file is larger than 100 MB'),
      { kind: 'text', text: 'see?' },
    ],
    location: [
      { kind: 'location', latitude: 48.2082, longitude: 16.3738, name: 'Café', address: '1 Main Square' },
    ],
    'location without coordinates': other('a location without coordinates: Café'),
    contacts: [
      { kind: 'contact', name: 'Bob Example', phones: ['+1 555-000-3333'], emails: ['bob@example.com'] },
      { kind: 'contact', name: 'Cleo', phones: ['+15550004444'], emails: [] },
      { kind: 'contact', name: 'Example Ltd', phones: [], emails: [] },
    ],
    reaction: [{ kind: 'reaction', to: 'wamid.TARGET=', emoji: '👍' }],
    'reaction taken back': [{ kind: 'reaction', to: 'wamid.TARGET=', emoji: '' }],
    'template button': [{ kind: 'choice', text: 'Yes, confirm', payload: 'CONFIRM' }],
    'reply button': [{ kind: 'choice', text: 'Yes', payload: 'yes' }],
    'list choice': [{ kind: 'choice', text: 'Blue', payload: 'row-2' }],
    form: [
      {
        kind: 'choice',
        text: 'Form answer: Sent\ncity: Graz\nsizes: [1,2]',
        payload: '{"flow_token":"t","city":"Graz","sizes":[1,2]}',
      },
    ],
    'call permission': other('an answer to a request for calls: allowed'),
    order: other('an order: 2 × MUG-1 at 9.5 EUR (“gift wrap please”)'),
    'number changed': other('a notice of WhatsApp: Ann changed from 15550002222 to 15550009999'),
    'unsupported edit': other(
      'an edited message (WhatsApp does not pass on the new text: ask the customer to send it again)',
    ),
    'unsupported poll': other('a poll'),
    unsupported: other('a message that WhatsApp does not pass on: Message type is currently not supported.'),
    edit: [{ kind: 'edit', of: 'wamid.FIRST=', text: 'corrected' }],
    revoke: [{ kind: 'deletion', of: 'wamid.FIRST=' }],
    'from an ad': [
      { kind: 'text', text: 'Is it still for sale?' },
      ...other('this in answer to an ad: Mugs, half price: https://example.com/ad'),
    ],
    'about a product': [{ kind: 'text', text: 'In red?' }, ...other('this about the product MUG-1')],
  };

  test('every fixture has its expectation', () => {
    expect(Object.keys(expected).sort()).toEqual(Object.keys(messages).sort());
  });
  test.each(Object.keys(messages))('“%s” becomes the parts that the agent should see', async (name) => {
    expect((await messageOf(name)).parts).toEqual(expected[name]);
  });

  test('a message carries its id, its thread and the sender’s clock', async () => {
    expect(await messageOf('text')).toEqual({
      kind: 'message',
      connection: { workspaceId: 'wsp_1', id: 'chn_1' },
      id: 'wamid.IN=',
      thread: '+15550002222',
      author: {
        kind: 'customer',
        customer: {
          identities: [{ kind: 'phone', scope: '', value: '+15550002222' }],
          name: 'Ann',
          address: '+15550002222',
        },
      },
      parts: [{ kind: 'text', text: 'Hello, is anybody there?' }],
      at: 1793613600000,
    });
  });
  test('a reply names what it answers, a forwarded message nothing', async () => {
    expect(await messageOf('reply')).toMatchObject({ replyTo: 'wamid.QUOTED=' });
    expect(await messageOf('template button')).toMatchObject({ replyTo: 'wamid.TEMPLATE=' });
    expect(await messageOf('forwarded')).not.toHaveProperty('replyTo');
  });
  test('a time in milliseconds is one already, and a missing one is now', async () => {
    expect(await only({ ...messages.text, timestamp: '1793613600123' })).toMatchObject({ at: 1793613600123 });
    expect(await only({ ...messages.text, timestamp: undefined })).toMatchObject({ at: TEST_NOW });
  });
  test('without an id the content is the id, so that a redelivery stays a duplicate', async () => {
    const nameless = { ...messages.text, id: undefined };
    const [first, again] = [await only(nameless), await only(nameless)];
    const different = await only({ ...nameless, text: { body: 'something else' } });
    expect(first).toMatchObject({ id: expect.stringMatching(/^sha256:/) });
    expect(again).toMatchObject({ id: (first as MessageEvent).id });
    expect((different as MessageEvent).id).not.toBe((first as MessageEvent).id);
  });
});

describe('what cannot be a message is kept and shown', () => {
  test.each([
    ['an unknown type', { type: 'hologram', hologram: {} }, 'an unknown kind (hologram)'],
    ['no type at all', {}, 'an unknown kind (without a type)'],
    ['an unknown interactive answer', { type: 'interactive', interactive: { type: 'wink' } }, 'unknown kind'],
    ['a text without a body', { type: 'text', text: null }, 'unknown kind (text)'],
    ['an empty list of contacts', { type: 'contacts', contacts: [] }, 'unknown kind (contacts)'],
    ['a message in a group', { ...messages.text, group_id: 'g1' }, 'group'],
    ['the first opening of the chat', { type: 'request_welcome' }, 'opened the chat'],
  ])('%s', async (_name, message, why) => {
    const event = await only(message);
    expect(event).toMatchObject({ kind: 'unparsed', id: 'wamid.IN=', why: expect.stringContaining(why) });
    expect((event as { raw: string }).raw).toContain('wamid.IN=');
  });

  test('another field of a known number is kept, but never more of it than 16 kB', async () => {
    const [event] = await eventsOf(batchOf({ history: ['x'.repeat(50_000)] }, undefined, 'history'));
    expect(event).toMatchObject({ kind: 'unparsed', why: 'a WhatsApp webhook about “history”' });
    expect((event as { raw: string }).raw).toHaveLength(16_000);
  });
});

describe('who wrote', () => {
  const of = async (name: string) => {
    const { contacts = [], message = {} } = senders[name] ?? {};
    const one = { ...messages.text, id: 'wamid.IN=', timestamp: '1793613600', ...message };
    const [event] = await eventsOf(batchOf({ contacts, messages: [one] }));
    return event?.kind === 'message' && event.author.kind === 'customer'
      ? { thread: event.thread, ...event.author.customer }
      : event?.kind;
  };
  const phone = { kind: 'phone', scope: '', value: '+15550002222' };
  const user = { kind: 'whatsapp_user', scope: WABA, value: 'US.10000000000000000001' };

  test.each([
    [
      'phone and user id',
      { thread: '+15550002222', identities: [phone, user], name: 'Ann', address: '+15550002222' },
    ],
    ['user id only', { thread: user.value, identities: [user], name: 'Ann', address: '@ann.example' }],
    ['user id in from', { thread: user.value, identities: [user], name: 'Ann', address: user.value }],
    [
      'user id of a portfolio',
      {
        thread: 'US.ENT.20000000000000000002',
        identities: [{ ...user, value: 'US.ENT.20000000000000000002' }],
        address: 'US.ENT.20000000000000000002',
      },
    ],
    [
      'phone only in the contact',
      { thread: '+15550002222', identities: [phone, user], name: 'Ann', address: '+15550002222' },
    ],
    ['no contacts', { thread: '+15550002222', identities: [phone], address: '+15550002222' }],
    ['contact of somebody else', { thread: '+15550002222', identities: [phone], address: '+15550002222' }],
    ['nobody', 'unparsed'],
  ])('%s', async (name, customer) => {
    expect(await of(name)).toEqual(customer);
  });
});

describe('a batch', () => {
  test('every message and status of every change of every entry arrives, each at its own number', async () => {
    const events = await eventsOf(fixture('batch'));
    const brief = events.map((event) => [
      event.connection.id,
      event.kind,
      event.kind === 'message' ? event.id : event.kind === 'receipt' ? event.of : undefined,
    ]);
    expect(brief).toEqual([
      ['chn_1', 'message', 'wamid.A1='],
      ['chn_1', 'message', 'wamid.A2='],
      ['chn_1', 'receipt', 'wamid.OUT1='],
      ['chn_1', 'receipt', 'wamid.OUT2='],
      ['chn_1', 'unparsed', undefined],
      ['chn_2', 'message', 'wamid.B1='],
      ['chn_1', 'message', 'wamid.A3='],
    ]);
    expect(events[5]?.connection).toEqual({ workspaceId: 'wsp_2', id: 'chn_2' });
  });
  test('each message of a batch has its own sender’s name', async () => {
    const names = (await eventsOf(fixture('batch'))).map((event) =>
      event.kind === 'message' && event.author.kind === 'customer' ? event.author.customer.name : undefined,
    );
    expect(names.slice(0, 2)).toEqual(['Ben', 'Ann']);
  });
  test('whatever stands beside it, a message arrives', async () => {
    const message = { ...envelope, ...messages.text };
    const types = [...Object.keys(messages), 'constructor', 'toString', '__proto__', 'hasOwnProperty'];
    const item = fc.oneof(
      fc.jsonValue(),
      fc.record({
        id: fc.jsonValue(),
        from: fc.oneof(fc.constant('15550002222'), fc.jsonValue()),
        type: fc.constantFrom(...types),
        status: fc.constantFrom(...types, 'failed', 'sent'),
        errors: fc.jsonValue(),
        text: fc.jsonValue(),
        contacts: fc.jsonValue(),
        interactive: fc.record({ type: fc.constantFrom(...types, 'nfm_reply'), nfm_reply: fc.jsonValue() }),
        unsupported: fc.record({ type: fc.constantFrom(...types) }),
      }),
    );
    const arbitrary = fc.record({
      statuses: fc.array(item),
      messages: fc.array(item),
      contacts: fc.jsonValue(),
    });
    await fc.assert(
      fc.asyncProperty(arbitrary, async (odd) => {
        const events = await eventsOf(batchOf({ ...odd, messages: [...odd.messages, message] }));
        expect(events).toContainEqual(
          expect.objectContaining({ kind: 'message', id: envelope.id, thread: '+15550002222' }),
        );
        expect(events.filter((event) => 'why' in event && event.why?.includes('could not be read'))).toEqual(
          [],
        );
      }),
      { numRuns: 300 },
    );
  });
  test('items of impossible shapes never take their neighbours along', async () => {
    const odd = {
      contacts: [null, 7],
      messages: [null, 'x', { ...envelope, ...messages.text }],
      statuses: [[], 3],
    };
    expect(await eventsOf(batchOf(odd))).toMatchObject([{ kind: 'message' }]);
    expect(await eventsOf({ object: 'x', entry: [{ changes: [{ value: 1 }, null] }, 'y'] })).toEqual([]);
    expect(await eventsOf({ entry: 'none' })).toEqual([]);
  });
});

describe('what became of our messages', () => {
  const statusOf = async (status: object) => (await eventsOf(batchOf({ statuses: [status] })))[0];
  const base = { id: 'wamid.OUT=', timestamp: '1793613602', recipient_id: '15550002222' };

  test.each([
    ['sent', 'sent'],
    ['delivered', 'delivered'],
    ['read', 'read'],
    ['played', 'read'],
  ])('%s reads as %s, with our own reference', async (given, status) => {
    expect(await statusOf({ ...base, status: given, biz_opaque_callback_data: 'dlv_7' })).toEqual({
      kind: 'receipt',
      connection: { workspaceId: 'wsp_1', id: 'chn_1' },
      of: 'wamid.OUT=',
      ref: 'dlv_7',
      status,
      at: 1793613602000,
    });
  });
  test('a failure carries the code and plain words with the next step', async () => {
    const errors = [
      { code: 131047, title: 'Re-engagement message', error_data: { details: 'Message failed' } },
    ];
    const receipt = await statusOf({ ...base, status: 'failed', errors });
    expect(receipt).toMatchObject({ kind: 'receipt', status: 'failed', code: '131047' });
    expect((receipt as { why: string }).why).toMatch(/^The 24-hour window is closed: .*template\.$/);
  });
  test('a failure with an unknown code says what Meta says, one without errors says so', async () => {
    const errors = [{ code: '139999', title: 'New trouble' }];
    expect(await statusOf({ ...base, status: 'failed', errors })).toMatchObject({
      code: '139999',
      why: 'WhatsApp refused the message: New trouble',
    });
    expect(await statusOf({ ...base, status: 'failed' })).toMatchObject({
      status: 'failed',
      why: 'WhatsApp could not deliver the message and does not say why.',
    });
  });
  test('an unknown status is kept; its id is not that of the message it is about', async () => {
    const [event, another] = [
      await statusOf({ ...base, status: 'pondered' }),
      await statusOf({ ...base, status: 'pondered', timestamp: '1793613999' }),
    ];
    expect(event).toMatchObject({ kind: 'unparsed', id: expect.stringMatching(/^sha256:/) });
    expect((another as { id: string }).id).not.toBe((event as { id: string }).id);
  });
  test('“deleted” means nothing to us', async () => {
    expect(await statusOf({ ...base, status: 'deleted' })).toBeUndefined();
  });
});

describe('troubles of the number itself', () => {
  const errorOf = async (code: number) =>
    (
      await eventsOf(batchOf({ errors: [{ code, title: 'Trouble', error_data: { details: 'Details' } }] }))
    )[0];

  test('a locked account takes the channel offline, with the reason', async () => {
    expect(await errorOf(131031)).toMatchObject({
      kind: 'state',
      value: 'offline',
      why: 'WhatsApp has locked the account. An admin should look at WhatsApp Manager.',
    });
  });
  test('a rate limit passes by itself and is only shown', async () => {
    expect(await errorOf(130429)).toMatchObject({
      kind: 'unparsed',
      why: 'WhatsApp reports trouble: Details',
    });
  });
});
