import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { WireError } from '../../../server/core/outcome.ts';
import { HUBSPOT_SCOPES } from '../../../server/platforms/hubspot/index.ts';
import { TEST_NOW, testIo } from '../../support/io.ts';
import { API, connection, errorBody, fixture, hubspot } from './given.ts';

const TOKEN = `POST ${API}/oauth/2026-09/token`;
const INTROSPECT = `POST ${API}/oauth/2026-09/token/introspect`;
const DETAILS = `GET ${API}/account-info/2026-03/details`;
const EXPIRING = { expires_at: TEST_NOW + 4 * 60_000 };

describe('the way to HubSpot’s consent page', () => {
  it('names the app, the redirect, the state and every scope, with %20 between them', () => {
    const url = hubspot().authorizeUrl('st-1');
    const query = new URL(url).searchParams;
    expect(url.startsWith('https://app.test/oauth/authorize?')).toBe(true);
    expect(url).not.toContain('+');
    expect(Object.fromEntries(query)).toEqual({
      client_id: 'client-1',
      redirect_uri: 'https://octopods.test/hubspot/oauth/callback',
      state: 'st-1',
      scope:
        'oauth conversations.custom_channels.read conversations.custom_channels.write conversations.read crm.objects.contacts.read crm.objects.contacts.write files',
    });
  });
});

describe('the scopes', () => {
  it('are those of the developer project: HubSpot refuses to install when they differ', () => {
    const project = new URL('../../../hubspot-extension/src/app/app-hsmeta.json', import.meta.url);
    const { config } = JSON.parse(readFileSync(project, 'utf8')) as {
      config: { auth: { requiredScopes: string[] } };
    };
    expect([...HUBSPOT_SCOPES]).toEqual(config.auth.requiredScopes);
  });
});

describe('installing', () => {
  it('redeems the code for a portal, its credentials and the installer', async () => {
    const io = testIo();
    io.http
      .queue(TOKEN, { json: fixture('token') })
      .queue(INTROSPECT, { json: fixture('introspection') })
      .queue(DETAILS, { json: { portalId: 4711001, uiDomain: 'app-eu1.hubspot.com' } });
    expect(await hubspot().install('code-1', io)).toEqual({
      externalId: '4711001',
      name: 'Portal ID #4711001 (tulip-bikes.example)',
      credentials: {
        access_token: 'at-granted',
        refresh_token: 'rt-granted',
        expires_at: TEST_NOW + 1_800_000,
      },
      settings: { hub_domain: 'tulip-bikes.example', ui_domain: 'app-eu1.hubspot.com' },
      installer: {
        provider: 'hubspot',
        subject: '330044',
        email: 'mara@tulip-bikes.example',
        emailVerified: false,
      },
    });
    expect(Object.fromEntries(io.http.requests[0]?.form ?? [])).toEqual({
      grant_type: 'authorization_code',
      code: 'code-1',
      redirect_uri: 'https://octopods.test/hubspot/oauth/callback',
      client_id: 'client-1',
      client_secret: 'secret-new',
    });
    io.http.done();
  });

  it('does without the account details where HubSpot refuses them', async () => {
    const io = testIo();
    io.http
      .queue(TOKEN, { json: fixture('token') })
      .queue(INTROSPECT, { json: fixture('introspection') })
      .queue(DETAILS, { status: 403, json: {} });
    expect(await hubspot().install('code-1', io)).toMatchObject({
      settings: { hub_domain: 'tulip-bikes.example' },
    });
  });

  it.each([
    [
      'a code that was used',
      { status: 400, json: { error: 'invalid_grant', status: 'BAD_AUTH_CODE' } },
      'already used',
    ],
    ['our own wrong secret', { status: 400, json: errorBody('wrong_secret') }, 'settings'],
    ['a busy HubSpot', { status: 503, text: 'busy' }, 'in a minute'],
    ['no answer at all', new WireError('gone', true), 'could not be reached'],
  ])('says in plain words why there is no installation: %s', async (_, answer, words) => {
    const io = testIo();
    io.http.queue(TOKEN, answer);
    expect(await hubspot().install('code-1', io)).toEqual({ refused: expect.stringContaining(words) });
  });

  it('does not install for nobody', async () => {
    const io = testIo();
    const { user_id: _, ...token } = fixture('token');
    io.http.queue(TOKEN, { json: token }).queue(INTROSPECT, { json: { active: false } });
    expect(await hubspot().install('code-1', io)).toEqual({
      refused: expect.stringContaining('which account'),
    });
  });
});

