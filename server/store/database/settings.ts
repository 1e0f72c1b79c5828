/** The few facts that belong to the installation as a whole: the HubSpot channels' ids, the secret in their path. */
import type { Database } from './open.ts';

export interface SettingStore {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  /** The stored value, or `made` from now on; the same for everybody who asks at once. */
  getOrMake(key: string, made: string): Promise<string>;
}

export function createSettingStore(db: Database): SettingStore {
  const get = async (key: string) =>
    (await db.selectFrom('setting').select('value').where('key', '=', key).executeTakeFirst())?.value;
  return {
    get,
    set: async (key, value) => {
      await db
        .insertInto('setting')
        .values({ key, value })
        .onConflict((it) => it.column('key').doUpdateSet({ value }))
        .execute();
    },
    getOrMake: async (key, made) => {
      await db
        .insertInto('setting')
        .values({ key, value: made })
        .onConflict((it) => it.doNothing())
        .execute();
      return (await get(key)) ?? made;
    },
  };
}
