/**
 * Who may call which account now. A message that may not is put back to its place until its turn: no attempt is
 * counted, and its lane keeps its order. An account that refuses ("too many", down, silent) is closed for all its
 * messages and all processes; then one of them asks whether it is over, and the others follow.
 * Why so: docs/decisions/0014-budgets-by-slices.md
 */
import type { AnyAdapter, Connection, Io } from '../core/adapter.ts';
import type { CallLimit } from '../core/capabilities.ts';
import type { Outcome } from '../core/outcome.ts';
import type { BudgetStore } from '../store/ledger/budgets.ts';
import type { Claim } from '../store/ledger/claims.ts';
import { backoff } from './backoff.ts';
import { type Bucket, createBucket } from './bucket.ts';
import { metered } from './metered.ts';
import { createSlowCalls, type SlowCalls } from './slow-calls.ts';

export interface Target {
  connection: Connection;
  adapter: AnyAdapter;
}
export interface Wait {
  /** ms; its turn, as far as can be told. */
  at: number;
  why: string;
}
export interface Budgets {
  /** Undefined: go ahead. */
  turn(target: Target, claim: Claim): Promise<Wait | undefined>;
  /** As `turn`, before anything is read: an account that is known to be closed costs a waiting message next to nothing. */
  closed(claim: Claim): Wait | undefined;
  /** What became of a call; ms when everything that goes through this account waits until then. */
  heard(connection: Connection, claim: Claim, outcome: Outcome): Promise<number | undefined>;
  /** The attempt is over, however. */
  ended(connection: Connection, claim: Claim): Promise<void>;
  /** The world in which every call to the account counts. `claim`: its first call was paid for by its turn. */
  io(target: Target, claim?: Claim): Io;
  /** Every call for which a claim waits goes through it. */
  slow: SlowCalls;
}

interface Account {
  buckets: Map<string, Bucket>;
  /** A lane to which the other side said "slow down", or nothing; a second one decides that all are meant. */
  suspect: string | undefined;
  /** The lane whose call everybody waits for. */
  probing: string | undefined;
  /** How often it was closed since it last took a call. */
  strikes: number;
  why: string;
}

/** An account that refuses again and again is asked this often at least, ms, unless it names a later time itself. */
const LONGEST_PAUSE_MS = 30_000;

/** `rates`: calls a second that the operator was granted, by `<adapter>` or `<adapter>.<budget>`. */
export function createBudgets(
  { ledger, io }: { ledger: BudgetStore; io: Io },
  rates: Readonly<Record<string, number>> = {},
): Budgets {
  const { known, accountOf, bucketOf } = openAccounts({ ledger, io }, rates);
  const slow = createSlowCalls(io.clock);
  return {
    slow,
    turn: async (target, claim) => {
      const wait = slow.turn(target.connection.id);
      if (wait) return wait;
      const account = accountOf(target.connection);
      const turn = await bucketOf(target, CALLS).take(hasWaited(claim));
      if (turn === 'probe') account.probing = claim.laneId;
      if (typeof turn === 'string') return undefined;
      return { at: turn.at, why: account.why || busy(target.adapter) };
    },
    closed: (claim) => {
      const id = knownAccount(claim);
      if (id === undefined) return undefined;
      const account = known(id);
      const at = account?.buckets.get(CALLS)?.place();
      return account && at !== undefined ? { at, why: account.why } : slow.turn(id);
    },
    heard: async (connection, claim, outcome) => {
      const account = accountOf(connection);
      const bucket = account.buckets.get(CALLS);
      if (!bucket) return undefined;
      const trouble = troubleOf(outcome);
      if (trouble === 'none') return void (await settled(account, bucket, claim));
      if (trouble !== undefined && closes(account, claim, trouble))
        await closeFor(account, bucket, outcome, io.clock.now());
      return bucket.place();
    },
    ended: async (connection, claim) => {
      const account = accountOf(connection);
      if (account.probing !== claim.laneId) return;
      account.probing = undefined;
      await account.buckets.get(CALLS)?.endProbe();
    },
    io: (target, claim) =>
      metered(io, target.adapter, {
        bucket: (name) => bucketOf(target, name),
        waited: claim !== undefined && hasWaited(claim),
        paid: claim === undefined ? 0 : 1,
      }),
  };
}

