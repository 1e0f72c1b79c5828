/**
 * One try at one call: its turn, credentials, doubt, preparations, `attempt_started`, send, settle. Read it from top to bottom:
 * the order is the promise.
 */
import type { AnyAdapter, Connection, Io } from '../core/adapter.ts';
import {
  fromWireError,
  type NotSent,
  type Outcome,
  unknown,
  WAITING_MS,
  WireError,
} from '../core/outcome.ts';
import { forLog } from '../store/database/refusals.ts';
import type { Claim } from '../store/ledger/claims.ts';
import type { StoredEvent } from '../store/ledger/ledger.ts';
import { backoff } from './backoff.ts';
import type { RelayDeps } from './deps.ts';
import { clearDoubt } from './doubt.ts';
import { expandAgain } from './expand.ts';
import { leased } from './leased.ts';
import type { Loaded } from './load.ts';
import { prepare } from './prepare.ts';
import { settleTold } from './tells.ts';

export const MAYBE_DELIVERED =
  'It may have been delivered: the message was handed over, but no answer came back. Check with the customer before you use Resend.';

export type Attempt = Loaded & { stored: StoredEvent };

export async function attempt(deps: RelayDeps, claim: Claim, loaded: Attempt): Promise<void> {
  if (isParked(loaded.connection, loaded.adapter)) return park(deps, claim, loaded.connection);
  const wait = await deps.budgets.turn(loaded, claim);
  if (wait) return later(deps, claim, wait.at, wait.why);
  try {
    await attemptNow({ ...deps, io: deps.budgets.io(loaded, claim) }, claim, loaded);
  } finally {
    await deps.budgets.ended(loaded.connection, claim);
  }
}

async function attemptNow(deps: RelayDeps, claim: Claim, loaded: Attempt): Promise<void> {
  const connection = await deps.credentials(loaded.connection);
  if ('unusable' in connection)
    return later(deps, claim, deps.io.clock.now() + connection.retryAfterMs, connection.unusable);
  const ready = { ...loaded, connection };
  if (!(await clearDoubt(deps, claim, ready))) return;
  if (loaded.adapter.can.idempotent) return send(deps, claim, ready);
  const certain = { ...claim, delivery: { ...claim.delivery, state: 'queued' as const } };
  await send(deps, certain, ready);
}

/** `claim.delivery.state` says from here on whether an earlier attempt may have been accepted. */
async function send(deps: RelayDeps, claim: Claim, ready: Attempt): Promise<void> {
  const prepared = await prepare(deps, claim, ready);
  if (!prepared) return;
  const startedAt = deps.io.clock.now();
  if (!(await deps.ledger.start(claim))) return;
  const delivery = { ...ready.delivery, prepared };
  const outcome = await sendSafely(leased(deps.io, claim, startedAt), { ...ready, delivery });
  await settleOutcome(deps, claim, { ...ready, delivery }, outcome);
}

/** Whatever breaks after `attempt_started` may have happened behind the other side's acceptance. */
async function sendSafely(io: Io, { adapter, delivery, connection }: Attempt): Promise<Outcome> {
  try {
    return await adapter.send(delivery, connection, io);
  } catch (error) {
    if (error instanceof WireError) return fromWireError(error);
    io.log.error({ delivery: delivery.id, error: forLog(error) }, 'a send broke');
    return unknown('an error of our own interrupted the send');
  }
}

async function settleOutcome(deps: RelayDeps, claim: Claim, ready: Attempt, outcome: Outcome): Promise<void> {
  if (outcome.outcome === 'sent') {
    await deps.budgets.heard(ready.connection, claim, outcome);
    return settleSent(deps, claim, ready, outcome);
  }
  if (outcome.outcome === 'unknown') {
    await deps.budgets.heard(ready.connection, claim, outcome);
    return settleUnknown(deps, claim, ready, outcome.why);
  }
  if (outcome.outcome === 'retry' && outcome.forget) return startOver(deps, claim, ready, outcome);
  await settleNotSent(deps, claim, ready.connection, outcome);
}

async function settleSent(
  deps: RelayDeps,
  claim: Claim,
  { delivery, connection, conversation }: Attempt,
  outcome: Outcome & { outcome: 'sent' },
): Promise<void> {
  if (connection.status === 'disconnected') await worksAgain(deps, connection);
  const { id: providerId, thread, contact } = outcome;
  if (delivery.kind === 'status') return void (await deps.ledger.settle(claim, { to: 'done', providerId }));
  const links = {
    ...(thread && thread !== conversation.platformThread ? { thread } : {}),
    ...(contact && contact !== conversation.contactId ? { contact } : {}),
  };
  await settleTold(deps, claim, { to: 'sent', providerId, ...links });
  if (connection.side === 'channel') await deps.connections.spoke(connection, deps.io.clock.now());
}

/** The other side has just taken something with these credentials: whatever was said of them before is over. */
const worksAgain = (deps: RelayDeps, connection: Connection): Promise<void> =>
  deps.connections.setStatus(connection, connection.side === 'platform' ? 'active' : 'connected', null);

