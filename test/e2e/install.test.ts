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
    it('leaves strangers a request to join, and nothing changes', async () => {
      await open();
      await install(door.visitor(), stage.owner);
      const before = await everything();
      const stranger = door.visitor();
      const why = await stage.fails(await install(stranger, stage.stranger));
      expect(why).toContain('owner has been asked');
      expect(await everything()).toEqual(before);
      expect(await joinRequests()).toMatchObject([
        { account_id: before.accounts[0]?.id, workspace_id: before.workspaces[0]?.id, provider: stage.id },
      ]);
      expect((await me(stranger)).status).toBe(401);
      expect(door.reconnected).toEqual([]);
      await install(stranger, stage.stranger);
      expect(await joinRequests()).toHaveLength(1);
    });

    it('leaves the owner of another account a request to join, and nothing changes', async () => {
      await open();
      await install(door.visitor(), stage.owner);
      const other = door.visitor();
      await install(other, stage.elsewhere);
      const before = await everything();
      await stage.fails(await install(other, stage.stranger));
      expect(await everything()).toEqual(before);
      expect(await joinRequests()).toHaveLength(1);
    });

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

  describe('a callback that we did not begin in this browser', () => {
    /** Nothing was accepted: the code is as good as before, nobody is signed in, and consent is asked for anew. */
    async function expectDiscarded(response: Response, callback: string, browser: Visitor): Promise<void> {
      expect(response.status).toBe(302);
      expect(response.headers.get('location')).toBe(installUrl);
      expect(stage.isRedeemed(codeOf(callback))).toBe(false);
      expect((await me(browser)).status).toBe(401);
      expect((await everything()).workspaces).toEqual([]);
    }

    it('is discarded without a state', async () => {
      await open();
      const browser = door.visitor();
      const callback = await consent(browser, stage.owner);
      const bare = `/${stage.id}/oauth/callback?code=${encodeURIComponent(codeOf(callback))}`;
      await expectDiscarded(await browser.go(bare), callback, browser);
    });

    it('is discarded with a state of another browser, which keeps its own', async () => {
      await open();
      const attacker = door.visitor();
      const callback = await consent(attacker, stage.owner);
      const victim = door.visitor();
      await expectDiscarded(await victim.go(callback), callback, victim);
      await victim.go(installUrl);
      await expectDiscarded(await victim.go(callback), callback, victim);
      stage.succeeds((await attacker.go(callback)).headers.get('location') ?? '', stage.owner);
    });

    it('is discarded with a made-up state, also when the cookie says the same', async () => {
      await open();
      const browser = door.visitor();
      const callback = new URL(await consent(browser, stage.owner));
      callback.searchParams.set('state', 'A'.repeat(43));
      for (const name of browser.cookies.keys()) browser.cookies.set(name, 'A'.repeat(43));
      await expectDiscarded(await browser.go(callback.href), callback.href, browser);
    });

    it('is discarded after ten minutes', async () => {
      await open();
      const browser = door.visitor();
      const callback = await consent(browser, stage.owner);
      door.clock.advance(10 * 60_000);
      await expectDiscarded(await browser.go(callback), callback, browser);
    });

    it('is discarded the second time, even with the cookie kept', async () => {
      await open();
      const browser = door.visitor();
      const callback = await consent(browser, stage.owner);
      const kept = new Map(browser.cookies);
      await browser.go(callback);
      const before = await everything();
      const redemptions = stage.redemptions();
      const again = door.visitor();
      again.cookies = kept;
      expect((await again.go(callback)).headers.get('location')).toBe(installUrl);
      expect(stage.redemptions()).toBe(redemptions);
      expect(await everything()).toEqual(before);
    });
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

  it('makes a session that nobody can fix in advance, that scripts cannot read, and that ends', async () => {
    await open();
    const browser = door.visitor();
    await install(browser, stage.owner);
    const first = browser.cookies.get('octopods') ?? '';
    const line = browser.setCookies.find((one) => one.startsWith('octopods=')) ?? '';
    expect(line).toMatch(/HttpOnly/);
    expect(line).toMatch(/SameSite=Lax/);
    expect(first).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(JSON.stringify(await everything())).not.toContain(first);

    const planted = door.visitor();
    planted.cookies.set('octopods', 'P'.repeat(43));
    await install(planted, stage.owner);
    expect(planted.cookies.get('octopods')).not.toBe('P'.repeat(43));

    door.clock.advance(30 * 24 * 3_600_000);
    expect((await me(browser)).status).toBe(401);
  });

  it('answers other methods than GET with 405', async () => {
    await open();
    const response = await door.visitor().go(installUrl, { method: 'POST' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET');
  });
});
