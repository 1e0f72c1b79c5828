import { describe, expect, test } from 'vitest';
import { createIntercom } from '../../../server/platforms/intercom/index.ts';
import { signHub } from '../../../server/platforms/intercom/signature.ts';
import { testIo } from '../../support/io.ts';
import { app, find, fixture, intercom, webhook } from './world.ts';

const receive = (body: unknown, more = {}) => intercom.receive(webhook(body, more), find, testIo());
const events = async (body: unknown) => {
  const received = await receive(body);
  return 'events' in received ? received.events : received;
};
/** The notification with its part bent. */
const replied = (part: Record<string, unknown>, topic = 'conversation.admin.replied') => {
  const notification = fixture('notification');
  const [first] = notification.data.item.conversation_parts.conversation_parts;
  notification.data.item.conversation_parts.conversation_parts = [{ ...first, ...part }];
  return { ...notification, topic };
};

describe('an agent’s reply', () => {
  test('becomes one message, to be read back, in the order of its number', async () => {
    expect(await events(fixture('notification'))).toEqual([
      {
        kind: 'message',
        connection: { workspaceId: 'wsp_1', id: 'wsp_1' },
        id: '9007044',
        thread: '215480021',
        author: { kind: 'agent', id: '8801', name: 'Maya Bright' },
        parts: [
          { kind: 'text', text: 'Yes! It left our shop this morning: Track it (https://shop.example/t/77)' },
        ],
        at: 1_793_613_605_000,
        seq: '9007044',
        partial: true,
      },
    ]);
  });
  test.each(['comment', 'assignment', 'close', 'open', 'snoozed', 'quick_reply', 'a_type_of_tomorrow'])(
    'is taken from a part of type %s',
    async (part_type) => {
      expect(await events(replied({ part_type }))).toHaveLength(1);
    },
  );
  test('has the same id under every topic, so that it is stored once', async () => {
    const topics = ['replied', 'closed', 'assigned', 'open.assigned'].map(
      (one) => `conversation.admin.${one}`,
    );
    const ids = await Promise.all(topics.map(async (topic) => events(replied({}, topic))));
    expect(ids.map((found) => (Array.isArray(found) ? found[0] : found))).toEqual(
      topics.map(() => expect.objectContaining({ id: '9007044' })),
    );
  });
  test('without words counts when it has a file', async () => {
    const attachments = [
      {
        type: 'upload',
        name: 'voice.ogg',
        url: 'https://downloads.intercomcdn.com/i/o/1/voice.ogg?expires=1',
        content_type: 'audio/ogg',
        filesize: 900,
      },
    ];
    expect(await events(replied({ body: null, attachments }))).toMatchObject([
      {
        parts: [
          { kind: 'file', file: { kind: 'audio', name: 'voice.ogg', contentType: 'audio/ogg', size: 900 } },
        ],
      },
    ]);
  });
  test('as HTML, from apps below version 2.15, keeps its HTML beside the text', async () => {
    const body = '<p>Dear <b>Ann</b></p>';
    expect(await events(replied({ body }))).toMatchObject([
      { parts: [{ kind: 'text', text: 'Dear Ann', html: body }] },
    ]);
  });
  test('that shows code with angle brackets in plain text stays as it was typed', async () => {
    expect(await events(replied({ body: 'use Map<string, T> here' }))).toMatchObject([
      { parts: [{ kind: 'text', text: 'use Map<string, T> here' }] },
    ]);
  });
  test('that starts a conversation stands in the source', async () => {
    const notification = fixture('notification');
    const { item } = notification.data;
    item.conversation_parts = { type: 'conversation_part.list', conversation_parts: [], total_count: 0 };
    item.source.author = { type: 'admin', id: '8801', name: 'Maya Bright' };
    item.source.body = 'Hello Ann, your parcel is back';
    const started = { ...notification, topic: 'conversation.admin.single.created' };
    expect(await events(started)).toMatchObject([
      { id: 'source:9007001', at: 1_793_610_000_000, seq: '9007001', partial: true },
    ]);
  });
  test('is not doubled by the source that other topics repeat', async () => {
    const closed = replied({ part_type: 'close', body: null }, 'conversation.admin.closed');
    closed.data.item.source.author = { type: 'admin', id: '8801' };
    expect(await events(closed)).toEqual([]);
  });
});

