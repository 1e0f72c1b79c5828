/**
 * A town for one test file: the simulated world, Octopods as a process of its own with a database of its own, and an
 * admin who has installed it in both inboxes and connected all channels over HTTP.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { PlatformId } from '../../playground/page/api.ts';
import { type Api, type ConnectedChannel, setUp } from '../../playground/town/admin.ts';
import {
  closeEmulators,
  type EmulatorOptions,
  type Emulators,
  enterApp,
  environment,
  openEmulators,
} from '../../playground/town/emulators.ts';
import { freePort, Product } from '../../playground/town/product.ts';

export interface Town {
  emulators: Emulators;
  product: Product;
  /** PUBLIC_URL, and where the product listens. */
  url: string;
  api: Api;
  channels: ConnectedChannel[];
  /** The product's database, for a second connection. */
  databaseFile: string;
  /** The environment with which the product runs. */
  env: Record<string, string>;
  channel(platform: PlatformId, type: ConnectedChannel['type']): ConnectedChannel;
  close(): Promise<void>;
}

export interface TownOptions {
  emulators?: EmulatorOptions;
  /** False: the emulators and a running product that nobody has installed yet. */
  settled?: boolean;
}

export async function openTown(options: TownOptions = {}): Promise<Town> {
  const emulators = await openEmulators({ recordTo: inject('callsFile'), ...options.emulators });
  const folder = mkdtempSync(join(tmpdir(), 'octopods-town-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  enterApp(emulators, url);
  const keys = randomBytes(32).toString('base64');
  const env = { ...environment(emulators, { publicUrl: url, folder, keys }), PORT: String(port) };
  const product = await new Product(env).start();
  const { api, channels } =
    options.settled === false
      ? { api: undefined as unknown as Api, channels: [] }
      : await setUp(emulators, url);
  return {
    emulators,
    product,
    url,
    api,
    channels,
    databaseFile: join(folder, 'octopods.db'),
    env,
    channel: (platform, type) => {
      const found = channels.find((one) => one.platform === platform && one.type === type);
      if (!found) throw new Error(`no ${type} channel on ${platform}`);
      return found;
    },
    close: async () => {
      await product.kill();
      await closeEmulators(emulators);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface LedgerMessage {
  id: string;
  channel_id: string;
  direction: 'in' | 'out';
  status: string;
  reason?: string;
  history: { status: string; reason?: string }[];
}

/** The messages of a channel as the API tells them, newest first. */
export async function messagesOf(town: Town, channelId: string): Promise<LedgerMessage[]> {
  const { status, json } = await town.api.call<{ data: LedgerMessage[] }>(
    'GET',
    `/messages?channel_id=${channelId}&limit=100`,
  );
  if (status !== 200) throw new Error(`the messages could not be read: ${status}`);
  return json.data;
}
