/** People in the console: invited, limited, promoted, locked out. Mail is caught by a real mail server. */
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { INTERCOM_WORKSPACE } from '../../playground/town/emulators.ts';
import { type ConsoleTown, openConsoleTown, SECOND_PORTAL } from '../support/console-town.ts';
import { connectHubspot, connectIntercom } from '../support/console-world.ts';

let town: ConsoleTown;
const people: BrowserContext[] = [];
beforeAll(async () => {
  town = await openConsoleTown({ recordTo: inject('callsFile') });
});
afterAll(() => town.close());
afterEach(async () => {
  for (const one of people.splice(0)) await one.close();
});

const THEIR_PORTAL = 4_100_003;
const PASSWORD = 'correct horse battery';

async function visit(path = '/'): Promise<Page> {
  const person = await town.person();
  people.push(person);
  const page = await person.newPage();
  await page.goto(path);
  return page;
}
/** Ada, who owns the account of the Intercom workspace. */
async function ada(): Promise<Page> {
  const page = await visit();
  await connectIntercom(town, page);
  return page;
}
const press = (page: Page, name: string) => page.getByRole('button', { name }).click();
const follow = (page: Page, name: string) => page.getByRole('link', { name, exact: true }).first().click();
const heading = (page: Page) => page.getByRole('heading', { level: 1 }).textContent();

async function invite(page: Page, email: string): Promise<string> {
  await page.goto('/team');
  await page.getByLabel('E-mail').fill(email);
  await press(page, 'Invite');
  await page.getByText('The invitation is on its way.').waitFor();
  return town.mailbox.link(email);
}

/** Follows an invitation as somebody new, by e-mail and password. */
async function join(link: string, name: string, email: string): Promise<Page> {
  const page = await visit(link);
  await follow(page, 'Sign up');
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Work e-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await press(page, 'Sign up');
  expect(await heading(page)).toBe('Look into your mail');
  await town.until(async () => (await town.mailbox.newest(email)).subject.startsWith('Confirm'));
  await page.goto(await town.mailbox.link(email));
  await page.getByLabel('Password').fill(PASSWORD);
  await press(page, 'Confirm and sign in');
  return page;
}

const workspaceOf = async (page: Page): Promise<string> => {
  await page.goto('/');
  return (await page.getByRole('link', { name: 'Acme', exact: true }).getAttribute('href')) ?? '';
};

test('a member sees the workspaces, but nothing to connect, no team, and gets 403 behind both', async () => {
  const owner = await ada();
  const page = await join(await invite(owner, 'mia@acme.test'), 'Mia Member', 'mia@acme.test');
  expect(await heading(page)).toBe('Connected workspaces');
  const workspace = await workspaceOf(page);
  expect(await page.getByRole('link', { name: /Connect (Intercom|HubSpot)/ }).count()).toBe(0);
  expect(await page.getByRole('link', { name: 'Add a channel' }).count()).toBe(0);
  expect(await page.getByRole('link', { name: 'Team', exact: true }).count()).toBe(0);
  const refused = ['/team', '/audit', '/intercom/install', '/hubspot/install', `${workspace}/channels/new`];
  for (const path of refused) expect([path, (await page.goto(path))?.status()]).toEqual([path, 403]);
  expect(await heading(page)).toBe('This is not for you');
  const posted = await page.request.post(`${workspace}/archive`, {
    headers: { origin: town.url },
    form: { name: 'Acme' },
  });
  expect(posted.status()).toBe(403);
});

test('a member who is limited to some workspaces sees no others, by no address', async () => {
  const owner = await ada();
  await connectHubspot(town, owner);
  const page = await join(await invite(owner, 'lim@acme.test'), 'Lim Limited', 'lim@acme.test');
  const workspace = await workspaceOf(page);
  await owner.goto('/team');
  await owner.getByText('Change Lim Limited').click();
  const row = owner.getByRole('row', { name: /Lim Limited/ });
  await row.getByLabel('All workspaces, also later ones').uncheck();
  await row.getByLabel(/Portal ID/).check();
  await row.getByRole('button', { name: 'Save' }).click();
  await owner.getByText('The access is changed.').waitFor();
  await page.goto('/');
  expect(await page.getByRole('link', { name: 'Acme', exact: true }).count()).toBe(0);
  expect(await page.getByRole('link', { name: /Portal ID/ }).count()).toBe(1);
  expect((await page.goto(workspace))?.status()).toBe(404);
});

