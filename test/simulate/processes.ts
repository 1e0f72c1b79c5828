/** Starting and ending the product's processes. */
import { boot, createHost, type Host } from './host.ts';
import type { Simulation } from './simulation.ts';
import { holdsAnAcceptance } from './watch.ts';

export const WORKSPACE = 'wsp_simulated';

/** Links the workspace and its channels before anything can go wrong, then starts one process or two. */
export async function firstProcesses(simulation: Simulation): Promise<void> {
  const { connections } = createHost(simulation, 'install', 0).deps;
  let done = false;
  void install(simulation, connections).then(() => {
    done = true;
  });
  await simulation.machine.run(() => done, Number.POSITIVE_INFINITY);
  void start(simulation);
  if (simulation.alone) return;
  void start(simulation);
  simulation.count('two processes at work');
}

async function install(simulation: Simulation, connections: Host['deps']['connections']): Promise<void> {
  await connections.addWorkspace({
    id: WORKSPACE,
    account_id: 'acc_simulated',
    platform: simulation.platformKind,
    external_id: 'account-of-platform',
    name: 'Workspace',
    connected_by: 'per_simulated',
    credentials: { token: 'none', until: 0 },
    settings: {},
  });
  for (const { id } of simulation.channels)
    await connections.addChannel({
      workspace_id: WORKSPACE,
      id: `chn_${id}`,
      type: id,
      medium: id,
      external_id: `account-of-${id}`,
      name: id,
      status: 'connected',
      credentials: { token: 'none', until: 0 },
      settings: { hubspot: { channel_account_id: `chn_${id}` } },
    });
}

async function start(simulation: Simulation): Promise<void> {
  const { random } = simulation.machine;
  simulation.started += 1;
  const skew = simulation.alone ? simulation.skew : simulation.skew + random.between(-400, 400);
  const host = createHost(simulation, `process-${simulation.started}`, skew);
  simulation.hosts.push(host);
  simulation.trace(host.name, 'starts');
  mischief(simulation, host);
  // A process that cannot start ends, and is started again.
  await boot(simulation, host).catch((error) => {
    if (host.alive) end(simulation, host, `its start: ${error}`, 'crash');
  });
}

/** Decides at which of its steps this process will be killed or frozen. */
function mischief({ machine: { random }, faulty, alone }: Simulation, host: Host): void {
  if (!faulty) return;
  if (random.chance(0.4)) host.killIn = random.between(1, random.pick([60, 600, 3_000]));
  if (random.chance(0.15)) host.killWithAnswerIn = random.between(1, 12);
  if (random.chance(alone ? 0.15 : 0.35)) host.freezeIn = random.between(1, random.pick([200, 2_000]));
}

/** Everything in its memory is gone; another one starts after a while. */
export function end(simulation: Simulation, host: Host, at: string, how: 'crash' | 'upgrade'): void {
  const { machine, disk } = simulation;
  simulation.count(how);
  if (how === 'crash' && holdsAnAcceptance(simulation, host))
    simulation.count('crash between acceptance and settling');
  simulation.trace(host.name, how === 'crash' ? `KILLED at: ${at}` : 'stops in order');
  host.alive = false;
  host.serving = false;
  disk.killed(host);
  simulation.hosts = simulation.hosts.filter((one) => one !== host);
  const downFor = machine.random.chance(0.15)
    ? machine.random.between(20_000, 90_000)
    : machine.random.between(50, 4_000);
  machine.after(downFor, () => void start(simulation));
}
