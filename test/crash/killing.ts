/** kill -9, again and again: at random moments and at forced points, one server at a time, each started again. */
import type { Product } from '../../playground/town/product.ts';
import type { Chance } from './chance.ts';
import type { Passing } from './gate.ts';
import { type Load, tokensOf } from './load.ts';
import { type Point, type PointKind, PUBLICATION, pointsOf } from './points.ts';
import type { CrashTown } from './town.ts';

/** Of a hundred kills. */
const SHARES: [PointKind, number][] = [
  ['random', 45],
  ['starting', 10],
  ['acknowledging', 15],
  ['settling', 25],
  ['refreshing', 5],
];
/** A random kill comes when so many texts more were served. */
const SERVED_BETWEEN = [1, 12] as const;
/**
 * A forced one gives its point so many to come about. Most take a few; an early renewal that came to nothing, as on a
 * busy machine, is tried again after half a minute, at a hundred texts a second.
 */
const PATIENCE_SERVED = 3_000;
/** Nothing at all was served for this long: something is broken, and the run says so instead of hanging, ms. */
const STUCK_MS = 180_000;
/** Starts of a server before it counts as dead for good. */
const STARTS = 5;
/** How long a killed server's message may stay away before its takeover counts as missing, ms. */
const TAKEOVER_MS = 20_000;

export interface Kills {
  /** By kind, and by the point's own name. */
  done: Record<PointKind, number>;
  byPoint: Map<string, number>;
  /** From the kill to the publication's next acceptance, ms; on SQLite from when the server served again. */
  takeovers: number[];
}

export const newKills = (): Kills => ({
  done: { random: 0, starting: 0, acknowledging: 0, settling: 0, refreshing: 0 },
  byPoint: new Map(),
  takeovers: [],
});

export interface Loop {
  town: CrashTown;
  load: Load;
  chance: Chance;
  kills: Kills;
}

/** Kills once and starts again. `wanted`: this point, or whatever chance says. */
export async function killOnce(loop: Loop, wanted?: Point | PointKind): Promise<void> {
  const { chance } = loop;
  const kind = typeof wanted === 'object' ? wanted.kind : (wanted ?? chosenKind(chance));
  const points = pointsOf(kind).filter((one) => !(one.newcomer && loop.load.closed));
  const point = typeof wanted === 'object' ? wanted : points.length > 0 ? chance.oneOf(points) : undefined;
  if (point) return killAt(loop, point);
  const [low, high] = SERVED_BETWEEN;
  await served(loop, chance.between(low, high));
  const victim = chance.between(0, loop.town.servers.length - 1);
  await dies(loop, victim, kind);
  if (kind === 'starting') await diesStarting(loop, serverOf(loop, victim));
  await livesAgain(loop, victim);
}

/** A busy machine may take longer than a start is waited for: it is tried again, so that only a refusal ends the run. */
async function livesAgain(loop: Loop, index: number): Promise<void> {
  const server = serverOf(loop, index);
  for (let tries = 1; ; tries += 1)
    try {
      await server.start();
      break;
    } catch (error) {
      if (tries === STARTS || !/not ready in time/.test(String(error))) throw error;
      await server.kill();
    }
  loop.load.serves();
}

function chosenKind(chance: Chance): PointKind {
  let ticket = chance.next() * 100;
  for (const [kind, share] of SHARES) {
    ticket -= share;
    if (ticket < 0) return kind;
  }
  return 'random';
}

const serverOf = ({ town }: Loop, index: number): Product => {
  const server = town.servers[index];
  if (!server) throw new Error(`there is no server ${index}`);
  return server;
};

/** Waits for the point to come about; when it does not, the kill is a random one. */
async function killAt(loop: Loop, point: Point): Promise<void> {
  const { town, load, chance } = loop;
  if (point.newcomer) load.wantsNewcomer(point.newcomer);
  let death: Promise<void> | undefined;
  let caught: Passing | undefined;
  const sprung = new Promise<void>((resolve) => {
    town.trap = {
      door: point.door,
      wants: point.wants,
      springs: (passing) => {
        caught = passing;
        death = dies(loop, passing.server, point.kind, point.name);
        resolve();
      },
    };
  });
  await Promise.race([sprung, served(loop, PATIENCE_SERVED)]);
  town.trap = undefined;
  if (!caught) {
    const victim = chance.between(0, town.servers.length - 1);
    await dies(loop, victim, 'random');
    return livesAgain(loop, victim);
  }
  const killedAt = Date.now();
  await death;
  const again = point === PUBLICATION ? goesOn(town, caught) : undefined;
  await livesAgain(loop, caught.server);
  if (again === undefined) return;
  const since = town.servers.length > 1 ? killedAt : Date.now();
  loop.kills.takeovers.push(Math.max(0, (await again) - since));
}

/** When a message that the dead server had published is accepted again, under the same key. */
function goesOn(town: CrashTown, passing: Passing): Promise<number> {
  const [token] = tokensOf('hubspot', passing);
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(), TAKEOVER_MS);
    const watch: CrashTown['watchers'][number] = (door, next) => {
      if (door === 'hubspot' && PUBLICATION.wants(next) && tokensOf(door, next).includes(token ?? '')) end();
    };
    function end(): void {
      clearTimeout(timer);
      town.watchers.splice(town.watchers.indexOf(watch), 1);
      resolve(Date.now());
    }
    town.watchers.push(watch);
  });
}

async function dies(loop: Loop, index: number, kind: PointKind, name?: string): Promise<void> {
  const server = serverOf(loop, index);
  loop.load.dies();
  loop.kills.done[kind] += 1;
  if (name) loop.kills.byPoint.set(name, (loop.kills.byPoint.get(name) ?? 0) + 1);
  await server.kill();
}

/** Started, and killed before it serves: somewhere in its taking over, or before it. */
async function diesStarting({ chance }: Loop, server: Product): Promise<void> {
  const starting = server.start();
  // Its own second start makes it ready.
  starting.catch(() => undefined);
  await Promise.race([starting, new Promise((resolve) => setTimeout(resolve, chance.between(50, 700)))]);
  await server.kill();
}

async function served({ load, town }: Loop, more: number): Promise<void> {
  let stuck: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<never>((_resolve, reject) => {
    stuck = setTimeout(() => {
      const said = town.servers.map((server) => server.output.slice(-2_000)).join('\n');
      reject(new Error(`nothing more was served within ${STUCK_MS / 1_000} s:\n${said}`));
    }, STUCK_MS);
  });
  await Promise.race([load.untilServed(more), tooLong]).finally(() => clearTimeout(stuck));
}
