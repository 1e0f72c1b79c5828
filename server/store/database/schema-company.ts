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
/** What may be called on an account: see budgets.ts. No row: nothing was called yet. */
export interface BudgetTable {
  workspace_id: string;
  connection_id: string;
  name: string;
  /** When all that was taken is earned again, µs. */
  free_at: number;
  /** ms; 0 = open. Over, but not 0: nobody has asked yet whether the account is open again. */
  closed_until: number;
  /** ms; somebody is asking. */
  probe_until: number;
}
