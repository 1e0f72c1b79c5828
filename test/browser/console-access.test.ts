/** Every page for everybody: axe in light and dark, a phone's width, the keyboard, and forms without any script. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { CUSTOMERS, LINES } from '../../playground/town/emulators.ts';
import { type ConsoleTown, openConsoleTown } from '../support/console-town.ts';
import { connectIntercom, type FurnishedWorld, furnish, OUTSIDE } from '../support/console-world.ts';

let town: ConsoleTown;
let world: FurnishedWorld;
beforeAll(async () => {
  town = await openConsoleTown({ recordTo: inject('callsFile') });
  world = await furnish(town);
});
afterAll(() => town.close());

interface Violation {
  id: string;
  nodes: { html: string; failureSummary?: string }[];
}
/** Typed as text: the tests' own TypeScript knows no document. */
const RUN = "axe.run(document, { resultTypes: ['violations'] }).then((result) => result.violations)";

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = (await page.evaluate(RUN)) as Violation[];
  return found.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
}

async function everyPage(see: (page: Page, name: string, address: string) => Promise<void>): Promise<void> {
  const insider = await world.owner.newPage();
  for (const [name, address] of Object.entries(world.addresses)) await see(insider, name, address);
  await insider.close();
  const stranger = await town.person();
  const outsider = await stranger.newPage();
  for (const [name, address] of Object.entries(OUTSIDE)) await see(outsider, name, address);
  await stranger.close();
}

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test('axe finds nothing on any page, closed or opened', async () => {
    const found: Record<string, string[]> = {};
    let seen = 0;
    await everyPage(async (page, name, address) => {
      await page.emulateMedia({ colorScheme });
      await page.goto(address);
      const closed = await violations(page);
      await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true");
      const wrong = [...closed, ...(await violations(page))];
      if (wrong.length > 0) found[name] = wrong;
      seen += 1;
    });
    expect(found).toEqual({});
    expect(seen).toBe(Object.keys(world.addresses).length + Object.keys(OUTSIDE).length);
  });
});

test('axe would have found something: a page with a field that nobody named', async () => {
  const page = await world.owner.newPage();
  await page.goto('/tokens');
  await page.evaluate("document.querySelector('main').insertAdjacentHTML('beforeend', '<input>')");
  expect((await violations(page)).some((one) => one.startsWith('label:'))).toBe(true);
  await page.close();
});

test.each([375, 768, 1280])(
  'no page is wider than a screen of %i pixels, long names included',
  async (width) => {
    const wide: string[] = [];
    await everyPage(async (page, name, address) => {
      await page.setViewportSize({ width, height: 700 });
      await page.goto(address);
      await page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true");
      const needed = Number(await page.evaluate('document.documentElement.scrollWidth'));
      if (needed > width) wide.push(`${name}: ${needed}`);
    });
    expect(wide).toEqual([]);
  },
);

test('no page has a script, a style or a handler in its markup, and all say so in their policy', async () => {
  await everyPage(async (page, name, address) => {
    const answer = await page.goto(address);
    const policy = answer?.headers()['content-security-policy'] ?? '';
    expect([name, policy.includes('unsafe'), policy.includes("default-src 'none'")]).toEqual([
      name,
      false,
      true,
    ]);
    const inline = await page.evaluate(
      "[...document.querySelectorAll('*')].filter((one) => one.hasAttribute('style') || one.localName === 'style' || (one.localName === 'script' && !one.src) || [...one.attributes].some(({ name }) => name.startsWith('on'))).length",
    );
    expect([name, inline]).toEqual([name, 0]);
  });
});

test('the keyboard reaches the content first, then everything that can be done', async () => {
  const page = await world.owner.newPage();
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
  const page = await world.owner.newPage();
  await page.setViewportSize({ width: 375, height: 700 });
  await page.goto('/');
  await page.getByText('Menu').click();
  await page.getByRole('navigation', { name: 'Menu' }).getByRole('link', { name: 'Traffic' }).click();
  expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Traffic');
  await page.close();
});

describe('without JavaScript', () => {
  const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();

  test('every form does what it says', async () => {
    const person = await town.person({ javaScriptEnabled: false });
    const page = await person.newPage();
    await connectIntercom(town, page);
    await page.goto('/activity');
    await page.getByLabel('Find').fill(CUSTOMERS.sms.phone);
    await page.getByLabel('Direction').selectOption('in');
    await press(page, 'Search');
    expect(await page.locator('.message').count()).toBe(2);

    await page.goto(world.addresses.channel ?? '');
    await page.getByText('Rename', { exact: true }).click();
    await page.getByLabel('Name').fill('  Support bot  ');
    await press(page, 'Save');
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Support bot');
    await page.getByText('Replace the credentials').click();
    await page.getByLabel('Bot token').fill(LINES[1]?.bot.token ?? '');
    await press(page, 'Try and save');
    expect(await page.getByRole('alert').textContent()).toContain('belong to another one');

    await page.goto(world.addresses['add-sms'] ?? '');
    await page.getByLabel('Account SID').fill('AC0');
    await page.getByLabel('Auth token').fill('wrong');
    await press(page, 'Add the channel');
    expect(await page.locator('.field-error').textContent()).toContain('Give either a phone number or');
    expect(await page.getByLabel('Account SID').inputValue()).toBe('AC0');

    await page.goto('/tokens');
    await page.getByLabel('Name').fill('by hand');
    await press(page, 'Make the token');
    expect(await page.locator('.copyable code').textContent()).toMatch(/^oct_/);

    await page.goto('/traffic');
    await page.getByLabel('Time', { exact: true }).selectOption('30');
    await press(page, 'Show');
    expect(await page.getByLabel('Time', { exact: true }).inputValue()).toBe('30');

    await page.locator('.side').getByRole('button', { name: 'Sign out' }).click();
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    await page.goto('/tokens');
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    await person.close();
  });
});
