/**
 * The world of the crash loop: the emulators, one or more real servers on one database, and gates on every way in and
 * out. Nothing in the product knows of it: it is given other addresses, as a proxy in an operator's network would be.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Api, type ConnectedChannel, setUp } from '../../playground/town/admin.ts';
import {
  closeEmulators,
  type Emulators,
  enterApp,
  environment,
  openEmulators,
} from '../../playground/town/emulators.ts';
import { freePort, Product } from '../../playground/town/product.ts';
import { type Gate, openGate, type Passing } from './gate.ts';

/** Whose door a call went through: our own (`in`), or an API's. */
export type Door = 'in' | 'intercom' | 'hubspot' | 'meta' | 'telegram' | 'twilio';

/** Where the next crash is to happen. */
export interface Trap {
  door: Door;
  wants(passing: Passing): boolean;
  /** The answer is there and is kept back: nobody hears of it any more. */
  springs(passing: Passing): void;
}

type Watcher = (door: Door, passing: Passing) => void;

export interface CrashTown {
  emulators: Emulators;
  servers: Product[];
  api: Api;
  channels: ConnectedChannel[];
  databaseUrl: string;
  /** Gone when it closes. */
  folder: string;
  /** Set by whoever wants a crash at one point; gone once it has sprung. */
  trap: Trap | undefined;
  /** Told of every call that was answered, whether that is passed on or kept back. */
  watchers: Watcher[];
  /** Calls of this server that are out at this moment. */
  underWay(server: number): { door: Door; passing: Passing }[];
  close(): Promise<void>;
}

export interface CrashTownOptions {
  processes: number;
  /** Without it: SQLite in the town's own folder. */
  postgresUrl?: string;
  /** The folder in which `server/main.ts` stands; this repository's without it. */
  tree?: string;
}

/** Redelivers like the real ones, but in a hurry: a crash loop is over in minutes, not in days. */
const PATIENCE = {
  telegram: {
    webhookRetryAfterMs: Array<number>(20_000).fill(100),
    budget: { burst: 100_000, perSecond: 100_000 },
  },
  meta: {
    webhookRetryAfterMs: Array<number>(20_000).fill(200),
    statusAfterMs: { sent: 50, delivered: 200 },
    numberBudget: { burst: 100_000, perSecond: 100_000 },
    pairBudget: { burst: 100_000, perSecond: 100_000 },
  },
  // Once more after a minute, then never: the minute is a second here.
  intercom: { webhookRetryMs: 1_000, callsPer10s: 1_000_000 },
  hubspot: {
    webhookRetryMs: [300, 1_000],
    callsPer10s: 1_000_000,
    searchesPerSecond: 100_000,
    // Renewed five minutes before its end: every second.
    accessTokenTtlMs: 301_000,
  },
};

const API_DOORS: Record<Exclude<Door, 'in'>, string[]> = {
  intercom: ['INTERCOM_API_URL'],
  hubspot: ['HUBSPOT_API_URL'],
  meta: ['META_GRAPH_URL'],
  telegram: ['TELEGRAM_API_URL'],
  twilio: ['TWILIO_API_URL', 'TWILIO_MESSAGING_URL'],
};
const DOORS = Object.keys(API_DOORS) as Exclude<Door, 'in'>[];

export async function openCrashTown(options: CrashTownOptions): Promise<CrashTown> {
  const emulators = await openEmulators(PATIENCE);
  const folder = mkdtempSync(join(tmpdir(), 'octopods-crash-'));
  const servers: Product[] = [];
  const doors: Map<Door, Gate>[] = [];
  const town = {
    emulators,
    servers,
    folder,
    databaseUrl: options.postgresUrl ?? `sqlite:${folder}/octopods.db`,
    trap: undefined as Trap | undefined,
    watchers: [] as Watcher[],
  };
  const answered = (door: Door) => (passing: Passing) => {
    const { trap } = town;
    const caught = trap?.door === door && trap.wants(passing);
    if (caught) {
      town.trap = undefined;
      trap.springs(passing);
    }
    for (const watch of town.watchers) watch(door, passing);
    return !caught;
  };
  const front = await openGate({ target: inTurn(servers), answered: answered('in') });
  enterApp(emulators, front.url);
  const keys = randomBytes(32).toString('base64');
  const common = {
    ...environment(emulators, { publicUrl: front.url, folder, keys }),
    DATABASE_URL: town.databaseUrl,
    LOG_LEVEL: 'error',
    // Half of a start is Node reading TypeScript: read once here, and again from this folder.
    NODE_COMPILE_CACHE: join(folder, 'compiled'),
  };
  for (let index = 0; index < options.processes; index += 1) {
    const gates = new Map<Door, Gate>();
    for (const door of DOORS) {
      const target = () => ({ url: emulators[door].url, server: index });
      gates.set(door, await openGate({ target, answered: answered(door) }));
    }
    doors.push(gates);
    const outside = Object.fromEntries(
      DOORS.flatMap((door) => API_DOORS[door].map((key) => [key, gates.get(door)?.url ?? ''])),
    );
    const env = { ...common, ...outside, PORT: String(await freePort()) };
    const server = await new Product(env, options.tree).start();
    servers.push(server);
    if (index > 0) continue;
    // What was compiled is written at a clean end.
    await server.stop();
    await server.start();
  }
  const { api, channels } = await setUp(emulators, front.url);
  return Object.assign(town, {
    api,
    channels,
    underWay: (server: number) =>
      [...(doors[server] ?? [])].flatMap(([door, gate]) =>
        [...gate.underWay].map((passing) => ({ door, passing })),
      ),
    close: async () => {
      await Promise.all(servers.map((server) => server.kill()));
      await closeEmulators(emulators);
      for (const gate of [front, ...doors.flatMap((gates) => [...gates.values()])]) await gate.close();
      rmSync(folder, { recursive: true, force: true });
    },
  });
}

/** Each call goes to the next server that runs. */
function inTurn(servers: Product[]): () => { url: string; server: number } | undefined {
  let turn = 0;
  return () => {
    for (let tries = 0; tries < servers.length; tries += 1) {
      turn = (turn + 1) % servers.length;
      const server = servers[turn];
      if (server?.state === 'running') return { url: server.url, server: turn };
    }
    return undefined;
  };
}
