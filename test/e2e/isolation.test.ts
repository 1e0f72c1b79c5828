/**
 * Two accounts in one house, and every door of it: read from the routers that the application serves, so that a route
 * is asked for because it is there, and nobody has to add it to this test.
 */
import { type RequestHandler, Router } from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pages } from '../../server/console/pages.ts';
import type { PageRoute } from '../../server/console/routes.ts';
import { atPlatform } from '../support/coming-in.ts';
import { formToken } from '../support/forms.ts';
import { type FoundRoute, routesOf } from '../support/routes.ts';
import { type AllRows, allRows } from '../support/rows.ts';
import { pathOf, type Stranger, signedDoors, whatAStrangerGets } from '../support/stranger.ts';
import { type Account, furnishAda, furnishEve } from '../support/two-accounts.ts';
import type { Visitor } from '../support/visitor.ts';
import { openHouse, type WholeHouse } from '../support/whole-house.ts';

/** What Ada's pages and answers are full of, and Eve's must never show. */
const MARKS = ['Lindqvist', '48-1177', 'acme_support_bot', 'grace@acme.test', 'Ada Byron', 'k7d2acme'];

let house: WholeHouse;
let rows: AllRows;
let ada: Account;
let eve: Stranger;
beforeAll(async () => {
  house = await openHouse();
  await house.relay.start();
  ada = await furnishAda(house);
  const { owner } = await furnishEve(house);
  // From here on nothing changes unless somebody asks for it.
  await house.relay.stop();
  rows = allRows(house.file);
  eve = { house, who: owner, of: ada, rows, marks: MARKS, refusals: [404] };
}, 120_000);
afterAll(async () => {
  rows.close();
  await house.close();
});

const served = (): FoundRoute[] => routesOf(house.routers);
const withId = (route: FoundRoute) => route.path.includes('/:id');

it('whatever Eve asks for with Ada’s ids, at any door: they do not exist, nothing of Ada’s is shown, nothing has changed', async () => {
  expect(served().length).toBeGreaterThan(80);
  expect(served().filter(withId).length).toBeGreaterThan(30);
  expect(await whatAStrangerGets(eve, house.routers)).toEqual([]);
}, 120_000);

it('the doors that were tried are all there are: the operations that the API describes, pages, cards, webhooks and files', async () => {
  const paths = new Set(served().map(({ method, path }) => `${method} ${path}`));
  const document = await (await fetch(`${house.url}/api/v1/openapi.json`)).json();
  const { paths: described } = document as { paths: Record<string, Record<string, unknown>> };
  const operations = Object.entries(described).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter((key) => /^(get|put|post|patch|delete)$/.test(key))
      .map(
        (method) =>
          `${method.toUpperCase()} ${path.replace(/^(\/api\/v1)?/, '/api/v1').replace(/\{(\w+)\}/g, ':$1')}`,
      ),
  );
  expect(operations.length).toBeGreaterThan(15);
  expect([...paths].filter((one) => one.includes(' /api/v1')).sort()).toEqual(
    [...operations, 'GET /api/v1/openapi.json'].sort(),
  );
  for (const { method, path } of pages({} as Parameters<typeof pages>[0]))
    expect(paths).toContain(`${method.toUpperCase()} ${path}`);
  for (const door of Object.keys(signedDoors(eve))) expect(paths).toContain(door);
});

it('Ada herself gets all of it by the same requests, so that it was not the requests that were wrong', async () => {
  const herself: Stranger = { ...eve, who: ada.owner, refusals: [] };
  const found = await whatAStrangerGets(herself, house.routers);
  const answers = new Map<string, number>();
  for (const line of found) {
    const [, door = '', status] = /^(.*): answered (\d+)$/.exec(line) ?? [];
    if (status) answers.set(door, Number(status));
  }
  const missed = served()
    .filter(withId)
    .map(({ method, path }) => `${method} ${path}`)
    .filter((door) => [undefined, 401, 403, 404, 405, 415, 500].includes(answers.get(door)));
  expect(missed).toEqual([]);
  for (const mark of MARKS) expect(found.join('\n')).toContain(`shows ${mark}`);
}, 120_000);

