import { describe, expect, it } from 'vitest';
import { WireError } from '../../../server/core/outcome.ts';
import { testIo } from '../../support/io.ts';
import type { Answer } from '../../support/scripted-http.ts';
import {
  ACCOUNT,
  AUTH_TOKEN,
  BASIC,
  connection,
  HOOK,
  NUMBER,
  SERVICE,
  SID,
  serviceConnection,
  twilioSms,
} from './world.ts';

const account = (more = {}): Answer => ({
  json: { sid: SID, friendly_name: 'Acme', status: 'active', type: 'Full', ...more },
});
const number = (more = {}) => ({
  sid: 'PN1',
  phone_number: NUMBER,
  sms_url: '',
  capabilities: { sms: true, mms: true },
  ...more,
});
const numbers = (...found: object[]): Answer => ({ json: { incoming_phone_numbers: found } });
const no = (status: number, code: number): Answer => ({
  status,
  json: { code, message: 'Said Twilio', status },
});

const LIST = `GET ${ACCOUNT}/IncomingPhoneNumbers.json?PhoneNumber=%2B15550001111`;
const UPDATE = `POST ${ACCOUNT}/IncomingPhoneNumbers/PN1.json`;
const SERVICES = `POST https://messaging.twilio.com/v1/Services/${SERVICE}`;

async function connect(
  sender: { from?: string; messaging_service_sid?: string },
  ...calls: [string, Answer][]
) {
  const io = testIo();
  io.http.queue(`GET ${ACCOUNT}.json`, account());
  for (const [call, answer] of calls) io.http.queue(call, answer);
  const credentials = { account_sid: SID, auth_token: AUTH_TOKEN, ...sender };
  const connected = await twilioSms.connect?.({ credentials, webhookUrl: HOOK, channelId: 'chn_1' }, io);
  io.http.done();
  return { connected, requests: io.http.requests };
}

describe('connecting a number', () => {
  it('proves the account, finds the number and points its messages at us', async () => {
    const { connected, requests } = await connect(
      { from: '+1 (555) 000-1111' },
      [LIST, numbers(number())],
      [UPDATE, {}],
    );
    expect(connected).toEqual({
      ok: true,
      externalId: NUMBER,
      name: '+1 555 000 1111',
      medium: 'sms',
      credentials: { account_sid: SID, auth_token: AUTH_TOKEN, from: '+1 (555) 000-1111' },
      settings: { webhook_url: HOOK, phone: NUMBER, number_sid: 'PN1' },
      status: 'connected',
    });
    expect(requests.every((request) => request.headers?.authorization === BASIC)).toBe(true);
    expect([...(requests[2]?.form ?? [])]).toEqual([
      ['SmsUrl', HOOK],
      ['SmsMethod', 'POST'],
    ]);
  });

  it('remembers the address that it replaces', async () => {
    const before = number({ sms_url: 'https://old.example/sms' });
    const { connected } = await connect({ from: NUMBER }, [LIST, numbers(before)], [UPDATE, {}]);
    expect(connected).toMatchObject({ settings: { replaced_sms_url: 'https://old.example/sms' } });
  });

  it.each<[string, object[], RegExp]>([
    ['is not of this account', [], /no number of this Twilio account/],
    ['cannot send SMS', [number({ capabilities: { sms: false } })], /cannot send or receive SMS/],
    ['answers to a TwiML app', [number({ sms_application_sid: 'AP1' })], /TwiML app/],
  ])('names the number when it %s', async (_what, found, why) => {
    const { connected } = await connect({ from: NUMBER }, [LIST, numbers(...found)]);
    expect(connected).toEqual({ ok: false, field: 'from', why: expect.stringMatching(why) });
  });

  it.each(['12345', 'ACME', 'whatsapp:+15550001111', '5550001111'])(
    'names the number when “%s” is none',
    async (from) => {
      expect((await connect({ from })).connected).toMatchObject({ ok: false, field: 'from' });
    },
  );

  it('names the webhook when Twilio does not take our address', async () => {
    const { connected } = await connect(
      { from: NUMBER },
      [LIST, numbers(number())],
      [UPDATE, no(400, 21502)],
    );
    expect(connected).toMatchObject({ ok: false, field: 'webhook_url', why: expect.stringContaining(HOOK) });
  });
});

