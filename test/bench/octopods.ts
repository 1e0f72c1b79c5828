/**
 * Octopods as the benchmark finds it: the real server process, installed once among the emulators by an admin's
 * browser, then started again and again on copies of that installation, with the sink in HubSpot's place.
 */
import { randomBytes } from 'node:crypto';
import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { addChannels, install, makeApi } from '../../playground/town/admin.ts';
import { cookieBrowser } from '../../playground/town/browser.ts';
import {
  CUSTOMERS,
  closeEmulators,
  type Emulators,
  enterApp,
  environment,
  INTERCOM_WORKSPACE,
  LINES,
  openEmulators,
  PORTAL,
  WABA,
} from '../../playground/town/emulators.ts';
import { freePort, Product } from '../../playground/town/product.ts';
import type { BusinessNumber } from './webhooks.ts';

export interface Installed {
  number: BusinessNumber;
  /** The server on a fresh copy of the installation. `hubspotUrl`: where its messages go. */
  start(name: string, hubspotUrl: string): Promise<Product>;
  /** A fresh copy of the installation; answers its folder, with `octopods.db` in it. */
  copy(name: string): string;
  /** The server on a copy that was made before; `databaseUrl`: where its database is now, if not in there. */
  startIn(folder: string, hubspotUrl: string, databaseUrl?: string): Promise<Product>;
  /** What the server started under this name says of its event loop: how long it is held up, p99, ms. */
  loopDelayMs(name: string): number;
  /** The key that its data keys are wrapped with, as in the environment. */
  keys: string;
}

/** What the cards are asked with: a conversation of ten messages in each inbox. */
export interface Inboxes {
  port: number;
  publicUrl: string;
  intercom: { secret: string; workspaceId: string; conversationId: string };
  hubspot: { secret: string; portalId: number; contactId: string };
}

const MESSAGES = 10;
const LOOP_DELAY = new URL('loop-delay.ts', import.meta.url).href;

/** `withInboxes` is called while the emulators are still there. */
export async function installOnce(
  folder: string,
  withInboxes: (inboxes: Inboxes) => Promise<void>,
): Promise<Installed> {
  const emulators = await openEmulators();
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  enterApp(emulators, publicUrl);
  const home = join(folder, 'installed');
  const keys = randomBytes(32).toString('base64');
  const env = {
    ...environment(emulators, { publicUrl, folder: home, keys }),
    PORT: String(port),
    LOG_LEVEL: 'error',
  };
  const product = await new Product(env).start();
  await connectWhatsApp(emulators, publicUrl);
  await withInboxes({ port, publicUrl, ...(await conversations(emulators)) });
  await product.stop();
  const number = {
    appSecret: emulators.meta.appSecret,
    wabaId: WABA,
    phoneNumberId: hubspotLine.whatsapp.id,
  };
  await closeEmulators(emulators);
  const copy = (name: string): string => {
    cpSync(home, join(folder, name), { recursive: true });
    return join(folder, name);
  };
  const startIn = async (
    place: string,
    hubspotUrl: string,
    databaseUrl = `sqlite:${place}/octopods.db`,
  ): Promise<Product> =>
    new Product({
      ...env,
      DATABASE_URL: databaseUrl,
      MEDIA_URL: `file:${place}/media`,
      HUBSPOT_API_URL: hubspotUrl,
      // Nobody but HubSpot is called: what looks for the others finds the same answers.
      INTERCOM_API_URL: hubspotUrl,
      META_GRAPH_URL: hubspotUrl,
      // This HubSpot takes whatever comes: what is measured is Octopods, not an account's limit.
      RATE_LIMITS: 'hubspot=1000000,hubspot.searches=1000000',
      PORT: String(await freePort()),
      NODE_OPTIONS: `--import ${LOOP_DELAY}`,
      LOOP_DELAY_FILE: join(place, 'loop-delay'),
    }).start();
  return {
    number,
    keys,
    copy,
    startIn,
    start: (name, hubspotUrl) => startIn(copy(name), hubspotUrl),
    loopDelayMs: (name) => Number(readFileSync(join(folder, name, 'loop-delay'), 'utf8')),
  };
}

const hubspotLine = LINES.find((line) => line.platform === 'hubspot') as (typeof LINES)[number];

async function connectWhatsApp(emulators: Emulators, publicUrl: string): Promise<void> {
  const browser = cookieBrowser();
  await install(browser, emulators, publicUrl, 'intercom');
  await install(browser, emulators, publicUrl, 'hubspot');
  const api = await makeApi(browser, publicUrl);
  await emulators.intercom.subscribeWebhooks(`${publicUrl}/intercom/webhooks`);
  await emulators.meta.subscribe(`${publicUrl}/webhooks/whatsapp`, 'playground-verify-token');
  await addChannels(api, 'intercom', ['whatsapp']);
  await addChannels(api, 'hubspot', ['whatsapp']);
}

/** A customer writes to both numbers; answers how the two inboxes name the conversations. */
async function conversations({ meta, intercom, hubspot }: Emulators) {
  for (const { whatsapp } of LINES)
    for (let index = 1; index <= MESSAGES; index += 1)
      meta.customerSends(CUSTOMERS.whatsapp.phone, { text: `Message ${index} of a few` }, whatsapp.id);
  const ours = () => {
    const [left] = intercom.inbox(INTERCOM_WORKSPACE);
    const [right] = hubspot.inbox(PORTAL);
    const complete = left?.entries.length === MESSAGES && right?.messages.length === MESSAGES;
    return complete ? { conversationId: left.id, contactId: String(right.contact?.id ?? '') } : undefined;
  };
  const until = Date.now() + 30_000;
  while (!ours() && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
  const found = ours();
  if (!found) throw new Error('the messages for the cards did not arrive within 30 s');
  return {
    intercom: {
      secret: intercom.world.app.clientSecret,
      workspaceId: INTERCOM_WORKSPACE,
      conversationId: found.conversationId,
    },
    hubspot: { secret: hubspot.world.app.clientSecret, portalId: PORTAL, contactId: found.contactId },
  };
}
