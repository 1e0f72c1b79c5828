/** One seed's world: the machine, the disk, the network, the parties, the product's processes, and what happened. */
import type { AnyAdapter } from '../../server/core/adapter.ts';
import { random } from '../../server/store/database/random.ts';
import type { Ledger } from '../../server/store/ledger/ledger.ts';
import type { MediaFiles } from '../../server/store/media/media-files.ts';
import { type Break, breaking } from './breaks.ts';
import { channelAdapter } from './channel-adapter.ts';
import { createProvider, type Provider } from './channel-provider.ts';
import type { Disk } from './disk.ts';
import { createFiles, type Host } from './host.ts';
import { createMachine, type Machine, occupy } from './machine.ts';
import { createNetwork, type Network, type Party } from './network.ts';
import { type Bell, createBell } from './peers.ts';
import { askedAdapter, keyedAdapter } from './platform-adapters.ts';
import { createPlatform, type Platform } from './platform-provider.ts';
import { firstProcesses } from './processes.ts';
import { CHANNELS, type ChannelProfile } from './profiles.ts';
import type { Random } from './random.ts';
import { createTruth, type Truth } from './truth.ts';
import { type ClaimRecord, watched } from './watch.ts';
import { type Fault, forecast, type Occurrence, type Weather } from './weather.ts';

export interface Simulation {
  seed: number;
  machine: Machine;
  disk: Disk;
  network: Network;
  files: MediaFiles;
  truth: Truth;
  weather: Weather;
  /** The safety phase: faults happen. Afterwards everything works, and all must come right. */
  faulty: boolean;
  /** One process is alone with its database (SQLite); several share it (Postgres). */
  alone: boolean;
  /** The rule that a negative control takes away. */
  remove: Break | undefined;
  hosts: Host[];
  /** How many processes have been started. */
  started: number;
  /** What the clock of the one machine shows beyond the true time, ms. */
  skew: number;
  bell: Bell;
  channels: ChannelProfile[];
  providers: Provider[];
  platform: Platform;
  platformKind: 'asked' | 'keyed';
  adapters: Map<string, AnyAdapter>;
  counts: Map<Occurrence, number>;
  claims: ClaimRecord[];
  /** Calls that were labelled *unknown*; a message of several says *failed* when another of its calls did. */
  doubted: Set<string>;

  adapter(id: string): AnyAdapter;
  party(host: string): Party;
  /** Whether this fault happens now; counted if it does. */
  fault(fault: Fault): boolean;
  count(what: Occurrence, times?: number): void;
  trace(who: string, what: string): void;
  /** The ledger as a process gets it: watched, and with a rule removed when a negative control asks for it. */
  ledgerOf(ledger: Ledger, host: Host): Ledger;
}

const PAGE = 4096;

export interface Options {
  seed: number;
  disk: Disk;
  remove?: Break | undefined;
  /** Gets every line of what happens. */
  print(line: string): void;
}

export async function createSimulation(options: Options): Promise<Simulation> {
  const machine = createMachine(options.seed);
  occupy(machine);
  options.disk.wipe();
  // Ids come from a page of random bytes: what the last seed left of it is thrown away.
  random(PAGE);
  const simulation = emptyWorld(options, machine);
  for (const profile of simulation.channels) {
    simulation.adapters.set(profile.id, channelAdapter(profile));
    simulation.providers.push(createProvider(simulation, profile, `account-of-${profile.id}`));
  }
  const { platformKind } = simulation;
  simulation.adapters.set(platformKind, platformKind === 'asked' ? askedAdapter() : keyedAdapter());
  simulation.platform = createPlatform(simulation, platformKind, 'account-of-platform');
  await firstProcesses(simulation);
  return simulation;
}

function emptyWorld({ seed, disk, remove, print }: Options, machine: Machine): Simulation {
  const { random } = machine;
  const began = machine.now();
  const simulation: Simulation = {
    seed,
    machine,
    disk,
    remove,
    network: createNetwork(() => simulation),
    files: createFiles(machine),
    truth: createTruth(),
    weather: forecast(random),
    faulty: true,
    alone: random.chance(0.5),
    hosts: [],
    started: 0,
    skew: 0,
    bell: createBell(),
    channels: someChannels(random),
    providers: [],
    platform: undefined as unknown as Platform,
    platformKind: random.pick(['asked', 'keyed'] as const),
    adapters: new Map(),
    counts: new Map(),
    claims: [],
    doubted: new Set(),
    adapter: (id) => simulation.adapters.get(id) as AnyAdapter,
    party: (host) =>
      [...simulation.providers, simulation.platform].find((party) => party.host === host) as Party,
    fault: (fault) => {
      const happens = simulation.faulty && random.chance(simulation.weather[fault]);
      if (happens) simulation.count(fault);
      return happens;
    },
    count: (what, times = 1) => void simulation.counts.set(what, (simulation.counts.get(what) ?? 0) + times),
    trace: (who, what) =>
      print(`${((machine.now() - began) / 1_000).toFixed(3).padStart(9)} ${who.padEnd(9)} ${what}`),
    ledgerOf: (ledger, host) => watched(simulation, breaking(simulation, ledger, remove), host),
  };
  return simulation;
}

const someChannels = (random: Random): ChannelProfile[] =>
  random.chance(0.5) ? CHANNELS.toSpliced(random.between(0, 2), 1) : [random.pick(CHANNELS)];
