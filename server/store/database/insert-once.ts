import { AlreadyLinked, isTaken } from './refusals.ts';

/** The unique index decides, not a look before: two admins at once cannot both win. */
export async function insertOnce(insert: { execute(): Promise<unknown> }): Promise<void> {
  try {
    await insert.execute();
  } catch (error) {
    if (isTaken(error)) throw new AlreadyLinked('already connected');
    throw error;
  }
}
