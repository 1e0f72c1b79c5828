/** The console as an admin meets it, in a browser, on a real server among the emulators: one story, told in order. */
import Sqlite from 'better-sqlite3';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import {
  CUSTOMERS,
  HUBSPOT_INBOX,
  INTERCOM_WORKSPACE,
  LINES,
  PORTAL,
} from '../../playground/town/emulators.ts';
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

const BOT = LINES[0]?.bot ?? { token: '', id: '' };

/** A browser of one's own, at the start page. */
async function visit(): Promise<Page> {
  const person = await town.person();
  people.push(person);
  const page = await person.newPage();
  await page.goto('/');
  return page;
}
const press = (page: Page, name: string) => page.getByRole('button', { name }).click();
const follow = (page: Page, name: string) => page.getByRole('link', { name, exact: true }).first().click();
const heading = (page: Page) => page.getByRole('heading', { level: 1 }).textContent();

describe('the first visit', () => {
  test('leads from nothing to a message that can be followed', async () => {
    const page = await visit();
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    town.emulators.intercom.consent = { workspaceId: INTERCOM_WORKSPACE, teammateId: '501' };
    await follow(page, 'Connect Intercom');
    await press(page, 'Authorise access');
    expect(await heading(page)).toBe('Connected workspaces');
    await page.getByText('Connected.', { exact: true }).waitFor();

    await follow(page, 'Add a channel');
    await follow(page, 'Telegram');
    await page.getByLabel('Bot token').fill('123456:wrong');
    await press(page, 'Add the channel');
    const wrong = page.getByLabel('Bot token');
    expect(await wrong.getAttribute('aria-invalid')).toBe('true');
    expect(
      await page
        .locator(`#${(await wrong.getAttribute('aria-describedby'))?.split(' ').at(-1)}`)
        .textContent(),
    ).toContain('Telegram does not know this bot token');
    // A secret is never written back into a page, not even a wrong one.
    expect(await wrong.inputValue()).toBe('');
    await wrong.fill(BOT.token);
    await press(page, 'Add the channel');
    await page.getByText('The channel is added.').waitFor();

    town.emulators.telegram.customerSends(CUSTOMERS.telegram.id, { text: 'Where is my parcel?' }, BOT.id);
    // The page looks again by itself.
    await page.locator('#latest').getByText('Where is my parcel?').waitFor();
    await follow(page, 'Activity');
    await page.getByLabel('Find').fill('ann lind');
    await press(page, 'Search');
    await follow(page, 'Ann Lindqvist');
    expect(await heading(page)).toBe('From Ann Lindqvist');
    await page.getByText('Accepted by Intercom').waitFor();
    await page.getByText('As we received it').click();
    expect(await page.locator('pre.raw').textContent()).toContain('"Where is my parcel?"');
  });

  test('goes on with HubSpot: the inbox is picked from a list, and a second portal stands beside the first', async () => {
    const page = await visit();
    await connectHubspot(town, page);
    await page.getByRole('link', { name: `Portal ID #${PORTAL}` }).click();
    await follow(page, 'Add the first channel');
    await follow(page, 'Telegram');
    await page.getByLabel('Bot token').fill(LINES[1]?.bot.token ?? '');
    const inbox = page.getByLabel('HubSpot inbox');
    expect(await inbox.locator('option').allTextContents()).toEqual([
      'Choose…',
      'Sales',
      'Help desk (help desk)',
    ]);
    await inbox.selectOption(HUBSPOT_INBOX);
    await press(page, 'Add the channel');
    await page.getByText('The channel is added.').waitFor();
    expect(await page.locator('#about').textContent()).toContain('Sales');

    await connectHubspot(town, page, 71, SECOND_PORTAL);
    for (const id of [PORTAL, SECOND_PORTAL])
      expect(await page.getByRole('link', { name: `Portal ID #${id}` }).count()).toBe(1);
    expect(await page.getByText('eu.acme.test').count()).toBe(1);
  });
});

test('a workspace that another account has connected is refused with a clear error, and nothing changes', async () => {
  const owner = await visit();
  await connectIntercom(town, owner);
  const ledger = new Sqlite(town.databaseFile, { readonly: true });
  const rows = () => ledger.prepare('select * from workspace order by id').all();
  const page = await visit();
  const elsewhere = {
    id: 9_900_001,
    name: 'Elsewhere',
    users: [{ id: 99, name: 'Eve', email: 'eve@elsewhere.test' }],
  };
  town.emulators.hubspot.addPortal({ ...elsewhere, inboxes: [] });
  await connectHubspot(town, page, 99, elsewhere.id);
  const before = rows();
  const answer = await connectIntercom(town, page, '502');
  expect(answer?.status()).toBe(409);
  expect(await heading(page)).toBe('Intercom is not connected');
  expect(await page.locator('main').textContent()).toContain('nothing was changed');
  // Name, owner, token (sealed) and time of change: to the byte as they were.
  expect(rows()).toEqual(before);
  ledger.close();
  await follow(page, 'To your workspaces');
  expect(await page.getByRole('link', { name: 'Acme', exact: true }).count()).toBe(0);
  // And it still works for those whose it is.
  town.emulators.telegram.customerSends(CUSTOMERS.telegram.id, { text: 'Still there?' }, BOT.id);
  await owner.goto('/activity');
  await owner.getByText('Still there?').waitFor();
});

