/** Coming in, over real HTTP: by Google, Intercom, HubSpot and password; and what nobody gets in by. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ADA, EVE, openPeopleDoor, type PeopleDoor } from '../support/people-door.ts';
import type { Visitor } from '../support/visitor.ts';

const HOUR = 3_600_000;
const PASSWORD = 'a walk in the rain';

let door: PeopleDoor;
beforeEach(async () => {
  door = await openPeopleDoor();
});
afterEach(() => door.close());

const me = async (who: Visitor) => (await who.go('/api/v1/me')).status;
const whoAmI = async (
  who: Visitor,
): Promise<{ account: { id: string }; person: { id: string }; role: string }> =>
  (await (await who.go('/api/v1/me')).json()) as never;
const to = (response: Response): string => response.headers.get('location') ?? '';
const all = (table: 'person' | 'account' | 'login' | 'session' | 'mail_link' | 'workspace' | 'password') =>
  door.db.selectFrom(table).selectAll().execute();

/** From our page over Google's consent to the callback; not called yet. */
async function atGoogle(who: Visitor, sub: string, query = ''): Promise<string> {
  const begun = await who.go(`/auth/google${query}`);
  expect(begun.status).toBe(302);
  const consented = await fetch(`${to(begun)}&as=${sub}`, { redirect: 'manual' });
  return to(consented);
}
const byGoogle = async (who: Visitor, sub: string, query = ''): Promise<Response> =>
  who.go(await atGoogle(who, sub, query));

async function atPlatform(who: Visitor, platform: 'intercom' | 'hubspot', path: string): Promise<string> {
  const begun = await who.go(path);
  const as = platform === 'intercom' ? 'workspace=acme1&teammate=501' : 'portal=4100001&user=71';
  return to(await fetch(`${to(begun)}&consent=approve&${as}`, { redirect: 'manual' }));
}

/** The link of the mail that this form causes, not of one before it. */
async function mailedBy(work: () => Promise<unknown>): Promise<string> {
  const before = door.mailbox.mails.length;
  await work();
  const mail = await vi.waitFor(() => door.mailbox.mails[before] ?? Promise.reject(new Error('no mail yet')));
  return /https?:\/\/\S+/.exec(mail.text)?.[0] ?? '';
}

const signUpForm = (email: string) => ({ name: 'Ada Byron', email, password: PASSWORD });
async function signUp(email: string): Promise<Visitor> {
  const who = door.visitor();
  await door.post(who, '/sign-up', signUpForm(email));
  const confirmed = await door.post(who, await door.mailbox.link(email), { password: PASSWORD });
  expect(confirmed.status).toBe(303);
  return who;
}
const signIn = (who: Visitor, email: string, password: string): Promise<Response> =>
  door.post(who, '/sign-in', { email, password });

