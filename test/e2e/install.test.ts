/**
 * Installing at both platforms, over HTTP, against their emulators: who gets in, and what nobody can change.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type FrontDoor, openFrontDoor } from '../support/front-door.ts';
import { hubspotStage, intercomStage, type Person } from '../support/install-stages.ts';
import type { Visitor } from '../support/visitor.ts';

describe.each([intercomStage(), hubspotStage()])('installing at $id', (stage) => {
  let door: FrontDoor;
  beforeAll(() => stage.open());
  afterAll(() => stage.close());
  afterEach(() => door.close());

  const open = async (): Promise<FrontDoor> => {
    door = await openFrontDoor({
      platforms: (url) => [stage.adapter(url)],
      intercomAppUrl: stage.appUrl(),
      hubspotAppUrl: stage.appUrl(),
    });
    return door;
  };
  const installUrl = `/${stage.id}/install`;
  /** From our install URL over the consent screen to the URL of our callback; not called yet. */
  async function consent(browser: Visitor, who: Person, query = ''): Promise<string> {
    const started = await browser.go(`${installUrl}${query}`);
    expect(started.status).toBe(302);
    const consented = await fetch(stage.consents(started.headers.get('location') ?? '', who), {
      redirect: 'manual',
    });
    return consented.headers.get('location') ?? '';
  }
  const install = async (browser: Visitor, who: Person): Promise<Response> =>
    browser.go(await consent(browser, who));
  const me = async (browser: Visitor) => {
    const response = await browser.go('/api/v1/me');
    return { status: response.status, body: (await response.json()) as { role?: string } };
  };
  const listed = async (browser: Visitor) => {
    const response = await browser.go('/api/v1/workspaces');
    return ((await response.json()) as { data: { external_id: string }[] }).data;
  };
  const codeOf = (callback: string): string => new URL(callback).searchParams.get('code') ?? '';
  /** Everything that an install could change, credentials included. */
  const everything = async () => ({
    accounts: await door.db.selectFrom('account').selectAll().execute(),
    people: await door.db.selectFrom('person').selectAll().execute(),
    logins: await door.db.selectFrom('login').selectAll().execute(),
    members: await door.db.selectFrom('member').selectAll().execute(),
    sessions: await door.db.selectFrom('session').selectAll().execute(),
    workspaces: await door.db.selectFrom('workspace').selectAll().execute(),
  });
  const joinRequests = () => door.db.selectFrom('join_request').selectAll().execute();
  /** The same browser, but a member where it was an owner. */
  const demote = () => door.db.updateTable('member').set({ role: 'member' }).execute();

  describe('a workspace that nobody has linked', () => {
    it('founds an account: the installer owns it and is signed in', async () => {
      await open();
      const browser = door.visitor();
      const landed = await install(browser, stage.owner);
      stage.succeeds(landed.headers.get('location') ?? '', stage.owner);
      const { status, body } = await me(browser);
      expect(status).toBe(200);
      expect(body.role).toBe('owner');
      expect(await listed(browser)).toMatchObject([
        { platform: stage.id, external_id: stage.owner.account, status: 'active' },
      ]);
    });

    it('joins the account whose owner is signed in', async () => {
      await open();
      const browser = door.visitor();
      await install(browser, stage.owner);
      await install(browser, stage.elsewhere);
      expect((await everything()).accounts).toHaveLength(1);
      expect((await listed(browser)).map((one) => one.external_id)).toEqual([
        stage.owner.account,
        stage.elsewhere.account,
      ]);
    });

    it('ends in the console when it was begun there, and nowhere else by wish', async () => {
      await open();
      const browser = door.visitor();
      const landed = await browser.go(await consent(browser, stage.owner, '?return=console'));
      expect(landed.headers.get('location')).toBe('/?done=connected');
      const wished = await browser.go(await consent(browser, stage.owner, '?return=https://evil.test'));
      stage.succeeds(wished.headers.get('location') ?? '', stage.owner);
    });
  });

  describe('a workspace that is linked already', () => {
    it('tells its own owner, signed in to another account, to sign out first', async () => {
      await open();
      await install(door.visitor(), stage.owner);
      const other = door.visitor();
      await install(other, stage.elsewhere);
      const before = await everything();
      expect(await stage.fails(await install(other, stage.owner))).toContain('Sign out');
      expect(await everything()).toEqual(before);
      expect(await joinRequests()).toEqual([]);
    });

    it('signs its owner in again and mends the connection with the new credentials', async () => {
      await open();
      await install(door.visitor(), stage.owner);
      const [workspace] = (await everything()).workspaces;
      const at = { workspaceId: workspace?.id ?? '', id: workspace?.id ?? '' };
      await door.connections.setStatus(at, 'disconnected', 'The token was revoked.');
      const before = await door.connections.byId(at.id);

      const browser = door.visitor();
      const landed = await install(browser, stage.owner);
      stage.succeeds(landed.headers.get('location') ?? '', stage.owner);
      expect((await me(browser)).body.role).toBe('owner');
      const after = await door.connections.byId(at.id);
      expect(after?.credentials).not.toEqual(before?.credentials);
      expect(await door.connections.workspace(at.id)).toMatchObject({ status: 'active', reason: null });
      expect(door.reconnected).toEqual([at.id]);
      expect((await everything()).accounts).toHaveLength(1);
    });

    it('is mended by a colleague at the platform when the owner is signed in here', async () => {
      await open();
      const browser = door.visitor();
      await install(browser, stage.owner);
      const before = await everything();
      const landed = await install(browser, stage.stranger);
      stage.succeeds(landed.headers.get('location') ?? '', stage.stranger);
      const after = await everything();
      expect(after.workspaces[0]?.credentials).not.toEqual(before.workspaces[0]?.credentials);
      expect({ ...after, workspaces: [] }).toEqual({ ...before, workspaces: [] });
      expect(await joinRequests()).toEqual([]);
    });

    it('signs a member in without touching the connection', async () => {
      await open();
      await install(door.visitor(), stage.owner);
      await demote();
      const before = await everything();
      const browser = door.visitor();
      await install(browser, stage.owner);
      expect((await me(browser)).body.role).toBe('member');
      expect((await everything()).workspaces).toEqual(before.workspaces);
    });
  });

  it('is refused to a signed-in member: 403 before the consent screen and after it', async () => {
    await open();
    const browser = door.visitor();
    await install(browser, stage.owner);
    const callback = await consent(browser, stage.elsewhere);
    await demote();
    const before = await everything();
    const redemptions = stage.redemptions();

    expect((await browser.go(installUrl)).status).toBe(403);
    const refused = await browser.go(callback);
    expect(refused.status).toBe(403);
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(stage.isRedeemed(codeOf(callback))).toBe(false);
    expect(stage.redemptions()).toBe(redemptions);
    expect(await everything()).toEqual(before);
  });

  it('tells the admin who does not consent, in our own words', async () => {
    await open();
    const browser = door.visitor();
    const started = await browser.go(installUrl);
    const denied = await fetch(`${started.headers.get('location')}&consent=cancel`, { redirect: 'manual' });
    const why = await stage.fails(await browser.go(denied.headers.get('location') ?? ''));
    expect(why).toContain('was not granted');
    expect((await everything()).accounts).toEqual([]);

    const forged = await browser.go(installUrl);
    const state = new URL(forged.headers.get('location') ?? '').searchParams.get('state');
    const callback = `/${stage.id}/oauth/callback?error=<b>call+555</b>&error_description=call+555&state=${state}`;
    expect(await stage.fails(await browser.go(callback))).not.toContain('555');
  });

  it('tells the admin when the platform refuses the code', async () => {
    await open();
    const browser = door.visitor();
    const callback = new URL(await consent(browser, stage.owner));
    callback.searchParams.set('code', 'made-up');
    expect((await stage.fails(await browser.go(callback.href))).length).toBeGreaterThan(20);
    expect((await everything()).accounts).toEqual([]);
  });

  it('answers other methods than GET with 405', async () => {
    await open();
    const response = await door.visitor().go(installUrl, { method: 'POST' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET');
  });
});
