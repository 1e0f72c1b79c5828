/**
 * One process of the product: the real relay and the real store, put together as server/serve.ts does, on a host that
 * can be killed, frozen and set to a wrong time at any step.
 */
import type { Http, Io, Log } from '../../server/core/adapter.ts';
import { createBudgets } from '../../server/relay/budgets.ts';
import { createCatchUp } from '../../server/relay/catch-up.ts';
import { createCredentialKeeper } from '../../server/relay/credentials.ts';
import { type RelayDeps, TIMES } from '../../server/relay/deps.ts';
import { createMediaJob } from '../../server/relay/media-job.ts';
import { createRoster, type Roster } from '../../server/relay/roster.ts';
import { createWorker, type Worker } from '../../server/relay/worker.ts';
import { createConnectionStore } from '../../server/store/connections/connections.ts';
import { createLedger } from '../../server/store/ledger/ledger.ts';
import type { MediaFiles } from '../../server/store/media/media-files.ts';
import { createMediaRows } from '../../server/store/media/media-rows.ts';
import type { KeyRing } from '../../server/store/sealing/keyring.ts';
import type { DiskUser } from './disk.ts';
import type { Machine } from './machine.ts';
import { bytes } from './machine.ts';
import { createPeers } from './peers.ts';
import { end } from './processes.ts';
import type { Simulation } from './simulation.ts';

export interface Host extends DiskUser {
  name: string;
  /** What its clock shows beyond the true time, ms. */
  skew: number;
  /** Steps left until it is killed or frozen. */
  killIn: number;
  freezeIn: number;
  /** Answers to its writes left until it is killed with one in its hands. */
  killWithAnswerIn: number;
  frozenUntil: number;
  /** Webhooks arrive here; undefined while it starts or drains. */
  serving: boolean;
  deps: RelayDeps;
  outage(error: unknown): void;
  /** Who else is alive, where several processes share the database. */
  roster: Roster | undefined;
  /** An orderly stop, as for an upgrade. */
  drain(): Promise<void>;
}

/** How often a step lets others go first, and for how long (ms) it waits then. */
const YIELDS = 0.06;
const YIELD_MS = 30;

/** Shorter than the others wait, longer than that, longer than a lease; ms. */
const FREEZES: [number, number][] = [
  [500, 4_000],
  [4_000, 30_000],
  [30_000, 75_000],
];

export function createHost(simulation: Simulation, name: string, skew: number): Host {
  const { machine } = simulation;
  const host: Host = {
    name,
    skew,
    alive: true,
    serving: false,
    killIn: Number.POSITIVE_INFINITY,
    freezeIn: Number.POSITIVE_INFINITY,
    killWithAnswerIn: Number.POSITIVE_INFINITY,
    frozenUntil: 0,
    step: (label) => step(simulation, host, label),
    deps: undefined as unknown as RelayDeps,
    outage: () => undefined,
    roster: undefined,
    drain: async () => undefined,
  };
  const clock = { now: () => machine.now() + host.skew };
  const db = simulation.disk.open(host);
  const owner = `wrk_${name}`;
  const peers = simulation.alone ? undefined : createPeers(simulation.disk, machine, simulation.bell, host);
  const connections = createConnectionStore(db, KEYS, clock, owner);
  const io: Io = { http: simulation.network.http(host) as Http, clock, log: logOf(simulation, host) };
  const ledger = simulation.ledgerOf(
    createLedger(db, connections, clock, { owner, ...(peers ? { peers } : {}) }),
    host,
  );
  const adapter = (type: string) => simulation.adapters.get(type);
  host.deps = {
    ledger,
    connections,
    media: { rows: createMediaRows(db, connections.seal), files: simulation.files },
    adapter,
    credentials: createCredentialKeeper({ connections, adapter, io }),
    budgets: createBudgets({ ledger, io }),
    mediaLink: async (_workspaceId, mediaId) => `https://octopods.sim/media/${mediaId}`,
    io,
    owner,
    times: timesOf(simulation, host),
  };
  host.roster = peers && createRoster(host.deps, peers, owner);
  return host;
}

/** Starts what `npm start` starts. A process that is alone with its database takes over what the last one held. */
export async function boot(simulation: Simulation, host: Host): Promise<void> {
  if (simulation.alone) await host.deps.ledger.takeOver();
  const worker = createWorker(host.deps);
  const mediaJob = createMediaJob(host.deps);
  const catchUp = createCatchUp(host.deps);
  host.outage = catchUp.outage;
  host.drain = () => drain(simulation, host, { worker, mediaJob, catchUp });
  await host.roster?.start();
  worker.start();
  mediaJob.start();
  catchUp.start();
  host.serving = true;
}

