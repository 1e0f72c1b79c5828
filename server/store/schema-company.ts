/** Tables about the processes that share a database; they tell nothing about messages. */

/** Who is at work, on Postgres: a row whose count no longer rises belongs to a worker that is gone. */
export interface WorkerTable {
  id: string;
  beats: number;
}
/** What only one process may do at a time, by name; `until` (ms) it is somebody's. */
export interface LeaseTable {
  name: string;
  /** The process. */
  owner: string;
  /** The piece of work in it. */
  holder: string;
  until: number;
}
