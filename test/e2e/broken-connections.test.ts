/**
 * A token that its provider or platform revokes, on both platforms: what is said and where, what waits, who is told,
 * and what becomes of it when it is connected again.
 */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PlatformId } from '../../playground/page/api.ts';
import { addChannels, apiWith, type ConnectedChannel } from '../../playground/town/admin.ts';
import {
  HUBSPOT_INBOX,
  INTERCOM_WORKSPACE,
  META_TOKEN,
  PORTAL,
  WABA,
} from '../../playground/town/emulators.ts';
import { install } from '../support/coming-in.ts';
import { type Desk, deskOf } from '../support/desk.ts';
import { type App, handset, lineOf } from '../support/handset.ts';
import { until } from '../support/until.ts';
import type { Visitor } from '../support/visitor.ts';
import { openHouse, type WholeHouse } from '../support/whole-house.ts';

const MINUTE = 60_000;

let house: WholeHouse;
let admin: Visitor;
let channels: ConnectedChannel[];
const ada = (platform: PlatformId) =>
  platform === 'intercom' ? `workspace=${INTERCOM_WORKSPACE}&teammate=501` : `portal=${PORTAL}&user=71`;
async function settle(): Promise<void> {
  house = await openHouse();
  await house.relay.start();
  admin = house.visitor();
  channels = [];
  for (const platform of ['intercom', 'hubspot'] as const) {
    await install(admin, platform, ada(platform));
    const { json } = await house.api(admin, 'POST', '/tokens', { name: 'set-up' });
    channels.push(...(await addChannels(apiWith(house.url, json.token), platform, ['telegram', 'whatsapp'])));
  }
}
beforeAll(settle, 60_000);
afterAll(() => house.close());

const channelOf = (platform: PlatformId, app: App): ConnectedChannel =>
  channels.find((one) => one.platform === platform && one.type === app) as ConnectedChannel;
const page = async (path: string) => (await admin.go(path, { headers: { accept: 'text/html' } })).text();
/** As printed: quotes and the like are written as references there. */
const words = (text: string) => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));

/** A channel with a token of its own, its provider's way of revoking that, and the credentials that mend it. */
function tokenOf(platform: PlatformId, app: App) {
  const { telegram, meta } = house.emulators;
  if (app === 'telegram') {
    const { token, id } = lineOf(platform).bot;
    const fresh = `${id}:AAfreshTokenFromBotFather${platform}`;
    return {
      revoke: () => telegram.revokeToken(token),
      renew: () => {
        telegram.renewToken(token, fresh);
        return { bot_token: fresh };
      },
    };
  }
  const fresh = `EAAfresh${platform}`;
  const phone_number_id = lineOf(platform).whatsapp.id;
  return {
    revoke: () => meta.revokeToken(META_TOKEN),
    renew: () => {
      meta.addToken(fresh);
      return { phone_number_id, waba_id: WABA, access_token: fresh };
    },
  };
}

/** What the agent was told about a reply with these words, in the inbox itself. */
function told(desk: Desk, conversation: string, reply: string, about: RegExp): number {
  const entries = desk.conversations().find((one) => one.id === conversation)?.entries ?? [];
  return entries.filter((entry) =>
    desk.platform === 'intercom'
      ? entry.from === 'note' && about.test(entry.text) && entry.text.includes(reply)
      : entry.text === reply && about.test(entry.status?.errorMessage ?? ''),
  ).length;
}
const WAITS = /has not gone out for two minutes/;
const TOO_LATE = /not sent late/i;

