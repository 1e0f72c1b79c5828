import { describe, expect, it } from 'vitest';
import type { StoredFile } from '../../../server/core/message.ts';
import { type Outcome, WireError } from '../../../server/core/outcome.ts';
import { testIo } from '../../support/io.ts';
import type { Answer, Script } from '../../support/scripted-http.ts';
import { BOT, connection, delivery, file, TOKEN, telegram } from './world.ts';

const ok = (message_id = 56): Answer => ({
  json: { ok: true, result: { message_id, date: 1, chat: { id: 7000001 } } },
});
const no = (error_code: number, description: string, parameters?: object): Answer => ({
  status: error_code,
  json: { ok: false, error_code, description, ...(parameters && { parameters }) },
});

async function send(message: ReturnType<typeof delivery>, ...calls: [method: string, answer: Script][]) {
  const io = testIo();
  for (const [method, answer] of calls) io.http.queue(`POST ${BOT}/${method}`, answer);
  const outcome = await telegram.send(message, connection, io);
  io.http.done();
  return { outcome, requests: io.http.requests };
}

describe('a text', () => {
  it('goes as it is, and its id names the chat too', async () => {
    const { outcome, requests } = await send(delivery({ kind: 'text', text: '1 < 2 & *x*' }), [
      'sendMessage',
      ok(),
    ]);
    expect(outcome).toEqual({ outcome: 'sent', id: '7000001:56' });
    expect(requests).toEqual([
      { method: 'POST', url: `${BOT}/sendMessage`, json: { chat_id: 7000001, text: '1 < 2 & *x*' } },
    ]);
  });

  it('with formatting goes as Telegram’s HTML', async () => {
    const part = { kind: 'text' as const, text: 'a < b', html: '<p><strong>a &lt; b</strong></p>' };
    const { requests } = await send(delivery(part), ['sendMessage', ok()]);
    expect(requests[0]?.json).toEqual({ chat_id: 7000001, text: '<b>a &lt; b</b>', parse_mode: 'HTML' });
  });

  it('goes plain, once, when Telegram cannot read the formatting', async () => {
    const part = { kind: 'text' as const, text: 'bold', html: '<b>bold</b>' };
    const { outcome, requests } = await send(
      delivery(part),
      ['sendMessage', no(400, "Bad Request: can't parse entities: Unclosed start tag at byte offset 3")],
      ['sendMessage', ok()],
    );
    expect(outcome.outcome).toBe('sent');
    expect(requests[1]?.json).toEqual({ chat_id: 7000001, text: 'bold' });
  });

  it('answers the message that the agent answered, if that still exists', async () => {
    const message = delivery({ kind: 'text', text: 'yes' }, { replyTo: '7000001:55' });
    const { requests } = await send(message, ['sendMessage', ok()]);
    expect(requests[0]?.json).toMatchObject({
      reply_parameters: { message_id: 55, allow_sending_without_reply: true },
    });
  });
});

describe('a file', () => {
  it.each<[string, Partial<StoredFile>, string, string]>([
    ['a picture', {}, 'sendPhoto', 'photo'],
    ['a GIF', { contentType: 'image/gif' }, 'sendAnimation', 'animation'],
    ['a picture that is no photo', { contentType: 'image/svg+xml' }, 'sendDocument', 'document'],
    ['a picture over 10 MB', { size: 10_000_001 }, 'sendDocument', 'document'],
    ['a film', { kind: 'video', contentType: 'video/mp4' }, 'sendVideo', 'video'],
    ['a film of another type', { kind: 'video', contentType: 'video/quicktime' }, 'sendDocument', 'document'],
    ['a song', { kind: 'audio', contentType: 'audio/mpeg' }, 'sendAudio', 'audio'],
    ['a voice message', { kind: 'voice', contentType: 'audio/ogg; codecs=opus' }, 'sendVoice', 'voice'],
    [
      'a voice message of another type',
      { kind: 'voice', contentType: 'audio/amr' },
      'sendDocument',
      'document',
    ],
    ['a sticker', { kind: 'sticker', contentType: 'image/webp' }, 'sendSticker', 'sticker'],
    ['a document', { kind: 'document', contentType: 'application/pdf' }, 'sendDocument', 'document'],
  ])('%s goes by the method that takes it', async (_what, more, method, field) => {
    const { outcome, requests } = await send(delivery({ kind: 'file', file: file(more) }), [method, ok()]);
    expect(outcome.outcome).toBe('sent');
    const form = requests[0]?.multipart;
    const upload = form?.get(field);
    expect(form?.get('chat_id')).toBe('7000001');
    expect(upload).toBeInstanceOf(File);
    expect((upload as File).name).toBe('photo.jpg');
    expect([...(await (upload as File).bytes())]).toEqual([1, 2, 3]);
  });

  it('carries its caption and what it answers', async () => {
    const message = delivery({ kind: 'file', file: file(), caption: 'look' }, { replyTo: '7000001:55' });
    const { requests } = await send(message, ['sendPhoto', ok()]);
    expect(requests[0]?.multipart?.get('caption')).toBe('look');
    expect(requests[0]?.multipart?.get('reply_parameters')).toBe(
      '{"message_id":55,"allow_sending_without_reply":true}',
    );
  });

  it.each([
    'Bad Request: PHOTO_INVALID_DIMENSIONS',
    'Bad Request: IMAGE_PROCESS_FAILED',
    'Bad Request: file of size 10485761 bytes is too big for a photo; the maximum size is 10485760 bytes',
  ])('that Telegram takes for no photo (%s) goes as a document', async (description) => {
    const { outcome, requests } = await send(
      delivery({ kind: 'file', file: file(), caption: 'wide' }),
      ['sendPhoto', no(400, description)],
      ['sendDocument', ok(57)],
    );
    expect(outcome).toEqual({ outcome: 'sent', id: '7000001:57' });
    expect(requests[1]?.multipart?.get('caption')).toBe('wide');
  });
});

