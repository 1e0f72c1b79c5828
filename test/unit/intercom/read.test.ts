import { describe, expect, test } from 'vitest';
import type { RemoteFile } from '../../../server/core/message.ts';
import { createIntercom } from '../../../server/platforms/intercom/index.ts';
import { TEST_NOW, testIo } from '../../support/io.ts';
import type { Answer, Script } from '../../support/scripted-http.ts';
import { API, app, CONVERSATION, connection, failure, fixture, intercom, THREAD } from './world.ts';

const READ = `GET ${CONVERSATION}`;
const IMAGE = 'https://downloads.intercomcdn.com/i/o/wk2acme7/1501/route.png';
const PDF = 'https://downloads.intercomcdn.com/i/o/wk2acme7/1502/invoice.pdf';
async function chunks(body: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of body) all.push(chunk);
  return all;
}
const event = { id: '9007044', thread: THREAD };

/** The conversation with its part bent. */
const conversation = (part: object, more: object = {}): Answer => {
  const json = fixture('conversation');
  const [first] = json.conversation_parts.conversation_parts;
  json.conversation_parts.conversation_parts = [{ ...first, ...part }];
  return { json: { ...json, ...more } };
};
async function readBack(answer: Answer, of = event) {
  const io = testIo();
  io.http.queue(READ, answer);
  return intercom.readBack?.(of, connection, io);
}

describe('reading a reply back', () => {
  test('gives text, HTML, inline images and attachments, in their order', async () => {
    expect(await readBack(conversation({}))).toEqual([
      {
        kind: 'text',
        text: 'Yes! It left our shop this morning: Track it (https://shop.example/t/77)',
        html: fixture('conversation').conversation_parts.conversation_parts[0].body,
      },
      { kind: 'file', file: { kind: 'image', name: 'route.png', ref: expect.stringContaining(IMAGE) } },
      {
        kind: 'file',
        file: {
          kind: 'document',
          name: 'invoice.pdf',
          contentType: 'application/pdf',
          size: 48_213,
          ref: expect.stringContaining(PDF),
        },
      },
    ]);
  });
  test('finds a first message in the source', async () => {
    const parts = await readBack(conversation({}), { id: 'source:9007001', thread: THREAD });
    expect(parts).toMatchObject([{ kind: 'text', text: 'Is my parcel on its way?' }]);
  });
  test('of a message that was redacted meanwhile leaves nothing to send', async () => {
    expect(await readBack(conversation({ redacted: true }))).toEqual([]);
  });
  test('says so when the conversation does not list the part, so that the relay can wait or take the webhook’s words', async () => {
    expect(await readBack(conversation({ id: '1' }))).toMatchObject({
      outcome: 'refused',
      code: 'not_listed',
    });
  });
  test('passes on what Intercom answers instead', async () => {
    expect(await readBack(failure(500, '', ''))).toMatchObject({ outcome: 'retry' });
    expect(await readBack(failure(401, 'unauthorized', 'x'))).toMatchObject({ outcome: 'unauthorized' });
    expect(await readBack(failure(404, 'not_found', 'x'))).toMatchObject({ outcome: 'refused' });
  });
});

describe('fetching a file', () => {
  const bytes = new Uint8Array([7, 8, 9]);
  const expired = { status: 403, text: 'This link has expired.' };

  async function files(): Promise<RemoteFile[]> {
    const parts = (await readBack(conversation({}))) ?? [];
    return Array.isArray(parts) ? parts.flatMap((part) => (part.kind === 'file' ? [part.file] : [])) : [];
  }
  async function fetchFile(index: number, script: [string, Script][], by = intercom) {
    const io = testIo();
    for (const [call, answer] of script) io.http.queue(call, answer);
    const media = await by.media?.((await files())[index] as RemoteFile, connection, io);
    io.http.done();
    return { media, requests: io.http.requests };
  }

  test('streams it, without our token, from Intercom’s hosts only', async () => {
    const { media, requests } = await fetchFile(1, [
      [`GET ${PDF}`, { bytes, headers: { 'content-type': 'application/pdf' } }],
    ]);
    expect(media).toMatchObject({ contentType: 'application/pdf', name: 'invoice.pdf' });
    const body = media && 'body' in media ? await chunks(media.body) : [];
    expect(body).toEqual([bytes]);
    expect(requests[0]?.headers ?? {}).not.toHaveProperty('authorization');
    expect(requests[0]?.hosts).toContain('.intercomcdn.com');
    expect(requests[0]?.hosts).not.toContain('octopods.test');
  });
  test('an address that died is replaced by a fresh one of the same file', async () => {
    const fresh = conversation({
      body: '<p><img src="https://downloads.intercomcdn.com/i/o/wk2acme7/1501/route.png?expires=2&amp;signature=new"></p>',
    });
    const { media } = await fetchFile(0, [
      [`GET ${IMAGE}?expires=1793615400&signature=aa11`, expired],
      [READ, fresh],
      [`GET ${IMAGE}?expires=2&signature=new`, { bytes }],
    ]);
    expect(media).toHaveProperty('body');
  });
  test('a file that was removed meanwhile is refused', async () => {
    const removed = conversation({ body: '<p>Never mind</p>', attachments: [] });
    const { media } = await fetchFile(1, [
      [`GET ${PDF}`, expired],
      [READ, removed],
    ]);
    expect(media).toMatchObject({ outcome: 'refused', code: 'file_gone' });
  });
  test('a store in trouble is asked again later; what stays refused is refused', async () => {
    expect((await fetchFile(1, [[`GET ${PDF}`, { status: 502 }]])).media).toMatchObject({ outcome: 'retry' });
    const dead = await fetchFile(1, [
      [`GET ${PDF}`, expired],
      [READ, conversation({})],
      [`GET ${PDF}`, expired],
    ]);
    expect(dead.media).toMatchObject({ outcome: 'refused' });
  });
  test('a configured API host counts as Intercom’s own', async () => {
    const local = createIntercom({ ...app, apiUrl: 'http://127.0.0.1:9' });
    const { requests } = await fetchFile(1, [[`GET ${PDF}`, { bytes }]], local);
    expect(requests[0]?.hosts).toContain('127.0.0.1');
  });
});

