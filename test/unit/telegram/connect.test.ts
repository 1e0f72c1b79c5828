import { describe, expect, it } from 'vitest';
import { WireError } from '../../../server/core/outcome.ts';
import { testIo } from '../../support/io.ts';
import type { Answer } from '../../support/scripted-http.ts';
import { BOT, connection, TOKEN, telegram } from './world.ts';

const webhookUrl = 'https://octopods.example/webhooks/telegram/chn_1';
const me: Answer = {
  json: { ok: true, result: { id: 123456, is_bot: true, first_name: 'Acme', username: 'acme_bot' } },
};
const done: Answer = { json: { ok: true, result: true } };
const no = (error_code: number, description: string): Answer => ({
  status: error_code,
  json: { ok: false, error_code, description },
});

const connect = (io: ReturnType<typeof testIo>, credentials = { bot_token: TOKEN }) =>
  telegram.connect?.({ credentials, webhookUrl, channelId: 'chn_1' }, io);

describe('connecting a bot', () => {
  it('proves the token and registers the webhook with a secret of our own', async () => {
    const io = testIo();
    io.http.queue(`GET ${BOT}/getMe`, me).queue(`POST ${BOT}/setWebhook`, done);
    const connected = await connect(io);
    expect(connected).toEqual({
      ok: true,
      externalId: '123456',
      name: '@acme_bot',
      medium: 'telegram',
      credentials: { bot_token: TOKEN, webhook_secret: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) },
      settings: { webhook_url: webhookUrl, username: 'acme_bot' },
      status: 'connected',
    });
    const secret = connected?.ok && connected.credentials.webhook_secret;
    expect(io.http.requests[1]?.json).toEqual({
      url: webhookUrl,
      secret_token: secret,
      allowed_updates: ['message', 'edited_message', 'callback_query', 'message_reaction', 'my_chat_member'],
    });
    expect(telegram.credentials.safeParse(connected?.ok && connected.credentials).success).toBe(true);
  });

  it('makes another secret for every channel, and keeps the one of a channel that is connected again', async () => {
    const secretOf = async (credentials: { bot_token: string; webhook_secret?: string }) => {
      const io = testIo();
      io.http.queue(`GET ${BOT}/getMe`, me).queue(`POST ${BOT}/setWebhook`, done);
      const connected = await connect(io, credentials);
      return connected?.ok && connected.credentials.webhook_secret;
    };
    expect(await secretOf({ bot_token: TOKEN })).not.toBe(await secretOf({ bot_token: TOKEN }));
    expect(await secretOf({ bot_token: TOKEN, webhook_secret: 'kept' })).toBe('kept');
  });

  it.each([
    [401, 'Unauthorized'],
    [404, 'Not Found'],
  ])('names the token when Telegram does not know it (%i)', async (code, description) => {
    const io = testIo();
    io.http.queue(`GET ${BOT}/getMe`, no(code, description));
    expect(await connect(io)).toEqual({
      ok: false,
      field: 'bot_token',
      why: expect.stringContaining('@BotFather'),
    });
  });

  it('asks nobody with a token that could bend the URL', async () => {
    const io = testIo();
    expect(await connect(io, { bot_token: '1:x/../../evil?' })).toMatchObject({
      ok: false,
      field: 'bot_token',
    });
    expect(io.http.requests).toEqual([]);
  });

  it('names the webhook when Telegram does not take our address', async () => {
    const io = testIo();
    io.http
      .queue(`GET ${BOT}/getMe`, me)
      .queue(`POST ${BOT}/setWebhook`, no(400, 'Bad Request: bad webhook: IP address 127.0.0.1 is reserved'));
    expect(await connect(io)).toMatchObject({
      ok: false,
      field: 'webhook_url',
      why: expect.stringContaining('reserved'),
    });
  });
});

it('says who it will be before anybody is asked', () => {
  expect(telegram.identify?.({ bot_token: TOKEN })).toEqual({ medium: 'telegram', externalId: '123456' });
});

describe('disconnecting', () => {
  const info = (url: string): Answer => ({ json: { ok: true, result: { url, pending_update_count: 0 } } });

  it('takes our webhook away', async () => {
    const io = testIo();
    io.http.queue(`GET ${BOT}/getWebhookInfo`, info(webhookUrl)).queue(`POST ${BOT}/deleteWebhook`, done);
    await telegram.disconnect?.(connection, io);
    io.http.done();
  });

  it('leaves a webhook that another system has set since', async () => {
    const io = testIo();
    io.http.queue(`GET ${BOT}/getWebhookInfo`, info('https://other.example/hook'));
    await telegram.disconnect?.(connection, io);
    expect(io.http.requests).toHaveLength(1);
  });

  it('does not mind a dead token or a dead line, and logs neither token nor secret', async () => {
    const io = testIo();
    io.http
      .queue(`GET ${BOT}/getWebhookInfo`, no(401, 'Unauthorized'))
      .queue(`POST ${BOT}/deleteWebhook`, no(401, 'Unauthorized'));
    await telegram.disconnect?.(connection, io);
    io.http.queue(`GET ${BOT}/getWebhookInfo`, new WireError(`timeout at ${BOT}`, false));
    await telegram.disconnect?.(connection, io);
    expect(io.logged).toHaveLength(2);
    expect(JSON.stringify(io.logged)).not.toMatch(/AAsecret|webhook-secret/);
  });
});
