/** Opens the playground: the door first, so that the page can show the rest being set up. */
import type { RequestListener } from 'node:http';
import type { Snapshot } from '../page/api.ts';
import { setUp } from '../town/admin.ts';
import { closeEmulators } from '../town/emulators.ts';
import { buildAssets } from './assets.ts';
import { Broadcast } from './broadcast.ts';
import { openDoor } from './door.ts';
import { sendFirstMessages } from './first-messages.ts';
import { openFolder } from './folder.ts';
import { sendJson } from './http.ts';
import { listen } from './listen.ts';
import type { Options } from './options.ts';
import { openTown, type Town } from './town.ts';

export interface Playground {
  /** Where the page is. */
  url: string;
  /** Resolves when customers can write; rejects when the playground could not set itself up. */
  ready: Promise<void>;
  /** Lets Octopods finish what is under way, then closes everything. */
  close(): Promise<void>;
}

const STEPS = [
  'Start Octopods',
  'Install in Intercom',
  'Install in HubSpot',
  'Connect Telegram, WhatsApp and SMS to Intercom',
  'Connect Telegram, WhatsApp and SMS to HubSpot',
];

/** Throws `CannotOpen` when the port is taken. */
export async function openPlayground(options: Options): Promise<Playground> {
  let handler: RequestListener = (_request, response) =>
    sendJson(response, 503, { title: 'The playground is opening' });
  const listening = await listen(options, (request, response) => handler(request, response));
  const assets = buildAssets();
  const broadcast: Broadcast = new Broadcast((): Snapshot => town.snapshot());
  const folder = openFolder(options.folder, listening.port);
  const { recordTo } = options;
  const town = await openTown({
    origin: listening.origin,
    folder,
    assets,
    steps: STEPS,
    touch: broadcast.touch,
    ...(recordTo ? { recordTo } : {}),
  });
  handler = openDoor({ assets, broadcast, town });
  const ready = beginLife(town, listening.origin, assets.built, () => broadcast.watched);
  return {
    url: `${listening.origin}/playground`,
    ready,
    close: async () => {
      town.ledger.stop();
      broadcast.close();
      await town.worker.stop();
      await closeEmulators(town.emulators);
      await listening.close();
      assets.remove();
    },
  };
}

async function beginLife(
  { emulators, product, setup, channels, chats, ledger }: Town,
  origin: string,
  built: Promise<void>,
  watched: () => boolean,
): Promise<void> {
  try {
    setup.begin('Start Octopods');
    await Promise.all([built, product.start()]);
    const connected = await setUp(emulators, origin, setup.begin);
    channels.push(...connected.channels);
    ledger.follow(connected.api, channels, watched);
    setup.done();
    sendFirstMessages(chats);
  } catch (error) {
    setup.failed(error);
    throw error;
  }
}
