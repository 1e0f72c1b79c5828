/**
 * A delivery whose earlier attempt began and whose end nobody recorded: the process was killed, or no answer came.
 * It is sent again only where that cannot make a second message.
 */
import { isOutcome } from '../core/outcome.ts';
import type { Claim } from '../store/ledger/claims.ts';
import type { RelayDeps } from './deps.ts';
import { MAYBE_DELIVERED } from './later.ts';
import { UNDER_WAY_MS } from './leased.ts';
import type { Attempt } from './load.ts';
import { settleNotSent } from './not-sent.ts';
import { settleTold } from './tells.ts';

/**
 * Beyond this a look-up of an agent's reply that keeps failing is given up, ms: the agent should not wait for ever. A
 * customer's message waits for as long as it would wait to be sent: without its conversation, replies have no way back.
 */
const GIVE_UP_AFTER_MS = 10 * 60_000;

/** True: there is no doubt (any more), it may be sent. False: the claim was settled here. */
export async function clearDoubt(deps: RelayDeps, claim: Claim, ready: Attempt): Promise<boolean> {
  const { state } = claim.delivery;
  if (state !== 'started' && state !== 'checking') return true;
  if (ready.adapter.can.idempotent) return true;
  const startedAt = ready.delivery.startedAt ?? 0;
  if (ready.adapter.lookup) {
    const answer = await lookUp(deps, claim, ready, startedAt);
    if (answer !== 'cannot') return answer === 'absent';
  }
  return waitForEcho(deps, claim, ready, startedAt);
}

/** `settled`: found, or to be looked at again. `absent`: certainly not accepted. */
async function lookUp(
  deps: RelayDeps,
  claim: Claim,
  ready: Attempt,
  startedAt: number,
): Promise<'settled' | 'absent' | 'cannot'> {
  const { lookUpAfter } = deps.times;
  const now = deps.io.clock.now();
  const again = async (nextAt: number) => {
    await settleTold(deps, claim, { to: 'checking', nextAt, reason: 'Looking whether it was accepted.' });
    return 'settled' as const;
  };
  // Whose end nobody recorded may still be under way; what is `checking` waits for the time it was given.
  const earliest = startedAt + lookUpAfter + (claim.delivery.state === 'started' ? UNDER_WAY_MS : 0);
  if (now < earliest) return again(earliest);
  const taken = await deps.ledger.taken(claim, startedAt);
  const answer = await lookUpSafely(deps, { ...ready, delivery: { ...ready.delivery, taken } });
  if (answer === 'failed')
    return now > startedAt + patience(deps, claim) ? 'cannot' : again(now + lookUpAfter);
  if (isOutcome(answer)) {
    await settleNotSent(deps, claim, ready.connection, answer);
    return 'settled';
  }
  if (typeof answer === 'object') return found(deps, claim, ready, answer);
  // A new conversation is looked up in a search index, which lags more than a read by id: twice, then believed.
  const opens = ready.delivery.kind === 'message' && ready.delivery.opens;
  if (answer === 'absent' && opens && now < startedAt + 2 * lookUpAfter)
    return again(startedAt + 2 * lookUpAfter);
  return answer;
}

const patience = ({ times }: RelayDeps, { delivery }: Claim): number =>
  delivery.direction === 'out' ? GIVE_UP_AFTER_MS : times.inboundMaxAge;

async function lookUpSafely(deps: RelayDeps, { adapter, delivery, connection }: Attempt) {
  const looking = async () => (await adapter.lookup?.(delivery, connection, deps.io)) ?? 'cannot';
  try {
    return await deps.budgets.slow.wait(connection.id, looking);
  } catch (error) {
    deps.io.log.warn({ delivery: delivery.id, error: String(error) }, 'a look-up failed; trying again');
    return 'failed' as const;
  }
}

async function found(
  deps: RelayDeps,
  claim: Claim,
  { delivery }: Attempt,
  answer: { found: string; thread?: string },
): Promise<'settled'> {
  if (delivery.kind === 'status') await deps.ledger.settle(claim, { to: 'done', providerId: answer.found });
  else
    await settleTold(deps, claim, {
      to: 'sent',
      providerId: answer.found,
      ...(answer.thread ? { thread: answer.thread } : {}),
    });
  return 'settled';
}

/** A receipt with our reference settles it by itself; when none came in time, the agent is told the truth. */
async function waitForEcho(
  deps: RelayDeps,
  claim: Claim,
  { adapter }: Attempt,
  startedAt: number,
): Promise<false> {
  const until = startedAt + deps.times.echoWait;
  if (adapter.can.echo && deps.io.clock.now() < until)
    await settleTold(deps, claim, {
      to: 'checking',
      nextAt: until,
      reason: 'Waiting for the provider’s receipt.',
    });
  else await settleTold(deps, claim, { to: 'unknown', reason: MAYBE_DELIVERED });
  return false;
}
