/** Every page of the console in every state that is worth a look, and what the router knows that none of them shows. */
import Sqlite from 'better-sqlite3';
import type { Page } from 'playwright-core';
import { INTERCOM_WORKSPACE } from '../../playground/town/emulators.ts';
import type { PageRoute } from '../../server/console/routes.ts';
import type { Cast, Who } from './console-cast.ts';
import type { ConsoleTown } from './console-town.ts';
import { connectIntercom, press } from './console-world.ts';

export interface Sight {
  name: string;
  who: Who;
  /** A path, or what is done until the page is there. */
  at: string | ((page: Page) => Promise<unknown>);
  /** What the page is answered with; 200 without it. */
  status?: number;
}

/** In this order: the later ones change what the earlier ones show. */
export function sights(town: ConsoleTown, cast: Cast): Sight[] {
  return [...owners(cast), ...members(cast), ...newcomers(cast), ...strangers(cast), ...done(town, cast)];
}

function owners({ addresses, starter }: Cast): Sight[] {
  const own = Object.entries(addresses).map(([name, at]): Sight => {
    return { name, who: 'owner', at, ...(name === 'not-found' ? { status: 404 } : {}) };
  });
  return [
    ...own,
    { name: 'just connected', who: 'owner', at: '/?done=connected' },
    { name: 'failures sent again', who: 'owner', at: '/failures?queued=2' },
    { name: 'failures, none chosen', who: 'owner', at: '/failures?queued=0' },
    { name: 'what was not understood', who: 'owner', at: '/activity?status=unparsed' },
    { name: 'a day’s traffic', who: 'owner', at: '/traffic?days=1' },
    { name: 'a channel of long names', who: 'owner', at: channelOf(addresses) },
    { name: 'activity of long names', who: 'owner', at: `/activity?workspace=${hubspotOf(addresses)}` },
    { name: 'traffic of long names', who: 'owner', at: `/traffic?workspace=${hubspotOf(addresses)}` },
    { name: 'doctor of long names', who: 'owner', at: `/doctor?workspace=${hubspotOf(addresses)}` },
    { name: 'channel that waits', who: 'starter', at: starter.pending },
    { name: 'channel with a dead token', who: 'starter', at: starter.dead },
    { name: 'workspace in trouble', who: 'starter', at: starter.workspace },
    { name: 'workspaces in trouble', who: 'starter', at: '/' },
    { name: 'doctor with findings', who: 'starter', at: `/doctor?channel=${starter.dead.split('/').at(-1)}` },
    { name: 'trail verified', who: 'owner', at: (page) => pressed(page, '/audit', 'Verify') },
    { name: 'token shown once', who: 'owner', at: madeToken },
  ];
}
const hubspotOf = (addresses: Record<string, string>): string =>
  addresses['workspace-hubspot']?.split('/').at(-1) ?? '';
const channelOf = (addresses: Record<string, string>): string => addresses['channel-long-name'] ?? '';

const members = ({ addresses }: Cast): Sight[] => [
  ...['workspaces', 'workspace', 'channel', 'activity', 'message', 'failures', 'tokens', 'account'].map(
    (name): Sight => ({ name: `${name} of a member`, who: 'member', at: addresses[name] ?? '' }),
  ),
  { name: 'refused to a member', who: 'member', at: '/team', status: 403 },
];

const newcomers = ({ invitation }: Cast): Sight[] => [
  ...['/', '/activity', '/failures', '/traffic', '/doctor', '/tokens', '/audit', '/team', '/account'].map(
    (at): Sight => ({ name: `newcomer at ${at}`, who: 'newcomer', at }),
  ),
  { name: 'invitation to join', who: 'newcomer', at: invitation },
  { name: 'invitation to merge', who: 'starter', at: invitation },
  { name: 'invitation to somebody who is in', who: 'member', at: invitation },
];

const strangers = ({ invitation }: Cast): Sight[] => [
  ...[
    '/sign-in',
    '/sign-up',
    '/forgot',
    '/unlock',
    '/sign-in?done=signed-out',
    '/sign-in?problem=denied',
  ].map((at): Sight => ({ name: `stranger at ${at}`, who: 'stranger', at })),
  ...['reset', 'confirm', 'unlock', 'address'].map(
    (kind): Sight => ({ name: `mailed link: ${kind}`, who: 'stranger', at: `/${kind}/some-secret` }),
  ),
  { name: 'invitation', who: 'stranger', at: invitation },
  { name: 'dead invitation', who: 'stranger', at: '/invitation/some-secret', status: 404 },
  { name: 'no such page, outside', who: 'stranger', at: '/nowhere', status: 404 },
  { name: 'dead link', who: 'stranger', at: (page) => pressed(page, '/unlock/x', 'Unlock it'), status: 404 },
];

