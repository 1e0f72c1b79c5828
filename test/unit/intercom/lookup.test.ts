import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../../server/core/adapter.ts';
import { noteHtml } from '../../../server/platforms/intercom/note.ts';
import { TEST_NOW, testIo } from '../../support/io.ts';
import type { Answer } from '../../support/scripted-http.ts';
import {
  API,
  CONTACT,
  CONVERSATION,
  connection,
  contactAuthor,
  failedStatus,
  failure,
  file,
  fixture,
  intercom,
  message,
  opening,
} from './world.ts';

const startedAt = TEST_NOW - 20_000;
const READ = `GET ${CONVERSATION}`;
const SEARCH = `POST ${API}/conversations/search`;
/** Intercom's clock agrees with ours. */
const headers = { date: new Date(TEST_NOW).toUTCString() };
const second = (at: number) => Math.floor(at / 1000);
const part = (more: object) => ({
  id: '9007045',
  part_type: 'comment',
  body: '<p>Thanks a lot</p>',
  created_at: second(startedAt) + 1,
  author: contactAuthor,
  attachments: [],
  ...more,
});
const conversation = (...parts: object[]): Answer => ({
  headers,
  json: {
    ...fixture('conversation'),
    conversation_parts: { conversation_parts: parts, total_count: parts.length },
  },
});

async function lookup(delivery: Delivery, call: string, answer: Answer) {
  const io = testIo();
  io.http.queue(call, answer);
  const found = await intercom
    .lookup?.({ ...delivery, startedAt }, connection, io)
    .catch((error: unknown) => error);
  io.http.done();
  return { found, request: io.http.requests[0] };
}
const inConversation = async (...parts: object[]) =>
  (await lookup(message(), READ, conversation(...parts))).found;

describe('a reply whose answer never came', () => {
  test('is found by author, words and time', async () => {
    expect(await inConversation(part({}))).toEqual({ found: '9007045' });
  });
  test('is found whatever Intercom did to its blanks and links', async () => {
    const parts = [{ kind: 'text' as const, text: 'See\n\nhttps://a.example/x?a=1&b=2  now' }];
    const body =
      '<p>See</p>\n<p><a href="https://a.example/x?a=1&amp;b=2">https://a.example/x?a=1&amp;b=2</a> now</p>';
    const { found } = await lookup(message({ parts }), READ, conversation(part({ body })));
    expect(found).toEqual({ found: '9007045' });
  });
  test.each([
    ['the same words from before', { created_at: second(startedAt) - 1 }],
    ['other words', { body: '<p>Thanks</p>' }],
    ['the agent’s own words', { author: { type: 'admin', id: '8801' } }],
    ['the same words with a file', { attachments: [{ url: 'https://downloads.intercomcdn.com/a' }] }],
  ])('is not mistaken for %s', async (_what, more) => {
    expect(await inConversation(part(more))).toBe('absent');
  });
  test('two answers of nothing but signs are told apart', async () => {
    const { found } = await lookup(
      message({ parts: [{ kind: 'text', text: '👍' }] }),
      READ,
      conversation(part({ body: '<p>👎</p>' })),
    );
    expect(found).toBe('absent');
  });
  test('of two with the same words the later one is it', async () => {
    expect(await inConversation(part({ id: '1' }), part({ id: '2' }))).toEqual({ found: '2' });
  });
  test('is looked for by Intercom’s clock, as its answers show it', async () => {
    const ahead = { date: new Date(TEST_NOW + 60_000).toUTCString() };
    const old = { ...conversation(part({})), headers: ahead };
    expect((await lookup(message(), READ, old)).found).toBe('absent');
    const behind = { date: new Date(TEST_NOW - 60_000).toUTCString() };
    const made = { ...conversation(part({ created_at: second(startedAt) - 59 })), headers: behind };
    expect((await lookup(message(), READ, made)).found).toEqual({ found: '9007045' });
  });
  test('with files alone is found by their names and number', async () => {
    const delivery = message({ parts: [{ kind: 'file', file: file() }] });
    const body = '<p>Image: photo.jpg</p>';
    const attachments = [{ url: 'https://downloads.intercomcdn.com/a' }];
    expect((await lookup(delivery, READ, conversation(part({ body, attachments })))).found).toEqual({
      found: '9007045',
    });
    expect((await lookup(delivery, READ, conversation(part({ body })))).found).toBe('absent');
  });
  test('is absent where the conversation is', async () => {
    expect((await lookup(message(), READ, failure(404, 'not_found', 'Resource Not Found'))).found).toBe(
      'absent',
    );
  });
  test('waits for a token that works; a failure that passes is asked again', async () => {
    const dead = (await lookup(message(), READ, failure(401, 'unauthorized', 'x'))).found;
    expect(dead).toMatchObject({ outcome: 'unauthorized' });
    expect((await lookup(message(), READ, failure(502, '', ''))).found).toMatchObject({ notSent: true });
  });
  test('cannot be looked up when nothing was ever begun', async () => {
    expect(await intercom.lookup?.(message(), connection, testIo())).toBe('cannot');
  });
});

describe('a conversation whose creation was not answered', () => {
  const item = (more: object, source: object = {}) => ({
    ...fixture('conversation'),
    created_at: second(startedAt) + 1,
    source: { ...fixture('conversation').source, body: '<p>Thanks a lot</p>', ...source },
    ...more,
  });
  const page = (...conversations: object[]): Answer => ({
    headers,
    json: { type: 'conversation.list', conversations, pages: {} },
  });

  test('is found by contact, words and time', async () => {
    const { found, request } = await lookup(opening(), SEARCH, page(item({})));
    expect(found).toEqual({ found: 'source:9007001', thread: '215480021' });
    expect(request?.json).toEqual({
      query: {
        operator: 'AND',
        value: [
          { field: 'contact_ids', operator: '=', value: CONTACT },
          { field: 'created_at', operator: '>', value: second(startedAt) - 26 * 3600 },
        ],
      },
    });
  });
  test.each([
    ['an older one', item({ created_at: second(startedAt) - 2 })],
    ['one with other words', item({}, { body: '<p>Hello</p>' })],
    ['one that a teammate began', item({}, { author: { type: 'admin', id: '8801' } })],
  ])('is not mistaken for %s', async (_what, other) => {
    expect((await lookup(opening(), SEARCH, page(other))).found).toBe('absent');
  });
  test('the day filter can hide nothing that happened since', () => {
    // `>` may mean "from the start of the next day", a day may have 25 hours.
    const asked = second(startedAt) - 26 * 3600;
    expect(asked + 25 * 3600).toBeLessThan(second(startedAt));
  });
});

describe('a note whose answer never came', () => {
  const note = (more: object) =>
    part({
      part_type: 'note',
      author: { type: 'admin', id: '8801' },
      body: noteHtml(failedStatus()),
      ...more,
    });

  test('is found among the notes', async () => {
    expect((await lookup(failedStatus(), READ, conversation(note({})))).found).toEqual({ found: '9007045' });
  });
  test('is not mistaken for a comment or another note', async () => {
    const others = conversation(note({ part_type: 'comment' }), note({ body: '<p>call him back</p>' }));
    expect((await lookup(failedStatus(), READ, others)).found).toBe('absent');
  });
});
