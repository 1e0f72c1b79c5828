import type { Update as Official } from '@grammyjs/types';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { update as updateSchema } from '../../../server/channels/telegram/update.ts';
import type { Event, MessageEvent, Part } from '../../../server/core/message.ts';
import updates from '../../fixtures/telegram/updates.json' with { type: 'json' };
import { TEST_NOW, testIo } from '../../support/io.ts';
import { connection, find, SECRET, telegram, webhook } from './world.ts';

type Named = keyof typeof updates;

async function received(body: unknown): Promise<Event> {
  const answer = await telegram.receive(webhook(body), find, testIo());
  if ('reject' in answer) throw new Error(`rejected with ${answer.reject}`);
  const [event] = answer.events;
  if (!event || answer.events.length !== 1) throw new Error(`${answer.events.length} events`);
  return event;
}
async function message(name: Named): Promise<MessageEvent> {
  const event = await received(updates[name]);
  if (event.kind !== 'message') throw new Error(`${event.kind}: ${'why' in event ? event.why : ''}`);
  return event;
}

describe('who may call the webhook', () => {
  const status = async (more: Parameters<typeof webhook>[1], body: unknown = updates.text) => {
    const answer = await telegram.receive(webhook(body, more), find, testIo());
    return 'reject' in answer ? answer.reject : 200;
  };

  it('only one who knows the secret of this channel', async () => {
    expect(await status({})).toBe(200);
    expect(await status({ headers: {} })).toBe(401);
    expect(await status({ headers: { 'x-telegram-bot-api-secret-token': '' } })).toBe(401);
    expect(await status({ headers: { 'x-telegram-bot-api-secret-token': `${SECRET}x` } })).toBe(401);
    expect(await status({ headers: { 'x-telegram-bot-api-secret-token': SECRET.toUpperCase() } })).toBe(401);
  });

  it('nobody while the channel has no secret', async () => {
    const bare = { ...connection, credentials: { bot_token: 'x' } };
    const finds = { ...find, byId: async () => bare };
    const request = webhook(updates.text, { headers: { 'x-telegram-bot-api-secret-token': '' } });
    expect(await telegram.receive(request, finds, testIo())).toEqual({ reject: 401 });
  });

  it('an unknown channel, or one of another type, is not found', async () => {
    expect(await status({ routeId: 'chn_2' })).toBe(404);
    const finds = { ...find, byId: async () => ({ ...connection, type: 'twilio_sms' }) };
    expect(await telegram.receive(webhook(updates.text), finds, testIo())).toEqual({ reject: 404 });
  });

  it('what is no JSON is refused, but only after the secret was right', async () => {
    expect(await status({}, '{')).toBe(400);
    expect(await status({ headers: {} }, '{')).toBe(401);
  });
});

describe('a message', () => {
  it('becomes an event with Telegram’s own ids and clock', async () => {
    expect(await message('text')).toEqual({
      kind: 'message',
      connection: { workspaceId: 'wsp_1', id: 'chn_1' },
      id: '7000001:55',
      thread: '7000001',
      author: {
        kind: 'customer',
        customer: {
          identities: [{ kind: 'telegram', scope: '123456', value: '7000001' }],
          name: 'Ann X',
          address: '@annx',
        },
      },
      parts: [{ kind: 'text', text: 'hello' }],
      at: 1793613600000,
      seq: '55',
    });
  });

  it('shows a name where there is no username, and the id where there is neither', async () => {
    const address = async (from: object) => {
      const update = structuredClone(updates.reply);
      Object.assign(update.message, { from: { id: 7000001, ...from } });
      const event = await received(update);
      return event.kind === 'message' && event.author.kind === 'customer' && event.author.customer.address;
    };
    expect(await address({ first_name: 'Ann', last_name: 'X' })).toBe('Ann X');
    expect(await address({ first_name: '' })).toBe('Telegram user 7000001');
  });

  it('has one id however often Telegram repeats it', async () => {
    expect(await message('text')).toEqual(await message('text'));
  });

  const file = (part: Partial<Extract<Part, { kind: 'file' }>['file']>, caption?: string) => ({
    kind: 'file',
    file: part,
    ...(caption && { caption }),
  });
  it.each<[Named, object]>([
    [
      'hidden links',
      { kind: 'text', text: '👍 see (https://s.example) page (https://a.example) or https://b.example' },
    ],
    [
      'photo',
      file(
        { kind: 'image', ref: 'large', name: 'photo-57.jpg', contentType: 'image/jpeg', size: 90000 },
        'my receipt',
      ),
    ],
    ['video', file({ kind: 'video', ref: 'film', name: 'clip.mp4', contentType: 'video/mp4', size: 12345 })],
    ['animation', file({ kind: 'video', ref: 'gif', name: 'animation-59.mp4', contentType: 'video/mp4' })],
    [
      'video note',
      file({ kind: 'video', ref: 'round', name: 'video-note-60.mp4', contentType: 'video/mp4' }),
    ],
    [
      'voice',
      file({ kind: 'voice', ref: 'speech', name: 'voice-61.ogg', contentType: 'audio/ogg', size: 4000 }),
    ],
    ['audio', file({ kind: 'audio', ref: 'song', name: 'song.mp3', contentType: 'audio/mpeg' })],
    [
      'document',
      file({
        kind: 'document',
        ref: 'paper',
        name: 'invoice.pdf',
        contentType: 'application/pdf',
        size: 2000,
      }),
    ],
    [
      'sticker',
      file(
        { kind: 'sticker', ref: 'stick', name: 'sticker-64.webp', contentType: 'image/webp', size: 3000 },
        '😀',
      ),
    ],
    [
      'animated sticker',
      file({ kind: 'sticker', ref: 'still', name: 'sticker-65.webp', contentType: 'image/webp' }),
    ],
    [
      'video sticker',
      file({ kind: 'sticker', ref: 'moving', name: 'sticker-66.webm', contentType: 'video/webm' }),
    ],
    ['live photo', file({ kind: 'image', ref: 'frame', name: 'photo-67.jpg', contentType: 'image/jpeg' })],
    ['location', { kind: 'location', latitude: 52.5, longitude: 13.4 }],
    ['venue', { kind: 'location', latitude: 52.5, longitude: 13.4, name: 'Café', address: 'Main St 1' }],
    ['contact', { kind: 'contact', name: 'Bob Y', phones: ['+15550003333'], emails: [] }],
    ['poll', { kind: 'other', summary: 'a poll: Lunch?' }],
    ['dice', { kind: 'other', summary: 'a dice: 🎲 5' }],
    ['formatted message', { kind: 'text', text: 'Order\ntwo red ones' }],
  ])('%s', async (name, part) => {
    expect((await message(name)).parts).toEqual([part]);
  });

  it('names what it answers', async () => {
    expect((await message('reply')).replyTo).toBe('7000001:50');
  });
});

