import type { Database } from './open.ts';

/** In the transaction that the caller has begun, else in one of its own. */
export const inTransaction = <Result>(
  db: Database,
  work: (trx: Database) => Promise<Result>,
): Promise<Result> => (db.isTransaction ? work(db) : db.transaction().execute(work));
