/**
 * Changing keys: everything that the key ring has wrapped (each workspace's data key, the audit trail's) is wrapped anew
 * by its first key. What the data keys have sealed stays as it is, so servers go on working meanwhile.
 */

import type { Database } from '../database/open.ts';
import type { KeyRing } from './keyring.ts';

/** The settings whose value the ring has wrapped. */
const WRAPPED_SETTINGS = ['audit key'];

export interface Rotation {
  /** How many keys are wrapped anew now, and how many were already. */
  wrapped: number;
  current: number;
}

/** Safe to repeat, and to interrupt. Throws when a key is needed that the ring does not hold; what was done stays done. */
export async function rotate(db: Database, keys: KeyRing): Promise<Rotation> {
  const done: Rotation = { wrapped: 0, current: 0 };
  for (const { wrapped, replace } of await wrappedKeys(db)) {
    const again = keys.isCurrent(wrapped) ? undefined : await keys.wrap(await keys.unwrap(wrapped));
    if (again === undefined) done.current += 1;
    else {
      await replace(again);
      done.wrapped += 1;
    }
  }
  return done;
}

/** Throws, in words for an operator, when something in the database is wrapped by a key that the ring does not hold. */
export async function checkKeys(db: Database, keys: KeyRing): Promise<void> {
  const missing = (await wrappedKeys(db)).filter(({ wrapped }) => !keys.holds(wrapped));
  if (missing.length === 0) return;
  throw new Error(
    `OCTOPODS_KEYS does not hold the key that sealed what is in this database (${missing
      .map((one) => one.of)
      .slice(0, 3)
      .join(
        ', ',
      )}${missing.length > 3 ? ` and ${missing.length - 3} more` : ''}). Put the old key back behind the new one, start, run "npm run octopods -- keys rotate", and only then leave the old one out. See docs/running.md.`,
  );
}

interface Wrapped {
  /** In an operator's words. */
  of: string;
  wrapped: string;
  /** Only if it is still what was read: a workspace may be archived at this moment. */
  replace(again: string): Promise<unknown>;
}

async function wrappedKeys(db: Database): Promise<Wrapped[]> {
  const workspaces = await db
    .selectFrom('workspace')
    .select(['id', 'wrapped_key'])
    .where('wrapped_key', 'is not', null)
    .orderBy('id')
    .execute();
  const settings = await db.selectFrom('setting').selectAll().where('key', 'in', WRAPPED_SETTINGS).execute();
  return [
    ...workspaces.map(({ id, wrapped_key }) => ({
      of: `workspace ${id}`,
      wrapped: wrapped_key as string,
      replace: (again: string) =>
        db
          .updateTable('workspace')
          .set({ wrapped_key: again })
          .where('id', '=', id)
          .where('wrapped_key', '=', wrapped_key)
          .execute(),
    })),
    ...settings.map(({ key, value }) => ({
      of: `the ${key}`,
      wrapped: value,
      replace: (again: string) =>
        db
          .updateTable('setting')
          .set({ value: again })
          .where('key', '=', key)
          .where('value', '=', value)
          .execute(),
    })),
  ];
}
