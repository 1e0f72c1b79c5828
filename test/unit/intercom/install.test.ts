import { describe, expect, test } from 'vitest';
import { WireError } from '../../../server/core/outcome.ts';
import { createIntercom } from '../../../server/platforms/intercom/index.ts';
import { testIo } from '../../support/io.ts';
import type { Answer } from '../../support/scripted-http.ts';
import { API, app, connection, failure, fixture, GLOBAL, intercom, TOKEN } from './world.ts';

const TOKEN_CALL = `POST ${GLOBAL}/auth/eagle/token`;
const tokens = { json: { token_type: 'Bearer', token: TOKEN, access_token: TOKEN } };

describe('installing', () => {
  test('the admin is sent to Intercom’s consent page with our state', () => {
    expect(intercom.authorizeUrl('a b&c')).toBe(
      'https://app.intercom.com/oauth?client_id=client-1&state=a+b%26c',
    );
  });
  test('redeems the code, keeps the token, and learns workspace, region and installer', async () => {
    const io = testIo();
    io.http.queue(TOKEN_CALL, tokens).queue(`GET ${GLOBAL}/me`, { json: fixture('me') });
    expect(await intercom.install('abc123=', io)).toEqual({
      externalId: 'wk2acme7',
      name: 'Acme Support',
      credentials: { access_token: TOKEN },
      settings: { region: 'EU', admin_id: '8801', admin_name: 'Maya Bright', timezone: 'Europe/Dublin' },
      installer: {
        provider: 'intercom',
        subject: 'wk2acme7:8801',
        email: 'maya@acme.example',
        emailVerified: true,
        name: 'Maya Bright',
      },
    });
    const [redeemed, me] = io.http.requests;
    expect(Object.fromEntries(redeemed?.form ?? [])).toEqual({
      code: 'abc123=',
      client_id: 'client-1',
      client_secret: 's3cr3t',
    });
    expect(me?.headers).toMatchObject({ authorization: `Bearer ${TOKEN}`, 'intercom-version': '2.16' });
  });
  test('an address that is not verified is said to be so', async () => {
    const io = testIo();
    io.http.queue(TOKEN_CALL, tokens);
    io.http.queue(`GET ${GLOBAL}/me`, { json: { ...fixture('me'), email_verified: null } });
    expect(await intercom.install('abc', io)).toMatchObject({ installer: { emailVerified: false } });
  });
  test('a code that Intercom refuses is told in plain words, and nobody is asked further', async () => {
    const io = testIo();
    io.http.queue(TOKEN_CALL, failure(401, 'unauthorized', 'Unauthorized Code'));
    expect(await intercom.install('used', io)).toEqual({
      refused: expect.stringContaining('install once more'),
    });
    io.http.done();
  });
  test('an answer without the workspace is refused', async () => {
    const io = testIo();
    io.http.queue(TOKEN_CALL, tokens).queue(`GET ${GLOBAL}/me`, { json: { ...fixture('me'), app: null } });
    expect(await intercom.install('abc', io)).toEqual({
      refused: expect.stringContaining('which workspace'),
    });
  });
  test('a configured API address stands for every region and keeps its path', async () => {
    const other = createIntercom({ ...app, apiUrl: 'http://127.0.0.1:9/ic' });
    const io = testIo();
    io.http.queue('POST http://127.0.0.1:9/ic/auth/eagle/token', tokens);
    io.http.queue('GET http://127.0.0.1:9/ic/me', { json: fixture('me') });
    expect(await other.install('abc', io)).toMatchObject({ externalId: 'wk2acme7' });
  });
});

describe('uninstalling', () => {
  test('revokes the token at the workspace’s region', async () => {
    const io = testIo();
    io.http.queue(`POST ${API}/auth/uninstall`, { json: {} });
    await intercom.uninstall(connection, io);
    expect(io.http.requests[0]?.headers).toMatchObject({ authorization: `Bearer ${TOKEN}` });
  });
  test('is content when Intercom refuses or cannot be reached', async () => {
    for (const answer of [
      failure(401, 'token_revoked', 'gone'),
      failure(500, '', ''),
      new WireError('down', true),
    ]) {
      const io = testIo();
      io.http.queue(`POST ${API}/auth/uninstall`, answer);
      await intercom.uninstall(connection, io);
      expect(JSON.stringify(io.logged)).not.toContain(TOKEN);
    }
  });
});

describe('whether the token still works', () => {
  const probe = async (answer: Answer | Error) => {
    const io = testIo();
    io.http.queue(`GET ${API}/me`, answer);
    return intercom.probe?.(connection, io);
  };
  test('only Intercom’s own refusal says that it does not', async () => {
    expect(await probe(failure(401, 'token_revoked', 'revoked'))).toContain('Install Octopods again');
    expect(await probe({ json: fixture('me') })).toBeUndefined();
    expect(await probe(failure(500, '', ''))).toBeUndefined();
    expect(await probe(failure(403, 'api_plan_restricted', 'x'))).toBeUndefined();
  });
  test('no answer says nothing', async () => {
    await expect(probe(new WireError('down', true))).rejects.toThrow('down');
  });
});