describe('what has a form of its own', () => {
  it('a place, with and without a name', async () => {
    const place = { kind: 'location' as const, latitude: 1.5, longitude: 2 };
    const bare = await send(delivery(place), ['sendLocation', ok()]);
    expect(bare.requests[0]?.json).toEqual({ chat_id: 7000001, latitude: 1.5, longitude: 2 });
    const named = await send(delivery({ ...place, name: 'Café' }), ['sendVenue', ok()]);
    expect(named.requests[0]?.json).toMatchObject({ title: 'Café', address: 'Café' });
  });

  it('a contact; without a number it is told in words', async () => {
    const contact = { kind: 'contact' as const, name: 'Bob', phones: ['+15550003333'], emails: [] };
    const { requests } = await send(delivery(contact), ['sendContact', ok()]);
    expect(requests[0]?.json).toEqual({ chat_id: 7000001, phone_number: '+15550003333', first_name: 'Bob' });
    const numberless = { ...contact, phones: [], emails: ['b@x.example'] };
    const words = await send(delivery(numberless), ['sendMessage', ok()]);
    expect(words.requests[0]?.json).toMatchObject({ text: 'Contact: Bob, b@x.example' });
  });
});

describe('what Telegram refuses', () => {
  const outcomeOf = async (answer: Answer): Promise<Outcome> =>
    (await send(delivery({ kind: 'text', text: 'hello' }), ['sendMessage', answer])).outcome;

  it.each([
    [403, 'Forbidden: bot was blocked by the user', /has blocked the bot.*unblock/],
    [403, 'Forbidden: user is deactivated', /no longer exists/],
    [403, "Forbidden: bot can't initiate conversation with a user", /press Start/],
    [403, 'Forbidden: bot was kicked from the group chat', /no longer in that chat/],
    [403, 'Forbidden: bot is not a member of the channel chat', /no longer in that chat/],
    [403, "Forbidden: bot can't send messages to bots", /is a bot/],
    [400, 'Bad Request: chat not found', /does not know this chat/],
    [400, 'Bad Request: PEER_ID_INVALID', /does not know this chat/],
    [400, 'Bad Request: message text is empty', /is empty/],
    [400, 'Bad Request: message is too long', /too long/],
    [400, 'Bad Request: file is too big', /too big/],
    [413, 'Request Entity Too Large', /too big/],
    [400, 'Bad Request: wrong file identifier/HTTP URL specified', /could not use the file/],
    [400, 'Bad Request: group chat was upgraded to a supergroup chat', /another kind/],
    [400, 'Bad Request: VOICE_MESSAGES_FORBIDDEN', /voice messages/],
    [400, 'Bad Request: BUTTON_URL_INVALID', /Telegram refused the message: Bad Request: BUTTON_URL_INVALID/],
  ])('%i %s: for good, with the reason', async (code, description, why) => {
    expect(await outcomeOf(no(code, description))).toEqual({
      outcome: 'refused',
      code: String(code),
      why: expect.stringMatching(why),
    });
  });

  it('a dead token pauses the channel', async () => {
    expect((await outcomeOf(no(401, 'Unauthorized'))).outcome).toBe('unauthorized');
    expect((await outcomeOf(no(404, 'Not Found'))).outcome).toBe('unauthorized');
  });

  it('too many are tried again when Telegram says so', async () => {
    expect(await outcomeOf(no(429, 'Too Many Requests: retry after 7', { retry_after: 7 }))).toMatchObject({
      outcome: 'retry',
      afterMs: 7000,
    });
    expect((await outcomeOf(no(409, 'Conflict: terminated by other getUpdates request'))).outcome).toBe(
      'retry',
    );
  });

  it('a failure of its servers may have sent it', async () => {
    expect((await outcomeOf({ status: 502, text: '<html>Bad Gateway</html>' })).outcome).toBe('unknown');
    expect((await outcomeOf(no(500, 'Internal Server Error'))).outcome).toBe('unknown');
    expect((await outcomeOf({ status: 200, text: 'nonsense' })).outcome).toBe('unknown');
    expect((await outcomeOf({ json: { ok: true, result: true } })).outcome).toBe('unknown');
  });

  it('never falls back where the first may have been sent', async () => {
    const part = { kind: 'text' as const, text: 'bold', html: '<b>bold</b>' };
    const { outcome, requests } = await send(delivery(part), [
      'sendMessage',
      no(500, "can't parse entities"),
    ]);
    expect(outcome.outcome).toBe('unknown');
    expect(requests).toHaveLength(1);
  });

  it('a failure of the wire keeps its certainty and loses the token', async () => {
    const broken = new WireError(`connect ECONNREFUSED ${BOT}/sendMessage`, true);
    const failure = await send(delivery({ kind: 'text', text: 'x' }), ['sendMessage', broken]).catch(
      (error) => error,
    );
    expect(failure).toBeInstanceOf(WireError);
    expect(failure).toMatchObject({
      notSent: true,
      message: 'connect ECONNREFUSED https://api.telegram.org/bot<token>/sendMessage',
    });
    expect(JSON.stringify([failure.message, failure.stack, failure.cause])).not.toContain(TOKEN);
  });
});
