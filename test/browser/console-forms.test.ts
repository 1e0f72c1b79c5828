/**
 * Every form of the console, sent by a browser that runs no script, does what it says. The list is not written here: the
 * router's own list and the forms on the pages that are met on the way say what is left out.
 */
import Sqlite from 'better-sqlite3';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { CUSTOMERS, INTERCOM_WORKSPACE, LINES } from '../../playground/town/emulators.ts';
import { pages } from '../../server/console/pages.ts';
import type { PageRoute } from '../../server/console/routes.ts';
import { matches, routeOf } from '../support/console-sights.ts';
import { type ConsoleTown, openConsoleTown } from '../support/console-town.ts';
import { connectHubspot, connectIntercom } from '../support/console-world.ts';

/** Nothing is run: only the list is read. */
const ROUTES: PageRoute[] = pages({} as Parameters<typeof pages>[0]);
const BOT = LINES[0]?.bot ?? { token: '', id: '' };
const PASSWORD = 'correct horse battery';

let town: ConsoleTown;
/** What was changed on the way, as the audit trail calls it. */
const CHANGES = [
  'account.founded',
  'account.owner_changed',
  'account.renamed',
  'address.change_requested',
  'address.changed',
  'channel.added',
  'channel.archived',
  'channel.credentials_replaced',
  'channel.renamed',
  'customer.erased',
  'invitation.accepted',
  'invitation.renewed',
  'invitation.sent',
  'invitation.withdrawn',
  'join.accepted',
  'join.declined',
  'join.requested',
  'login.added',
  'login.removed',
  'member.removed',
  'member.role_changed',
  'member.workspaces_changed',
  'password.changed',
  'password.reset',
  'signed_in',
  'token.created',
  'token.revoked',
  'workspace.archived',
  'workspace.connected',
];

/** "POST /tokens", "GET /activity": what was sent by a form, and what forms there were on the way. */
const sent = new Set<string>();
const met = new Set<string>();
let ada: Page;
let mia: Page;
beforeAll(async () => {
  town = await openConsoleTown({ recordTo: inject('callsFile') });
  ada = await somebody();
  await connectIntercom(town, ada);
});
afterAll(() => town.close());

/** Without any script; notes the forms that they meet and send. */
async function somebody(): Promise<Page> {
  const person: BrowserContext = await town.person({ javaScriptEnabled: false });
  person.on('request', (request) => {
    const { pathname, search } = new URL(request.url());
    if (!request.isNavigationRequest() || !request.url().startsWith(town.url)) return;
    if (request.method() === 'POST' || search !== '') sent.add(`${request.method()} ${pathname}`);
  });
  const page = await person.newPage();
  page.on('load', async () => {
    const markup = await page.content().catch(() => '');
    for (const [, method = '', rest = ''] of markup.matchAll(/<form[^>]*\bmethod="(\w+)"([^>]*)>/g))
      met.add(`${method.toUpperCase()} ${/action="([^"]*)"/.exec(rest)?.[1] ?? ''}`);
  });
  return page;
}

const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name, exact: true }).click();
const says = (page: Page, words: string) => page.getByText(words).first().waitFor();
const heading = (page: Page) => page.getByRole('heading', { level: 1 }).textContent();
const path = (page: Page): string => new URL(page.url()).pathname;

async function invited(email: string): Promise<string> {
  await ada.goto('/team');
  await ada.locator('form[action="/team/invitations"]').getByLabel('E-mail').fill(email);
  await press(ada, 'Invite');
  await says(ada, 'The invitation is on its way.');
  return town.mailbox.link(email);
}

async function signedUp(name: string, email: string, invitation?: string): Promise<Page> {
  const page = await somebody();
  await page.goto(invitation ?? '/sign-up');
  if (invitation) await page.getByRole('link', { name: 'Sign up', exact: true }).click();
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Work e-mail').fill(email);
  await page.getByLabel('Password').fill(PASSWORD);
  await press(page, 'Sign up');
  expect(await heading(page)).toBe('Look into your mail');
  await mailed(email, 'Confirm');
  await page.goto(await town.mailbox.link(email));
  await page.getByLabel('Password').fill(PASSWORD);
  await press(page, 'Confirm and sign in');
  return page;
}
const mailed = (email: string, words: string) =>
  town.until(async () => (await town.mailbox.newest(email)).subject.includes(words));

