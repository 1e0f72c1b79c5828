/** What a send needs first, step by step; each value is stored, so that a retry resumes and never repeats. */
import type { Making, Preparation } from '../core/adapter.ts';
import { fromWireError, isOutcome, type NotSent, WireError } from '../core/outcome.ts';
import type { Claim } from '../store/ledger/claims.ts';
import type { RelayDeps } from './deps.ts';
import { leased } from './leased.ts';
import type { Attempt } from './load.ts';
import { settleNotSent } from './not-sent.ts';

/** Undefined: a step stopped the delivery, and the claim was settled. */
export async function prepare(
  deps: RelayDeps,
  claim: Claim,
  ready: Attempt,
): Promise<Record<string, string> | undefined> {
  const { adapter, delivery, connection } = ready;
  const prepared = { ...delivery.prepared };
  for (const step of adapter.prepare?.(delivery, connection, leased(deps.io, claim)) ?? []) {
    if (prepared[step.name] !== undefined) continue;
    const running = () => runStep(deps, claim, step, prepared);
    const value = await deps.budgets.slow.wait(connection.id, running);
    if (value === 'busy') {
      const nextAt = deps.io.clock.now() + 100;
      await deps.ledger.settle(claim, {
        to: 'queued',
        nextAt,
        reason: 'Another message of this customer is making the contact.',
      });
      return undefined;
    }
    if (isOutcome(value)) {
      await settleNotSent(deps, claim, connection, value);
      return undefined;
    }
    prepared[step.name] = value;
    if (step.name === 'contact') await keepContact(deps, ready, value);
    else await deps.ledger.keepPrepared(claim, step.name, value);
  }
  return prepared;
}

async function keepContact(deps: RelayDeps, { conversation }: Attempt, contactId: string): Promise<void> {
  if (contactId !== '') await deps.ledger.keepContact(conversation, contactId);
}

const runStep = (deps: RelayDeps, claim: Claim, step: Preparation, prepared: Record<string, string>) =>
  step.lock
    ? runLocked(deps, claim, step, prepared)
    : runSafely(step, prepared, { begins: async () => undefined });

/** Serialised per identity: whoever comes second takes what the first one made. */
async function runLocked(
  deps: RelayDeps,
  { workspaceId, delivery, fence }: Claim,
  step: Preparation,
  prepared: Record<string, string>,
): Promise<string | NotSent | 'busy'> {
  const identity = step.lock as NonNullable<Preparation['lock']>;
  const by = `${delivery.id} ${fence}`;
  const lock = await deps.ledger.lockContact(workspaceId, identity, by, deps.times.lease);
  if (lock.state === 'known') return lock.contactId;
  if (lock.state === 'busy') return 'busy';
  let begun = false;
  const begins = async () => {
    begun = await deps.ledger.beginContact(workspaceId, identity, by);
    if (!begun) throw new WireError('Another process is making this contact.', true);
  };
  const value = await runSafely(step, prepared, { ...lock, begins });
  if (isOutcome(value))
    // A run that did not come as far as creating says nothing about the creation of an earlier one.
    await deps.ledger.unlockContact(workspaceId, identity, by, begun && value.outcome !== 'unknown');
  else if (value === '') await deps.ledger.unlockContact(workspaceId, identity, by, true);
  return value;
}

async function runSafely(
  step: Preparation,
  prepared: Record<string, string>,
  making: Making,
): Promise<string | NotSent> {
  try {
    return await step.run(prepared, making);
  } catch (error) {
    if (error instanceof WireError) return fromWireError(error);
    throw error;
  }
}
