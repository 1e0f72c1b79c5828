import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../../server/core/adapter.ts';
import { WireError } from '../../../server/core/outcome.ts';
import { TEST_NOW, testIo } from '../../support/io.ts';
import type { Script } from '../../support/scripted-http.ts';
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
  link,
  message,
  opening,
  replied,
  TOKEN,
} from './world.ts';

const REPLY = `POST ${CONVERSATION}/reply`;
const OPEN = `POST ${API}/conversations`;
const READ_CONTACT = `GET ${API}/contacts/${CONTACT}`;
const SURVIVOR = 'cc03f0d51bb69f9f2193b0cc';
const opened = {
  json: {
    type: 'user_message',
    id: '9007001',
    created_at: 1793610000,
    body: 'Hi',
    message_type: 'inapp',
    conversation_id: '215480022',
  },
};
const taken = replied({ id: '9007045', body: '<p>Thanks a lot</p>', author: contactAuthor });

async function send(delivery: Delivery, script: [string, Script][], settings = connection.settings) {
  const io = testIo();
  for (const [call, answer] of script) io.http.queue(call, answer);
  const outcome = await intercom
    .send(delivery, { ...connection, settings }, io)
    .catch((error: unknown) => error);
  io.http.done();
  return { outcome, io, calls: io.http.requests.map((one) => one.json), requests: io.http.requests };
}

describe('a customer’s message', () => {
  test('is a reply of the contact, made once, with our version of the API', async () => {
    const { outcome, calls, requests } = await send(message(), [[REPLY, taken]]);
    expect(outcome).toEqual({ outcome: 'sent', id: '9007045' });
    expect(calls).toEqual([
      { message_type: 'comment', type: 'user', intercom_user_id: CONTACT, body: 'Thanks a lot' },
    ]);
    expect(requests[0]?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'intercom-version': '2.16',
    });
  });
  test('carries its files as base64 beside its text', async () => {
    const parts = [
      { kind: 'text' as const, text: 'Look' },
      { kind: 'file' as const, file: file(), caption: 'the roof' },
      {
        kind: 'file' as const,
        file: file({ kind: 'document', name: 'a.pdf', contentType: 'application/pdf' }),
      },
    ];
    const { calls } = await send(message({ parts }), [[REPLY, taken]]);
    expect(calls[0]).toMatchObject({
      body: 'Look\n\nthe roof',
      attachment_files: [
        { content_type: 'image/jpeg', name: 'photo.jpg', data: 'AQID' },
        { content_type: 'application/pdf', name: 'a.pdf', data: 'AQID' },
      ],
    });
  });
  test('of files alone says what they are: Intercom wants words', async () => {
    const { calls } = await send(message({ parts: [{ kind: 'file', file: file() }] }), [[REPLY, taken]]);
    expect(calls[0]).toMatchObject({ body: 'Image: photo.jpg' });
  });
  test('that opens the conversation names contact and text, and nothing that dates it', async () => {
    const { outcome, calls } = await send(opening(), [[OPEN, opened]]);
    expect(outcome).toEqual({ outcome: 'sent', id: 'source:9007001', thread: '215480022' });
    expect(calls).toEqual([{ from: { type: 'contact', id: CONTACT }, body: 'Thanks a lot' }]);
  });
  test('uses the contact that was just prepared', async () => {
    const { contactId: _none, platformThread: _neither, ...conversation } = link();
    const { calls } = await send(opening({ conversation, prepared: { contact: 'abc' } }), [[OPEN, opened]]);
    expect(calls[0]).toMatchObject({ from: { id: 'abc' } });
  });
  test('with files, whose conversation disappeared, opens another with the files’ addresses', async () => {
    const { outcome, calls } = await send(opening({ parts: [{ kind: 'file', file: file() }] }), [
      [OPEN, opened],
    ]);
    expect(outcome).toMatchObject({ outcome: 'sent', thread: '215480022' });
    expect(calls[0]).toEqual({
      from: { type: 'contact', id: CONTACT },
      body: 'Image: photo.jpg',
      attachment_urls: ['https://octopods.test/media/abc'],
    });
  });
  test('is recognised in the answer although others’ parts came behind it', async () => {
    const conversation = replied({ id: '9007045', author: contactAuthor }).json as {
      conversation_parts: { conversation_parts: unknown[] };
    };
    conversation.conversation_parts.conversation_parts.push({
      id: '9007046',
      author: { type: 'admin', id: '8801' },
    });
    conversation.conversation_parts.conversation_parts.push({
      id: '9007047',
      author: { type: 'user', id: 'another-participant' },
    });
    const { outcome } = await send(message(), [[REPLY, { json: conversation }]]);
    expect(outcome).toMatchObject({ id: '9007045' });
  });
});

