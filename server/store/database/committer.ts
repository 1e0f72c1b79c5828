/**
 * Group commit: pieces of work that wait together commit together, so that one fsync pays for all of them. Under load
 * a batch holds what arrived while the last one was being written; alone, a piece commits at once.
 */
import { CompiledQuery } from 'kysely';
import { createPostgresCommitter } from './committer-postgres.ts';
import { isPostgres } from './dialect.ts';
import { farFrom } from './far.ts';
import type { Database } from './open.ts';
import { checkpointsOf, openWayWithin } from './prepared.ts';
import { isDatabaseDown } from './refusals.ts';

/** A piece of work inside the shared transaction. `items` of one kind are handed over together, for multi-row writes. */
export type Handler<Item, Result> = (trx: Database, items: Item[]) => Promise<Result[]>;

/** For pieces that are written one by one and committed together. */
export const oneByOne =
  <Item, Result>(write: (trx: Database, item: Item) => Promise<Result>): Handler<Item, Result> =>
  async (trx, items) => {
    const results: Result[] = [];
    for (const item of items) results.push(await write(trx, item));
    return results;
  };

interface Waiting {
  handler: Handler<unknown, unknown>;
  item: unknown;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

export interface Committer {
  /** Resolves after the commit that made it durable. Rejects when nothing of it was written. */
  run<Item, Result>(handler: Handler<Item, Result>, item: Item): Promise<Result>;
  /** Pieces that wait for a commit now. */
  waiting(): number;
}

/**
 * So many pieces may wait for their commit before nothing more is let in: sixteen full batches, which even a slow disk
 * (an fsync of 50 ms) writes in about a second. A provider that hears "come again" does; one that waits for
 * longer than its own limit sends the same thing twice.
 */
export const CROWDED = 1_024;

/** Each piece takes 40 to 100 µs to write: more of them would keep what comes behind them waiting for more than 10 ms. */
const BATCH = 64;

/** `together`: see committer-postgres.ts; on SQLite, where one transaction runs at a time, everything shares it. */
export function createCommitter(db: Database, together: Handler<never, unknown>[] = []): Committer {
  const far = farFrom(db);
  if (far) return far.committer;
  return isPostgres(db)
    ? createPostgresCommitter(db, together as Handler<unknown, unknown>[])
    : createSqliteCommitter(db);
}

function createSqliteCommitter(db: Database): Committer {
  const queue: Waiting[] = [];
  const checkpoints = checkpointsOf(db);
  let busy = false;

  /** Between two batches the event loop gets its turn: what arrives meanwhile joins the next one. */
  async function drain(): Promise<void> {
    await checkpoints?.pause();
    const batch = queue.splice(0, BATCH);
    await commitBatch(db, batch);
    checkpoints?.committed(batch.length);
    busy = queue.length > 0;
    if (busy) setImmediate(() => void drain());
  }
  return {
    run: <Item, Result>(handler: Handler<Item, Result>, item: Item) =>
      new Promise<Result>((resolve, reject) => {
        queue.push({
          handler: handler as Handler<unknown, unknown>,
          item,
          resolve: resolve as (result: unknown) => void,
          reject,
        });
        if (busy) return;
        busy = true;
        setImmediate(() => void drain());
      }),
    waiting: () => queue.length,
  };
}

async function commitBatch(db: Database, batch: Waiting[]): Promise<void> {
  try {
    const results = await inTransaction(db, (trx) => runAll(trx, batch));
    for (const { waiting, result } of results) waiting.resolve(result);
  } catch (error) {
    if (batch.length === 1 || isDatabaseDown(error)) for (const waiting of batch) waiting.reject(error);
    // One bad piece must not take the others down with it: each alone.
    else for (const waiting of batch) await commitBatch(db, [waiting]);
  }
}

async function runAll(trx: Database, batch: Waiting[]): Promise<{ waiting: Waiting; result: unknown }[]> {
  const done: { waiting: Waiting; result: unknown }[] = [];
  for (const [handler, group] of Map.groupBy(batch, (waiting) => waiting.handler)) {
    const results = await handler(
      trx,
      group.map((waiting) => waiting.item),
    );
    group.forEach((waiting, index) => {
      done.push({ waiting, result: results[index] });
    });
  }
  return done;
}

const BEGIN = CompiledQuery.raw('begin immediate');
const COMMIT = CompiledQuery.raw('commit');
const ROLLBACK = CompiledQuery.raw('rollback');

/** `begin immediate`: the write lock is taken at once, so a transaction never fails half-way for another writer. */
function inTransaction<Result>(db: Database, work: (trx: Database) => Promise<Result>): Promise<Result> {
  return db.connection().execute(async (connection) => {
    await connection.executeQuery(BEGIN);
    openWayWithin(connection, db);
    try {
      const result = await work(connection);
      await connection.executeQuery(COMMIT);
      return result;
    } catch (error) {
      await connection.executeQuery(ROLLBACK).catch(() => undefined);
      throw error;
    }
  });
}