describe.each([
  ['intercom', 'telegram'],
  ['intercom', 'whatsapp'],
  ['hubspot', 'telegram'],
  ['hubspot', 'whatsapp'],
] as [PlatformId, App][])('on %s, a %s channel whose token is revoked', (platform, app) => {
  it('says so in the console, on the card and to the health check at the next call; replies wait, the agent is told once; connected again they go out in order, and what waited too long is offered for Resend', async () => {
    const desk = deskOf(house, platform);
    const customer = handset(house, platform, app, platform === 'intercom' ? 1 : 2);
    const channel = channelOf(platform, app);
    const token = tokenOf(platform, app);
    const status = async () => (await house.api(admin, 'GET', `/channels/${channel.id}`)).json;
    const waiting = () =>
      house.db
        .selectFrom('event')
        .select('id')
        .where('workspace_id', '=', channel.workspaceId)
        .where('direction', '=', 'out')
        .where('status', '=', 'queued')
        .execute();
    customer.sends({ text: 'Are you there?' });
    const thread = await until('it is in the inbox', async () => {
      const rows = await house.db
        .selectFrom('conversation')
        .select('platform_thread')
        .where('channel_id', '=', channel.id)
        .execute();
      return rows[0]?.platform_thread ?? undefined;
    });

    token.revoke();
    desk.reply(thread, 'the early one');
    const broken = await until('it is disconnected', async () => {
      const now = await status();
      return now.status === 'disconnected' && now;
    });
    expect(broken.reason.length).toBeGreaterThan(20);
    const shown = words(await page(`/channels/${channel.id}`));
    expect(shown).toContain('Disconnected');
    expect(shown).toContain(broken.reason);
    expect(words(await page(`/workspaces/${channel.workspaceId}`))).toContain(broken.reason);
    const card = await desk.card(thread);
    expect(card).toMatch(/disconnected/i);
    expect(JSON.stringify(JSON.parse(card))).toContain(JSON.stringify(broken.reason).slice(1, 60));
    if (platform === 'intercom')
      expect(await house.emulators.intercom.checkHealth(INTERCOM_WORKSPACE)).toMatchObject({
        state: 'UNHEALTHY',
        message: expect.stringContaining(broken.reason),
      });

    expect(told(desk, thread, 'the early one', WAITS)).toBe(0);
    house.clock.advance(2.5 * MINUTE);
    await until('the agent is told that it waits', () => told(desk, thread, 'the early one', WAITS) === 1);
    house.clock.advance(12 * 60 * MINUTE);
    await until(
      'the agent is told that it is not sent late',
      () => told(desk, thread, 'the early one', TOO_LATE) === 1,
    );
    for (const text of ['one', 'two', 'three']) desk.reply(thread, text);
    await until('they are in the ledger', async () => (await waiting()).length === 3);
    house.clock.advance(2.5 * MINUTE);
    // The first of those that wait speaks for the others behind it.
    await until('the agent is told once more', () => told(desk, thread, 'one', WAITS) === 1);
    expect(customer.received()).toEqual([]);

    const credentials = token.renew();
    const mended = await house.api(admin, 'PATCH', `/channels/${channel.id}`, { credentials });
    expect([mended.status, mended.json.status]).toEqual([200, 'connected']);
    const texts = () => customer.received().map((one) => one.text);
    await until('all have gone out', () => texts().length >= 3);
    expect(texts()).toEqual(['one', 'two', 'three']);
    const late = await until('Resend is offered', async () => (await desk.resendable(thread))[0]);
    await desk.resend(thread, late);
    await until('it was resent', () => texts().length === 4);
    expect(texts().at(-1)).toBe('the early one');
    if (platform === 'intercom') {
      const health = await house.emulators.intercom.checkHealth(INTERCOM_WORKSPACE);
      expect(JSON.stringify(health)).not.toContain(broken.reason);
    }
  }, 90_000);
});