async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await press(page, 'Sign in');
}

describe('without JavaScript', () => {
  test('a channel is added, renamed, and its credentials are replaced', async () => {
    await ada.getByRole('link', { name: 'Add a channel' }).first().click();
    await ada.getByRole('link', { name: 'SMS' }).click();
    await ada.getByLabel('Account SID').fill('AC0');
    await ada.getByLabel('Auth token').fill('wrong');
    await ada.getByLabel('Name').fill('Our line');
    await press(ada, 'Add the channel');
    expect(await ada.locator('.field-error').textContent()).toContain('Give either a phone number or');
    // What was typed stays, but for secrets.
    expect(await ada.getByLabel('Account SID').inputValue()).toBe('AC0');
    expect(await ada.getByLabel('Name').inputValue()).toBe('Our line');
    expect(await ada.getByLabel('Auth token').inputValue()).toBe('');

    await ada.goto('/');
    await ada.getByRole('link', { name: 'Add a channel' }).first().click();
    await ada.getByRole('link', { name: 'Telegram' }).click();
    await ada.getByLabel('Bot token').fill(BOT.token);
    await press(ada, 'Add the channel');
    await says(ada, 'The channel is added.');
    await ada.getByText('Rename', { exact: true }).click();
    await ada.getByLabel('Name').fill('  Support bot  ');
    await press(ada, 'Save');
    expect(await heading(ada)).toBe('Support bot');
    await ada.getByText('Replace the credentials').click();
    await ada.getByLabel('Bot token').fill(LINES[1]?.bot.token ?? '');
    await press(ada, 'Try and save');
    expect(await ada.getByRole('alert').textContent()).toContain('belong to another one');
    await ada.getByLabel('Bot token').fill(BOT.token);
    await press(ada, 'Try and save');
    await says(ada, 'The new credentials work and are saved.');
  });

  test('messages are found, and those that failed are sent again, one or many', async () => {
    const { telegram, intercom } = town.emulators;
    const inbox = () => intercom.inbox(INTERCOM_WORKSPACE)[0];
    telegram.customerSends(CUSTOMERS.telegram.id, { text: 'Hello?' }, BOT.id);
    await town.until(() => inbox() !== undefined);
    telegram.customerBlocks(CUSTOMERS.telegram.id, BOT.id);
    for (const text of ['One.', 'Two.', 'Three.']) intercom.agentReplies(inbox()?.id ?? '', { text });
    await town.until(async () => {
      await ada.goto('/failures');
      return (await ada.locator('.message').count()) === 3;
    });
    telegram.customerUnblocks(CUSTOMERS.telegram.id, BOT.id);
    await ada.getByLabel('Send again: Ann Lindqvist Two.').uncheck();
    await press(ada, 'Send the chosen ones again');
    await says(ada, '2 messages queued again');
    await ada.getByRole('link', { name: 'Ann Lindqvist' }).first().click();
    await press(ada, 'Send again');
    await says(ada, 'Queued again.');
    const words = () => telegram.phones().flatMap((phone) => phone.messages.map((one) => one.text));
    await town.until(() => ['One.', 'Two.', 'Three.'].every((one) => words().includes(one)));

    await ada.goto('/activity');
    await ada.getByLabel('Find').fill('ann_l');
    await ada.getByLabel('Direction').selectOption('in');
    await press(ada, 'Search');
    expect(await ada.locator('.message').count()).toBe(1);
    await ada.goto('/traffic');
    await ada.getByLabel('Time', { exact: true }).selectOption('30');
    await press(ada, 'Show');
    expect(await ada.getByLabel('Time', { exact: true }).inputValue()).toBe('30');
  });

  test('people are invited, again or no more, come in, and are limited, raised and let in', async () => {
    await invited('off@acme.test');
    const row = ada.getByRole('row', { name: /off@acme.test/ });
    await row.getByRole('button', { name: /Send again/ }).click();
    await says(ada, 'A new link is on its way');
    await row.getByRole('button', { name: /Withdraw/ }).click();
    await says(ada, 'The invitation is withdrawn.');

    mia = await signedUp('Mia Member', 'mia@acme.test', await invited('mia@acme.test'));
    const member = ada.getByRole('row', { name: /Mia Member/ });
    const change = async (act: () => Promise<unknown>, done: string) => {
      await ada.goto('/team');
      await ada.getByText('Change Mia Member').click();
      await act();
      await says(ada, done);
    };
    await change(async () => {
      await member.getByLabel('All workspaces, also later ones').uncheck();
      await member.getByRole('button', { name: 'Save' }).click();
    }, 'The access is changed.');
    await mia.goto('/');
    expect(await mia.getByRole('link', { name: 'Acme', exact: true }).count()).toBe(0);
    await change(() => member.getByRole('button', { name: 'Make an admin' }).click(), 'The role is changed.');

    for (const [id, name] of [
      ['602', 'Jim Wish'],
      ['603', 'Jo Wish'],
    ] as const) {
      const teammate = { id, name, email: `${id}@acme.test`, emailVerified: true, hasInboxSeat: true };
      town.emulators.intercom.workspace(INTERCOM_WORKSPACE).teammates.push(teammate);
      await connectIntercom(town, await somebody(), id);
    }
    await ada.goto('/team');
    const wish = (name: string) => ada.locator('.rows > li', { hasText: name });
    await wish('Jim Wish').getByRole('button', { name: 'As an admin' }).click();
    await says(ada, 'They are in the account now.');
    await wish('Jo Wish').getByRole('button', { name: 'Decline' }).click();
    await says(ada, 'The request is declined.');
  });

  test('somebody with an account of their own joins, and switches between the two', async () => {
    const nora = await signedUp('Nora New', 'nora@new.test');
    expect(await heading(nora)).toBe('Connect your inbox');
    await nora.goto(await invited('nora@acme.test'));
    await press(nora, /^Join /);
    await says(nora, 'Welcome to the account.');
    await nora.locator('.side').getByText('Switch account').click();
    await nora.locator('.side .switcher').getByRole('button').click();
    expect(await heading(nora)).toBe('Connect your inbox');
  });

  test('one changes one’s password, address and ways in, and ends sessions', async () => {
    await mia.goto('/account');
    await mia.getByText('Change the password').click();
    await mia.getByLabel('Present password').fill(PASSWORD);
    await mia.getByLabel('New password').fill('another long enough one');
    await press(mia, 'Save');
    await says(mia, 'The new password is saved.');
    await mia.getByText('Change the address').click();
    await mia.getByLabel('New e-mail').fill('mia@new.test');
    await mia.getByLabel('Your password').fill('another long enough one');
    await press(mia, 'Send the link');
    await says(mia, 'We sent a link to the new address.');
    await mia.goto(await town.mailbox.link('mia@new.test'));
    await press(mia, 'Confirm it');
    await says(mia, 'The new address is confirmed.');

    const [second, third] = [await somebody(), await somebody()];
    for (const page of [second, third]) await signIn(page, 'mia@new.test', 'another long enough one');
    await mia.goto('/account');
    await mia.getByRole('button', { name: 'End', exact: true }).first().click();
    await says(mia, 'That session is ended.');
    await press(mia, 'End all others');
    await says(mia, 'All other sessions are ended.');
    await second.goto('/account');
    expect(path(second)).toBe('/sign-in');

    town.emulators.hubspot.consent = { portalId: 4_100_001, userId: 71, decision: 'approve' };
    await ada.goto('/auth/hubspot?link=1&return=/account');
    await ada.getByRole('button', { name: 'Remove HubSpot' }).click();
    await says(ada, 'That way of signing in is removed.');
    town.emulators.hubspot.consent = {};
    await ada.getByText('Rename the account').click();
    await ada.getByLabel('Name of the account').fill('Acme Group');
    await press(ada, 'Save');
    await says(ada, 'The new name is saved.');
  });

  test('a lost password and a locked account are mended by mail', async () => {
    const page = await somebody();
    const ask = async (where: string, subject: string) => {
      await page.goto(where);
      await page.getByLabel('E-mail').fill('mia@new.test');
      const before = town.mailbox.mails.length;
      await press(page, 'Send the link');
      await town.until(() => town.mailbox.mails.length > before);
      await mailed('mia@new.test', subject);
      await page.goto(await town.mailbox.link('mia@new.test'));
    };
    for (let wrong = 0; wrong < 10; wrong += 1) await signIn(page, 'mia@new.test', 'not this one, either');
    await ask('/unlock', 'locked');
    await press(page, 'Unlock it');
    await says(page, 'Your account takes your password again.');
    await ask('/forgot', 'new password');
    await page.getByLabel('New password').fill(PASSWORD);
    await press(page, 'Save and sign in');
    expect(await heading(page)).toBe('Connected workspaces');
  });

  test('tokens are made and revoked, the trail is verified, a customer is erased', async () => {
    await ada.goto('/tokens');
    await ada.getByLabel('Name').fill('by hand');
    await press(ada, 'Make the token');
    expect(await ada.locator('.copyable code').textContent()).toMatch(/^oct_/);
    // A button that only a script could serve is not shown.
    expect(await ada.locator('[data-copy]').isVisible()).toBe(false);
    await ada.getByRole('button', { name: 'Revoke by hand' }).click();
    await says(ada, 'The token is revoked');
    await ada.goto('/audit');
    await press(ada, 'Verify');
    await says(ada, 'The trail is whole');
    await ada.goto('/erase');
    await ada.getByLabel('Who').fill('@ann_l');
    await ada.getByLabel('I know that this cannot be taken back.').check();
    await press(ada, 'Erase for good');
    expect(await heading(ada)).toBe('Erased');
  });

  test('what ends: a channel, a workspace, a membership, an ownership, a session', async () => {
    await connectHubspot(town, ada);
    await ada.goto('/');
    await ada.getByRole('link', { name: 'Acme', exact: true }).click();
    await ada.getByRole('link', { name: 'Support bot' }).click();
    await ada.getByText('Archive this channel').click();
    await press(ada, 'Archive it for good');
    await says(ada, 'The channel is archived');
    await ada.getByText('Archive this workspace').click();
    await ada.getByLabel('Type Acme to confirm').fill('Acme');
    await press(ada, 'Archive it for good');
    await says(ada, 'Archived. Its credentials are destroyed.');

    await ada.goto('/team');
    await ada.getByText('Change Jim Wish').click();
    const jim = ada.getByRole('row', { name: /Jim Wish/ });
    await jim.getByText('Remove', { exact: true }).click();
    await jim.getByRole('button', { name: 'Remove Jim Wish' }).click();
    await says(ada, 'They are removed.');
    await ada.getByText('Change Mia Member').click();
    const member = ada.getByRole('row', { name: /Mia Member/ });
    await member.getByText('Make them the owner').click();
    await member.getByRole('button', { name: 'Hand the account over to Mia Member' }).click();
    await says(ada, 'You are an admin now.');
    await ada.locator('.side').getByRole('button', { name: 'Sign out' }).click();
    expect(path(ada)).toBe('/sign-in');
    await ada.goto('/tokens');
    expect(path(ada)).toBe('/sign-in');
  });

  test('every change stands in the audit trail', () => {
    const database = new Sqlite(town.databaseFile, { readonly: true });
    const actions = database.prepare('select distinct action from audit order by action').pluck().all();
    database.close();
    expect(actions).toEqual(CHANGES);
  });

  test('no form was left out, neither of the router’s list nor of the pages; one that is would be named', () => {
    const forms = ROUTES.filter(({ method }) => method === 'post');
    const leftOut = (without?: string): string[] => {
      const tried = [...sent].filter((one) => routeOf(ROUTES, one)?.path !== without);
      return forms.filter((route) => !tried.some((one) => matches(route, one))).map((route) => route.path);
    };
    expect(forms.length).toBeGreaterThan(30);
    expect(leftOut()).toEqual([]);
    expect(leftOut('/erase')).toEqual(['/erase']);
    const kinds = (some: Set<string>) =>
      new Set([...some].map((one) => `${one.split(' ')[0]} ${routeOf(ROUTES, one)?.path}`));
    const unsent = [...kinds(met)].filter((one) => !kinds(sent).has(one));
    expect(unsent).toEqual([]);
    expect([...kinds(met)].filter((one) => one.startsWith('GET')).sort()).toEqual([
      'GET /activity',
      'GET /traffic',
    ]);
  });
});