describe('by Google', () => {
  it('founds an account for a newcomer, and knows them the next time', async () => {
    const first = door.visitor();
    expect(to(await byGoogle(first, ADA.sub))).toBe('/');
    const ada = await whoAmI(first);
    expect(ada.role).toBe('owner');
    const again = door.visitor();
    await byGoogle(again, ADA.sub);
    expect(await whoAmI(again)).toEqual(ada);
    expect(await all('account')).toHaveLength(1);
  });

  it('keeps two people apart whose address is the same', async () => {
    const ada = door.visitor();
    await byGoogle(ada, ADA.sub);
    const eve = door.visitor();
    await byGoogle(eve, EVE.sub);
    expect((await whoAmI(eve)).person.id).not.toBe((await whoAmI(ada)).person.id);
    expect((await whoAmI(eve)).account.id).not.toBe((await whoAmI(ada)).account.id);
  });

  it('never leads into the account of a password with the same address', async () => {
    const ada = await signUp(ADA.email);
    const eve = door.visitor();
    await byGoogle(eve, EVE.sub);
    expect((await whoAmI(eve)).account.id).not.toBe((await whoAmI(ada)).account.id);
  });

  it.each([
    ['for another app', { aud: 'another-app' }],
    ['by another issuer', { iss: 'https://evil.test' }],
    ['with another nonce', { nonce: 'made-up' }],
    ['that has expired', { exp: 1_700_000_000 }],
  ])('does not believe a token %s', async (_what, change) => {
    door.google.forge = (claims) => ({ ...claims, ...change });
    const who = door.visitor();
    expect(to(await byGoogle(who, ADA.sub))).toBe('/sign-in?problem=failed');
    expect(await me(who)).toBe(401);
    expect(await all('person')).toEqual([]);
  });

  it('begins in this browser: a callback without its state, with another’s, or used before is refused', async () => {
    const attacker = door.visitor();
    const callback = await atGoogle(attacker, EVE.sub);
    const victim = door.visitor();
    expect(to(await victim.go(callback))).toBe('/sign-in?problem=stale');
    await victim.go('/auth/google');
    expect(to(await victim.go(callback))).toBe('/sign-in?problem=stale');
    const bare = callback.replace(/([?&])state=[^&]+/, '$1');
    expect(to(await attacker.go(bare))).toBe('/sign-in?problem=stale');
    expect(await me(victim)).toBe(401);
    const kept = new Map(attacker.cookies);
    expect(to(await attacker.go(callback))).toBe('/');
    const replay = door.visitor();
    replay.cookies = kept;
    expect(to(await replay.go(callback))).toBe('/sign-in?problem=stale');
    expect(await all('session')).toHaveLength(1);
  });

  it('does not take a code that was redeemed already', async () => {
    const first = door.visitor();
    const callback = new URL(await atGoogle(first, ADA.sub));
    await first.go(callback.href);
    const second = door.visitor();
    const own = new URL(await atGoogle(second, EVE.sub));
    own.searchParams.set('code', callback.searchParams.get('code') ?? '');
    expect(to(await second.go(own.href))).toBe('/sign-in?problem=failed');
    expect(await me(second)).toBe(401);
  });

  it.each([
    ['/activity?status=failed', '/activity?status=failed'],
    ['https://evil.test/', '/'],
    ['//evil.test', '/'],
    ['/\\evil.test', '/'],
    ['/\t/evil.test', '/'],
    ['javascript:alert(1)', '/'],
  ])('comes back to %j as %j', async (wanted, landed) => {
    const who = door.visitor();
    const response = await byGoogle(who, ADA.sub, `?return=${encodeURIComponent(wanted)}`);
    expect(to(response)).toBe(landed);
  });

  it('says so when it was not allowed or Google is away', async () => {
    door.google.consent = { decision: 'cancel' };
    const who = door.visitor();
    const begun = await who.go('/auth/google');
    const denied = await fetch(to(begun), { redirect: 'manual' });
    expect(to(await who.go(to(denied)))).toBe('/sign-in?problem=denied');
    door.google.consent = {};
    const callback = await atGoogle(who, ADA.sub);
    door.google.plan('POST', /token/, { kind: 'drop' });
    expect(to(await who.go(callback))).toMatch(/problem=(unreachable|failed)/);
    expect(await me(who)).toBe(401);
  });
});

describe.each(['intercom', 'hubspot'] as const)('by %s', (platform) => {
  it('stores no token: a connected workspace keeps its own, to the byte', async () => {
    const admin = door.visitor();
    await admin.go(await atPlatform(admin, platform, `/${platform}/install`));
    const before = await all('workspace');
    expect(before).toHaveLength(1);

    const again = door.visitor();
    expect(to(await again.go(await atPlatform(again, platform, `/auth/${platform}`)))).toBe('/');
    expect(await all('workspace')).toEqual(before);
    expect(await whoAmI(again)).toEqual(await whoAmI(admin));
  });

  it('founds an account without a workspace for a newcomer', async () => {
    const who = door.visitor();
    await who.go(await atPlatform(who, platform, `/auth/${platform}`));
    expect((await whoAmI(who)).role).toBe('owner');
    expect(await all('workspace')).toEqual([]);
  });

  it('does not take a sign-in’s state for an install, nor an install’s for a sign-in', async () => {
    const who = door.visitor();
    const callback = await atPlatform(who, platform, `/auth/${platform}`);
    const cookie = who.cookies.get('octopods-sign-in') ?? '';
    who.cookies.clear();
    who.cookies.set('octopods-install', cookie);
    expect(to(await who.go(callback))).toBe(`/${platform}/install`);
    const installing = await atPlatform(who, platform, `/${platform}/install`);
    const other = who.cookies.get('octopods-install') ?? '';
    who.cookies.clear();
    who.cookies.set('octopods-sign-in', other);
    expect(to(await who.go(installing))).toBe(`/${platform}/install`);
    expect(await me(who)).toBe(401);
    expect(await all('workspace')).toEqual([]);
  });
});