describe('what is done to a message', () => {
  it('an edit says what it became, once per edit', async () => {
    expect(await message('edit')).toMatchObject({
      id: '7000001:55:edit:1793613660',
      at: 1793613660000,
      parts: [{ kind: 'edit', of: '7000001:55', text: 'hello there' }],
    });
    expect((await message('edited caption')).parts).toEqual([
      { kind: 'edit', of: '7000001:57', text: 'our receipt' },
    ]);
  });

  it('a pressed button becomes a choice, and its spinner is stopped by the reply', async () => {
    const answer = await telegram.receive(webhook(updates.button), find, testIo());
    if ('reject' in answer) throw new Error('rejected');
    expect(answer.events).toMatchObject([
      {
        id: 'callback:4382bfdwdsb323b2d9',
        thread: '7000001',
        at: TEST_NOW,
        replyTo: '7000001:51',
        parts: [{ kind: 'choice', text: 'Yes', payload: 'yes_1' }],
      },
    ]);
    expect(answer.reply).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(answer.reply?.body ?? '')).toEqual({
      method: 'answerCallbackQuery',
      callback_query_id: '4382bfdwdsb323b2d9',
    });
  });

  it('a reaction names its message, and is empty when taken back', async () => {
    expect(await message('reaction')).toMatchObject({
      id: 'reaction:900024',
      parts: [{ kind: 'reaction', to: '7000001:51', emoji: '👍' }],
    });
    expect((await message('reaction taken back')).parts).toEqual([
      { kind: 'reaction', to: '7000001:51', emoji: '' },
    ]);
  });
});

describe('what is no message of a customer is kept with the reason, never refused', () => {
  it.each<[Named, RegExp]>([
    ['blocked', /Ann blocked the bot/],
    ['unblocked', /Ann unblocked the bot/],
    ['group', /supergroup: only private chats/],
    ['pinned', /pinned_message/],
    ['live location moved', /live location/],
    ['of a kind to come', /do not know/],
    ['of a broken form', /do not know/],
  ])('%s', async (name, why) => {
    const event = await received(updates[name]);
    expect(event).toMatchObject({
      kind: 'unparsed',
      id: `update:${updates[name].update_id}`,
      why: expect.stringMatching(why),
      raw: JSON.stringify(updates[name]),
    });
  });

  it('even without an id of its own: then its digest is the id', async () => {
    const first = await received([]);
    expect(first).toMatchObject({ kind: 'unparsed', id: expect.stringMatching(/^body:[0-9a-f]{64}$/) });
    expect(await received([])).toEqual(first);
    expect(await received('null')).toMatchObject({ kind: 'unparsed' });
  });
});

/** Telegram's own types as plain objects; `false`, and so no value below, where our reading contradicts them. */
type Plain<T> = T extends object ? { [Key in keyof T]: Plain<T[Key]> } : T;
type Readable = Plain<Official> extends z.input<typeof updateSchema> ? true : false;

it('reads every update that Telegram’s own types allow', () => {
  const readable: Readable = true;
  expect(readable).toBe(true);
  const official: Official = {
    update_id: 1,
    message: {
      message_id: 2,
      date: 3,
      chat: { id: 4, type: 'private', first_name: 'Ann' },
      from: { id: 4, is_bot: false, first_name: 'Ann' },
      text: 'hi',
    },
  };
  expect(updateSchema.parse(official)).toMatchObject({
    update_id: 1,
    message: { message_id: 2, text: 'hi' },
  });
});
