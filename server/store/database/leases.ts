/** What only one process may do at a time: a row per name that is somebody's for a while. */
import { randomBytes } from 'node:crypto';
import type { Database } from './open.ts';
import { untilWritable } from './until-writable.ts';

/** A process, or what stands for one. */
export const newOwner = (): string => `wrk_${randomBytes(6).toString('hex')}`;

export interface Alone {
  /** `ms`: after that others may, even if this one still does (it was killed, most likely). */
  ms: number;
  owner: string;
  now: number;
}

/** Does it while nobody else does. `busy`: somebody else is at it, nothing was done. */
export async function alone<Result>(
  db: Database,
  name: string,
  { ms, owner, now }: Alone,
  work: () => Promise<Result>,
): Promise<Result | 'busy'> {
  const holder = randomBytes(6).toString('hex');
  const mine = { owner, holder, until: now + ms };
  const taken = await db
    .insertInto('lease')
    .values({ name, ...mine })
    .onConflict((it) => it.column('name').doUpdateSet(mine).where('lease.until', '<=', now))
    .executeTakeFirst();
  if (taken.numInsertedOrUpdatedRows !== 1n) return 'busy';
  const giveBack = () =>
    db.deleteFrom('lease').where('name', '=', name).where('holder', '=', holder).execute();
  try {
    return await work();
  } finally {
    // Nobody waits for a database that went away meanwhile; left there, it would keep the others from it for `ms`.
    await giveBack().catch(() => void untilWritable(giveBack).catch(() => undefined));
  }
}