describe('by password', () => {
  it('exists only once the address is confirmed, with the password that was chosen', async () => {
    const who = door.visitor();
    await door.post(who, '/sign-up', signUpForm('ada@acme.test'));
    expect(await all('person')).toEqual([]);
    const link = await door.mailbox.link('ada@acme.test');
    await who.go(link);
    expect((await door.post(who, link, { password: 'not the one chosen' })).status).toBe(422);
    expect(await all('person')).toEqual([]);
    expect((await door.post(who, link, { password: PASSWORD })).status).toBe(303);
    expect(await me(who)).toBe(200);
    expect((await door.post(door.visitor(), link, { password: PASSWORD })).status).toBe(404);
  });

  it('keeps the password by a modern derivation, never itself', async () => {
    await signUp('ada@acme.test');
    const [row] = await all('password');
    expect(row).toMatchObject({
      hash: expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/),
    });
    expect(JSON.stringify([await all('mail_link'), row])).not.toContain(PASSWORD);
  });

  it('answers the same whether an address exists or not', async () => {
    await signUp('ada@acme.test');
    const answers = async (email: string) => {
      const who = door.visitor();
      const wrong = await signIn(who, email, 'not the password');
      const forgot = await door.post(who, '/forgot', { email });
      const again = await door.post(who, '/sign-up', signUpForm(email));
      const pages = await Promise.all([wrong, forgot, again].map((one) => one.text()));
      return {
        statuses: [wrong, forgot, again].map((one) => one.status),
        pages: pages.map((one) => one.replaceAll(email, '…')),
      };
    };
    expect(await answers('nobody@acme.test')).toEqual(await answers('ada@acme.test'));
    expect(await all('person')).toHaveLength(1);
  });

  it('locks after ten wrong tries in a row, also for the right password, and unlocks by mail', async () => {
    await signUp('ada@acme.test');
    const who = door.visitor();
    const link = await mailedBy(async () => {
      for (let tries = 0; tries < 10; tries += 1) await signIn(who, 'ada@acme.test', 'not the password');
    });
    expect(door.mailbox.mails.at(-1)?.subject).toContain('locked');
    expect((await signIn(who, 'ada@acme.test', PASSWORD)).status).not.toBe(303);
    await door.post(who, link, {});
    expect((await signIn(who, 'ada@acme.test', PASSWORD)).status).toBe(303);
  });

  it('takes nothing more from one network address after fifty wrong tries, until a quarter of an hour is over', async () => {
    await signUp('ada@acme.test');
    const who = door.visitor();
    for (let tries = 0; tries < 50; tries += 1) await signIn(who, `nobody${tries}@acme.test`, 'x');
    const throttled = await signIn(who, 'ada@acme.test', PASSWORD);
    expect(throttled.status).toBe(429);
    door.clock.advance(HOUR / 4);
    expect((await signIn(who, 'ada@acme.test', PASSWORD)).status).toBe(303);
  }, 60_000);

  it('is chosen anew by a link that works for six hours and once, and ends every session', async () => {
    const before = await signUp('ada@acme.test');
    const who = door.visitor();
    const ask = () => door.post(who, '/forgot', { email: 'ada@acme.test' });
    const late = await mailedBy(ask);
    door.clock.advance(6 * HOUR);
    expect((await door.post(who, late, { password: 'another walk' })).status).toBe(404);
    const link = await mailedBy(ask);
    expect((await door.post(who, link, { password: 'short' })).status).toBe(422);
    expect((await door.post(who, link, { password: 'another walk' })).status).toBe(303);
    expect((await door.post(who, link, { password: 'a third walk' })).status).toBe(404);
    expect(await me(before)).toBe(401);
    expect(await me(who)).toBe(200);
    expect((await signIn(door.visitor(), 'ada@acme.test', PASSWORD)).status).not.toBe(303);
  });

  it('mails one address at most five times an hour', async () => {
    await signUp('ada@acme.test');
    for (let tries = 0; tries < 8; tries += 1)
      await door.post(door.visitor(), '/forgot', { email: 'ada@acme.test' });
    // The sign-up's mail counts; its link was used up.
    expect(await all('mail_link')).toHaveLength(4);
  });
});

describe('a session', () => {
  it('cannot be fixed in advance, and ends when nobody uses it for a week', async () => {
    const who = door.visitor();
    who.cookies.set('octopods', 'P'.repeat(43));
    await byGoogle(who, ADA.sub);
    expect(who.cookies.get('octopods')).not.toBe('P'.repeat(43));
    door.clock.advance(6 * 24 * HOUR);
    expect(await me(who)).toBe(200);
    door.clock.advance(6 * 24 * HOUR);
    expect(await me(who)).toBe(200);
    door.clock.advance(7 * 24 * HOUR);
    expect(await me(who)).toBe(401);
  });

  it('ends after thirty days however much it is used', async () => {
    const who = door.visitor();
    await byGoogle(who, ADA.sub);
    for (let days = 0; days < 29; days += 1) {
      door.clock.advance(24 * HOUR);
      expect(await me(who)).toBe(200);
    }
    door.clock.advance(24 * HOUR);
    expect(await me(who)).toBe(401);
  });

  it('is not used by forms of other sites', async () => {
    const who = door.visitor();
    await byGoogle(who, ADA.sub);
    const foreign = {
      method: 'POST',
      headers: { origin: 'https://evil.test', 'content-type': 'application/x-www-form-urlencoded' },
    };
    const headless = { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    for (const init of [foreign, headless]) expect((await who.go('/sign-out', init)).status).toBe(403);
    expect(await me(who)).toBe(200);
    await door.post(who, '/sign-out', {});
    expect(await me(who)).toBe(401);
  });
});
