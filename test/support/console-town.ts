/** Octopods as a process among the emulators, with a mailbox and a browser: what tests of the console begin with. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import {
  closeEmulators,
  type Emulators,
  enterApp,
  environment,
  openEmulators,
} from '../../playground/town/emulators.ts';
import { freePort, Product } from '../../playground/town/product.ts';
import { launchChromium } from './chromium.ts';
import { type Mailbox, openMailbox } from './mailbox.ts';

export interface ConsoleTown {
  url: string;
  emulators: Emulators;
  mailbox: Mailbox;
  product: Product;
  browser: Browser;
  /** The product's database, for a second connection. */
  databaseFile: string;
  /** A person's own browser: cookies of its own, paths below the console's address. */
  person(options?: BrowserContextOptions): Promise<BrowserContext>;
  /** Waits until it is so (20 s at most). */
  until(isSo: () => boolean | Promise<boolean>): Promise<void>;
  close(): Promise<void>;
}

/** A second portal of the same people, beside the town's own. */
export const SECOND_PORTAL = 4_100_002;

export async function openConsoleTown(options: { recordTo?: string } = {}): Promise<ConsoleTown> {
  const folder = mkdtempSync(join(tmpdir(), 'octopods-console-'));
  const [chromium, mailbox, emulators] = await Promise.all([
    launchChromium(),
    openMailbox(),
    openEmulators(options.recordTo ? { recordTo: options.recordTo } : {}),
  ]);
  emulators.hubspot.addPortal({
    id: SECOND_PORTAL,
    name: 'Acme Europe',
    hubDomain: 'eu.acme.test',
    users: [
      { id: 71, name: 'Ada Byron', email: 'ada@acme.test' },
      { id: 72, name: 'Grace Hopper', email: 'grace@acme.test' },
    ],
    inboxes: [{ id: '9101', name: 'Support Europe', type: 'INBOX' }],
  });
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  enterApp(emulators, url);
  const keys = randomBytes(32).toString('base64');
  const product = await new Product({
    ...environment(emulators, { publicUrl: url, folder, keys }),
    SMTP_URL: mailbox.url,
    MAIL_FROM: 'Octopods <octopods@acme.test>',
    PORT: port,
    LOG_LEVEL: 'warn',
  }).start();
  await emulators.intercom.subscribeWebhooks(`${url}/intercom/webhooks`);
  return {
    url,
    emulators,
    mailbox,
    product,
    browser: chromium.browser,
    databaseFile: join(folder, 'octopods.db'),
    person: (more = {}) => chromium.browser.newContext({ baseURL: url, ...more }),
    until,
    close: async () => {
      await chromium.close();
      await product.stop();
      await Promise.all([closeEmulators(emulators), mailbox.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`it did not become so: ${isSo}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
