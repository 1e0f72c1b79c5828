/**
 * Every page and form of the console, from the list that the router serves: who may not, may not, and other accounts'
 * ids do not exist. A page that is added without scoping is found here, because nobody has to add it to this test.
 */
import type { BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { pages } from '../../server/console/pages.ts';
import type { PageRoute } from '../../server/console/routes.ts';
import { type ConsoleTown, openConsoleTown } from '../support/console-town.ts';
import { connectHubspot, connectIntercom, furnish } from '../support/console-world.ts';
import { tokenIn } from '../support/forms.ts';

/** Nothing is run: only the list is read. */
const ROUTES: PageRoute[] = pages({} as Parameters<typeof pages>[0]);
const closed = ROUTES.filter((route) => route.who !== 'anyone');

let town: ConsoleTown;
let theirs: Record<string, string>;
let eve: BrowserContext;
let ada: BrowserContext;
beforeAll(async () => {
  town = await openConsoleTown({ recordTo: inject('callsFile') });
  const world = await furnish(town);
  ada = world.owner;
  theirs = await idsOf(world.addresses, world.channels[0]?.id ?? '');
  town.emulators.hubspot.addPortal({
    id: 9_900_001,
    name: 'Elsewhere',
    users: [{ id: 99, name: 'Eve', email: 'eve@elsewhere.test' }],
    inboxes: [],
  });
  eve = await town.person();
  await connectHubspot(town, await eve.newPage(), 99, 9_900_001);
});
afterAll(() => town.close());

/** Ada's ids, by the first part of the path that names them. */
async function idsOf(addresses: Record<string, string>, channel: string): Promise<Record<string, string>> {
  const { json } = await me(ada, '/api/v1/tokens');
  const tokens = json as { data: { id: string }[] };
  const page = await (await ada.request.get('/team')).text();
  const idIn = (pattern: RegExp): string => pattern.exec(page)?.[1] ?? '';
  const account = await (await ada.request.get('/account')).text();
  return {
    workspaces: addresses.workspace?.split('/').at(-1) ?? '',
    channels: channel,
    activity: addresses.message?.split('/').at(-1) ?? '',
    tokens: tokens.data[0]?.id ?? '',
    invitations: idIn(/\/team\/invitations\/([^/"]+)\//),
    requests: idIn(/\/team\/requests\/([^/"]+)\//),
    members: await personId(),
    sessions: /\/account\/sessions\/([^/"]+)\/end"/.exec(account)?.[1] ?? 'no-other-session',
  };
}
const me = async (who: BrowserContext, path: string) => {
  const answer = await who.request.get(path, { headers: { origin: town.url } });
  return { status: answer.status(), json: await answer.json() };
};
const personId = async (): Promise<string> =>
  ((await me(ada, '/api/v1/me')).json as { person: { id: string } }).person.id;

/** The path with Ada's ids in it; undefined where it names nothing of an account. */
function filled({ path }: PageRoute): string | undefined {
  const parts = path.split('/');
  const named = parts.map((part, index) => {
    if (part === ':type') return 'telegram';
    if (part === ':provider') return 'google';
    return part === ':id' ? theirs[parts[index - 1] ?? ''] : part;
  });
  return path.includes(':id') && !named.includes(undefined) ? named.join('/') : undefined;
}

/** What the forms carry that this browser gets. */
async function token(who: BrowserContext): Promise<{ form_token: string }> {
  const inside = await who.request.get('/account', { maxRedirects: 0 });
  const page = inside.status() === 200 ? inside : await who.request.get('/sign-in');
  return { form_token: tokenIn(await page.text()) };
}

const ask = async (who: BrowserContext, { method }: PageRoute, path: string) =>
  who.request.fetch(path, {
    method: method.toUpperCase(),
    maxRedirects: 0,
    headers: { origin: town.url, accept: 'text/html' },
    ...(method === 'post'
      ? { form: { ...(await token(who)), name: 'Acme', role: 'admin', workspace: 'all' } }
      : {}),
  });

test('whoever is not signed in is sent to sign in, whatever they ask for', async () => {
  const nobody = await town.person();
  for (const route of closed) {
    const answer = await ask(nobody, route, filled(route) ?? route.path);
    expect([route.path, answer.status()]).toEqual([route.path, 303]);
    expect(answer.headers().location).toMatch(/^\/sign-in/);
  }
  await nobody.close();
});

test('another account’s ids do not exist, on any page and in any form, and nothing changes', async () => {
  const before = await state();
  const asked: string[] = [];
  for (const route of closed) {
    const path = filled(route);
    if (!path) continue;
    const answer = await ask(eve, route, path);
    expect([route.method, route.path, answer.status()]).toEqual([route.method, route.path, 404]);
    asked.push(route.path);
  }
  expect(asked.length).toBeGreaterThan(20);
  expect(await state()).toEqual(before);
});

test('every path that names something of an account is asked for', () => {
  const unasked = closed
    .filter((route) => route.path.includes(':id') && !filled(route))
    .map((route) => route.path);
  expect(unasked).toEqual([]);
});

test('ids in addresses and forms find nothing of others either', async () => {
  const [workspace, channel, message] = [theirs.workspaces, theirs.channels, theirs.activity];
  for (const path of [`/doctor?workspace=${workspace}`, `/doctor?channel=${channel}`])
    expect([path, (await eve.request.get(path)).status()]).toEqual([path, 404]);
  for (const path of [
    `/activity?workspace=${workspace}`,
    `/activity?channel=${channel}`,
    `/activity?q=${message}`,
    `/failures?channel=${channel}`,
    `/traffic?workspace=${workspace}&days=30`,
  ]) {
    const text = await (await eve.request.get(path)).text();
    expect([path, /Lindqvist|acme_support_bot|parcel/.test(text)]).toEqual([path, false]);
  }
  const retried = await eve.request.post('/failures/retry', {
    maxRedirects: 0,
    headers: { origin: town.url },
    form: { ...(await token(eve)), message: message ?? '' },
  });
  expect(retried.headers().location).toBe('/failures?queued=0');
});

test('a member is refused wherever owners and admins alone may go', async () => {
  const member = await joined();
  const managed = ROUTES.filter((route) => route.who === 'manager');
  for (const route of managed) {
    const answer = await ask(member, route, filled(route) ?? route.path);
    expect([route.method, route.path, answer.status()]).toEqual([route.method, route.path, 403]);
  }
  expect(managed.length).toBeGreaterThan(15);
  await member.close();
});

test('what members can change is no more than this', () => {
  const theirOwn = ROUTES.filter((route) => route.method === 'post' && route.who === 'member');
  expect(theirOwn.map((route) => route.path).sort()).toEqual([
    '/account/address',
    '/account/logins/:provider/remove',
    '/account/password',
    '/account/sessions/:id/end',
    '/account/sessions/end-others',
    '/account/switch',
    '/activity/:id/retry',
    '/failures/retry',
    '/tokens',
    '/tokens/:id/revoke',
  ]);
});

/** Grace, whose wish to join Ada grants. */
async function joined(): Promise<BrowserContext> {
  await ada.request.post(`/team/requests/${theirs.requests}/accept`, {
    headers: { origin: town.url },
    form: { ...(await token(ada)), role: 'member' },
  });
  const grace = await town.person();
  await connectIntercom(town, await grace.newPage(), '502');
  return grace;
}

/** What Ada's account is, as far as the API and the pages tell. */
async function state(): Promise<unknown> {
  const [workspaces, messages, tokens] = await Promise.all(
    ['/api/v1/workspaces', '/api/v1/messages?limit=200', '/api/v1/tokens'].map((path) => me(ada, path)),
  );
  const team = await (await ada.request.get('/team')).text();
  return {
    workspaces,
    messages,
    tokens,
    people: team.match(/[a-z.]+@[a-z.-]+\.test/g),
    forms: team.match(/action="[^"]+"/g),
  };
}