test('the account is handed over to another member, who alone can give it back', async () => {
  const owner = await ada();
  const page = await join(await invite(owner, 'ona@acme.test'), 'Ona Next', 'ona@acme.test');
  await owner.goto('/team');
  await owner.getByText('Change Ona Next').click();
  await owner.getByText('Make them the owner').last().click();
  await press(owner, 'Hand the account over to Ona Next');
  await owner.getByText('The account has a new owner. You are an admin now.').waitFor();
  expect(await owner.getByRole('row', { name: /Ona Next/ }).textContent()).toContain('Owner');
  expect(await owner.getByText('Make them the owner').count()).toBe(0);
  await page.goto('/team');
  await page.getByText('Change Ada Byron').click();
  await page.getByText('Make them the owner').first().click();
  await press(page, 'Hand the account over to Ada Byron');
  await page.getByText('You are an admin now.').waitFor();
  await page.goto('/audit');
  await press(page, 'Verify');
  await page.getByText('The trail is whole').waitFor();
});

test('who is removed is out at once', async () => {
  const owner = await ada();
  const page = await join(await invite(owner, 'rem@acme.test'), 'Rem Moved', 'rem@acme.test');
  await owner.goto('/team');
  await owner.getByText('Change Rem Moved').click();
  await owner
    .getByRole('row', { name: /Rem Moved/ })
    .getByText('Remove', { exact: true })
    .click();
  await press(owner, 'Remove Rem Moved');
  await owner.getByText('They are removed.').waitFor();
  await page.goto('/activity');
  expect(new URL(page.url()).pathname).toBe('/sign-in');
});

test('an invitee who has a portal of their own brings it along', async () => {
  const owner = await ada();
  const link = await invite(owner, 'grace@acme.test');
  const grace = await visit();
  await connectHubspot(town, grace, 72, SECOND_PORTAL);
  await grace.goto(link);
  await press(grace, 'Yes, merge my workspaces');
  await grace.getByText('Welcome to the account.').waitFor();
  for (const name of ['Acme', `Portal ID #${SECOND_PORTAL}`])
    expect(await grace.getByRole('link', { name, exact: true }).count()).toBe(1);
  await owner.goto('/');
  expect(await owner.getByRole('link', { name: `Portal ID #${SECOND_PORTAL}` }).count()).toBe(1);
});

test('an invitee who owns the very portal that is wanted is offered both, and may only join', async () => {
  town.emulators.hubspot.addPortal({
    id: THEIR_PORTAL,
    name: 'Hopper & Sons',
    users: [
      { id: 73, name: 'Harry Hopper', email: 'harry@hopper.test' },
      { id: 74, name: 'Ada Byron', email: 'ada@acme.test' },
    ],
    inboxes: [],
  });
  const harry = await visit();
  await connectHubspot(town, harry, 73, THEIR_PORTAL);
  const owner = await ada();
  // Ada wants the portal, too: it is Harry's, so nothing is connected.
  expect((await connectHubspot(town, owner, 74, THEIR_PORTAL))?.status()).toBe(409);
  const link = await invite(owner, 'harry@acme.test');
  await harry.goto(link);
  expect(await harry.locator('main').textContent()).toContain(`Portal ID #${THEIR_PORTAL}`);
  expect(await harry.getByRole('button', { name: 'Yes, merge my workspaces' }).count()).toBe(1);
  await press(harry, 'No, thanks: only join');
  await harry.getByText('Welcome to the account.').waitFor();
  // He uses what is Ada's; his portal stays in his own account, where it was.
  expect(await harry.getByRole('link', { name: 'Acme', exact: true }).count()).toBe(1);
  expect(await harry.getByRole('link', { name: `Portal ID #${THEIR_PORTAL}` }).count()).toBe(0);
  await harry.locator('.side').getByText('Switch account').click();
  await harry.locator('.side .switcher').getByRole('button').click();
  expect(await harry.getByRole('link', { name: `Portal ID #${THEIR_PORTAL}` }).count()).toBe(1);
  await owner.goto('/');
  expect(await owner.getByRole('link', { name: `Portal ID #${THEIR_PORTAL}` }).count()).toBe(0);

  // Invited again, he brings it along after all.
  await owner.goto('/team');
  await owner.getByText('Change harry@hopper.test').click();
  const row = owner.getByRole('row', { name: /harry@hopper.test/ });
  await row.getByText('Remove', { exact: true }).click();
  await press(owner, 'Remove harry@hopper.test');
  await owner.getByText('They are removed.').waitFor();
  await connectHubspot(town, harry, 73, THEIR_PORTAL);
  await harry.goto(await invite(owner, 'harry@hopper.test'));
  await press(harry, 'Yes, merge my workspaces');
  await owner.goto('/');
  expect(await owner.getByRole('link', { name: `Portal ID #${THEIR_PORTAL}` }).count()).toBe(1);
});