/** What only a form that was sent shows, and what only a broken connection does. */
const done = (town: ConsoleTown, { addresses, invitation }: Cast): Sight[] => [
  { name: 'erased', who: 'owner', at: erased },
  { name: 'refused connection', who: 'newcomer', at: (page) => connectIntercom(town, page), status: 409 },
  { name: 'disconnected workspace', who: 'owner', at: (page) => uninstalled(town, page, addresses) },
  { name: 'disconnected workspaces', who: 'owner', at: '/' },
  { name: 'disconnected workspace of a member', who: 'member', at: addresses.workspace ?? '' },
  { name: 'archived channel', who: 'owner', at: (page) => archivedChannel(page, addresses.channel ?? '') },
  { name: 'archived workspace', who: 'owner', at: (page) => archivedWorkspace(page, addresses) },
  { name: 'workspaces with archived ones', who: 'owner', at: '/' },
  { name: 'in two accounts', who: 'newcomer', at: (page) => pressed(page, invitation, /^Join /) },
  { name: 'account of two', who: 'newcomer', at: '/account' },
  { name: 'something broke', who: 'owner', at: (page) => broken(town, page), status: 500 },
];

async function pressed(page: Page, path: string, name: string | RegExp): Promise<void> {
  await page.goto(path);
  await press(page, name);
}
async function madeToken(page: Page): Promise<void> {
  await page.goto('/tokens');
  await page.getByLabel('Name').fill('by hand');
  await press(page, 'Make the token');
}

async function erased(page: Page): Promise<void> {
  await page.goto('/erase');
  await page.getByLabel('Who').fill('+14155550199');
  await page.getByLabel('I know that this cannot be taken back.').check();
  await press(page, 'Erase for good');
}

async function uninstalled(town: ConsoleTown, page: Page, addresses: Record<string, string>): Promise<void> {
  town.emulators.intercom.uninstall(INTERCOM_WORKSPACE);
  await town.until(async () => {
    await page.goto(addresses.workspace ?? '');
    return (await page.getByText('Reconnect').count()) > 0;
  });
}

async function archivedChannel(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.getByText('Archive this channel').click();
  await press(page, 'Archive it for good');
  await page.goto(address);
}

async function archivedWorkspace(page: Page, addresses: Record<string, string>): Promise<void> {
  await page.goto(addresses['workspace-long-name'] ?? '');
  await page.getByText('Archive this workspace').click();
  const field = page.locator('form[action$="/archive"]').getByRole('textbox');
  await field.fill(((await page.getByRole('heading', { level: 1 }).textContent()) ?? '').trim());
  await press(page, 'Archive it for good');
  await page.goto(addresses['workspace-long-name'] ?? '');
}

/** A table that is not there: as wrong as a page can go. */
async function broken(town: ConsoleTown, page: Page): Promise<void> {
  const database = new Sqlite(town.databaseFile);
  database.exec('alter table audit rename to audit_away');
  await page.goto('/audit');
  database.exec('alter table audit_away rename to audit');
  database.close();
}

/** `GET /audit/export` is a file. */
const FILES = new Set(['/audit/export']);

/** The pages of the router's list that nobody has looked at. `seen`: as "GET /path". */
export const unseen = (routes: PageRoute[], seen: Iterable<string>): string[] => {
  const looked = [...seen];
  return routes
    .filter(({ method, path }) => method === 'get' && !FILES.has(path))
    .filter((route) => !looked.some((one) => matches(route, one)))
    .map(({ path }) => path);
};

/** Whether a request, as "POST /team/invitations", is one for this route: the first in the list that fits. */
export function matches({ method, path }: Pick<PageRoute, 'method' | 'path'>, request: string): boolean {
  const pattern = path.replace(/:[a-zA-Z]+/g, '[^/]+');
  return new RegExp(`^${method.toUpperCase()} ${pattern}$`).test(request);
}
export const routeOf = (routes: PageRoute[], request: string): PageRoute | undefined =>
  routes.find((route) => matches(route, request));
