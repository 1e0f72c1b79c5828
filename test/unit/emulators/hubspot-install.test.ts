import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HubspotEmulator } from '../../../playground/platforms/hubspot.ts';
import { handClock, jsonClient } from './product-stand-in.ts';

const CALLBACK = 'http://localhost:9/hubspot/callback';
const clock = handClock();
let hubspot: HubspotEmulator;

beforeEach(async () => {
  hubspot = await new HubspotEmulator({ now: clock.now, app: { redirectUrls: [CALLBACK] } }).listen();
  const users = [
    { id: 5, name: 'Ann', email: 'ann@acme.test' },
    { id: 6, name: 'Bob', email: 'bob@acme.test' },
  ];
  hubspot.addPortal({ id: 77, name: 'Acme', users, inboxes: [{ id: '1', name: 'Inbox', type: 'INBOX' }] });
});
afterEach(() => hubspot.close());

const scope = () => hubspot.world.app.requiredScopes.join(' ');
const authorize = (query: Record<string, string> = {}, path = '/oauth/authorize') => {
  const full = {
    client_id: 'hubspot-client-id',
    redirect_uri: CALLBACK,
    scope: scope(),
    state: 's1',
    ...query,
  };
  return fetch(`${hubspot.url}${path}?${new URLSearchParams(full)}`, { redirect: 'manual' });
};
const landed = (response: Response) => new URL(response.headers.get('location') ?? '').searchParams;
const grant = async (fields: Record<string, string>, path = '/oauth/2026-09/token') => {
  const client = { client_id: 'hubspot-client-id', client_secret: 'hubspot-client-secret' };
  const body = new URLSearchParams({ ...client, ...fields });
  const response = await fetch(hubspot.url + path, { method: 'POST', body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};
const redeem = (code: string, more: Record<string, string> = {}) =>
  grant({ grant_type: 'authorization_code', code, redirect_uri: CALLBACK, ...more });
const refresh = (token: unknown) => grant({ grant_type: 'refresh_token', refresh_token: String(token) });
const api = (token: unknown) => jsonClient(hubspot.url, { authorization: `Bearer ${token}` });

test('the consent form leads to tokens that name portal, user and scopes', async () => {
  const page = await (await authorize()).text();
  expect(page).toContain('value="77/6"');
  const form = new URLSearchParams({
    client_id: 'hubspot-client-id',
    redirect_uri: CALLBACK,
    scope: scope(),
    state: 's1',
    as: '77/6',
    decision: 'approve',
  });
  const back = await fetch(`${hubspot.url}/oauth/authorize`, {
    method: 'POST',
    body: form,
    redirect: 'manual',
  });
  expect(landed(back).get('state')).toBe('s1');
  const { body } = await redeem(landed(back).get('code') ?? '');
  expect(body).toMatchObject({
    hub_id: 77,
    user_id: 6,
    expires_in: 1800,
    token_type: 'bearer',
    token_use: 'access_token',
  });
  const seen = await grant({ token: String(body.access_token) }, '/oauth/2026-09/token/introspect');
  expect(seen.body).toMatchObject({
    active: true,
    user: 'bob@acme.test',
    hub_id: 77,
    token_use: 'access_token',
  });
});

test('refusing comes back as an error, without a code', async () => {
  const back = landed(await authorize({ consent: 'cancel' }));
  expect([back.get('code'), back.get('error'), back.get('state')]).toEqual([null, 'access_denied', 's1']);
});

test.each([
  ['an unknown client', { client_id: 'x' }],
  ['another redirect URL', { redirect_uri: `${CALLBACK}/` }],
  ['a missing required scope', { scope: 'oauth' }],
  ['a scope that the app does not have', { optional_scope: 'crm.objects.deals.read' }],
])('the install page blocks %s', async (_what, query) => {
  expect((await authorize({ consent: 'approve', ...query } as Record<string, string>)).status).toBe(400);
});

test('the portal in the path is the only one offered', async () => {
  hubspot.addPortal({ id: 78, name: 'Other', users: [{ id: 9, name: 'C', email: 'c@o.test' }], inboxes: [] });
  const page = await (await authorize({}, '/oauth/78/authorize')).text();
  expect(page).toContain('value="78/9"');
  expect(page).not.toContain('value="77/5"');
});

test('a code works once, with its own redirect URL, in time', async () => {
  const code = () => hubspot.issueCode(77, CALLBACK);
  expect((await redeem(code(), { redirect_uri: 'http://localhost:9/other' })).body.status).toBe(
    'BAD_REDIRECT_URI',
  );
  const used = code();
  expect((await redeem(used)).status).toBe(200);
  expect(await redeem(used)).toMatchObject({
    status: 400,
    body: { error: 'invalid_grant', status: 'BAD_AUTH_CODE' },
  });
  const late = code();
  clock.advance(300_001);
  expect((await redeem(late)).body.status).toBe('BAD_AUTH_CODE');
});

test('a code asked for with a challenge wants its verifier', async () => {
  const challenge = createHash('sha256').update('verifier').digest('base64url');
  const code = async () =>
    landed(await authorize({ consent: 'approve', code_challenge: challenge })).get('code') ?? '';
  expect((await redeem(await code())).body.status).toBe('BAD_CODE_VERIFIER');
  expect((await redeem(await code(), { code_verifier: 'verifier' })).status).toBe(200);
});

test('secrets belong in a form body', async () => {
  const wrong = await redeem(hubspot.issueCode(77, CALLBACK), { client_secret: 'x' });
  expect(wrong).toMatchObject({
    status: 400,
    body: { error: 'invalid_client', status: 'BAD_CLIENT_SECRET' },
  });
  const query = `client_id=hubspot-client-id&client_secret=hubspot-client-secret&grant_type=client_credentials`;
  const inQuery = await fetch(`${hubspot.url}/oauth/2026-09/token?${query}`, {
    method: 'POST',
    body: new URLSearchParams(),
  });
  expect(inQuery.status).toBe(400);
});

test('an access token dies after half an hour, and the refresh token makes a new one', async () => {
  const first = await redeem(hubspot.issueCode(77, CALLBACK));
  const inboxes = (token: unknown) => api(token)('GET', '/conversations/conversations/2026-09/inboxes');
  expect((await inboxes(first.body.access_token)).status).toBe(200);
  clock.advance(1_800_000);
  const expired = await inboxes(first.body.access_token);
  expect([expired.status, expired.body.category]).toEqual([401, 'EXPIRED_AUTHENTICATION']);
  const next = await refresh(first.body.refresh_token);
  expect(next.body.refresh_token).toBe(first.body.refresh_token);
  expect((await inboxes(next.body.access_token)).body.results).toMatchObject([{ id: '1', type: 'INBOX' }]);
});

test('where refresh tokens rotate, the old one is dead', async () => {
  hubspot.world.choices.rotateRefreshTokens = true;
  const { refreshToken } = hubspot.installDirectly(77);
  const next = await refresh(refreshToken);
  expect(next.body.refresh_token).not.toBe(refreshToken);
  expect((await refresh(refreshToken)).body.status).toBe('BAD_REFRESH_TOKEN');
  expect((await refresh(next.body.refresh_token)).status).toBe(200);
});

test('revoking a refresh token leaves access tokens that are out alive', async () => {
  const { accessToken, refreshToken } = hubspot.installDirectly(77);
  await grant({ token: refreshToken }, '/oauth/2026-09/token/revoke');
  expect((await refresh(refreshToken)).body).toMatchObject({
    error: 'invalid_grant',
    status: 'BAD_REFRESH_TOKEN',
  });
  expect((await api(accessToken)('GET', '/account-info/2026-03/details')).body.portalId).toBe(77);
});

test('uninstalling by the app: 204, and everything is dead', async () => {
  const { accessToken, refreshToken } = hubspot.installDirectly(77);
  expect((await api(accessToken)('DELETE', '/appinstalls/2026-09/external-install')).status).toBe(204);
  expect((await api(accessToken)('GET', '/account-info/2026-03/details')).status).toBe(401);
  expect((await refresh(refreshToken)).body.status).toBe('BAD_REFRESH_TOKEN');
  expect((await grant({ token: refreshToken }, '/oauth/2026-09/token/introspect')).body).toEqual({
    active: false,
  });
});

test('a portal that is gone answers BAD_HUB', async () => {
  const { refreshToken } = hubspot.installDirectly(77);
  hubspot.portal(77).gone = true;
  expect((await refresh(refreshToken)).body).toMatchObject({ error: 'access_denied', status: 'BAD_HUB' });
});

test('scopes that were not granted, and plans that are too low, are a 403', async () => {
  const call = api(hubspot.installDirectly(77, ['oauth']).accessToken);
  const refused = await call('GET', '/conversations/conversations/2026-09/inboxes');
  expect([refused.status, refused.body.category]).toEqual([403, 'MISSING_SCOPES']);
  expect(refused.body.errors[0].context.requiredGranularScopes).toEqual(['conversations.read']);
  const users = [{ id: 9, name: 'C', email: 'c@o.test' }];
  hubspot.addPortal({ id: 78, name: 'Small', users, inboxes: [], tier: 'starter' });
  const small = api(hubspot.installDirectly(78).accessToken);
  const accounts = await small('GET', '/conversations/custom-channels/2026-09/1001/channel-accounts');
  expect(accounts.status).toBe(403);
});

test('110 calls in ten seconds, then 429 until the window has moved on', async () => {
  hubspot.world.timings.callsPer10s = 2;
  const call = api(hubspot.installDirectly(77).accessToken);
  const ask = () => call('GET', '/account-info/2026-03/details');
  expect((await ask()).headers.get('x-hubspot-ratelimit-remaining')).toBe('1');
  clock.advance(4_000);
  expect((await ask()).status).toBe(200);
  const refused = await ask();
  expect(refused.status).toBe(429);
  expect(refused.body).toMatchObject({ errorType: 'RATE_LIMIT', policyName: 'TEN_SECONDLY_ROLLING' });
  clock.advance(6_000);
  expect((await ask()).status).toBe(200);
  expect((await ask()).status).toBe(429);
});

test('only the journal tells of an uninstall by the customer, and only to an app-level token', async () => {
  const scopes = 'developer.webhooks_journal.read developer.webhooks_journal.subscriptions.write';
  const { body } = await grant({ grant_type: 'client_credentials', scope: scopes });
  const call = api(body.access_token);
  const journal = '/webhooks-journal/journal/2026-03';
  expect((await api(hubspot.installDirectly(77).accessToken)('GET', `${journal}/earliest`)).status).toBe(403);
  const wanted = { subscriptionType: 'APP_LIFECYCLE_EVENT', eventTypeId: '4-1916193', properties: [] };
  expect((await call('POST', '/webhooks-journal/subscriptions/2026-03', wanted)).status).toBe(201);
  expect((await call('GET', `${journal}/earliest`)).status).toBe(204);
  hubspot.uninstall(77);
  const { url, currentOffset } = (await call('GET', `${journal}/earliest`)).body;
  const entry = (await (await fetch(url)).json()) as { journalEvents: unknown[] };
  expect(entry.journalEvents).toMatchObject([{ portalId: 77, action: 'APP_UNINSTALL' }]);
  expect((await call('GET', `${journal}/offset/${currentOffset}/next`)).status).toBe(204);
});
