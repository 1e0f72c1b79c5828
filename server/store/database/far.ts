/** A database that is at work elsewhere in this process: how it is asked, without knowing who answers. See thread/. */
import type { Committer } from './committer.ts';
import type { Database } from './open.ts';

/** What was made of a statement. */
export interface Executed<Row = unknown> {
  rows: Row[];
  changed: number;
}

export interface Far {
  query<Row>(sql: string, parameters: readonly unknown[]): Promise<Executed<Row>>;
  committer: Committer;
}

const ways = new WeakMap<Database, Far>();

export const goFar = (db: Database, far: Far): void => void ways.set(db, far);
/** Undefined: it is here, or in a transaction, whose connection leads there by itself. */
export const farFrom = (db: Database): Far | undefined => ways.get(db);
