import { isDatabaseDown } from './refusals.ts';

/** Longer than SQLite's own wait for a lock, so that requests get their turn in between. */
const AGAIN_MS = 500;

/**
 * For what has happened outside already: it is written down as soon as the database can be written, however long that
 * takes. Forgetting it would make a message that was delivered "perhaps delivered". The write must bear being done
 * twice: a connection may break behind its commit.
 */
export async function untilWritable<Result>(write: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!isDatabaseDown(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
