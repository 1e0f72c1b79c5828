/**
 * One try at one call: its turn, credentials, doubt, preparations, `attempt_started`, send, settle. Read it from top to bottom:
 * the order is the promise.
 */
import type { Connection } from '../core/adapter.ts';
import { fromWireError, type Outcome, unknown, WireError } from '../core/outcome.ts';
import { forLog } from '../store/database/refusals.ts';
import type { Claim } from '../store/ledger/claims.ts';
import { backoff } from './backoff.ts';
import type { RelayDeps } from './deps.ts';
import { clearDoubt } from './doubt.ts';
import { expandAgain } from './expand.ts';
import { later, MAYBE_DELIVERED } from './later.ts';
import { leased } from './leased.ts';
import type { Attempt } from './load.ts';
import { settleNotSent } from './not-sent.ts';
import { isParked, park } from './park.ts';
import { prepare } from './prepare.ts';
import { settleTold } from './tells.ts';

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
  const { slow } = deps.budgets;
  const connection = await slow.wait(loaded.connection.id, () => deps.credentials(loaded.connection));
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
  if (!(await begin(deps, claim, ready, prepared.contact))) return;
  const delivery = { ...ready.delivery, prepared };
  const io = leased(deps.io, claim, startedAt);
  const outcome = await sendSafely({ ...deps, io }, { ...ready, delivery });
  await settleOutcome(deps, claim, { ...ready, delivery }, outcome);
}

/** Durable before the request; false: nothing may be sent now. */
async function begin(
  deps: RelayDeps,
  claim: Claim,
  { adapter, delivery }: Attempt,
  contactId: string | undefined,
): Promise<boolean> {
  const opens = delivery.kind === 'message' && delivery.opens;
  const isLookedUp = adapter.lookup !== undefined && !adapter.can.idempotent;
  if (!opens || !isLookedUp || !contactId) return deps.ledger.start(claim);
  const begun = await deps.ledger.startOpening(claim, contactId);
  if (begun === 'busy')
    await later(deps, claim, deps.io.clock.now() + 1_000, 'Another conversation of theirs is being opened.');
  return begun === 'started';
}

/** Whatever breaks after `attempt_started` may have happened behind the other side's acceptance. */
async function sendSafely(
  { io, budgets }: RelayDeps,
  { adapter, delivery, connection }: Attempt,
): Promise<Outcome> {
  try {
    return await budgets.slow.wait(connection.id, () => adapter.send(delivery, connection, io));
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
