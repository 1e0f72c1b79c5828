/**
 * Every page for everybody. One walk through every page in every state (test/support/console-sights.ts) notes what is
 * wrong with each; the sentences below are about those notes. The router's own list says whether a page was left out.
 */
import type { BrowserContext, Page, Response } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { pages } from '../../server/console/pages.ts';
import { open, type PageRoute } from '../../server/console/routes.ts';
import { assemble, type Cast, type Who } from '../support/console-cast.ts';
import { type Form, type Look, look, violations } from '../support/console-look.ts';
import { routeOf, type Sight, sights, unseen } from '../support/console-sights.ts';
import { type ConsoleTown, openConsoleTown } from '../support/console-town.ts';
import { arrive } from '../support/console-world.ts';

/** Nothing is run: only the list is read. */
const ROUTES: PageRoute[] = pages({} as Parameters<typeof pages>[0]);

interface Seen extends Look {
  name: string;
  who: Who;
  /** The request that was answered with this page: "GET /team". */
  request: string;
  status: number;
  meant: number;
  policy: string;
}

let town: ConsoleTown;
let cast: Cast;
const seen: Seen[] = [];
/** What came of each form that was sent with nothing in it. */
const emptied: Seen[] = [];
/** Links that were tried, by who saw them and the page that they lead to; and those behind which there was nothing. */
const followed = new Set<string>();
const dead: string[] = [];
beforeAll(async () => {
  town = await openConsoleTown({ recordTo: inject('callsFile') });
  cast = await assemble(town);
  await walk();
}, 600_000);
afterAll(() => town.close());

/** The last answer that a page was made of, after all redirects. */
function answers(page: Page): () => Response {
  let last: Response | undefined;
  page.on('response', (response) => {
    const request = response.request();
    if (request.isNavigationRequest() && response.status() !== 303 && response.status() !== 302)
      last = response;
  });
  return () => {
    if (!last) throw new Error('the page has not been answered');
    return last;
  };
}

async function note(
  page: Page,
  sight: Pick<Sight, 'name' | 'who' | 'status'>,
  answer: Response,
): Promise<Seen> {
  const request = `${answer.request().method()} ${new URL(answer.url()).pathname}`;
  const policy = answer.headers()['content-security-policy'] ?? '';
  const said = { name: sight.name, who: sight.who, request, status: answer.status(), policy };
  return { ...(await look(page)), ...said, meant: sight.status ?? 200 };
}

async function walk(): Promise<void> {
  const open = new Map<Who, { page: Page; last: () => Response }>();
  const tried = new Set<string>();
  for (const [who, person] of Object.entries(cast.people) as [Who, BrowserContext][]) {
    const page = await person.newPage();
    open.set(who, { page, last: answers(page) });
  }
  for (const sight of sights(town, cast)) {
    const { page, last } = open.get(sight.who) as { page: Page; last: () => Response };
    if (typeof sight.at === 'string') await page.goto(sight.at);
    else await sight.at(page);
    const noted = await note(page, sight, last());
    seen.push(noted);
    if (noted.status < 400) await follow(noted);
    const address = page.url();
    for (const form of noted.forms) {
      const route = routeOf(ROUTES, `POST ${form.action}`)?.path ?? form.action;
      if (form.method !== 'post' || form.text.length === 0 || tried.has(route)) continue;
      tried.add(route);
      await page.goto(address);
      await sendEmpty(page, form);
      emptied.push(await note(page, { ...sight, name: `${route}, sent empty` }, last()));
    }
  }
}

