import { afterEach, beforeEach, expect, test } from 'vitest';
import { IntercomEmulator } from '../../../playground/platforms/intercom.ts';
import { handClock, jsonClient, type StandIn, standIn } from './product-stand-in.ts';

const clock = handClock();
let intercom: IntercomEmulator;
let product: StandIn;

beforeEach(async () => {
  product = await standIn();
  intercom = await new IntercomEmulator({
    now: clock.now,
    callsPer10s: 3,
    app: { redirectUrls: ['http://localhost:9/callback'], uninstallUrl: `${product.url}/uninstall` },
  }).listen();
  const ann = { id: '11', name: 'Ann', email: 'ann@acme.test' };
  const bob = { id: '12', name: 'Bob', email: 'bob@acme.test', emailVerified: false };
  intercom.addWorkspace({ id_code: 'acme01', name: 'Acme', teammates: [ann, bob] });
});
afterEach(async () => {
  await intercom.close();
  await product.close();
});

const authorize = (query: Record<string, string>, init: RequestInit = {}) =>
  fetch(`${intercom.url}/oauth?${new URLSearchParams({ client_id: 'intercom-client-id', ...query })}`, {
    redirect: 'manual',
    ...init,
  });
const landed = (response: Response) => new URL(response.headers.get('location') ?? '').searchParams;
const redeem = (code: string, more: Record<string, string> = {}) =>
  fetch(`${intercom.url}/auth/eagle/token`, {
    method: 'POST',
    body: new URLSearchParams({
      code,
      client_id: 'intercom-client-id',
      client_secret: 'intercom-client-secret',
      ...more,
    }),
  });
const api = (token: string) => jsonClient(intercom.url, { authorization: `Bearer ${token}` });

test('the consent page carries the state, and its form leads back with a code', async () => {
  const page = await (await authorize({ state: 's&1' })).text();
  expect(page).toContain('value="s&amp;1"');
  expect(page).toContain('value="acme01/12"');
  const form = new URLSearchParams({
    client_id: 'intercom-client-id',
    state: 's&1',
    as: 'acme01/12',
    decision: 'approve',
  });
  const back = await fetch(`${intercom.url}/oauth`, { method: 'POST', body: form, redirect: 'manual' });
  expect(back.status).toBe(302);
  expect(landed(back).get('state')).toBe('s&1');
  const { token } = (await (await redeem(landed(back).get('code') ?? '')).json()) as { token: string };
  const me = await api(token)('GET', '/me');
  expect(me.body).toMatchObject({
    id: '12',
    email_verified: false,
    app: { id_code: 'acme01', region: 'US' },
  });
});

test('a client without a person in front approves by query, and cancelling brings no code', async () => {
  expect(landed(await authorize({ state: 'x', consent: 'approve' })).get('code')).toMatch(/=$/);
  const cancelled = landed(await authorize({ state: 'x', consent: 'cancel' }));
  expect(cancelled.get('code')).toBeNull();
  expect(cancelled.get('error')).toBe('access_denied');
});

test('an unknown client or an unregistered redirect URL is not sent anywhere', async () => {
  expect((await authorize({ client_id: 'other', consent: 'approve' })).status).toBe(400);
  expect((await authorize({ redirect_uri: 'http://evil.test/', consent: 'approve' })).status).toBe(400);
});

test('a code works once, only with the secret, and not after its time', async () => {
  const code = intercom.issueCode('acme01');
  expect((await redeem(code, { client_secret: 'wrong' })).status).toBe(401);
  expect((await redeem(code)).status).toBe(200);
  expect((await redeem(code)).status).toBe(401);
  const late = intercom.issueCode('acme01');
  clock.advance(600_001);
  expect((await redeem(late)).status).toBe(401);
});

test('a code that lost its "=" on the way is refused', async () => {
  expect((await redeem(intercom.issueCode('acme01').slice(0, -1))).status).toBe(401);
});