it('a door without scoping would be found: a page, an operation, a list, a change that answers 404, a door of a new kind', async () => {
  const { connections } = house.store;
  const unscoped: Record<string, RequestHandler> = {
    '/workspaces/:id/raw': async ({ params }, response) =>
      void response.json(await connections.workspace(String(params.id))),
    '/api/v1/channels/:id/raw': async ({ params }, response) =>
      void response.json({ found: (await connections.byId(String(params.id)))?.name }),
    '/everything': async (_request, response) =>
      void response.json(await house.db.selectFrom('workspace').select('external_id').execute()),
    '/tokens/:id/forget': async ({ params }, response) => {
      await house.db.deleteFrom('api_token').where('id', '=', String(params.id)).execute();
      response.status(404).end();
    },
    '/shelves/:shelf': (_request, response) => void response.end(),
  };
  const router = Router();
  for (const [path, handler] of Object.entries(unscoped)) router.get(path, handler);
  house.open({ path: '/', router });
  const found = await whatAStrangerGets(eve, [{ path: '/', router }, ...house.routers]);
  const doors = new Set(found.map((line) => line.split(': ')[0]));
  expect([...doors].sort()).toEqual(
    Object.keys(unscoped)
      .map((path) => `GET ${path}`)
      .sort(),
  );
}, 120_000);

describe('within the account', () => {
  const PAGES: PageRoute[] = pages({} as Parameters<typeof pages>[0]);
  const address = (route: PageRoute) =>
    pathOf({ method: route.method, path: route.path }, ada.ids) ?? route.path;

  /** A member of Ada's account who is granted no workspace at all. */
  async function limited(): Promise<Visitor> {
    const [request] = await house.db.selectFrom('join_request').selectAll().execute();
    await house.post(ada.owner, `/team/requests/${request?.id}/accept`, { role: 'member' });
    const member = await house.db
      .selectFrom('member')
      .selectAll()
      .where('role', '=', 'member')
      .executeTakeFirstOrThrow();
    await house.post(ada.owner, `/team/members/${member.person_id}/access`, {});
    const who = house.visitor();
    await who.go(await atPlatform(who, 'intercom', '/auth/intercom', 'workspace=k7d2acme&teammate=502'));
    return who;
  }

  it('a member who is granted no workspace gets none, at any door, and one of no role nothing that owners and admins do', async () => {
    const before = rows.read();
    const who = await limited();
    const marks = ['Lindqvist', '48-1177', 'acme_support_bot'];
    const found = await whatAStrangerGets({ ...eve, who, marks, refusals: [403, 404] }, house.routers);
    // Tokens, sessions and the name of a member are the member's own.
    expect(found.filter((line) => line.includes('/:id') || line.includes(': shows '))).toEqual([]);
    const managed = PAGES.filter((route) => route.who === 'manager');
    expect(managed.length).toBeGreaterThan(15);
    for (const route of managed) {
      const init = {
        method: route.method.toUpperCase(),
        headers: { accept: 'text/html', origin: house.url },
      };
      expect([route.path, (await who.go(address(route), init)).status]).toEqual([route.path, 403]);
    }
    rows.restore(before);
  }, 120_000);

  it('what members can change is no more than this', () => {
    const theirOwn = PAGES.filter((route) => route.method === 'post' && route.who === 'member');
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

  it('whoever is not signed in is sent to sign in, whatever they ask for', async () => {
    const nobody = house.visitor();
    const form_token = await formToken(nobody);
    for (const route of PAGES.filter((one) => one.who !== 'anyone')) {
      const body = new URLSearchParams({ form_token }).toString();
      const answer = await nobody.go(address(route), {
        method: route.method.toUpperCase(),
        headers: {
          origin: house.url,
          accept: 'text/html',
          'content-type': 'application/x-www-form-urlencoded',
        },
        ...(route.method === 'post' ? { body } : {}),
      });
      expect([route.path, answer.status]).toEqual([route.path, 303]);
      expect(answer.headers.get('location')).toMatch(/^\/sign-in/);
    }
  });
});