test('a dead connection says why, waits, and works on after reconnecting', async () => {
  const page = await visit();
  await connectIntercom(town, page);
  town.emulators.intercom.uninstall(INTERCOM_WORKSPACE);
  await town.until(async () => {
    await page.goto('/');
    return (await page.getByText('Disconnected').count()) > 0;
  });
  await follow(page, 'Acme');
  town.emulators.telegram.customerSends(CUSTOMERS.telegram.id, { text: 'Is anybody there?' }, BOT.id);
  await page.getByText('Intercom is disconnected').waitFor();
  town.emulators.intercom.consent = {
    workspaceId: INTERCOM_WORKSPACE,
    teammateId: '501',
    decision: 'approve',
  };
  await follow(page, 'Reconnect');
  await page.getByText('All systems operational').waitFor();
  await town.until(() =>
    town.emulators.intercom
      .inbox(INTERCOM_WORKSPACE)
      .some((one) => one.entries.some((entry) => entry.text?.includes('Is anybody there?'))),
  );
});

test('a message that failed is sent again from the console', async () => {
  const { telegram, intercom } = town.emulators;
  const page = await visit();
  await connectIntercom(town, page);
  telegram.customerBlocks(CUSTOMERS.telegram.id, BOT.id);
  intercom.agentReplies(intercom.inbox(INTERCOM_WORKSPACE)[0]?.id ?? '', { text: 'It arrives tomorrow.' });
  await town.until(async () => {
    await page.goto('/failures');
    return (await page.getByText('It arrives tomorrow.').count()) > 0;
  });
  expect(await page.locator('main').textContent()).toContain('The customer has blocked the bot');
  telegram.customerUnblocks(CUSTOMERS.telegram.id, BOT.id);
  await press(page, 'Send the chosen ones again');
  await page.getByText('1 message queued again').waitFor();
  await town.until(() =>
    telegram.phones().some((phone) => phone.messages.some((one) => one.text === 'It arrives tomorrow.')),
  );
  await page.goto('/activity?direction=out');
  await follow(page, 'Ann Lindqvist');
  await page.getByText('Sent again by hand').waitFor();
});

test('a token is shown once, works, and stops working when it is revoked', async () => {
  const page = await visit();
  await connectIntercom(town, page);
  await page.goto('/tokens');
  await page.getByLabel('Name').fill('nightly export');
  await press(page, 'Make the token');
  const token = (await page.locator('.copyable code').textContent()) ?? '';
  expect(token).toMatch(/^oct_/);
  const headers = { authorization: `Bearer ${token}` };
  expect((await fetch(`${town.url}/api/v1/workspaces`, { headers })).status).toBe(200);
  expect((await fetch(`${town.url}/api/v1/tokens`, { headers })).status).toBe(403);
  await page.goto('/tokens');
  expect(await page.content()).not.toContain(token);
  await press(page, 'Revoke nightly export');
  await page.getByText('The token is revoked').waitFor();
  expect((await fetch(`${town.url}/api/v1/workspaces`, { headers })).status).toBe(401);
});

test('archiving asks for the name, and takes the channels along', async () => {
  const page = await visit();
  await connectIntercom(town, page);
  await follow(page, 'Acme');
  await page.getByText('Archive this workspace').click();
  await page.getByLabel('Type Acme to confirm').fill('acme?');
  await press(page, 'Archive it for good');
  expect(await page.locator('.field-error').textContent()).toContain('That is not it');
  await page.getByLabel('Type Acme to confirm').fill('Acme');
  await press(page, 'Archive it for good');
  await page.getByText('Archived. Its credentials are destroyed.').waitFor();
  expect(town.emulators.intercom.workspace(INTERCOM_WORKSPACE).installed).toBe(false);
  const hook = await fetch(`${town.emulators.telegram.url}/bot${BOT.token}/getWebhookInfo`);
  expect(((await hook.json()) as { result: { url: string } }).result.url).toBe('');
  await page.getByText('Archived (1)').click();
  await follow(page, 'Acme');
  await page.getByText('This workspace is archived.').waitFor();
});
