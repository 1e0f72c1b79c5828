/** What becomes of connections: noticed when they break, followed when they are renamed, destroyed when they are archived. */
import { createHmac, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Actor, Diagnosis, Finding } from '../../server/accounts/contracts.ts';
import { makeSecretId } from '../../server/core/ids.ts';
import { look, minuteOf, watchOnce } from '../../server/relay/watch.ts';
import { openPeopleDoor, type PeopleDoor } from '../support/people-door.ts';
import type { Visitor } from '../support/visitor.ts';

const HOUR = 3_600_000;
const BOT = '7000000009:AApeopleDoorBotToken';
let door: PeopleDoor;
beforeEach(async () => {
  door = await openPeopleDoor();
});
afterEach(() => door.close());

async function install(who: Visitor, platform: 'intercom' | 'hubspot'): Promise<string> {
  const begun = await who.go(`/${platform}/install`);
  const as = platform === 'intercom' ? 'workspace=acme1&teammate=501' : 'portal=4100001&user=71';
  const consented = await fetch(`${begun.headers.get('location')}&consent=approve&${as}`, {
    redirect: 'manual',
  });
  await who.go(consented.headers.get('location') ?? '');
  const rows = await door.db.selectFrom('workspace').selectAll().where('platform', '=', platform).execute();
  return rows[0]?.id ?? '';
}
async function api(who: Visitor, method: string, path: string, body?: unknown) {
  const response = await who.go(`/api/v1${path}`, {
    method,
    headers: { origin: door.url, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, json: text ? JSON.parse(text) : undefined };
}
async function telegramIn(who: Visitor, workspaceId: string): Promise<string> {
  const { status, json } = await api(who, 'POST', `/workspaces/${workspaceId}/channels`, {
    type: 'telegram',
    credentials: { bot_token: BOT },
  });
  expect(status).toBe(201);
  return json.id;
}
const owner = async (): Promise<Actor> => {
  const row = await door.db.selectFrom('member').selectAll().executeTakeFirstOrThrow();
  return { account_id: row.account_id, person_id: row.person_id, role: row.role };
};
const connection = async (id: string) => {
  const found = await door.connections.byId(id);
  if (!found) throw new Error(`no connection ${id}`);
  return found;
};
const status = async (id: string) => {
  const row = await door.connections.workspace(id);
  return { status: row?.status, reason: row?.reason, name: row?.name };
};
/** What the trail's newest entries say was done, the newest first. */
const latest = async (limit: number): Promise<string[]> =>
  (await door.audit.list((await owner()).account_id, { limit })).entries.map(({ action }) => action);
/** Everything that the database has on disk, its write-ahead log included. */
const bytesOnDisk = (): Buffer =>
  Buffer.concat([door.file, `${door.file}-wal`].filter(existsSync).map((file) => readFileSync(file)));

describe('a workspace', () => {
  it('is disconnected with the reason, told by mail and in the trail, at the next look after its token was revoked', async () => {
    const who = door.visitor();
    const id = await install(who, 'intercom');
    door.intercom.revokeToken('acme1');
    await look(door.watch, await connection(id));
    expect(await status(id)).toMatchObject({
      status: 'disconnected',
      reason: expect.stringContaining('no longer accepts'),
    });
    const mail = await door.mailbox.newest('ada@acme.test');
    expect(mail.subject).toBe('Acme is disconnected');
    expect(mail.text).toContain(`${door.url}/workspaces/${id}`);
    const { entries } = await door.audit.list((await owner()).account_id, { limit: 1 });
    expect(entries[0]).toMatchObject({
      action: 'workspace.status_changed',
      actor: 'system',
      facts: { to: 'disconnected' },
    });

    await install(door.visitor(), 'intercom');
    expect(await status(id)).toMatchObject({ status: 'active', reason: null });
    expect(await latest(5)).toContain('workspace.repaired');
  });

  it('stays as it is while its platform is away', async () => {
    const id = await install(door.visitor(), 'intercom');
    door.intercom.plan('GET', /\/me/, { kind: 'drop' }, 5);
    await look(door.watch, await connection(id));
    expect((await status(id)).status).toBe('active');
  });

  it('follows its name in Intercom', async () => {
    const id = await install(door.visitor(), 'intercom');
    door.intercom.workspace('acme1').name = 'Acme International';
    await look(door.watch, await connection(id));
    expect((await status(id)).name).toBe('Acme International');
    expect(await latest(1)).toEqual(['workspace.renamed']);
  });

  it('of HubSpot is disconnected within a minute of an uninstall, by asking the journal', async () => {
    const id = await install(door.visitor(), 'hubspot');
    await watchOnce(door.watch);
    expect((await status(id)).status).toBe('active');
    door.hubspot.uninstall(4_100_001);
    await watchOnce(door.watch);
    expect(await status(id)).toMatchObject({ status: 'disconnected' });
    await install(door.visitor(), 'hubspot');
    await watchOnce(door.watch);
    expect((await status(id)).status).toBe('active');
  });

  it('of HubSpot is disconnected when its refresh is refused', async () => {
    const id = await install(door.visitor(), 'hubspot');
    door.hubspot.revoke(4_100_001);
    door.clock.advance(HOUR);
    await look(door.watch, await connection(id));
    expect(await status(id)).toMatchObject({
      status: 'disconnected',
      reason: expect.stringContaining('revoked'),
    });
  });

  it('has its own minute of the hour, and many are spread over it', () => {
    const ids = Array.from({ length: 600 }, () => makeSecretId('chn', (bytes) => randomBytes(bytes)));
    const minutes = Map.groupBy(ids, minuteOf);
    expect(minutes.size).toBeGreaterThan(55);
    expect(Math.max(...[...minutes.values()].map((some) => some.length))).toBeLessThan(30);
  });

  it('leaves no credentials in the database’s files when it is archived', async () => {
    const who = door.visitor();
    const id = await install(who, 'intercom');
    const channel = await telegramIn(who, id);
    const row = await door.db
      .selectFrom('workspace')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const sealed = await door.db
      .selectFrom('channel')
      .select('credentials')
      .where('id', '=', channel)
      .executeTakeFirstOrThrow();
    const secrets = [row.credentials, sealed.credentials, row.wrapped_key].map((one) =>
      Buffer.from(one ?? ''),
    );
    for (const secret of secrets) expect(bytesOnDisk().includes(secret)).toBe(true);

    expect((await api(who, 'POST', `/workspaces/${id}/archive`)).status).toBe(200);
    for (const secret of secrets) {
      expect(secret.length).toBeGreaterThan(40);
      expect(bytesOnDisk().includes(secret)).toBe(false);
    }
    expect(door.telegram.calls.at(-1)?.path).toContain('deleteWebhook');
  });
});

describe('the doctor', () => {
  const finding = (found: Diagnosis | undefined, check: Finding['check']) =>
    found?.findings.find((one) => one.check === check);
  async function channelFindings(id: string): Promise<Diagnosis> {
    const answer = await door.doctor.channel(await owner(), id);
    if ('refused' in answer) throw new Error(answer.why);
    return answer;
  }
  async function workspaceFindings(id: string): Promise<Diagnosis | undefined> {
    const answer = await door.doctor.workspace(await owner(), id);
    if ('refused' in answer) throw new Error(answer.why);
    return answer[0];
  }

  it('finds nothing wrong where nothing is, and nothing at all for another account', async () => {
    const who = door.visitor();
    const id = await install(who, 'intercom');
    const channel = await telegramIn(who, id);
    const well = [
      ...(await channelFindings(channel)).findings,
      ...((await workspaceFindings(id))?.findings ?? []),
    ];
    expect(well.filter((one) => one.state === 'broken')).toEqual([]);
    expect(finding(await channelFindings(channel), 'webhook')?.state).toBe('ok');
    expect(finding(await channelFindings(channel), 'public_url')?.state).toBe('ok');
    const stranger = { account_id: 'acc_x', person_id: 'per_x', role: 'owner' as const };
    expect(await door.doctor.channel(stranger, channel)).toMatchObject({ refused: 'not_found' });
    expect(await door.doctor.workspace(stranger, id)).toMatchObject({ refused: 'not_found' });
  });

  it('names the URL to which a bot’s messages go instead', async () => {
    const who = door.visitor();
    const channel = await telegramIn(who, await install(who, 'intercom'));
    await fetch(`${door.telegram.url}/bot${BOT}/setWebhook`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ url: 'https://elsewhere.test/hook' }),
    });
    expect(finding(await channelFindings(channel), 'webhook')).toMatchObject({
      state: 'broken',
      says: expect.stringContaining('https://elsewhere.test/hook'),
      fix: expect.stringContaining(`${door.url}/webhooks/telegram/${channel}`),
    });
  });

  it('names the dead token, the missing scope and the wrong clock', async () => {
    const who = door.visitor();
    const channel = await telegramIn(who, await install(who, 'hubspot').then(() => install(who, 'intercom')));
    door.telegram.revokeToken(BOT);
    expect(finding(await channelFindings(channel), 'credentials')).toMatchObject({
      state: 'broken',
      fix: expect.any(String),
    });

    for (const token of door.hubspot.world.accessTokens.values()) {
      token.scopes = token.scopes.filter((scope) => scope !== 'files');
      if (token.install) token.install.scopes = token.install.scopes.filter((scope) => scope !== 'files');
    }
    const hubspot = await door.db
      .selectFrom('workspace')
      .select('id')
      .where('platform', '=', 'hubspot')
      .executeTakeFirstOrThrow();
    expect(finding(await workspaceFindings(hubspot.id), 'scopes')).toMatchObject({
      state: 'broken',
      fix: expect.stringContaining('Grant files'),
    });

    door.clock.advance(10 * 60_000);
    expect(finding(await workspaceFindings(hubspot.id), 'clock')).toMatchObject({
      state: 'broken',
      says: expect.stringMatching(/(599|600|601) seconds ahead/),
    });
  });

  /** A Twilio channel straight into the store: nobody listens at its API here. */
  async function twilio(): Promise<{
    id: string;
    post(url: string, signedFor: string, token: string): Promise<number>;
  }> {
    const workspaceId = await install(door.visitor(), 'intercom');
    const id = makeSecretId('chn', (bytes) => randomBytes(bytes));
    await door.connections.addChannel({
      workspace_id: workspaceId,
      id,
      type: 'twilio_sms',
      medium: 'sms',
      external_id: '+15550001111',
      name: 'SMS',
      status: 'connected',
      credentials: { account_sid: `AC${'0'.repeat(32)}`, auth_token: 'right', from: '+15550001111' },
      settings: {},
    });
    const body = new URLSearchParams({
      MessageSid: 'SM1',
      From: '+15550002222',
      To: '+15550001111',
      Body: 'Hi',
    });
    const post = async (url: string, signedFor: string, token: string) => {
      const fields = [...body]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flat()
        .join('');
      const signature = createHmac('sha1', token)
        .update(signedFor + fields)
        .digest('base64');
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'x-twilio-signature': signature,
          'x-forwarded-host': new URL(signedFor).host,
        },
        body,
      });
      return response.status;
    };
    return { id, post };
  }

  it('tells a provider that is away from credentials that are wrong', async () => {
    const { id } = await twilio();
    const found = await channelFindings(id);
    expect(finding(found, 'provider')).toMatchObject({
      state: 'broken',
      fix: expect.stringContaining('status page'),
    });
    expect(finding(found, 'credentials')).toBeUndefined();
  });

  it('tells a webhook signed for another URL from one signed with another secret', async () => {
    const { id, post } = await twilio();
    const path = `/webhooks/twilio/${id}`;
    expect(await post(door.url + path, `https://old-name.test${path}`, 'right')).toBe(401);
    expect(finding(await channelFindings(id), 'signatures')).toMatchObject({
      state: 'broken',
      says: expect.stringContaining(
        `signed for https://old-name.test${path}, but here it counts as ${door.url}${path}`,
      ),
      fix: expect.stringContaining('Set PUBLIC_URL to https://old-name.test'),
    });
    door.clock.advance(60_000);
    expect(await post(door.url + path, door.url + path, 'wrong')).toBe(401);
    expect(finding(await channelFindings(id), 'signatures')).toMatchObject({
      state: 'broken',
      says: expect.stringContaining('another secret'),
      fix: expect.stringContaining('Copy the secret'),
    });
    door.clock.advance(60_000);
    expect(await post(door.url + path, door.url + path, 'right')).toBe(200);
    await door.connections.heard(await connection(id), door.clock.now());
    expect(finding(await channelFindings(id), 'signatures')?.state).toBe('ok');
  });
});
