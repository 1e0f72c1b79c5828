/** Channels through the API, at the emulators of the providers and platforms: made, refused, mended, taken away. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { HubspotEmulator } from '../../playground/platforms/hubspot.ts';
import { IntercomEmulator } from '../../playground/platforms/intercom.ts';
import { MetaEmulator } from '../../playground/providers/meta.ts';
import { TelegramEmulator } from '../../playground/providers/telegram.ts';
import { createTelegram } from '../../server/channels/telegram/index.ts';
import { createWhatsApp } from '../../server/channels/whatsapp/index.ts';
import type { AnyAdapter } from '../../server/core/adapter.ts';
import { createHubspot } from '../../server/platforms/hubspot/index.ts';
import { createIntercom } from '../../server/platforms/intercom/index.ts';
import { type Answer, type ApiClient, addWorkspace, apiClient } from '../support/api-client.ts';
import { type FrontDoor, openFrontDoor } from '../support/front-door.ts';

const ACME_BOT = '111222333:AAacme_bot_token_of_the_acme_company';
const OTHER_BOT = '444555666:BBother_bot_token_of_another_company';
const INBOX = { id: '9001', name: 'Sales', type: 'INBOX' as const };

let intercom: IntercomEmulator;
let hubspot: HubspotEmulator;
let meta: MetaEmulator;
let telegram: TelegramEmulator;
let door: FrontDoor;
let owner: ApiClient;
let workspace: string;

beforeAll(async () => {
  const recordTo = inject('callsFile');
  intercom = await new IntercomEmulator({ recordTo }).listen();
  const teammates = [{ id: '501', name: 'Ada', email: 'ada@acme.test' }];
  intercom.addWorkspace({ id_code: 'acme1', name: 'Acme', teammates });
  hubspot = await new HubspotEmulator({ recordTo }).listen();
  hubspot.addPortal({
    id: 4_100_001,
    name: 'Acme',
    users: [{ id: 71, email: 'ada@acme.test', name: 'Ada' }],
    inboxes: [INBOX],
  });
  meta = await new MetaEmulator({
    recordTo,
    tokens: ['meta-token'],
    numbers: [{ id: '10600001', wabaId: '20700001', phone: '+15550001111', name: 'Acme' }],
  }).listen();
});
afterAll(() => Promise.all([intercom.close(), hubspot.close(), meta.close()]));

beforeEach(async () => {
  telegram = await new TelegramEmulator({ recordTo: inject('callsFile') }).listen();
  telegram.addBot({ token: ACME_BOT, username: 'acme_bot' });
  telegram.addBot({ token: OTHER_BOT, username: 'other_bot' });
  const { clientId, clientSecret } = intercom.world.app;
  const custom = new Map<string, string>();
  door = await openFrontDoor({
    platforms: (url) => [
      createIntercom({
        apiUrl: intercom.url,
        appUrl: intercom.url,
        clientId,
        clientSecrets: [clientSecret],
      }),
      createHubspot({
        apiUrl: hubspot.url,
        appUrl: hubspot.url,
        clientId: hubspot.world.app.clientId,
        clientSecrets: [hubspot.world.app.clientSecret],
        redirectUri: `${url}/hubspot/oauth/callback`,
        appId: String(hubspot.world.app.appId),
        developerApiKey: hubspot.world.app.developerApiKey,
        webhookUrl: `${url}/hubspot/channels/webhook/secret`,
        customChannels: {
          get: async (medium) => custom.get(medium),
          set: async (medium, id) => void custom.set(medium, id),
        },
      }),
    ],
    channels: (): AnyAdapter[] => [
      createTelegram({ apiUrl: telegram.url }),
      createWhatsApp({ graphUrl: meta.url, appSecrets: [meta.appSecret], verifyToken: 'verify' }),
    ],
  });
  owner = await apiClient(door);
  const credentials = { access_token: intercom.installDirectly('acme1') };
  workspace = await addWorkspace(door, owner, { platform: 'intercom', external_id: 'acme1', credentials });
});
afterEach(async () => {
  await door.close();
  await telegram.close();
});

const connect = (body: object, at = workspace, client = owner): Promise<Answer> =>
  client.call('POST', `/workspaces/${at}/channels`, body);
const telegramBody = (bot_token: string, more: object = {}) => ({
  type: 'telegram',
  credentials: { bot_token },
  ...more,
});
/** Where Telegram sends the bot's updates; empty: nowhere. */
async function webhookOf(token: string): Promise<string> {
  const response = await fetch(`${telegram.url}/bot${token}/getWebhookInfo`);
  return ((await response.json()) as { result: { url: string } }).result.url;
}
const webhooksSet = (): number => telegram.calls.filter((call) => call.path.endsWith('/setWebhook')).length;
const liveChannels = () =>
  door.db.selectFrom('channel').selectAll().where('status', '<>', 'archived').execute();