/** One link of each kind, at once: what it leads to may be gone later. */
async function follow({ who, links, name }: Seen): Promise<void> {
  for (const link of new Set(links.map((one) => one.replace(/#.*$/, '')))) {
    const { origin, pathname, search } = new URL(link);
    const route = routeOf(ROUTES, `GET ${pathname}`);
    const kind = `${who} ${route?.path}${search.replace(/=[^&]*/g, '')}`;
    if (origin !== town.url || !route || followed.has(kind)) continue;
    followed.add(kind);
    const answer = await cast.people[who].request.get(link, { headers: { accept: 'text/html' } });
    if (answer.status() >= 400) dead.push(`${name} → ${link}: ${answer.status()}`);
  }
}

/** As a browser would that checks nothing itself. */
async function sendEmpty(page: Page, { action }: Form): Promise<void> {
  const script = `{ const form = [...document.forms].find((one) => new URL(one.getAttribute('action'), location.href).pathname === ${JSON.stringify(action)});
    form.noValidate = true;
    for (const one of form.elements) if (one.localName === 'input' && one.type !== 'hidden') one.value = '';
    form.requestSubmit(); }`;
  await arrive(page, () => page.evaluate(script));
}

const all = (): Seen[] => [...seen, ...emptied];
const named = (some: Seen[], what: (one: Seen) => unknown) => some.map((one) => [one.name, what(one)]);

describe('every page', () => {
  test('that the router knows was looked at; one that is left out is named', () => {
    const requests = seen.map((one) => one.request);
    expect(unseen(ROUTES, requests)).toEqual([]);
    const added = open('get', '/billing', async () => ({ goTo: '/' }));
    expect(unseen([...ROUTES, added], requests)).toEqual(['/billing']);
    expect(
      unseen(
        ROUTES,
        requests.filter((one) => one !== 'GET /team'),
      ),
    ).toEqual(['/team']);
  });

  test('was what it was meant to be, with one heading that says so', () => {
    expect(named(seen, (one) => one.status)).toEqual(named(seen, (one) => one.meant));
    expect(
      named(
        all().filter((one) => one.headings.length !== 1),
        (one) => one.headings,
      ),
    ).toEqual([]);
    expect(
      all()
        .filter((one) => !one.title.endsWith(' – Octopods'))
        .map((one) => one.name),
    ).toEqual([]);
  });

  test('has no finding of axe in light, with everything opened that can be', () => {
    expect(
      named(
        all().filter((one) => one.light.length > 0),
        (one) => one.light,
      ),
    ).toEqual([]);
  });

  test('has no finding of axe in dark', () => {
    expect(
      named(
        all().filter((one) => one.dark.length > 0),
        (one) => one.dark,
      ),
    ).toEqual([]);
  });

  test('has every id once, so that each label names its own field', () => {
    const doubled = all().filter((one) => one.doubled.length > 0);
    expect(named(doubled, (one) => one.doubled)).toEqual([]);
  });

  test('fits on screens of 375, 768 and 1280 pixels, names of eighty characters included', () => {
    expect(
      named(
        all().filter((one) => one.wide.length > 0),
        (one) => one.wide,
      ),
    ).toEqual([]);
  });

  test('has no script, style or handler in its markup, and a policy that forbids them', () => {
    expect(
      named(
        all().filter((one) => one.inline > 0),
        (one) => one.inline,
      ),
    ).toEqual([]);
    const lax = all().filter(
      ({ policy }) => policy.includes('unsafe') || !policy.includes("default-src 'none'"),
    );
    expect(named(lax, (one) => one.policy)).toEqual([]);
  });

  test('leads only to pages that are there, for whoever sees the link', () => {
    expect(followed.size).toBeGreaterThan(60);
    expect(dead).toEqual([]);
  });
});

test('a form that is sent empty says what is missing, at the field or above the form', () => {
  expect(emptied.length).toBeGreaterThan(15);
  const silent = emptied.filter(
    (one) => one.status >= 500 || (one.status === 200 && !/\/(forgot|unlock) /.test(`${one.request} `)),
  );
  expect(named(silent, (one) => one.status)).toEqual([]);
});

test('axe would have found something: a page with a field that nobody named, and with words too pale to read', async () => {
  const page = await cast.owner.newPage();
  await page.goto('/tokens');
  await page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input>')");
  await page.evaluate("document.querySelector('main p').style.color = '#bbb'");
  const found = await violations(page);
  const kinds = new Set(found.map((one) => one.split(':')[0]));
  expect([...kinds].sort()).toEqual(['color-contrast', 'label']);
  await page.close();
});

test('the keyboard reaches the content first, then everything that can be done', async () => {
  const page = await cast.owner.newPage();
  await page.goto('/');
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  expect(await page.evaluate('document.activeElement.id')).toBe('content');
  await page.goto('/activity');
  await page.getByLabel('Find').focus();
  await page.keyboard.type('ann');
  await page.keyboard.press('Enter');
  await page.waitForURL(/q=ann/);
  await page.close();
});

test('on a phone the menu opens by itself, without covering what it leads to', async () => {
  const page = await cast.owner.newPage();
  await page.setViewportSize({ width: 375, height: 700 });
  await page.goto('/');
  await page.getByText('Menu').click();
  const menu = page.getByRole('navigation', { name: 'Menu' });
  await arrive(page, () => menu.getByRole('link', { name: 'Traffic' }).click());
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Traffic');
  await page.close();
});