describe('renewing', () => {
  it('leaves a token alone that is good for five minutes', async () => {
    const io = testIo();
    const credentials = { expires_at: TEST_NOW + 5 * 60_000 };
    expect(await hubspot().refresh?.(connection(credentials), io)).toBeUndefined();
    io.http.done();
  });

  it('renews one that is about to end, and takes the new refresh token along', async () => {
    const io = testIo();
    io.http.queue(TOKEN, { json: fixture('token') });
    expect(await hubspot().refresh?.(connection(EXPIRING), io)).toEqual({
      access_token: 'at-granted',
      refresh_token: 'rt-granted',
      expires_at: TEST_NOW + 1_800_000,
    });
    expect(Object.fromEntries(io.http.requests[0]?.form ?? [])).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: 'rt-1',
    });
  });

  it.each([
    ['a revoked grant disconnects', 400, errorBody('revoked'), 'unauthorized'],
    ['a portal that is gone disconnects', 400, errorBody('portal_gone'), 'unauthorized'],
    ['our own wrong secret disconnects nobody', 400, errorBody('wrong_secret'), 'refused'],
    ['something unknown disconnects nobody', 400, { message: 'no' }, 'refused'],
    ['too many requests: later', 429, errorBody('rolling_limit'), 'retry'],
    ['a locked account: later', 423, {}, 'retry'],
    ['an account that is moved: later', 477, {}, 'retry'],
    ['a broken HubSpot: later', 502, undefined, 'retry'],
  ])('%s', async (_, status, json, outcome) => {
    const io = testIo();
    io.http.queue(TOKEN, { status, ...(json === undefined ? {} : { json }) });
    expect(await hubspot().refresh?.(connection(EXPIRING), io)).toMatchObject({ outcome });
  });

  it('tells the operator when HubSpot refuses the app itself, without the secret', async () => {
    const io = testIo();
    io.http.queue(TOKEN, { status: 401, json: errorBody('wrong_secret') });
    await hubspot().refresh?.(connection(EXPIRING), io);
    expect(io.logged).toMatchObject([
      { level: 'error', message: expect.stringContaining('client settings') },
    ]);
    expect(JSON.stringify(io.logged)).not.toMatch(/secret-new|rt-1|at-1/);
  });

  it('tries again when the answer was lost', async () => {
    const io = testIo();
    io.http.queue(TOKEN, new WireError('timed out', false));
    expect(await hubspot().refresh?.(connection(EXPIRING), io)).toMatchObject({ outcome: 'retry' });
  });
});

describe('uninstalling', () => {
  it('uninstalls first and revokes then', async () => {
    const io = testIo();
    io.http
      .queue(`DELETE ${API}/appinstalls/2026-09/external-install`, { status: 204 })
      .queue(`POST ${API}/oauth/2026-09/token/revoke`, {});
    await hubspot().uninstall(connection(), io);
    expect(io.http.requests[0]?.headers?.authorization).toBe('Bearer at-1');
    expect(io.http.requests[1]?.form?.get('token')).toBe('rt-1');
    io.http.done();
  });

  it('asks for a last token when the old one has ended', async () => {
    const io = testIo();
    io.http
      .queue(TOKEN, { json: fixture('token') })
      .queue(`DELETE ${API}/appinstalls/2026-09/external-install`, { status: 204 })
      .queue(`POST ${API}/oauth/2026-09/token/revoke`, {});
    await hubspot().uninstall(connection({ expires_at: TEST_NOW - 1 }), io);
    expect(io.http.requests[1]?.headers?.authorization).toBe('Bearer at-granted');
  });

  it('never throws, whatever HubSpot says or does not say', async () => {
    const io = testIo();
    io.http
      .queue(`DELETE ${API}/appinstalls/2026-09/external-install`, new WireError('gone', true))
      .queue(`POST ${API}/oauth/2026-09/token/revoke`, { status: 500 });
    await hubspot().uninstall(connection(), io);
    io.http.done();
  });
});