async function hubspotWorkspace(client = owner): Promise<string> {
  const redirect = 'https://octopods.test/hubspot/oauth/callback';
  const response = await fetch(`${hubspot.url}/oauth/2026-09/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: hubspot.issueCode(4_100_001, redirect),
      redirect_uri: redirect,
      client_id: hubspot.world.app.clientId,
      client_secret: hubspot.world.app.clientSecret,
    }),
  });
  const granted = (await response.json()) as { access_token: string; refresh_token: string };
  // Already expired: whoever uses it without renewing it first is refused.
  const credentials = { ...granted, access_token: 'expired', expires_at: door.clock.now() - 1 };
  return addWorkspace(door, client, { platform: 'hubspot', external_id: '4100001', credentials });
}

describe('connecting a channel', () => {
  it('proves the credentials, registers the webhook and shows no secret again', async () => {
    const made = await connect(telegramBody(ACME_BOT, { name: 'Support' }));
    expect(made.status).toBe(201);
    expect(made.json).toMatchObject({
      workspace_id: workspace,
      type: 'telegram',
      name: 'Support',
      external_id: '111222333',
      status: 'connected',
      webhook_url: `${door.url}/webhooks/telegram/${made.json.id}`,
    });
    expect(made.json.id).toMatch(/^chn_[0-9a-v]{32}$/);
    expect(await webhookOf(ACME_BOT)).toBe(made.json.webhook_url);
    const seen = [made.json, (await owner.call('GET', `/channels/${made.json.id}`)).json];
    const settings = await owner.call('GET', `/channels/${made.json.id}/settings`);
    expect(JSON.stringify([...seen, settings.json, door.logged])).not.toContain(ACME_BOT);
    const listed = await owner.call('GET', `/workspaces/${workspace}/channels`);
    expect(listed.json).toEqual({ data: [seen[1]], next: null });
  });

  it.each([
    ['missing', {}, 'credentials.bot_token'],
    ['of the wrong type', { bot_token: 5 }, 'credentials.bot_token'],
    ['unknown to Telegram', { bot_token: '999:nobody' }, 'credentials.bot_token'],
  ])('names the field when a token is %s', async (_what, credentials, field) => {
    const refused = await connect({ type: 'telegram', credentials });
    expect([refused.status, refused.json.field]).toEqual([422, field]);
    expect(refused.json.detail.length).toBeGreaterThan(5);
    expect(await liveChannels()).toEqual([]);
  });

  it('names the types there are when the type is none of them', async () => {
    const refused = await connect({ type: 'fax', credentials: {} });
    expect(refused.json).toMatchObject({ status: 422, field: 'type' });
    expect(refused.json.detail).toContain('telegram, whatsapp');
  });

  it('says so when the provider cannot be reached, and saves nothing', async () => {
    telegram.plan('POST', /getMe/, { kind: 'drop' });
    telegram.plan('GET', /getMe/, { kind: 'drop' });
    const refused = await connect(telegramBody(ACME_BOT));
    expect(refused.status).toBe(502);
    expect(JSON.stringify([refused.json, door.logged])).not.toContain(ACME_BOT);
    expect(await liveChannels()).toEqual([]);
  });

  it('sends WhatsApp to the one URL of our Meta app', async () => {
    const made = await connect({
      type: 'whatsapp',
      credentials: { phone_number_id: '10600001', waba_id: '20700001', access_token: 'meta-token' },
    });
    expect(made.json).toMatchObject({
      external_id: '10600001',
      webhook_url: `${door.url}/webhooks/whatsapp`,
    });
  });
});

describe('a bot that is connected already', () => {
  it('is a 409 in every workspace and account, and keeps its webhook', async () => {
    const first = await connect(telegramBody(ACME_BOT));
    const other = await apiClient(door);
    const theirs = await addWorkspace(door, other, { platform: 'intercom', external_id: 'other2' });
    expect((await connect(telegramBody(ACME_BOT))).status).toBe(409);
    const refused = await connect(telegramBody(ACME_BOT), theirs, other);
    expect(refused.status).toBe(409);
    expect(JSON.stringify(refused.json)).not.toContain(first.json.id);
    expect(await webhookOf(ACME_BOT)).toBe(first.json.webhook_url);
    expect(await liveChannels()).toHaveLength(1);
  });

  it('connected twice at the same moment becomes one channel, with its own webhook', async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => connect(telegramBody(ACME_BOT))));
    expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409, 409, 409]);
    const won = answers.find((answer) => answer.status === 201);
    expect(await liveChannels()).toHaveLength(1);
    expect(await webhookOf(ACME_BOT)).toBe(won?.json.webhook_url);
  });

  it('can be connected again after its channel was deleted', async () => {
    const first = await connect(telegramBody(ACME_BOT));
    expect((await owner.call('DELETE', `/channels/${first.json.id}`)).status).toBe(204);
    expect(await webhookOf(ACME_BOT)).toBe('');
    expect((await owner.call('GET', `/channels/${first.json.id}`)).json.status).toBe('archived');
    expect((await owner.call('DELETE', `/channels/${first.json.id}`)).status).toBe(204);
    const second = await connect(telegramBody(ACME_BOT));
    expect(second.status).toBe(201);
    expect(await webhookOf(ACME_BOT)).toBe(second.json.webhook_url);
  });
});

describe('changing a channel', () => {
  it('renames it', async () => {
    const { json } = await connect(telegramBody(ACME_BOT));
    const renamed = await owner.call('PATCH', `/channels/${json.id}`, { name: 'Sales' });
    expect([renamed.status, renamed.json.name]).toEqual([200, 'Sales']);
  });

  it('takes new credentials for the same bot and wakes what waited', async () => {
    const { json } = await connect(telegramBody(ACME_BOT));
    const at = { workspaceId: workspace, id: json.id };
    await door.connections.setStatus(at, 'disconnected', 'The token was revoked.');
    const credentials = { bot_token: ACME_BOT };
    const mended = await owner.call('PATCH', `/channels/${json.id}`, { credentials });
    expect(mended.json).toMatchObject({ id: json.id, status: 'connected', external_id: '111222333' });
    expect(mended.json.reason).toBeUndefined();
    expect(door.reconnected).toEqual([workspace]);
  });

  it('refuses another bot’s credentials and leaves both bots as they were', async () => {
    const { json } = await connect(telegramBody(ACME_BOT));
    const credentials = { bot_token: OTHER_BOT };
    const refused = await owner.call('PATCH', `/channels/${json.id}`, { credentials });
    expect([refused.status, refused.json.field]).toEqual([422, 'credentials']);
    expect(await webhookOf(ACME_BOT)).toBe(json.webhook_url);
    expect(await webhookOf(OTHER_BOT)).toBe('');
    expect((await door.connections.byId(json.id))?.credentials).toMatchObject({ bot_token: ACME_BOT });
  });

  it('is over once it is archived', async () => {
    const { json } = await connect(telegramBody(ACME_BOT));
    await owner.call('DELETE', `/channels/${json.id}`);
    expect((await owner.call('PATCH', `/channels/${json.id}`, { name: 'x' })).status).toBe(409);
    expect((await owner.call('PUT', `/channels/${json.id}/settings`, {})).status).toBe(409);
  });
});

describe('a channel of a HubSpot workspace', () => {
  it('wants an inbox: without one nothing is left behind, and the inboxes are listed', async () => {
    const portal = await hubspotWorkspace();
    const refused = await connect(telegramBody(ACME_BOT), portal);
    expect([refused.status, refused.json.field]).toEqual([422, 'settings.inbox_id']);
    expect(refused.json.detail).toContain('9001 (Sales)');
    expect(await webhookOf(ACME_BOT)).toBe('');
    expect(await liveChannels()).toEqual([]);
  });

  it('becomes a channel account there, with a token renewed first, and ends with it', async () => {
    const portal = await hubspotWorkspace();
    const made = await connect(telegramBody(ACME_BOT, { settings: { inbox_id: '9001' } }), portal);
    expect(made.status).toBe(201);
    const [account] = [...hubspot.portal(4_100_001).accounts.values()];
    expect(account).toMatchObject({ inboxId: '9001', authorized: true });
    const settings = await owner.call('GET', `/channels/${made.json.id}/settings`);
    expect(settings.json).toMatchObject({
      inbox_id: '9001',
      hubspot: { channel_account_id: account?.id },
    });

    const same = await owner.call('PUT', `/channels/${made.json.id}/settings`, settings.json);
    expect([same.status, same.json]).toEqual([200, settings.json]);
    const moved = await owner.call('PUT', `/channels/${made.json.id}/settings`, { inbox_id: '9002' });
    expect(moved.json).toMatchObject({ status: 422, field: 'inbox_id' });
    expect(moved.json.detail).toContain('9001');
    expect(moved.json.remedy).toContain('Inbox & Help Desk');

    await owner.call('DELETE', `/channels/${made.json.id}`);
    expect(hubspot.portal(4_100_001).accounts.get(account?.id ?? '')).toMatchObject({ authorized: false });
  });
});

describe('archiving a workspace', () => {
  it('uninstalls the app, takes the webhooks back and destroys credentials and data key', async () => {
    const { json } = await connect(telegramBody(ACME_BOT));
    const archived = await owner.call('POST', `/workspaces/${workspace}/archive`);
    expect([archived.status, archived.json.status]).toEqual([200, 'archived']);
    expect(intercom.workspace('acme1').installed).toBe(false);
    expect(await webhookOf(ACME_BOT)).toBe('');
    const row = await door.db.selectFrom('workspace').selectAll().executeTakeFirst();
    expect(row).toMatchObject({ credentials: null, wrapped_key: null });
    expect((await owner.call('GET', `/channels/${json.id}`)).json.status).toBe('archived');
    expect((await connect(telegramBody(OTHER_BOT))).status).toBe(409);
    expect((await owner.call('POST', `/workspaces/${workspace}/archive`)).status).toBe(200);
  });

  it('succeeds also when nobody out there answers', async () => {
    await connect(telegramBody(ACME_BOT));
    await telegram.close();
    intercom.plan('POST', /uninstall/, { kind: 'drop' });
    const archived = await owner.call('POST', `/workspaces/${workspace}/archive`);
    expect(archived.json.status).toBe('archived');
    expect(JSON.stringify(door.logged)).not.toContain(ACME_BOT);
    expect(webhooksSet()).toBe(1);
  });
});