describe('what Intercom answers instead', () => {
  const reset = String((TEST_NOW + 7_000) / 1000);
  test.each([
    ['a revoked token', failure(401, 'token_revoked', 'x'), { outcome: 'unauthorized' }],
    ['a foreign token', failure(401, 'unauthorized', 'x'), { outcome: 'unauthorized' }],
    ['a plan too low', failure(403, 'api_plan_restricted', 'x'), { outcome: 'unauthorized' }],
    [
      'attachments switched off',
      failure(403, 'action_forbidden', 'x'),
      { outcome: 'refused', code: 'action_forbidden' },
    ],
    ['a field it does not like', failure(422, 'parameter_invalid', 'x'), { outcome: 'refused' }],
    ['a conflict', failure(409, 'conflict', 'x'), { outcome: 'refused', code: 'conflict' }],
    [
      'its limit, with a time',
      failure(429, 'rate_limit_exceeded', 'x', { 'x-ratelimit-reset': reset }),
      { outcome: 'retry', afterMs: 7_000 },
    ],
    [
      'its limit, without a time',
      failure(429, 'rate_limit_exceeded', 'x'),
      { outcome: 'retry', afterMs: 10_000 },
    ],
    ['a closed door', failure(503, '', ''), { outcome: 'retry' }],
    ['a bad gateway', { status: 502, text: '<html>' }, { outcome: 'unknown' }],
    ['an internal error', failure(500, 'server_error', 'x'), { outcome: 'unknown' }],
    ['a time-out of its own', failure(408, '', ''), { outcome: 'unknown' }],
    ['words that are no JSON', { text: '<html>' }, { outcome: 'unknown' }],
    ['nothing', { json: {} }, { outcome: 'unknown' }],
  ] as const)('%s', async (_what, answer, expected) => {
    expect((await send(message(), [[REPLY, answer]])).outcome).toMatchObject(expected);
    expect((await send(opening(), [[OPEN, answer]])).outcome).toMatchObject(expected);
  });
  test('no answer keeps its certainty, and nothing is posted a second time', async () => {
    for (const notSent of [true, false]) {
      const { outcome, requests } = await send(message(), [[REPLY, new WireError('cut', notSent)]]);
      expect(outcome).toBeInstanceOf(WireError);
      expect(outcome).toMatchObject({ notSent });
      expect(requests).toHaveLength(1);
    }
  });
  test('a conversation that is gone is forgotten', async () => {
    for (const answer of [
      failure(404, 'not_found', 'Resource Not Found'),
      failure(400, 'bad_request', 'Conversation was merged'),
    ])
      expect((await send(message(), [[REPLY, answer]])).outcome).toMatchObject({
        outcome: 'retry',
        forget: 'thread',
      });
  });
});