describe.each(['intercom', 'hubspot'] as const)('the connection to %s', (platform) => {
  const workspaceId = () => channelOf(platform, 'telegram').workspaceId;
  const workspace = async () => (await house.api(admin, 'GET', `/workspaces/${workspaceId()}`)).json;
  /** HubSpot's tokens live for half an hour: then the refresh is refused. */
  function revoke(): void {
    if (platform === 'intercom') house.emulators.intercom.revokeToken(INTERCOM_WORKSPACE);
    else {
      house.emulators.hubspot.revoke(PORTAL);
      house.clock.advance(60 * MINUTE);
    }
  }
  async function expectSaidEverywhere(thread: string): Promise<void> {
    const { reason } = await until('it is disconnected', async () => {
      const now = await workspace();
      return now.status === 'disconnected' && now;
    });
    expect(reason.length).toBeGreaterThan(20);
    const shown = words(await page(`/workspaces/${workspaceId()}`));
    for (const said of ['is disconnected', reason, 'Reconnect']) expect(shown).toContain(said);
    expect(words(await page('/'))).toContain(reason);
    expect(await deskOf(house, platform).card(thread)).toContain(JSON.stringify(reason).slice(1, 40));
    if (platform === 'intercom')
      expect(await house.emulators.intercom.checkHealth(INTERCOM_WORKSPACE)).toMatchObject({
        state: 'UNHEALTHY',
        message: reason,
        cta_type: 'REINSTALL_CTA',
      });
  }
  async function known(customer: number): Promise<{ phone: ReturnType<typeof handset>; thread: string }> {
    const phone = handset(house, platform, 'telegram', customer);
    phone.sends({ text: `first of ${customer}` });
    const found = await until('it is in the inbox', () =>
      deskOf(house, platform).with(`first of ${customer}`),
    );
    return { phone, thread: found.id };
  }

  it('revoked: said everywhere at the next call; customers’ messages wait, and arrive in order when it is connected again', async () => {
    const { phone, thread } = await known(platform === 'intercom' ? 11 : 12);
    revoke();
    for (const text of ['one', 'two', 'three']) phone.sends({ text: `${text} while away` });
    await expectSaidEverywhere(thread);
    await install(admin, platform, ada(platform));
    const said = () => deskOf(house, platform).with('three while away')?.said ?? [];
    await until('all have arrived', () => said().length >= 4);
    expect(said().slice(-3)).toEqual(['one while away', 'two while away', 'three while away']);
    expect((await workspace()).status).toBe('active');
    if (platform === 'intercom')
      expect((await house.emulators.intercom.checkHealth(INTERCOM_WORKSPACE)).state).not.toBe(
        'REINSTALL_CTA',
      );
  }, 60_000);

  it('uninstalled there: said everywhere within a minute, by its notice or its journal, without a call of ours', async () => {
    const { thread } = await known(platform === 'intercom' ? 13 : 14);
    if (platform === 'intercom') house.emulators.intercom.uninstall(INTERCOM_WORKSPACE);
    else house.emulators.hubspot.uninstall(PORTAL);
    await house.watch();
    await expectSaidEverywhere(thread);
    await install(admin, platform, ada(platform));
    expect((await workspace()).status).toBe('active');
  }, 60_000);

  it('archived: webhooks taken back, HubSpot’s accounts switched off, credentials gone from the database’s bytes; connected anew, its channels are switched on again', async () => {
    const { telegram, hubspot } = house.emulators;
    const id = workspaceId();
    const account = () => [...hubspot.portal(PORTAL).accounts.values()].map((one) => one.authorized);
    const rows = await house.db.selectFrom('channel').selectAll().where('workspace_id', '=', id).execute();
    const row = await house.db
      .selectFrom('workspace')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const secrets = [row.credentials, row.wrapped_key, ...rows.map((one) => one.credentials)].map((one) =>
      Buffer.from(one ?? ''),
    );
    for (const secret of secrets)
      expect([secret.length > 40, onDisk().includes(secret)]).toEqual([true, true]);
    const calls = telegram.calls.length;

    expect(
      (await house.post(admin, `/workspaces/${id}/archive`, { name: confirmationOf(platform) })).status,
    ).toBe(303);
    expect((await workspace()).status).toBe('archived');
    for (const secret of secrets) expect(onDisk().includes(secret)).toBe(false);
    expect(telegram.calls.slice(calls).map((call) => call.path)).toContainEqual(
      expect.stringMatching(/deleteWebhook$/),
    );
    if (platform === 'hubspot') expect(account()).toEqual([false, false]);

    await install(admin, platform, ada(platform));
    const { json } = await house.api(admin, 'POST', '/tokens', { name: 'again' });
    const bot = lineOf(platform).bot;
    const fresh = `${bot.id}:AAfreshTokenFromBotFather${platform}`;
    const live = (await house.api(admin, 'GET', '/workspaces')).json.data.find(
      (one: { platform: string; status: string }) => one.platform === platform && one.status === 'active',
    );
    const made = await apiWith(house.url, json.token).call('POST', `/workspaces/${live.id}/channels`, {
      type: 'telegram',
      credentials: { bot_token: fresh },
      ...(platform === 'hubspot' ? { settings: { inbox_id: HUBSPOT_INBOX } } : {}),
    });
    expect(made.status).toBe(201);
    if (platform === 'hubspot') expect(account().sort()).toEqual([false, true]);
  }, 60_000);
});

const confirmationOf = (platform: PlatformId): string => (platform === 'intercom' ? 'Acme' : String(PORTAL));
/** The database’s files, its write-ahead log included. */
const onDisk = (): Buffer =>
  Buffer.concat([house.file, `${house.file}-wal`].filter(existsSync).map((file) => readFileSync(file)));
