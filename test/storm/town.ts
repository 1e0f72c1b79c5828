/** The real server between simulated systems whose patience is shortened, so that a storm lasts seconds, not days. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
import type { Town } from '../support/town.ts';

export interface StormOptions {
  /** SQLite in a folder of its own without it. */
  databaseUrl?: string;
  /** Where the database lies; made and removed with the town without it. */
  folder?: string;
  /** More of the environment, once it is known where the simulated systems are. */
  env?(emulators: Emulators): Promise<Record<string, string>>;
  recordTo?: string;
}

const often = (waitMs: number): number[] => Array<number>(600).fill(waitMs);

/** Every sender comes again soon; those that give up do so after a second. */
const HURRIED: EmulatorOptions = {
  telegram: { webhookRetryAfterMs: often(500), webhookTimeoutMs: 20_000 },
  meta: { webhookRetryAfterMs: often(500) },
  intercom: { webhookRetryMs: 1_000 },
  hubspot: { webhookRetryMs: [1_000], callsPer10s: 20_000, searchesPerSecond: 500 },
};

export async function openStorm(options: StormOptions = {}): Promise<Town> {
  const record = options.recordTo ? { recordTo: options.recordTo } : {};
  const emulators = await openEmulators({ ...HURRIED, ...record });
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'octopods-storm-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  enterApp(emulators, url);
  const env: Record<string, string> = {
    ...environment(emulators, { publicUrl: url, folder, keys: randomBytes(32).toString('base64') }),
    ...(options.databaseUrl ? { DATABASE_URL: options.databaseUrl } : {}),
    PORT: String(port),
    ...(await options.env?.(emulators)),
  };
  const product = await new Product(env).start();
  const { api, channels }: { api: Api; channels: ConnectedChannel[] } = await setUp(emulators, url);
  const close = async () => {
    await product.kill();
    await closeEmulators(emulators);
    if (!options.folder) rmSync(folder, { recursive: true, force: true });
  };
  const channel: Town['channel'] = (platform, type) => {
    const found = channels.find((one) => one.platform === platform && one.type === type);
    if (!found) throw new Error(`no ${type} channel on ${platform}`);
    return found;
  };
  return {
    emulators,
    product,
    url,
    api,
    channels,
    env,
    channel,
    close,
    databaseFile: join(folder, 'octopods.db'),
  };
}
