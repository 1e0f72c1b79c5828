/** Everything that the playground's doors are about: the simulated world, Octopods in it, and the views of both. */
import { appendFileSync } from 'node:fs';
import type { Emulator } from '../kit.ts';
import type { Snapshot } from '../page/api.ts';
import type { ConnectedChannel } from '../town/admin.ts';
import { type Emulators, enterApp, environment, openEmulators } from '../town/emulators.ts';
import { freePort, Product } from '../town/product.ts';
import type { SentWebhook } from '../webhook.ts';
import type { Assets } from './assets.ts';
import { type Chat, chatsOf } from './chats.ts';
import { excerptsFrom, type Route, saidByAgents, saidByCustomer } from './excerpts.ts';
import { FaultDesk } from './faults.ts';
import type { PlaygroundFolder } from './folder.ts';
import { showHubspot } from './hubspot-portal.ts';
import { showIntercom } from './intercom-inbox.ts';
import { LedgerView } from './ledger.ts';
import { showPhone } from './phones.ts';
import { SetupSteps } from './setup.ts';
import { FileShelf } from './shelf.ts';
import { Trail, telegramId } from './trail.ts';
import { WireView } from './wire.ts';
import { WorkerSwitch } from './worker.ts';

export interface Town {
  emulators: Emulators;
  product: Product;
  chats: Chat[];
  /** Known once they are connected. */
  channels: ConnectedChannel[];
  faults: FaultDesk;
  ledger: LedgerView;
  setup: SetupSteps;
  shelf: FileShelf;
  worker: WorkerSwitch;
  snapshot(): Snapshot;
}

interface Meant {
  origin: string;
  folder: PlaygroundFolder;
  assets: Assets;
  steps: string[];
  recordTo?: string;
  /** Something that the page shows has changed. */
  touch(): void;
}

export async function openTown({ origin, folder, assets, steps, recordTo, touch }: Meant): Promise<Town> {
  const emulators = await openEmulators(recordTo ? { recordTo } : {});
  enterApp(emulators, origin);
  const product = new Product({
    ...environment(emulators, { publicUrl: origin, folder: folder.run, keys: folder.keys }),
    PORT: String(await freePort()),
    LOG_LEVEL: 'warn',
  });
  product.on('output', (text: string) => appendFileSync(folder.log, text));
  const trail = new Trail();
  for (const emulator of Object.values(emulators) as Emulator[])
    emulator.on('change', touch).on('webhook', (sent: SentWebhook) => trail.note(sent));
  const extension = {
    bundleUrl: assets.bundleUrl,
    workerUrl: assets.workerUrl,
    appId: emulators.hubspot.world.app.appId,
    variables: { BACKEND_URL: origin },
  };
  return compose({ emulators, product, trail, extension, steps, touch });
}

interface Pieces {
  emulators: Emulators;
  product: Product;
  trail: Trail;
  extension: Snapshot['hubspot']['extension'];
  steps: string[];
  touch(): void;
}

function compose({ emulators, product, trail, extension, steps, touch }: Pieces): Town {
  const shelf = new FileShelf();
  const channels: ConnectedChannel[] = [];
  const chats = chatsOf(emulators);
  const trailId = (chat: Chat, messageId: string): string =>
    chat.app === 'telegram' ? telegramId(webhookOf(channels, chat), messageId) : messageId;
  const phones = () => chats.map((chat) => showPhone(chat, trail, shelf, trailId));
  const intercom = () => showIntercom(emulators.intercom, shelf);
  const hubspot = () => showHubspot(emulators.hubspot, shelf, extension);
  const said = ({ app, platform, direction }: Route) => {
    const chat = chats.find((one) => one.app === app && one.platform === platform);
    if (direction === 'in' && chat)
      return saidByCustomer(showPhone(chat, trail, shelf, trailId), (id) => trailId(chat, id));
    return saidByAgents(platform === 'intercom' ? intercom().conversations : hubspot().threads, app);
  };
  const faults = new FaultDesk(emulators, touch);
  const wire = new WireView(emulators, touch);
  const ledger = new LedgerView(excerptsFrom(said, trail), touch);
  const setup = new SetupSteps(steps, touch);
  const worker = new WorkerSwitch(product, touch);
  let version = 0;
  const snapshot = (): Snapshot => ({
    version: ++version,
    setup: setup.setup,
    phones: phones(),
    intercom: intercom(),
    hubspot: hubspot(),
    ledger: ledger.rows,
    wire: wire.calls,
    faults: faults.faults,
    worker: worker.worker,
  });
  return { emulators, product, chats, channels, faults, ledger, setup, shelf, worker, snapshot };
}

const webhookOf = (channels: ConnectedChannel[], chat: Chat): string =>
  channels.find((one) => one.type === 'telegram' && one.platform === chat.platform)?.webhookUrl ?? '';