describe('what never leaves the inbox', () => {
  test.each([
    ['a note', { part_type: 'note' }],
    ['a note that reopens', { part_type: 'note_and_reopen' }],
    ['a bot’s message', fixture('bot-replied')],
    ['an AI answer in a teammate’s name', { author: { type: 'admin', id: '8801', from_ai_agent: true } }],
    ['a user’s message', { author: { type: 'user', id: '1' } }],
    ['a lead’s message', { author: { type: 'lead', id: '1' } }],
    ['a contact’s message', { author: { type: 'contact', id: '1' } }],
    ['a team’s part', { author: { type: 'team', id: '1' } }],
    ['a redacted reply', { redacted: true }],
    ['an assignment without words', { body: null }],
    ['an assignment with blank words', { body: ' \n' }],
    ['a part without an id', { id: null }],
  ])('%s', async (_what, part) => {
    expect(await events(replied(part))).toEqual([]);
  });
  test('a comment under the topic of notes', async () => {
    expect(await events(replied({}, 'conversation.admin.noted'))).toEqual([]);
  });
  test('what our own app wrote', async () => {
    const known = createIntercom({ ...app, appPackageCode: 'octopods-k2f8' });
    const ours = webhook(replied({ app_package_code: 'octopods-k2f8' }));
    expect(await known.receive(ours, find, testIo())).toEqual({ events: [] });
    const others = webhook(replied({ app_package_code: 'some-crm' }));
    expect(await known.receive(others, find, testIo())).toMatchObject({ events: [{ id: '9007044' }] });
  });
});

describe('changes that are no messages', () => {
  test('a merged contact is kept with ids alone', async () => {
    const item = { ...fixture('contact'), merged_from: { type: 'contact', id: 'aa01f0d51bb69f9f2193b0aa' } };
    const merged = { ...fixture('notification'), topic: 'contact.merged', data: { item } };
    const [event] = (await events(merged)) as { raw: string }[];
    expect(event).toMatchObject({ kind: 'unparsed', id: 'merged:aa01f0d51bb69f9f2193b0aa' });
    expect(JSON.parse(event?.raw ?? '')).toEqual({
      from: 'aa01f0d51bb69f9f2193b0aa',
      into: '68a1f0d51bb69f9f2193b001',
    });
  });
  test('a deleted conversation is named by conversation_id', async () => {
    const item = { type: 'conversation', conversation_id: '215480021' };
    const deleted = { ...fixture('notification'), topic: 'conversation.deleted', data: { item } };
    expect(await events(deleted)).toMatchObject([{ kind: 'unparsed', id: 'deleted:215480021' }]);
  });
  test('a redaction is kept without any content', async () => {
    const redacted = replied({ body: 'my card is 4111', redacted: true }, 'conversation_part.redacted');
    const [event] = (await events(redacted)) as { raw: string }[];
    expect(event).toMatchObject({ kind: 'unparsed', id: 'redacted:9007044' });
    expect(event?.raw).not.toContain('4111');
  });
});

describe('the door', () => {
  test('a HEAD request, which validates the URL, is answered without a signature', async () => {
    const head = webhook('', { method: 'HEAD', headers: {} });
    expect(await intercom.receive(head, find, testIo())).toEqual({ events: [] });
  });
  test('a ping, whose id is null, is acknowledged', async () => {
    const ping = { ...fixture('notification'), id: null, topic: 'ping', data: { item: { type: 'ping' } } };
    expect(await events(ping)).toEqual([]);
  });
  test('a missing, wrong or foreign signature is 401, whatever the body', async () => {
    const body = fixture('notification');
    for (const headers of [{}, { 'x-hub-signature': 'sha1=00' }, { 'x-hub-signature': '' }])
      expect(await receive(body, { headers })).toEqual({ reject: 401 });
    const wrong = { 'x-hub-signature': signHub('wrong', new TextEncoder().encode(JSON.stringify(body))) };
    expect(await receive(body, { headers: wrong })).toEqual({ reject: 401 });
    expect(await receive('{nonsense', { headers: {} })).toEqual({ reject: 401 });
  });
  test('any of the client secrets will do', async () => {
    const body = JSON.stringify(fixture('notification'));
    const headers = { 'x-hub-signature': signHub('older', new TextEncoder().encode(body)) };
    expect(await receive(body, { headers })).toMatchObject({ events: [{ id: '9007044' }] });
  });
  test.each(['{nonsense', '', '[]', '"text"', 'null'])('%j, correctly signed, is 400', async (body) => {
    expect(await receive(body)).toEqual({ reject: 400 });
  });
  test('an unknown workspace is acknowledged and nothing happens', async () => {
    expect(await events({ ...fixture('notification'), app_id: 'another' })).toEqual([]);
    expect(await events({ ...fixture('notification'), app_id: undefined })).toEqual([]);
  });
  test('an unknown topic, and an item of an odd shape, are acknowledged', async () => {
    expect(
      await events({
        ...fixture('notification'),
        topic: 'ticket.closed',
        data: { item: { type: 'ticket' } },
      }),
    ).toEqual([]);
    expect(await events({ ...fixture('notification'), data: null })).toEqual([]);
    expect(
      await events({
        ...fixture('notification'),
        data: { item: { type: 'conversation', id: '1', conversation_parts: 7 } },
      }),
    ).toEqual([]);
  });
});
