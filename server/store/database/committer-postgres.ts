/**
 * Commits on Postgres: several transactions at a time, because each waits for the network and the disk, and Postgres
 * itself lets those that commit at the same moment share an fsync. What arrives together is written by few statements;
 * what locks lanes of its own has its own transaction, so that one slow lane holds up no other.
 */
import type { Committer, Handler } from './committer.ts';
import type { Database } from './open.ts';
import { isCollision, isDatabaseDown } from './refusals.ts';

interface Waiting {
  item: unknown;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}
type AnyHandler = Handler<unknown, unknown>;

/** How many items of a kind share a transaction, and how many such transactions run at a time. */
interface Shape {
  together: number;
  atOnce: number;
}
const ALONE: Shape = { together: 1, atOnce: 6 };
const TOGETHER: Shape = { together: 64, atOnce: 2 };
/** Collisions are rare, and one of the two goes through: more tries than this mean that something else is wrong. */
const TRIES = 6;

/** `together`: handlers whose items lock their rows in one order, so that they may share a transaction. */
export function createPostgresCommitter(db: Database, together: AnyHandler[]): Committer {
  const lines = new Map<AnyHandler, { queue: Waiting[]; running: number }>();
  let waiting = 0;

  const lineOf = (handler: AnyHandler) => {
    const line = lines.get(handler) ?? { queue: [], running: 0 };
    lines.set(handler, line);
    return line;
  };
  function pump(handler: AnyHandler): void {
    const line = lineOf(handler);
    const shape = together.includes(handler) ? TOGETHER : ALONE;
    while (line.queue.length > 0 && line.running < shape.atOnce) {
      const batch = line.queue.splice(0, shape.together);
      line.running += 1;
      void commitBatch(db, handler, batch).finally(() => {
        line.running -= 1;
        waiting -= batch.length;
        pump(handler);
      });
    }
  }
  return {
    run: <Item, Result>(handler: Handler<Item, Result>, item: Item) =>
      new Promise<Result>((resolve, reject) => {
        const line = lineOf(handler as AnyHandler);
        waiting += 1;
        line.queue.push({ item, resolve: resolve as (result: unknown) => void, reject });
        // What else this turn of the event loop brings goes along.
        if (line.queue.length === 1) setImmediate(() => pump(handler as AnyHandler));
      }),
    waiting: () => waiting,
  };
}

async function commitBatch(db: Database, handler: AnyHandler, batch: Waiting[]): Promise<void> {
  try {
    const results = await withoutCollision(() =>
      db
        .transaction()
        .setIsolationLevel('read committed')
        .execute((trx) =>
          handler(
            trx,
            batch.map((one) => one.item),
          ),
        ),
    );
    batch.forEach((one, index) => {
      one.resolve(results[index]);
    });
  } catch (error) {
    if (batch.length === 1 || isDatabaseDown(error)) for (const one of batch) one.reject(error);
    // One bad piece must not take the others down with it: each alone.
    else for (const one of batch) await commitBatch(db, handler, [one]);
  }
}

/** Again, when Postgres ended it for another transaction's sake: it was undone as a whole. */
export async function withoutCollision<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1)
    try {
      return await work();
    } catch (error) {
      if (!isCollision(error) || tries >= TRIES) throw error;
    }
}
