/**
 * Screenshots of the console. Without a folder: those of docs/console.md, into docs/images. With one: every page in
 * every state (test/support/console-sights.ts), light and dark, on a desktop and a phone, to be looked at; a second
 * argument takes only those whose name holds it.
 */
import { mkdirSync } from 'node:fs';
import type { BrowserContext, Page } from 'playwright-core';
import { assemble, type Who } from '../test/support/console-cast.ts';
import { addPast } from '../test/support/console-past.ts';
import { sights } from '../test/support/console-sights.ts';
import { type ConsoleTown, openConsoleTown } from '../test/support/console-town.ts';
import { furnish } from '../test/support/console-world.ts';

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 375, height: 720 } };
/** The tallest picture in the documentation, in pixels: what is below can be imagined. */
const TALLEST = 1_000;
const DOCUMENTED = [
  'workspaces',
  'workspace',
  'add-telegram',
  'channel',
  'activity',
  'message',
  'failures',
  'traffic',
  'team',
  'doctor-findings',
];

const [folder, only] = process.argv.slice(2);
const town = await openConsoleTown();
try {
  await (folder ? everything(town, folder) : documented(town));
} finally {
  await town.close();
}

async function documented(town: ConsoleTown): Promise<void> {
  const { owner, addresses, channels } = await furnish(town);
  addPast(town.databaseFile, channels, Date.now() - 3_600_000);
  const newcomer = await town.person();
  await photograph(await newcomer.newPage(), '/sign-in', 'docs/images/console-sign-in.png');
  const page = await owner.newPage();
  for (const name of DOCUMENTED)
    await photograph(page, addresses[name] ?? '/', `docs/images/console-${name}.png`);
  await page.setViewportSize(SIZES.phone);
  await page.goto('/');
  await page.screenshot({ path: 'docs/images/console-phone.png' });
  await page.setViewportSize(SIZES.desktop);
  await page.emulateMedia({ colorScheme: 'dark' });
  await photograph(page, '/traffic', 'docs/images/console-traffic-dark.png');
}

async function photograph(page: Page, address: string, path: string): Promise<void> {
  await page.setViewportSize(SIZES.desktop);
  await page.goto(address);
  const needed = Number(await page.evaluate('document.documentElement.scrollHeight'));
  await page.setViewportSize({ width: SIZES.desktop.width, height: Math.min(needed, TALLEST) });
  await page.screenshot({ path });
  console.log(path);
}

async function everything(town: ConsoleTown, into: string): Promise<void> {
  mkdirSync(into, { recursive: true });
  const cast = await assemble(town);
  addPast(town.databaseFile, cast.channels, Date.now() - 3_600_000);
  const pages = new Map<Who, Page>();
  for (const [who, person] of Object.entries(cast.people) as [Who, BrowserContext][])
    pages.set(who, await person.newPage());
  for (const { name, who, at } of sights(town, cast)) {
    const page = pages.get(who);
    if (!page || (only && !name.includes(only) && typeof at === 'string')) continue;
    await (typeof at === 'string' ? page.goto(at) : at(page));
    for (const [size, viewport] of Object.entries(SIZES))
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const file = `${name.replaceAll(/[^a-z0-9]+/gi, '-')}-${size}-${colorScheme}`;
        await page.screenshot({ path: `${into}/${file}.png`, fullPage: true });
      }
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(SIZES.desktop);
  }
}
