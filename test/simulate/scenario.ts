/** What people do and what goes wrong: first with faults, then without, until everything has come to rest. */
import type { Provider } from './channel-provider.ts';
import type { Host } from './host.ts';
import { WORKSPACE } from './processes.ts';
import type { Simulation } from './simulation.ts';

const MINUTE = 60_000;
const NEVER = Number.POSITIVE_INFINITY;
/** Everything must have come right this long after the last fault: retries wait for a quarter of an hour at most. */
const PATIENCE_MS = 3 * 60 * MINUTE;

export interface Played {
  /** False: something was still under way when patience ended. */
  settled: boolean;
  /** How often each event was sent again by hand. */
  resent: Map<string, number>;
}

export async function play(simulation: Simulation): Promise<Played> {
  const { machine } = simulation;
  const length = machine.random.between(45_000, 4 * MINUTE);
  const resent = new Map<string, number>();
  customersWrite(simulation, length);
  agentsWrite(simulation, length);
  thingsGoWrong(simulation, length);
  resendsByHand(simulation, length, resent);
  let over = false;
  machine.after(length, () => {
    over = true;
  });
  await machine.run(() => over, Number.POSITIVE_INFINITY);
  allIsWell(simulation);
  const settled = await machine.run(atRest(simulation), machine.now() + PATIENCE_MS);
  return { settled, resent };
}

/** Equal texts on purpose: people answer "ok" more than once, and a look-up must not take one for another. */
const TEXTS = [
  'ok',
  'ok',
  'yes',
  'hello?',
  'thanks',
  'Where is my parcel? It was due on Monday and did not come.',
];

function customersWrite(simulation: Simulation, length: number): void {
  const { machine, providers } = simulation;
  const { random } = machine;
  const conversations: { provider: Provider; customer: string }[] = [];
  const people = random.between(1, 3);
  for (let index = 0; index < 3; index += 1) {
    const provider = random.pick(providers);
    const person = random.between(1, people);
    const customer = provider.host.startsWith('silent') ? `user-${person}` : `+44770090010${person}`;
    conversations.push({ provider, customer });
  }
  for (let written = random.between(6, 12); written > 0; written -= 1) {
    const { provider, customer } = random.pick(conversations);
    const begin = random.between(0, length * 0.9);
    const burst = random.chance(0.3) ? random.between(2, 3) : 1;
    for (let index = 0; index < burst; index += 1)
      machine.after(begin + index * random.between(0, 900), () =>
        provider.customerWrites(customer, random.pick(TEXTS), fileOrNot(simulation)),
      );
  }
}

const fileOrNot = ({ machine: { random } }: Simulation): string | undefined =>
  random.chance(0.12) ? `file ${random.between(1, 1_000_000)}` : undefined;

function agentsWrite(simulation: Simulation, length: number): void {
  const { machine, platform } = simulation;
  const { random } = machine;
  for (let written = random.between(5, 10); written > 0; written -= 1)
    machine.after(random.between(1_000, length), () => {
      const shown = platform.threads.filter((thread) => thread.parts.length > 0);
      if (shown.length === 0) return;
      const thread = random.pick(shown);
      for (let burst = random.chance(0.3) ? 2 : 1; burst > 0; burst -= 1)
        platform.agentWrites(thread, random.pick(TEXTS), fileOrNot(simulation));
    });
}

function thingsGoWrong(simulation: Simulation, length: number): void {
  const { machine, providers, platform, disk } = simulation;
  const { random } = machine;
  const sometime = (task: () => void) => machine.after(random.between(0, length), task);
  if (random.chance(0.25))
    sometime(() => {
      const party = random.pick([platform, ...providers]);
      party.revokedUntil = machine.now() + random.between(5_000, 3 * MINUTE);
      simulation.trace('world', `${party.host} answers 401 for a while`);
    });
  if (random.chance(0.25))
    sometime(() => {
      disk.broken = true;
      simulation.trace('world', 'the disk is full');
      machine.after(random.between(200, 15_000), () => {
        disk.broken = false;
        simulation.trace('world', 'the disk has room again');
      });
    });
  if (random.chance(0.25))
    sometime(() => {
      disk.ambiguousCommit = true;
    });
  if (random.chance(0.25)) sometime(() => jump(simulation));
  if (random.chance(0.2))
    sometime(() => {
      const host = simulation.hosts.find((one) => one.alive && one.serving);
      if (host) void host.drain();
    });
}

/** Forward by a few seconds (what look-ups and leases have to spare), back by as much as a minute. */
function jump(simulation: Simulation): void {
  const { random } = simulation.machine;
  const by = random.chance(0.5)
    ? random.between(500, 3_000)
    : -random.between(500, simulation.alone ? MINUTE : 3_000);
  simulation.count('clock jumped');
  simulation.trace('world', `every clock jumps by ${by} ms`);
  simulation.skew += by;
  for (const host of simulation.hosts) host.skew += by;
}

/** Somebody looks at what failed or stayed unknown, and presses Resend. */
function resendsByHand(simulation: Simulation, length: number, resent: Map<string, number>): void {
  const { machine, disk } = simulation;
  const { random } = machine;
  const troubled = disk.statement(
    "select id from event where kind = 'message' and status in ('failed', 'unknown')",
  );
  for (let look = 0; look < 4; look += 1)
    machine.after(random.between(0, length), () => {
      const host = simulation.hosts.find((one) => one.alive && one.serving);
      for (const { id } of troubled.all() as { id: string }[])
        if (host && random.chance(0.4)) void resend(simulation, host, id, resent);
    });
}

async function resend(
  simulation: Simulation,
  host: Host,
  id: string,
  resent: Map<string, number>,
): Promise<void> {
  resent.set(id, (resent.get(id) ?? 0) + 1);
  simulation.count('resent by hand');
  const answer = await host.deps.ledger.resend(WORKSPACE, id).catch((error) => String(error));
  simulation.trace(host.name, `resend ${id}: ${answer}`);
}

function allIsWell(simulation: Simulation): void {
  simulation.faulty = false;
  simulation.disk.broken = false;
  simulation.disk.ambiguousCommit = false;
  simulation.platform.revokedUntil = 0;
  for (const provider of simulation.providers) provider.revokedUntil = 0;
  for (const host of simulation.hosts)
    Object.assign(host, { killIn: NEVER, freezeIn: NEVER, killWithAnswerIn: NEVER });
  // Whoever has seen an outage catches up at once; otherwise the interval does, five minutes later at most.
  if (simulation.machine.random.chance(0.8))
    for (const host of simulation.hosts) host.outage(new Error('the disk was full'));
  simulation.trace('world', 'from now on nothing goes wrong');
}

/** Looked at every few seconds: nothing travels, nothing waits, and every message that was written is in the ledger. */
function atRest(simulation: Simulation): () => boolean {
  const { machine, disk, truth, network } = simulation;
  const waiting = disk.statement(
    "select (select count(*) from delivery where open = 1) + (select count(*) from media where state = 'waiting') as n",
  );
  const known = disk.statement("select count(*) as n from event where kind = 'message'");
  const count = (row: unknown): number => (row as { n: number }).n;
  // The providers' last receipts come up to a minute after a send.
  const earliest = machine.now() + MINUTE;
  let rest = false;
  const look = () => {
    const quiet = network.travelling() === 0 && count(waiting.get()) === 0;
    rest =
      machine.now() > earliest &&
      !disk.raw.inTransaction &&
      quiet &&
      count(known.get()) >= truth.written.size;
    if (!rest) machine.after(5_000, look);
  };
  look();
  return () => rest;
}
