import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { describe, expect, it } from 'vitest';
import { createSessions } from '../../server/accounts/sessions.ts';
import { browserCookies } from '../../server/http/session.ts';
import { openDatabase } from '../../server/store/database/open.ts';
import { createAccountStore } from '../../server/store/people/accounts.ts';
import { testIo } from '../support/io.ts';

async function openSessions() {
  const { clock } = testIo();
  const accounts = createAccountStore(await openDatabase('sqlite::memory:'), clock);
  return { clock, accounts, sessions: createSessions(accounts, { clock, random: (n) => randomBytes(n) }) };
}

describe('a round trip to a platform', () => {
  it('finishes once, in the browser and at the platform where it began', async () => {
    const { sessions } = await openSessions();
    const state = await sessions.begin('intercom', 'console');
    expect(await sessions.finish('intercom', state, undefined)).toBeUndefined();
    expect(await sessions.finish('intercom', state, `${state}x`)).toBeUndefined();
    expect(await sessions.finish('hubspot', state, state)).toBeUndefined();
    expect(await sessions.finish('intercom', state, state)).toEqual({ returnTo: 'console', notes: {} });
    expect(await sessions.finish('intercom', state, state)).toBeUndefined();
  });
});

describe('signing in', () => {
  it('ends the session that the browser had before', async () => {
    const { sessions, accounts } = await openSessions();
    const person = { id: 'per_a', name: null, email: null };
    await accounts.addPerson(person, { provider: 'intercom', subject: '1' });
    await accounts.addAccount({ id: 'acc_a', name: 'Acme' }, 'per_a');
    const who = { account_id: 'acc_a', person_id: 'per_a' };
    const before = await sessions.signIn(who, undefined);
    expect(await sessions.current(before)).toEqual({ ...who, role: 'owner' });
    const after = await sessions.signIn(who, before);
    expect(await sessions.current(before)).toBeUndefined();
    expect(await sessions.current(after)).toEqual({ ...who, role: 'owner' });
  });
});

describe('the session’s cookie', () => {
  const cookieAt = async (publicUrl: string): Promise<string> => {
    const app = express();
    app.get('/', (_request, response) => {
      browserCookies(publicUrl).session.set(response, 'secret');
      response.end();
    });
    const server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.on('listening', resolve));
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    server.close();
    return response.headers.getSetCookie().join();
  };
  it('is bound to our very host over https', async () => {
    const cookie = await cookieAt('https://octopods.test');
    expect(cookie).toMatch(/^__Host-octopods=secret; Max-Age=2592000; Path=\/; /);
    expect(cookie).toMatch(/; HttpOnly; Secure; SameSite=Lax$/);
    expect(cookie).not.toMatch(/Domain/i);
  });
  it('does without on a loopback address', async () => {
    const cookie = await cookieAt('http://localhost:8080');
    expect(cookie).toMatch(/^octopods=secret; /);
    expect(cookie).not.toMatch(/Secure/);
  });
});