describe('a contact that Intercom does not find', () => {
  const gone = failure(404, 'not_found', 'User Not Found');

  test.each([410, 404])('was merged: the survivor writes, and is remembered (%i)', async (status) => {
    const merged = failure(status, 'contact_merged', 'merged', {
      link: `</contacts/${SURVIVOR}>; rel="canonical"`,
    });
    const answer = replied({ id: '9007047', author: { type: 'user', id: SURVIVOR } });
    const { outcome, calls } = await send(message(), [
      [REPLY, gone],
      [READ_CONTACT, merged],
      [REPLY, answer],
    ]);
    expect(outcome).toEqual({ outcome: 'sent', id: '9007047', contact: SURVIVOR });
    expect(calls[2]).toMatchObject({ intercom_user_id: SURVIVOR });
  });
  test('is gone: it is forgotten', async () => {
    const { outcome } = await send(opening(), [
      [OPEN, gone],
      [READ_CONTACT, gone],
    ]);
    expect(outcome).toMatchObject({ outcome: 'retry', forget: 'contact' });
  });
  test('was created a moment ago: it is kept, and asked for again', async () => {
    const fresh = `${Math.floor(TEST_NOW / 1000 - 5).toString(16)}1bb69f9f2193b0dd`;
    const young = opening({ conversation: { ...opening().conversation, contactId: fresh } });
    for (const answer of [gone, { json: { ...fixture('contact'), id: fresh } }]) {
      const { outcome } = await send(young, [
        [OPEN, gone],
        [`GET ${API}/contacts/${fresh}`, answer],
      ]);
      expect(outcome).toEqual({ outcome: 'retry', why: expect.any(String), afterMs: 3_000 });
    }
  });
  test('was archived: it is brought back', async () => {
    const { outcome } = await send(message(), [
      [REPLY, gone],
      [READ_CONTACT, { json: fixture('contact') }],
      [
        `POST ${API}/contacts/${CONTACT}/unarchive`,
        { json: { type: 'contact', id: CONTACT, archived: false } },
      ],
    ]);
    expect(outcome).toMatchObject({ outcome: 'retry' });
    expect(outcome).not.toHaveProperty('forget');
  });
  test('is blocked: refused with what to do', async () => {
    const { outcome } = await send(message(), [
      [REPLY, gone],
      [READ_CONTACT, { json: fixture('contact') }],
      [`POST ${API}/contacts/${CONTACT}/unarchive`, failure(400, 'not_restorable', 'blocked')],
    ]);
    expect(outcome).toMatchObject({ outcome: 'refused', code: 'not_restorable' });
  });
});

describe('a failure is told as an internal note', () => {
  const note = replied({ id: '9007048', part_type: 'note', author: { type: 'admin', id: '8801' } });

  test('by the teammate who installed us, naming message, reason and next step', async () => {
    const { outcome, calls } = await send(failedStatus(), [[REPLY, note]]);
    expect(outcome).toEqual({ outcome: 'sent', id: '9007048' });
    expect(calls[0]).toMatchObject({ message_type: 'note', type: 'admin', admin_id: '8801' });
    const { body } = calls[0] as { body: string };
    expect(body).toContain('<b>Not delivered</b> by WhatsApp to +1 555 000 2222');
    expect(body).toContain('“Yes! It left our shop &lt;today&gt;”');
    expect(body).toContain('Send a template instead.');
  });
  test('an unknown end says so, and what to do without a reason of the channel', async () => {
    const { why: _none, ...status } = failedStatus({ status: 'unknown' });
    const { calls } = await send(status, [[REPLY, note]]);
    expect(calls[0]).toMatchObject({
      body: expect.stringMatching(/Perhaps not delivered.*before you send it again/s),
    });
  });
  test('by somebody else when that teammate has left', async () => {
    const admins = {
      json: {
        type: 'admin.list',
        admins: [
          { id: '8802', has_inbox_seat: false },
          { id: '8803', has_inbox_seat: true },
        ],
      },
    };
    const left = failure(404, 'admin_not_found', 'Admin for admin_id not found');
    const { outcome, calls } = await send(failedStatus(), [
      [REPLY, left],
      [`GET ${API}/admins`, admins],
      [REPLY, note],
    ]);
    expect(outcome).toMatchObject({ outcome: 'sent' });
    expect(calls[2]).toMatchObject({ admin_id: '8803' });
  });
  test('cannot be told where no teammate or no conversation is left', async () => {
    const nobody = { json: { type: 'admin.list', admins: [] } };
    const alone = await send(failedStatus(), [[`GET ${API}/admins`, nobody]], { region: 'EU' });
    expect(alone.outcome).toMatchObject({ outcome: 'refused', code: 'admin_not_found' });
    const { platformThread: _none, ...conversation } = link();
    expect((await send(failedStatus({ conversation }), [])).outcome).toMatchObject({ outcome: 'refused' });
  });
  test('without an answer the end is open', async () => {
    expect((await send(failedStatus(), [[REPLY, failure(502, '', '')]])).outcome).toMatchObject({
      outcome: 'unknown',
    });
  });
});
