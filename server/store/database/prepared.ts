/**
 * SQLite's statements, each prepared once, and the short way to them. Kysely queues what is asked of its one connection
 * behind promises, which costs more than most statements of the hot path do (6 µs of 9); inside the committer's own
 * transaction, or while there is none, nothing has to wait.
 */
import type Sqlite from 'better-sqlite3';
import type { SqliteDatabase } from 'kysely';
import { type Checkpoints, createCheckpoints } from './checkpoints.ts';
import type { Database } from './open.ts';

export interface Prepared extends SqliteDatabase {
  prepare(text: string): Sqlite.Statement;
  /** Whether a transaction is open: what is run now would be part of it. */
  isBusy(): boolean;
  checkpoints: Checkpoints;
}

/** Preparing a statement costs several times what running it does, so each text is prepared once. */
export function preparedOnce(database: Sqlite.Database): Prepared {
  const prepared = new Map<string, Sqlite.Statement>();
  const checkpoints = createCheckpoints(database);
  return {
    checkpoints,
    close: () => {
      void checkpoints.stop();
      database.close();
    },
    isBusy: () => database.inTransaction,
    prepare: (text) => {
      const known = prepared.get(text);
      if (known) return known;
      if (prepared.size >= MAX_PREPARED) prepared.clear();
      const made = database.prepare(text);
      prepared.set(text, made);
      return made;
    },
  };
}

/** Lists with `in (…)` have a text for each length; far above what the hot path uses. */
const MAX_PREPARED = 1_000;

/** `always`: for the one connection while its holder is in a transaction of its own. */
const ways = new WeakMap<Database, { prepared: Prepared; always: boolean }>();

export const openWay = (db: Database, prepared: Prepared): void =>
  void ways.set(db, { prepared, always: false });

/** `connection` is held by the caller, who has begun a transaction on it. */
export function openWayWithin(connection: Database, db: Database): void {
  const way = ways.get(db);
  if (way) ways.set(connection, { ...way, always: true });
}

export const checkpointsOf = (db: Database): Checkpoints | undefined => ways.get(db)?.prepared.checkpoints;

/** Undefined: it has to go through Kysely, because it is Postgres, or because somebody else's transaction is open. */
export function directly(db: Database): Prepared | undefined {
  const way = ways.get(db);
  return way && (way.always || !way.prepared.isBusy()) ? way.prepared : undefined;
}

/** For several statements that belong together: only inside the transaction that its holder has begun. */
export function directlyWithin(db: Database): Prepared | undefined {
  const way = ways.get(db);
  return way?.always ? way.prepared : undefined;
}