async function drain(
  simulation: Simulation,
  host: Host,
  parts: { worker: Worker; mediaJob: { stop(): Promise<void> }; catchUp: { stop(): void } },
): Promise<void> {
  host.serving = false;
  parts.catchUp.stop();
  await Promise.all([parts.worker.drain(20_000), parts.mediaJob.stop()]);
  await host.roster?.stop();
  end(simulation, host, 'it has drained', 'upgrade');
}

const never = (): Promise<never> => new Promise(() => undefined);

/** Every statement, request and answer passes here. */
function step(simulation: Simulation, host: Host, label: string): Promise<void> | undefined {
  if (!host.alive) return never();
  host.killIn -= 1;
  host.freezeIn -= 1;
  if (label.startsWith('after the answer to POST')) host.killWithAnswerIn -= 1;
  if (host.killIn <= 0 || host.killWithAnswerIn <= 0) {
    end(simulation, host, label, 'crash');
    return never();
  }
  const inTransaction = label.startsWith('in a transaction');
  if (host.freezeIn <= 0 && !inTransaction) freeze(simulation, host, label);
  if (host.frozenUntil > simulation.machine.now() && !inTransaction) return thaw(simulation, host);
  if (!simulation.machine.random.chance(YIELDS)) return undefined;
  return revive(host, simulation.machine.pause(simulation.machine.random.between(0, YIELD_MS)));
}

function freeze(simulation: Simulation, host: Host, label: string): void {
  const { random } = simulation.machine;
  const ms = random.between(...random.pick(FREEZES));
  host.freezeIn = simulation.faulty && random.chance(0.5) ? random.between(1, 400) : Number.POSITIVE_INFINITY;
  host.frozenUntil = simulation.machine.now() + ms;
  simulation.count('process frozen');
  if (ms > TIMES.lease) simulation.count('process frozen beyond its lease');
  simulation.trace(host.name, `freezes for ${ms} ms at: ${label}`);
}

async function thaw(simulation: Simulation, host: Host): Promise<void> {
  while (host.frozenUntil > simulation.machine.now())
    await revive(host, simulation.machine.pause(host.frozenUntil - simulation.machine.now()));
}

const revive = (host: Host, pause: Promise<void>): Promise<void> =>
  pause.then(() => (host.alive ? undefined : never()));

/** Polling sooner than something is due finds nothing: skipping those polls saves hours of them. */
function timesOf({ disk, machine }: Simulation, host: Host): RelayDeps['times'] {
  const lanes = disk.statement('select min(due) as due from lane where pending > 0');
  const media = disk.statement("select min(due) as due from media where state = 'waiting'");
  const due = (row: unknown): number => (row as { due: number | null }).due ?? Number.POSITIVE_INFINITY;
  return {
    ...TIMES,
    get poll() {
      const next = Math.min(due(lanes.get()), due(media.get())) - (machine.now() + host.skew);
      return Math.min(Math.max(next, TIMES.poll), 20_000);
    },
  };
}

/** Wrapping keys is no part of what is simulated; the real ring works in threads of its own, whose turns are not ours. */
const KEYS: KeyRing = {
  newDataKey: () => bytes(32),
  isCurrent: () => true,
  holds: () => true,
  wrap: async (key) => Buffer.from(key).toString('base64'),
  unwrap: async (wrapped) => Buffer.from(wrapped, 'base64'),
};

function logOf(simulation: Simulation, host: Host): Log {
  const line =
    (level: string): Log['info'] =>
    (fields, message) =>
      simulation.trace(host.name, `${level}: ${message} ${JSON.stringify(fields)}`);
  return { info: line('info'), warn: line('warning'), error: line('error') };
}

/** Files survive the process that wrote them, as on a disk; one that was not finished was never there. */
export function createFiles(machine: Machine): MediaFiles {
  const kept = new Map<string, Buffer>();
  return {
    write: async (id, _key, body) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of body) chunks.push(chunk);
      await machine.pause(machine.random.between(0, 20));
      kept.set(id, Buffer.concat(chunks));
      return kept.get(id)?.length ?? 0;
    },
    read: async function* (id) {
      const file = kept.get(id);
      if (!file) throw new Error(`no file ${id}`);
      yield file;
    },
    remove: async (id) => void kept.delete(id),
  };
}