/** Resolved, not guessed: the same key again, a look-up, an echo; only then is it told as unknown. */
async function settleUnknown(
  deps: RelayDeps,
  claim: Claim,
  { adapter }: Attempt,
  why: string,
): Promise<void> {
  const now = deps.io.clock.now();
  const { lookUpAfter, echoWait } = deps.times;
  const again = adapter.can.idempotent ? backoff(claim.delivery.attempts + 1, undefined) : undefined;
  const wait = again ?? (adapter.lookup ? lookUpAfter : adapter.can.echo ? echoWait : undefined);
  if (wait !== undefined) await settleTold(deps, claim, { to: 'checking', nextAt: now + wait, reason: why });
  else await settleTold(deps, claim, { to: 'unknown', reason: MAYBE_DELIVERED });
}

/** The conversation or contact is gone at the platform: the message is fitted again, for a new one. */
async function startOver(
  deps: RelayDeps,
  claim: Claim,
  { conversation, adapter, stored, delivery }: Attempt,
  { why, forget }: Outcome & { outcome: 'retry' },
): Promise<void> {
  if (delivery.kind === 'message') await expandAgain(deps, claim, { conversation, adapter, stored });
  const nextAt =
    deps.io.clock.now() + (claim.delivery.attempts > 2 ? backoff(claim.delivery.attempts, undefined) : 0);
  await deps.ledger.settle(claim, { to: 'queued', nextAt, reason: why, ...(forget ? { forget } : {}) });
}

/** For every outcome before or instead of an acceptance. A step that is repeatable turns `unknown` into a retry. */
export async function settleNotSent(
  deps: RelayDeps,
  claim: Claim,
  connection: Connection,
  outcome: NotSent,
): Promise<void> {
  const now = deps.io.clock.now();
  const turn = await deps.budgets.heard(connection, claim, outcome);
  switch (outcome.outcome) {
    case 'retry': {
      // Where everybody waits, a message that met the refusal waits no longer than the others.
      const at = turn ?? now + backoff(claim.delivery.attempts + 1, outcome.afterMs);
      return later(deps, claim, at, outcome.why);
    }
    case 'unknown':
      return later(deps, claim, now + deps.times.lookUpAfter, outcome.why);
    case 'unauthorized':
      if (await wasMended(deps, connection))
        return later(deps, claim, now + 1_000, `${connection.name} has new credentials since.`);
      await deps.connections.setStatus(connection, 'disconnected', outcome.why);
      return park(deps, claim, connection);
    case 'refused': {
      const failed = { to: 'failed' as const, code: outcome.code, reason: outcome.why };
      await settleTold(deps, claim, failed);
    }
  }
}

/** A connection that is disconnected is left in peace, where the watch or an admin will find out that it works again. */
const isParked = (connection: Connection, adapter: AnyAdapter): boolean =>
  connection.status === 'disconnected' && adapter.inspect !== undefined;

/** How long a parked message sleeps when nobody wakes it, ms: it makes no call then either, and sleeps on. */
const PARKED_MS = 60 * 60_000;
/** How often one is tried whose adapter offers no other way to find out. */
const TRIED_MS = 60_000;

/**
 * Nothing is sent with credentials that were refused. The message waits at the head of its lane until its connection
 * works again, which wakes it; in between it comes up only to be told to the agent, and when it has become too old.
 */
async function park(deps: RelayDeps, claim: Claim, connection: Connection): Promise<void> {
  const now = deps.io.clock.now();
  const why = (await deps.connections.statusNow(connection))?.reason;
  const reason = `${connection.name} is disconnected${why ? `: ${why}` : '.'}`;
  if (!deps.adapter(connection.type)?.inspect) return later(deps, claim, now + TRIED_MS, reason);
  const { direction, created_at } = claim.delivery;
  const tell = Number(created_at) + WAITING_MS;
  const over = Number(created_at) + maxAgeOf(deps, direction);
  const asleep = now + PARKED_MS * (0.8 + 0.2 * Math.random());
  const wakesAt = now < tell ? tell : now < over ? Math.min(asleep, over) : asleep;
  await later(deps, claim, wakesAt, reason);
  // Reconnected between our look and our settlement: whoever did so has woken everything but this one.
  if ((await deps.connections.statusNow(connection))?.status !== 'disconnected')
    await deps.ledger.wake(claim.workspaceId, claim.delivery.event_id);
}

const maxAgeOf = ({ times }: RelayDeps, direction: 'in' | 'out'): number =>
  direction === 'out' ? times.replyMaxAge : times.inboundMaxAge;

/** It was connected again while this attempt was under way with what it had before: that refusal is old news. */
async function wasMended({ connections }: RelayDeps, { id, credentials }: Connection): Promise<boolean> {
  const stored = await connections.byId(id);
  return stored !== undefined && JSON.stringify(stored.credentials) !== JSON.stringify(credentials);
}

/** Back to its place, its doubt with it, unless it has waited for so long that sending it now would be worse than asking. */
export async function later(deps: RelayDeps, claim: Claim, nextAt: number, reason: string): Promise<void> {
  const { direction, created_at, state } = claim.delivery;
  const inDoubt = state === 'started' || state === 'checking';
  const maxAge = maxAgeOf(deps, direction);
  if (nextAt - Number(created_at) <= maxAge) {
    await settleTold(deps, claim, { to: inDoubt ? 'checking' : 'queued', nextAt, reason });
    return;
  }
  if (inDoubt) return settleTold(deps, claim, { to: 'unknown', reason: MAYBE_DELIVERED });
  const failed = {
    to: 'failed' as const,
    code: 'too_old',
    reason: `It could not be sent for ${Math.round(maxAge / 3_600_000)} hours and was not sent late. The last reason: ${reason} Use Resend if it still matters.`,
  };
  await settleTold(deps, claim, failed);
}
