/** What the relay is handed: it names no adapter and writes no SQL. */
import type { AnyAdapter, Connection, Io } from '../core/adapter.ts';
import type { ConnectionStore } from '../store/connections/connections.ts';
import type { Ledger } from '../store/ledger/ledger.ts';
import type { MediaFiles } from '../store/media/media-files.ts';
import type { MediaRows } from '../store/media/media-rows.ts';
import type { Budgets } from './budgets.ts';

export interface RelayDeps {
  ledger: Ledger;
  connections: ConnectionStore;
  media: { rows: MediaRows; files: MediaFiles };
  /** By the connection's type; undefined for a type this build does not know. */
  adapter(type: string): AnyAdapter | undefined;
  /** The connection with credentials that are good for the next minutes, or why there are none. */
  credentials: CredentialKeeper;
  /** Who may call which account now. */
  budgets: Budgets;
  /** A signed, expiring URL on our own host. */
  mediaLink(workspaceId: string, mediaId: string): Promise<string>;
  io: Io;
  /** Who this process is among those that share the database; something new without it. */
  owner?: string;
  times: Times;
}

export type CredentialKeeper = (
  connection: Connection,
) => Promise<Connection | { unusable: string; retryAfterMs: number }>;

/** All in ms. */
export interface Times {
  /** Longer than any request's time-out (10 s, uploads 20 s): a result within the time-out always counts. */
  lease: number;
  /** Before an unknown outcome is looked up: the other side's indexes lag. */
  lookUpAfter: number;
  /** How long an echo is waited for before an outcome stays unknown. */
  echoWait: number;
  /** An agent's reply older than this is not sent late but offered for Resend. */
  replyMaxAge: number;
  /** A customer's message is tried for this long before it becomes a failure to replay. */
  inboundMaxAge: number;
  /** Between looks at the database when nothing was heard. */
  poll: number;
}

export const TIMES: Times = {
  lease: 30_000,
  lookUpAfter: 10_000,
  echoWait: 30_000,
  replyMaxAge: 12 * 3_600_000,
  inboundMaxAge: 72 * 3_600_000,
  poll: 200,
};