test('who tries to connect what is connected asks to join, and is let in', async () => {
  const stranger = await visit();
  town.emulators.intercom.workspace(INTERCOM_WORKSPACE).teammates.push({
    id: '577',
    name: 'Joe Stranger',
    email: 'joe@acme.test',
    emailVerified: true,
    hasInboxSeat: true,
  });
  expect((await connectIntercom(town, stranger, '577'))?.status()).toBe(409);
  const owner = await ada();
  await owner.goto('/team');
  expect(await owner.getByText('Joe Stranger').count()).toBe(1);
  const joe = owner.locator('.rows > li', { hasText: 'Joe Stranger' });
  await joe.getByRole('button', { name: 'Let in as a member' }).click();
  await owner.getByText('They are in the account now.').waitFor();
  town.emulators.intercom.consent = {
    workspaceId: INTERCOM_WORKSPACE,
    teammateId: '577',
    decision: 'approve',
  };
  await stranger.goto('/sign-in');
  await follow(stranger, 'Sign in with Intercom');
  expect(await heading(stranger)).toBe('Connected workspaces');
});

test('a forgotten password is replaced by mail, and every other session ends', async () => {
  const owner = await ada();
  const page = await join(await invite(owner, 'pat@acme.test'), 'Pat Forgetful', 'pat@acme.test');
  const elsewhere = await visit('/forgot');
  await elsewhere.getByLabel('E-mail').fill('pat@acme.test');
  await press(elsewhere, 'Send the link');
  await town.until(async () => (await town.mailbox.newest('pat@acme.test')).subject.includes('new password'));
  await elsewhere.goto(await town.mailbox.link('pat@acme.test'));
  await elsewhere.getByLabel('New password').fill('short');
  await press(elsewhere, 'Save and sign in');
  expect(await elsewhere.locator('.field-error').textContent()).toContain('at least 10 characters');
  await elsewhere.getByLabel('New password').fill('another long enough one');
  await press(elsewhere, 'Save and sign in');
  expect(await heading(elsewhere)).toBe('Connected workspaces');
  await page.goto('/');
  expect(new URL(page.url()).pathname).toBe('/sign-in');
  await page.getByLabel('E-mail').fill('pat@acme.test');
  await page.getByLabel('Password').fill(PASSWORD);
  await press(page, 'Sign in');
  expect(await page.getByRole('alert').textContent()).toContain('You are not signed in');
});

test('a customer is erased on request, and the receipt names nobody', async () => {
  const page = await ada();
  await page.goto('/erase');
  await page.getByLabel('Who').fill('+44 7700 900999');
  await press(page, 'Erase for good');
  expect(await page.locator('.field-error').textContent()).toContain('cannot be brought back');
  await page.getByLabel('I know that this cannot be taken back.').check();
  await press(page, 'Erase for good');
  expect(await heading(page)).toBe('Erased');
  expect(await page.locator('main').textContent()).not.toContain('900999');
});

test('sessions elsewhere are listed and can be ended', async () => {
  const [here, there] = [await ada(), await ada()];
  await here.goto('/account');
  await press(here, 'End all others');
  await here.getByText('All other sessions are ended.').waitFor();
  await there.goto('/account');
  expect(new URL(there.url()).pathname).toBe('/sign-in');
});

test('after signing in one is where one wanted to be, and never on another site', async () => {
  const owner = await ada();
  const page = await join(await invite(owner, 'dee@acme.test'), 'Dee Direct', 'dee@acme.test');
  for (const [wanted, arrived] of [
    ['/traffic?days=30', '/traffic'],
    ['//evil.test/', '/'],
    ['/\\evil.test/', '/'],
    ['https://evil.test/', '/'],
  ] as const) {
    await page.context().clearCookies();
    await page.goto(`/sign-in?to=${encodeURIComponent(wanted)}`);
    await page.getByLabel('E-mail').fill('dee@acme.test');
    await page.getByLabel('Password').fill(PASSWORD);
    await press(page, 'Sign in');
    const url = new URL(page.url());
    expect([wanted, url.origin, url.pathname]).toEqual([wanted, town.url, arrived]);
  }
});
