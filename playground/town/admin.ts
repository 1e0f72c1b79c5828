/**
 * The admin: installs the app in both inboxes, makes a token and adds the channels, all over HTTP and all through the
 * doors that a customer's admin uses.
 */
import type { PlatformId } from '../page/api.ts';
import { type CookieBrowser, cookieBrowser } from './browser.ts';
import {
  type Emulators,
  HUBSPOT_INBOX,
  INTERCOM_WORKSPACE,
  LINES,
  type Line,
  META_TOKEN,
  PORTAL,
  TWILIO_ACCOUNT,
  WABA,
} from './emulators.ts';

export interface Api {
  token: string;
  call<Answer = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; json: Answer }>;
}
export interface ConnectedChannel {
  id: string;
  type: 'telegram' | 'whatsapp' | 'twilio_sms';
  platform: PlatformId;
  workspaceId: string;
  webhookUrl: string;
}

/** Approves at the platform's consent screen; answers where the browser came to rest. */
export async function install(
  browser: CookieBrowser,
  emulators: Emulators,
  publicUrl: string,
  platform: PlatformId,
): Promise<string> {
  emulators.intercom.consent = { workspaceId: INTERCOM_WORKSPACE, teammateId: '501', decision: 'approve' };
  emulators.hubspot.consent = { portalId: PORTAL, userId: 71, decision: 'approve' };
  const rest = await browser.follow(`${publicUrl}/${platform}/install`);
  emulators.intercom.consent = {};
  emulators.hubspot.consent = {};
  const refused = new URL(rest.url).searchParams.get('error_message');
  if (refused || rest.status >= 400)
    throw new Error(`installing in ${platform} ended at ${rest.url} (${rest.status})`);
  return rest.url;
}

export async function makeApi(browser: CookieBrowser, publicUrl: string): Promise<Api> {
  const made = await browser.go(`${publicUrl}/api/v1/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: publicUrl },
    body: JSON.stringify({ name: 'playground' }),
  });
  const { token } = (await made.json()) as { token: string };
  return apiWith(publicUrl, token);
}

export const apiWith = (publicUrl: string, token: string): Api => ({
  token,
  call: async (method, path, body) => {
    const response = await fetch(`${publicUrl}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: text === '' ? {} : JSON.parse(text) };
  },
});

async function workspaceOf(api: Api, platform: PlatformId): Promise<string> {
  const { json } = await api.call<{ data: { id: string; platform: string }[] }>('GET', '/workspaces');
  const found = json.data.find((one) => one.platform === platform);
  if (!found) throw new Error(`no ${platform} workspace is connected`);
  return found.id;
}

const bodies = ({ bot, whatsapp, sms, platform }: Line) => {
  const settings = platform === 'hubspot' ? { settings: { inbox_id: HUBSPOT_INBOX } } : {};
  return [
    { type: 'telegram' as const, credentials: { bot_token: bot.token }, ...settings },
    {
      type: 'whatsapp' as const,
      credentials: { phone_number_id: whatsapp.id, waba_id: WABA, access_token: META_TOKEN },
      ...settings,
    },
    {
      type: 'twilio_sms' as const,
      credentials: { account_sid: TWILIO_ACCOUNT.sid, auth_token: TWILIO_ACCOUNT.authToken, from: sms },
      ...settings,
    },
  ];
};

/** `types`: only these; all three without it. */
export async function addChannels(
  api: Api,
  platform: PlatformId,
  types?: ConnectedChannel['type'][],
): Promise<ConnectedChannel[]> {
  const workspaceId = await workspaceOf(api, platform);
  const line = LINES.find((one) => one.platform === platform) as Line;
  const made: ConnectedChannel[] = [];
  for (const body of bodies(line).filter((one) => !types || types.includes(one.type))) {
    const { status, json } = await api.call<{ id: string; webhook_url: string }>(
      'POST',
      `/workspaces/${workspaceId}/channels`,
      body,
    );
    if (status !== 201) throw new Error(`${body.type} on ${platform} was refused: ${JSON.stringify(json)}`);
    made.push({ id: json.id, type: body.type, platform, workspaceId, webhookUrl: json.webhook_url });
  }
  return made;
}

/** The whole set-up, step by step; `step` is told before each. */
export async function setUp(
  emulators: Emulators,
  publicUrl: string,
  step: (title: string) => void = () => undefined,
): Promise<{ api: Api; channels: ConnectedChannel[] }> {
  const browser = cookieBrowser();
  step('Install in Intercom');
  await install(browser, emulators, publicUrl, 'intercom');
  step('Install in HubSpot');
  await install(browser, emulators, publicUrl, 'hubspot');
  const api = await makeApi(browser, publicUrl);
  step('Connect Telegram, WhatsApp and SMS to Intercom');
  await emulators.intercom.subscribeWebhooks(`${publicUrl}/intercom/webhooks`);
  await emulators.meta.subscribe(`${publicUrl}/webhooks/whatsapp`, 'playground-verify-token');
  const channels = await addChannels(api, 'intercom');
  step('Connect Telegram, WhatsApp and SMS to HubSpot');
  channels.push(...(await addChannels(api, 'hubspot')));
  return { api, channels };
}