describe('connecting a Messaging Service', () => {
  it('makes its own address win over those of its numbers', async () => {
    const { connected, requests } = await connect({ messaging_service_sid: SERVICE }, [
      SERVICES,
      { json: { sid: SERVICE, friendly_name: 'Support' } },
    ]);
    expect(connected).toMatchObject({
      ok: true,
      externalId: SERVICE,
      name: 'Support',
      settings: { webhook_url: HOOK },
    });
    expect([...(requests[1]?.form ?? [])]).toEqual([
      ['InboundRequestUrl', HOOK],
      ['InboundMethod', 'POST'],
      ['UseInboundWebhookOnNumber', 'false'],
    ]);
  });

  it('names the service when it is none of the account', async () => {
    const unknown = await connect({ messaging_service_sid: SERVICE }, [SERVICES, no(404, 20404)]);
    expect(unknown.connected).toMatchObject({ ok: false, field: 'messaging_service_sid' });
    const { connected } = await connect({ messaging_service_sid: '../Accounts' });
    expect(connected).toMatchObject({ ok: false, field: 'messaging_service_sid' });
  });
});

describe('the account', () => {
  const connectTo = async (answer: Answer) => {
    const io = testIo();
    io.http.queue(`GET ${ACCOUNT}.json`, answer);
    const credentials = { account_sid: SID, auth_token: AUTH_TOKEN, from: NUMBER };
    return twilioSms.connect?.({ credentials, webhookUrl: HOOK, channelId: 'chn_1' }, io);
  };

  it.each<[string, Answer, string]>([
    ['a wrong token', no(401, 20003), 'auth_token'],
    ['a foreign account', no(403, 20003), 'auth_token'],
    ['an unknown account', no(404, 20404), 'account_sid'],
    ['a suspended account', account({ status: 'suspended' }), 'account_sid'],
    ['an account in trouble', no(500, 20500), 'account_sid'],
  ])('%s is named', async (_what, answer, field) => {
    expect(await connectTo(answer)).toMatchObject({ ok: false, field, why: expect.stringMatching(/./) });
  });

  it('on trial connects, and says what that means', async () => {
    const io = testIo();
    io.http
      .queue(`GET ${ACCOUNT}.json`, account({ type: 'Trial' }))
      .queue(LIST, numbers(number()))
      .queue(UPDATE, {});
    const credentials = { account_sid: SID, auth_token: AUTH_TOKEN, from: NUMBER };
    const connected = await twilioSms.connect?.({ credentials, webhookUrl: HOOK, channelId: 'chn_1' }, io);
    expect(connected).toMatchObject({ ok: true, todo: expect.stringContaining('verified') });
  });
});

describe('the form', () => {
  const valid = (value: object) =>
    twilioSms.credentials.safeParse({ account_sid: SID, auth_token: 'x', ...value }).success;

  it('wants a number or a service, not both', () => {
    expect([valid({ from: NUMBER }), valid({ messaging_service_sid: SERVICE })]).toEqual([true, true]);
    expect([valid({}), valid({ from: NUMBER, messaging_service_sid: SERVICE })]).toEqual([false, false]);
  });
});

it('says who it will be before anybody is asked', () => {
  const identify = (sender: object) => twilioSms.identify?.({ account_sid: SID, auth_token: 'x', ...sender });
  expect(identify({ from: '+1 (555) 000-1111' })).toEqual({ medium: 'sms', externalId: NUMBER });
  expect(identify({ messaging_service_sid: SERVICE })).toEqual({ medium: 'sms', externalId: SERVICE });
});

describe('disconnecting', () => {
  const ONE = `GET ${ACCOUNT}/IncomingPhoneNumbers/PN1.json`;

  it('gives the number its former address back', async () => {
    const io = testIo();
    io.http.queue(ONE, { json: number({ sms_url: HOOK }) }).queue(UPDATE, {});
    const former = { ...connection.settings, replaced_sms_url: 'https://old.example/sms' };
    await twilioSms.disconnect?.({ ...connection, settings: former }, io);
    expect([...(io.http.requests[1]?.form ?? [])]).toEqual([['SmsUrl', 'https://old.example/sms']]);
  });

  it('leaves an address that another system has set since', async () => {
    const io = testIo();
    io.http.queue(ONE, { json: number({ sms_url: 'https://other.example' }) });
    await twilioSms.disconnect?.(connection, io);
    expect(io.http.requests).toHaveLength(1);
  });

  it('lets a service’s numbers answer for themselves again', async () => {
    const io = testIo();
    io.http.queue(SERVICES, {});
    await twilioSms.disconnect?.(serviceConnection, io);
    expect([...(io.http.requests[0]?.form ?? [])]).toEqual([['UseInboundWebhookOnNumber', 'true']]);
  });

  it('does not mind dead credentials or a dead line, and logs no secret', async () => {
    const io = testIo();
    io.http.queue(ONE, no(401, 20003));
    await twilioSms.disconnect?.(connection, io);
    io.http.queue(ONE, new WireError('timeout', false));
    await twilioSms.disconnect?.(connection, io);
    expect(io.logged).toHaveLength(2);
    expect(JSON.stringify(io.logged)).not.toContain(AUTH_TOKEN);
  });
});