describe('catching up', () => {
  const SEARCH = `POST ${API}/conversations/search`;
  const since = TEST_NOW - 3_600_000;
  const sinceSecond = Math.floor(since / 1000);
  const page = (conversations: object[], next?: string): Answer => ({
    json: {
      type: 'conversation.list',
      conversations,
      pages: { type: 'pages', ...(next ? { next: { per_page: 150, starting_after: next } } : {}) },
    },
  });
  const changed = { ...fixture('conversation'), updated_at: sinceSecond + 10 };
  const answered = conversation({ created_at: sinceSecond + 5 });
  const catchUp = (io: ReturnType<typeof testIo>) => intercom.catchUp?.(connection, since, io);

  test('finds what agents wrote since, with the ids that the webhooks would have had', async () => {
    const io = testIo();
    io.http.queue(SEARCH, page([changed])).queue(READ, answered);
    expect(await catchUp(io)).toMatchObject([
      {
        kind: 'message',
        id: '9007044',
        thread: THREAD,
        parts: [{ kind: 'text' }, { kind: 'file' }, { kind: 'file' }],
      },
    ]);
    expect(io.http.requests[0]?.json).toEqual({
      query: { field: 'updated_at', operator: '>', value: sinceSecond - 26 * 3600 },
      pagination: { per_page: 150 },
    });
  });
  test('turns every page', async () => {
    const io = testIo();
    io.http.queue(SEARCH, page([{ ...changed, updated_at: 1 }], 'cursor-2'), page([changed]));
    io.http.queue(READ, answered);
    expect(await catchUp(io)).toHaveLength(1);
    expect(io.http.requests[1]?.json).toMatchObject({ pagination: { starting_after: 'cursor-2' } });
  });
  test('reads no conversation that did not change, and takes no part from before', async () => {
    const io = testIo();
    io.http.queue(SEARCH, page([{ ...changed, id: '1', updated_at: sinceSecond - 1 }, changed]));
    io.http.queue(READ, conversation({ created_at: sinceSecond - 1 }));
    expect(await catchUp(io)).toEqual([]);
    io.http.done();
  });
  test('leaves notes and bots out', async () => {
    for (const part of [{ part_type: 'note' }, { author: { type: 'bot', id: '1' } }]) {
      const io = testIo();
      io.http.queue(SEARCH, page([changed]));
      io.http.queue(READ, conversation({ created_at: sinceSecond + 5, ...part }));
      expect(await catchUp(io)).toEqual([]);
    }
  });
  test('a conversation deleted meanwhile is passed over; any other failure is thrown, so that nothing counts as read', async () => {
    const gone = testIo();
    gone.http.queue(SEARCH, page([changed])).queue(READ, failure(404, 'not_found', 'x'));
    expect(await catchUp(gone)).toEqual([]);
    for (const answers of [[failure(401, 'unauthorized', 'x')], [page([changed]), failure(500, '', '')]]) {
      const io = testIo();
      io.http.queue(SEARCH, answers[0] as Answer);
      if (answers[1]) io.http.queue(READ, answers[1]);
      await expect(catchUp(io)).rejects.toThrow('could not be caught up with');
    }
  });
});
