/**
 * The roster of processes (server/store/database/peers.ts) over the simulated disk: the same three statements' effect, each as
 * one step. The bell between processes rings late or not at all: it is only there to be quick.
 */
import type { Peers } from '../../server/store/database/peers.ts';
import type { Disk, DiskUser } from './disk.ts';
import type { Machine } from './machine.ts';

export interface Bell {
  /** Whoever is to hear of work in other processes. */
  listeners: Map<DiskUser, () => void>;
}

export const createBell = (): Bell => ({ listeners: new Map() });

const BEAT = `insert into worker (id, beats) values (?, 1)
  on conflict (id) do update set beats = worker.beats + 1`;
const OTHERS = 'select id, beats from worker where id <> ?';
const BURY = 'delete from worker where id = ? and beats = coalesce(?, beats)';
const TAKE_OVER = [
  'update lane set leased_until = 0, owner = null, due = :now, fence = fence + 1 where owner = :id',
  "update media set due = :now, owner = null where state = 'waiting' and owner = :id",
  'delete from lease where owner = :id',
];

export function createPeers(disk: Disk, machine: Machine, bell: Bell, user: DiskUser): Peers {
  const { statement } = disk;
  const never = (): Promise<never> => new Promise(() => undefined);
  const reach = async (): Promise<void> => {
    await user.step('the roster');
    if (!user.alive) return never();
    if (disk.broken) throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
  };
  const takeOver = async (id: string, beats: number | null, now: number): Promise<boolean> => {
    await reach();
    if (statement(BURY).run(id, beats).changes === 0) return false;
    for (const sql of TAKE_OVER) statement(sql).run({ id, ...(sql.includes(':now') ? { now } : {}) });
    return true;
  };
  return {
    ring: () => {
      for (const [other, listener] of bell.listeners)
        if (other !== user && other.alive && machine.random.chance(0.8))
          machine.after(machine.random.between(1, 60), () => other.alive && listener());
    },
    onRing: (listener) => void bell.listeners.set(user, listener),
    beat: async (id) => {
      await reach();
      statement(BEAT).run(id);
      return statement(OTHERS).all(id) as { id: string; beats: number }[];
    },
    takeOver: (dead, now) => takeOver(dead.id, dead.beats, now),
    leave: async (id, now) => void (await takeOver(id, null, now)),
    close: async () => undefined,
  };
}
