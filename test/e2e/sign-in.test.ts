/** Coming in, over real HTTP: by Google, Intercom, HubSpot and password. What nobody gets in by: security.test.ts */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  atGoogle,
  atPlatform,
  byGoogle,
  mailedBy,
  me,
  PASSWORD,
  signIn,
  signUp,
  signUpForm,
  to,
  whoAmI,
} from '../support/coming-in.ts';
import { ADA, openPeopleDoor, type PeopleDoor } from '../support/people-door.ts';

const HOUR = 3_600_000;

let door: PeopleDoor;
beforeEach(async () => {
  door = await openPeopleDoor();
});
afterEach(() => door.close());

const all = (table: 'person' | 'account' | 'login' | 'session' | 'mail_link' | 'workspace' | 'password') =>
  door.db.selectFrom(table).selectAll().execute();

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
  it('founds an account without a workspace for a newcomer', async () => {
    const who = door.visitor();
    await who.go(await atPlatform(who, platform, `/auth/${platform}`));
    expect((await whoAmI(who)).role).toBe('owner');
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

  it('is chosen anew by a link that works for six hours and once, and ends every session', async () => {
    const before = await signUp(door, 'ada@acme.test');
    const who = door.visitor();
    const ask = () => door.post(who, '/forgot', { email: 'ada@acme.test' });
    const late = await mailedBy(door, ask);
    door.clock.advance(6 * HOUR);
    expect((await door.post(who, late, { password: 'another walk' })).status).toBe(404);
    const link = await mailedBy(door, ask);
    expect((await door.post(who, link, { password: 'short' })).status).toBe(422);
    expect((await door.post(who, link, { password: 'another walk' })).status).toBe(303);
    expect((await door.post(who, link, { password: 'a third walk' })).status).toBe(404);
    expect(await me(before)).toBe(401);
    expect(await me(who)).toBe(200);
    expect((await signIn(door, door.visitor(), 'ada@acme.test', PASSWORD)).status).not.toBe(303);
  });

  it('mails one address at most five times an hour', async () => {
    await signUp(door, 'ada@acme.test');
    for (let tries = 0; tries < 8; tries += 1)
      await door.post(door.visitor(), '/forgot', { email: 'ada@acme.test' });
    // The sign-up's mail counts; its link was used up.
    expect(await all('mail_link')).toHaveLength(4);
  });
});

describe('a session', () => {
  it('ends when nobody uses it for a week', async () => {
    const who = door.visitor();
    await byGoogle(who, ADA.sub);
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
});