/** What this process knows of the accounts that it has called. */
function openAccounts(
  { ledger, io }: { ledger: BudgetStore; io: Io },
  rates: Readonly<Record<string, number>>,
) {
  const accounts = new Map<string, Account>();
  const accountOf = ({ id }: Connection): Account => {
    const known = accounts.get(id);
    if (known) return known;
    const made: Account = { buckets: new Map(), suspect: undefined, probing: undefined, strikes: 0, why: '' };
    accounts.set(id, made);
    return made;
  };
  const bucketOf = ({ connection, adapter }: Target, name: string): Bucket => {
    const { buckets } = accountOf(connection);
    const known = buckets.get(name);
    if (known) return known;
    const key = { workspaceId: connection.workspaceId, connectionId: connection.id, name };
    const made = createBucket(ledger, io.clock, key, granted(rates, adapter, name));
    buckets.set(name, made);
    return made;
  };
  return { known: (id: string) => accounts.get(id), accountOf, bucketOf };
}

const CALLS = 'calls';

/** It was put back before: it stands in line already. */
const hasWaited = ({ delivery }: Claim): boolean => Number(delivery.next_at) > 0;

/** Whatever goes to the platform goes through the workspace's own connection; of anything else it has to be read. */
const knownAccount = ({ workspaceId, delivery: { kind, direction } }: Claim): string | undefined =>
  kind === 'status' || (kind === 'message' && direction === 'in') ? workspaceId : undefined;

const busy = ({ title }: AnyAdapter): string =>
  `${title} takes only so many messages at a time: this one waits for its turn.`;

function granted(
  rates: Readonly<Record<string, number>>,
  adapter: AnyAdapter,
  name: string,
): CallLimit | undefined {
  const declared = adapter.can.limits?.[name];
  const perSecond = rates[name === CALLS ? adapter.id : `${adapter.id}.${name}`];
  if (perSecond === undefined) return declared;
  return { ...declared, perSecond, burst: Math.max(1, perSecond / 5) };
}

/** No answer at all means as much as a refusal: what else is sent there would only be in doubt, too. */
function troubleOf(outcome: Outcome): 'none' | 'account' | 'unclear' | undefined {
  if (outcome.outcome === 'unknown') return 'unclear';
  return outcome.outcome === 'retry' ? outcome.slowDown : 'none';
}

async function settled(account: Account, bucket: Bucket, { laneId }: Claim): Promise<void> {
  account.suspect = undefined;
  if (account.probing !== laneId) return;
  account.probing = undefined;
  account.strikes = 0;
  account.why = '';
  await bucket.open();
}

function closes(account: Account, { laneId }: Claim, trouble: 'account' | 'unclear'): boolean {
  const isSecond = account.suspect !== undefined && account.suspect !== laneId;
  account.suspect = laneId;
  return trouble === 'account' || isSecond || account.probing === laneId;
}

async function closeFor(account: Account, bucket: Bucket, outcome: Outcome, now: number): Promise<void> {
  // Calls that were under way when the first one was refused tell nothing new.
  if (bucket.isClosed() && account.probing === undefined) return;
  account.strikes += 1;
  account.probing = undefined;
  account.why = 'why' in outcome ? outcome.why : '';
  const asked = outcome.outcome === 'retry' ? outcome.afterMs : undefined;
  const pause = Math.min(backoff(account.strikes, undefined), LONGEST_PAUSE_MS);
  await bucket.close(now + Math.max(pause, asked ?? 0));
}