test('uninstalling kills every token and is told at the uninstall URL', async () => {
  const first = intercom.installDirectly('acme01');
  const second = intercom.installDirectly('acme01', '12');
  expect((await api(first)('POST', '/auth/uninstall')).status).toBe(200);
  const refused = await api(second)('GET', '/me');
  expect(refused.status).toBe(401);
  expect(refused.body).toMatchObject({ type: 'error.list', errors: [{ code: 'token_revoked' }] });
  await intercom.settled();
  expect(product.heard.map(({ path, body }) => [path, body])).toEqual([
    ['/uninstall', '{"app_id":"acme01"}'],
  ]);
});

test('no token, an unknown token and an unknown version are refused', async () => {
  expect((await api('nothing')('GET', '/me')).body.errors[0].code).toBe('unauthorized');
  expect((await jsonClient(intercom.url, {})('GET', '/me')).status).toBe(401);
  const token = intercom.installDirectly('acme01');
  const odd = await api(token)('GET', '/me', undefined, { 'intercom-version': '3.9' });
  expect([odd.status, odd.body.errors[0].code]).toEqual([400, 'intercom_version_invalid']);
});

test('a workspace without a subscription answers 403', async () => {
  const token = intercom.installDirectly('acme01');
  intercom.workspace('acme01').activeSubscription = false;
  const refused = await api(token)('GET', '/admins');
  expect([refused.status, refused.body.errors[0].code]).toEqual([403, 'api_plan_restricted']);
});

test('calls are counted in slices of ten seconds', async () => {
  const call = api(intercom.installDirectly('acme01'));
  clock.advance(10_000 - (clock.now() % 10_000));
  const answers = [
    await call('GET', '/me'),
    await call('GET', '/me'),
    await call('GET', '/me'),
    await call('GET', '/me'),
  ];
  expect(answers.map((one) => one.status)).toEqual([200, 200, 200, 429]);
  expect(answers[3]?.body.errors[0].code).toBe('rate_limit_exceeded');
  expect(answers[2]?.headers.get('x-ratelimit-remaining')).toBe('0');
  expect(Number(answers[3]?.headers.get('x-ratelimit-reset')) * 1000).toBe(clock.now() + 10_000);
  clock.advance(10_000);
  expect((await call('GET', '/me')).status).toBe(200);
});

test('an unhealthy report needs a message, and is kept', async () => {
  const call = api(intercom.installDirectly('acme01'));
  expect((await call('POST', '/app_install/status', { state: 'UNHEALTHY' })).status).toBe(400);
  const report = { state: 'UNHEALTHY', message: 'Reconnect', cta_type: 'REINSTALL_CTA' };
  expect((await call('POST', '/app_install/status', report)).status).toBe(200);
  expect(intercom.workspace('acme01').health).toEqual(report);
});

test('a planned 429 says when the slice ends, as a real one does', async () => {
  const call = api(intercom.installDirectly('acme01'));
  intercom.plan('GET', /^\/me/, { kind: 'status', status: 429 });
  const { status, headers, body } = await call('GET', '/me');
  expect([status, body.errors[0].code]).toEqual([429, 'rate_limit_exceeded']);
  expect(Number(headers.get('x-ratelimit-reset')) * 1000).toBeGreaterThan(clock.now());
});

test('planned faults: a refusal does nothing, a hang does the work', async () => {
  const call = api(intercom.installDirectly('acme01'));
  intercom.plan('POST', /^\/contacts$/, { kind: 'status', status: 500 });
  expect((await call('POST', '/contacts', { role: 'lead' })).status).toBe(500);
  expect(intercom.contacts('acme01')).toHaveLength(0);
  intercom.plan('POST', /^\/contacts$/, { kind: 'accept_then_drop' });
  await expect(call('POST', '/contacts', { role: 'lead' })).rejects.toThrow();
  expect(intercom.contacts('acme01')).toHaveLength(1);
});
