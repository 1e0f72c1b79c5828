/** Screenshots of every page of the console, light and dark, desktop and phone, into docs/images (or a folder given). */
import { mkdirSync } from 'node:fs';
import type { BrowserContext } from 'playwright-core';
import { openConsoleTown } from '../test/support/console-town.ts';
import { furnish, OUTSIDE } from '../test/support/console-world.ts';

const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 375, height: 720 } };
/** In the documentation; all others only when a folder is given. */
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
];

const [folder = 'docs/images', only] = process.argv.slice(2);
const everything = process.argv.length > 2;
mkdirSync(folder, { recursive: true });

const town = await openConsoleTown();
try {
  const { owner, addresses } = await furnish(town);
  const wanted = Object.entries({ ...addresses, ...OUTSIDE }).filter(([name]) =>
    everything ? !only || name.includes(only) : DOCUMENTED.includes(name),
  );
  for (const [name, address] of wanted) {
    const who = name in OUTSIDE ? await town.person() : owner;
    await photograph(who, name, address);
    if (who !== owner) await who.close();
  }
} finally {
  await town.close();
}

async function photograph(who: BrowserContext, name: string, address: string): Promise<void> {
  const page = await who.newPage();
  for (const [size, viewport] of Object.entries(SIZES))
    for (const colorScheme of everything ? (['light', 'dark'] as const) : (['light'] as const)) {
      if (!everything && size === 'phone') continue;
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await page.goto(address);
      const suffix = everything ? `-${size}-${colorScheme}` : '';
      await page.screenshot({ path: `${folder}/console-${name}${suffix}.png`, fullPage: true });
    }
  await page.close();
}
