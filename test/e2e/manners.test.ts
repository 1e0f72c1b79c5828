/** How the doors answer what nobody should send; and that none of it says more than it must. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LINES, META_TOKEN, TWILIO_ACCOUNT, VERIFY_TOKEN } from '../../playground/town/emulators.ts';
import { canvasDoor, type Door, hubspotSigned, telegramSecret, webhookDoors } from '../support/signed.ts';
import { openTown, type Town } from '../support/town.ts';

let town: Town;
let doors: Door[];
/** Every body that came back in this file. */
const bodies: string[] = [];
beforeAll(async () => {
  town = await openTown();
  doors = [...webhookDoors(town), canvasDoor(town)];
});
afterAll(() => town.close());

const NAMES = ['Telegram', 'Meta', 'Twilio', 'Intercom', 'HubSpot', 'Intercom’s card'];
const door = (name: string): Door => doors.find((one) => one.name === name) as Door;

async function ask(url: string, init: RequestInit = {}) {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const body = await response.text();
  bodies.push(body);
  return { status: response.status, body, headers: response.headers };
}
const post = (url: string, body: string, headers: Record<string, string>) =>
  ask(url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });

const api = (method: string, path: string, body?: string) =>
  ask(`${town.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${town.api.token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body }),
  });

describe('malformed JSON', () => {
  test.each(NAMES.filter((name) => name !== 'Twilio'))('signed by %s is a 400', async (name) => {
    const { url, sign } = door(name);
    for (const body of ['{"half":', 'not json', ''])
      expect((await post(url, body, sign(body))).status).toBe(400);
  });
  test('to the API is a 400 with a problem', async () => {
    const { status, headers } = await api('POST', '/tokens', '{"name":');
    expect(status).toBe(400);
    expect(headers.get('content-type')).toContain('application/problem+json');
  });
  test('that is JSON, but not what we know, is taken and kept (200), not refused for ever', async () => {
    for (const name of ['Telegram', 'Meta', 'Intercom'])
      expect(
        (await post(door(name).url, '{"odd":[1,null]}', door(name).sign('{"odd":[1,null]}'))).status,
      ).toBe(200);
  });
});

describe('a body over the limit', () => {
  test.each(NAMES)('from %s is a 413', async (name) => {
    const { url, sign } = door(name);
    const body = `Body=${'x'.repeat(3.2 * 1024 * 1024)}`;
    expect((await post(url, body, sign(body))).status).toBe(413);
  });
  test('to the API is a 413 with a problem', async () => {
    expect(
      (await api('POST', '/tokens', JSON.stringify({ name: 'x'.repeat(1.1 * 1024 * 1024) }))).status,
    ).toBe(413);
  });
  test('to the extension is a 413', async () => {
    const body = JSON.stringify({ messageId: 'x'.repeat(1.1 * 1024 * 1024) });
    const url = `${town.url}/hubspot/extension/resend`;
    expect((await post(url, body, hubspotSigned(town, { method: 'POST', url, body }))).status).toBe(413);
  });
});

describe('what does not exist is a 404', () => {
  test.each([
    '/webhooks/telegram/chn_nobody',
    '/webhooks/twilio/chn_nobody',
    '/webhooks/whatsapp/chn_nobody',
    '/webhooks/pigeon',
    '/webhooks/pigeon/chn_1',
    '/webhooks/toString',
    '/hubspot/channels/webhook/guessed',
    '/nowhere',
  ])('POST %s', async (path) => {
    expect((await post(town.url + path, '{}', {})).status).toBe(404);
  });
  test('a channel of one provider under the path of another', async () => {
    const telegram = town.channel('intercom', 'telegram');
    const headers = { 'x-telegram-bot-api-secret-token': telegramSecret(town, telegram.webhookUrl) };
    const elsewhere = telegram.webhookUrl.replace('/telegram/', '/twilio/');
    expect((await post(elsewhere, '{}', headers)).status).toBe(404);
  });
  test('in the API, with a problem', async () => {
    for (const path of ['/channels/chn_nobody', '/messages/evt_nobody', '/workspaces/wsp_nobody', '/nothing'])
      expect((await api('GET', path)).status).toBe(404);
  });
});

describe('a wrong method is a 405 that names the right ones', () => {
  test.each([
    ['PUT', '/webhooks/whatsapp', 'GET, POST'],
    ['DELETE', '/webhooks/telegram/chn_1', 'GET, POST'],
    ['GET', '/intercom/webhooks', 'HEAD, POST'],
    ['GET', '/hubspot/channels/webhook/x', 'POST'],
    ['GET', '/intercom/canvas/initialize', 'POST'],
    ['PUT', '/api/v1/me', 'GET, HEAD'],
    ['DELETE', '/media/token', 'GET, HEAD'],
    ['POST', '/intercom/install', 'GET'],
  ])('%s %s', async (method, path, allow) => {
    const { status, headers } = await ask(town.url + path, { method });
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe(allow);
  });
});

describe('a signature', () => {
  const body = JSON.stringify({ update_id: 1, object: 'whatsapp_business_account', entry: [] });
  const refused = { status: 401, body: '' };

  test.each(NAMES)('of %s that is missing is a 401 with an empty body', async (name) => {
    expect(await post(door(name).url, body, {})).toMatchObject(refused);
  });
  test.each(NAMES)('of %s that is wrong, or of other bytes, is a 401 with an empty body', async (name) => {
    const { url, sign } = door(name);
    const right = sign(name === 'Twilio' ? 'Body=1' : body);
    const wrong = Object.fromEntries(
      Object.entries(right).map(([key, value]) => [key, key === 'content-type' ? value : broken(value)]),
    );
    expect(await post(url, name === 'Twilio' ? 'Body=1' : body, wrong)).toMatchObject(refused);
    if (name !== 'Telegram')
      expect(await post(url, name === 'Twilio' ? 'Body=2' : `${body} `, right)).toMatchObject(refused);
  });
  test.each([
    ['six minutes old', -6 * 60_000],
    ['six minutes in the future', 6 * 60_000],
  ])('of HubSpot that is %s is a 401, at the webhook and at the extension', async (_what, ms) => {
    const timestamp = Date.now() + ms;
    const { url } = door('HubSpot');
    const event = JSON.stringify({ portalId: 1, type: 'X' });
    expect(
      await post(url, event, hubspotSigned(town, { method: 'POST', url, body: event, timestamp })),
    ).toMatchObject(refused);
    const card = `${town.url}/hubspot/extension/card?portalId=1&objectId=1`;
    const headers = hubspotSigned(town, { method: 'GET', url: card, body: '', timestamp });
    expect(await ask(card, { headers })).toMatchObject(refused);
  });
  test('of the extension that is missing is a 401 with an empty body', async () => {
    expect(await ask(`${town.url}/hubspot/extension/card?portalId=1`)).toMatchObject(refused);
  });
  test('of Meta’s handshake: only the right verify token hears its challenge', async () => {
    const handshake = (token: string) =>
      ask(`${town.url}/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=4711&hub.verify_token=${token}`);
    expect(await handshake(VERIFY_TOKEN)).toMatchObject({ status: 200, body: '4711' });
    expect(await handshake('guess')).toMatchObject(refused);
  });
  test('that is right is taken: the checks above are not simply refusing everything', async () => {
    for (const { name, url, sign } of doors) {
      const good = name === 'Twilio' ? 'MessageSid=SM1&From=%2B447700900001&Body=hi' : (GOOD[name] ?? '{}');
      expect([name, (await post(url, good, sign(good))).status]).toEqual([name, 200]);
    }
  });
});

const GOOD: Record<string, string> = {
  HubSpot: JSON.stringify({ portalId: '99', type: 'OUTGOING_CHANNEL_MESSAGE_CREATED', message: {} }),
};

/** One character is another one. */
const broken = (value: string): string => {
  const at = Math.floor(value.length / 2);
  return value.slice(0, at) + (value[at] === 'a' ? 'b' : 'a') + value.slice(at + 1);
};

describe('nothing that was asked or answered above', () => {
  /** What would let its finder act in somebody's name. */
  const secrets = (): string[] => {
    const { intercom, hubspot, meta } = town.emulators;
    return [
      town.env.OCTOPODS_KEYS ?? '',
      intercom.world.app.clientSecret,
      hubspot.world.app.clientSecret,
      hubspot.world.app.developerApiKey,
      meta.appSecret,
      META_TOKEN,
      VERIFY_TOKEN,
      TWILIO_ACCOUNT.authToken,
      town.api.token,
      ...LINES.map((line) => line.bot.token),
      ...intercom.world.grants.keys(),
      ...hubspot.world.accessTokens.keys(),
      ...hubspot.world.refreshTokens.keys(),
      telegramSecret(town, town.channel('intercom', 'telegram').webhookUrl),
    ].filter((secret) => secret !== '');
  };

  test('came back with a stack trace', () => {
    expect(bodies.length).toBeGreaterThan(60);
    expect(bodies.filter((body) => /\bat .+:\d+:\d+|node_modules|\.ts\b/.test(body))).toEqual([]);
  });
  test('came back with a secret, or with the signature that would have been right', () => {
    expect(secrets().length).toBeGreaterThan(12);
    for (const secret of secrets()) expect(bodies.filter((body) => body.includes(secret))).toEqual([]);
  });
  test('wrote a stack trace or a secret into the log', () => {
    const { output } = town.product;
    expect(output).toContain('Octopods is serving');
    expect(output.match(/\\n\s+at .+|^\s+at .+:\d+:\d+.*/gm) ?? []).toEqual([]);
    for (const secret of secrets()) expect(output.includes(secret)).toBe(false);
  });
});
