/**
 * Real mode from nothing: the documented environment, an admin's browser, a script with a token, one message each way.
 * Every step is spelled out here as a stranger would do it with curl.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cookieBrowser } from '../../playground/town/browser.ts';
import {
  HUBSPOT_INBOX,
  INTERCOM_WORKSPACE,
  LINES,
  META_TOKEN,
  PORTAL,
  VERIFY_TOKEN,
  WABA,
} from '../../playground/town/emulators.ts';
import { lineOf } from '../support/handset.ts';
import { openTown, type Town } from '../support/town.ts';
import { until } from '../support/until.ts';

/** As docs/running.md names them. */
const DOCUMENTED = [
  'PORT PUBLIC_URL DATABASE_URL MEDIA_URL OCTOPODS_KEYS ALLOW_PRIVATE_HOSTS',
  'INTERCOM_CLIENT_ID INTERCOM_CLIENT_SECRET INTERCOM_API_URL INTERCOM_APP_URL',
  'HUBSPOT_CLIENT_ID HUBSPOT_CLIENT_SECRET HUBSPOT_APP_ID HUBSPOT_DEVELOPER_API_KEY',
  'HUBSPOT_API_URL HUBSPOT_APP_URL META_APP_ID META_APP_SECRET META_VERIFY_TOKEN META_GRAPH_URL',
  'TELEGRAM_API_URL TWILIO_API_URL TWILIO_MESSAGING_URL',
].flatMap((line) => line.split(' '));

let town: Town;
beforeAll(async () => {
  town = await openTown({ settled: false });
});
afterAll(() => town.close());

/** Signed in by installing; then a token, with which all else is done. */
async function tokenOf(browser: ReturnType<typeof cookieBrowser>): Promise<string> {
  const response = await browser.go(`${town.url}/api/v1/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: town.url },
    body: JSON.stringify({ name: 'black box' }),
  });
  expect(response.status).toBe(201);
  const { token } = (await response.json()) as { token: string };
  expect(token).toMatch(/^oct_/);
  return token;
}

async function api<Answer = Record<string, unknown>>(
  token: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; json: Answer }> {
  const response = await fetch(`${town.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, json: (await response.json()) as Answer };
}

async function onlyWorkspace(token: string): Promise<string> {
  const { json } = await api<{ data: { id: string }[] }>(token, 'GET', '/workspaces');
  expect(json.data).toHaveLength(1);
  return json.data[0]?.id ?? '';
}

test('the product runs on the documented environment and on nothing else', () => {
  expect(Object.keys(town.env).sort()).toEqual(DOCUMENTED.sort());
});

test('Intercom and Telegram: install, token, channel, a message in, a reply out, each once', async () => {
  const { intercom, telegram } = town.emulators;
  intercom.consent = { workspaceId: INTERCOM_WORKSPACE, teammateId: '501', decision: 'approve' };
  const browser = cookieBrowser();
  const end = await browser.follow(`${town.url}/intercom/install`);
  expect(end.url).toBe(`${intercom.url}/appstore/redirect?install_success=true`);
  await intercom.subscribeWebhooks(`${town.url}/intercom/webhooks`);

  const token = await tokenOf(browser);
  const { bot } = lineOf('intercom');
  const path = `/workspaces/${await onlyWorkspace(token)}/channels`;
  const channel = await api(token, 'POST', path, {
    type: 'telegram',
    credentials: { bot_token: bot.token },
  });
  expect(channel.status).toBe(201);
  expect(channel.json).toMatchObject({ type: 'telegram', external_id: bot.id, status: 'connected' });

  telegram.customerSends(7_001, { text: 'Is my parcel on its way?' }, bot.id);
  const [conversation] = await until('the conversation', () => {
    const all = intercom.inbox(INTERCOM_WORKSPACE);
    return all.length > 0 && all;
  });
  expect(conversation?.entries.map((entry) => entry.text)).toEqual(['Is my parcel on its way?']);
  intercom.agentReplies(conversation?.id ?? '', { text: 'It is' });
  await until('the reply', () => telegram.accepted.length > 0);
  await Promise.all([intercom.settled(), telegram.settled()]);
  expect(intercom.inbox(INTERCOM_WORKSPACE)).toHaveLength(1);
  expect(intercom.contacts(INTERCOM_WORKSPACE)).toHaveLength(1);
  expect(telegram.accepted.map(({ method, message }) => [method.toLowerCase(), message.text])).toEqual([
    ['sendmessage', 'It is'],
  ]);
});

test('HubSpot and WhatsApp: install, token, channel, a message in, a reply out, each once', async () => {
  const { hubspot, meta } = town.emulators;
  hubspot.consent = { portalId: PORTAL, userId: 71, decision: 'approve' };
  const browser = cookieBrowser();
  const end = await browser.follow(`${town.url}/hubspot/install`);
  expect(end.status).toBe(200);
  await meta.subscribe(`${town.url}/webhooks/whatsapp`, VERIFY_TOKEN);

  const token = await tokenOf(browser);
  const number = LINES[1]?.whatsapp;
  const path = `/workspaces/${await onlyWorkspace(token)}/channels`;
  const channel = await api(token, 'POST', path, {
    type: 'whatsapp',
    credentials: { phone_number_id: number?.id, waba_id: WABA, access_token: META_TOKEN },
    settings: { inbox_id: HUBSPOT_INBOX },
  });
  expect(channel.status).toBe(201);
  expect(channel.json).toMatchObject({ type: 'whatsapp', external_id: number?.id });

  meta.customerSends('+447700900777', { text: 'Do you open on Sunday?' }, number?.id);
  const [thread] = await until('the thread', () => {
    const all = hubspot.inbox(PORTAL);
    return all.length > 0 && all;
  });
  expect(thread?.messages.map((message) => message.text)).toEqual(['Do you open on Sunday?']);
  hubspot.agentReplies(thread?.id ?? '', { text: 'From ten' });
  await until('the reply', () => meta.accepted.length > 0);
  await Promise.all([hubspot.settled(), meta.settled()]);
  expect(hubspot.inbox(PORTAL)).toHaveLength(1);
  expect(hubspot.contacts(PORTAL)).toHaveLength(1);
  expect(meta.accepted.map(({ message }) => message.text)).toEqual(['From ten']);
});
