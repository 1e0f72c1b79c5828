/** Back to its place until later, or given up because it has waited for too long. */
import type { Claim } from '../store/ledger/claims.ts';
import type { RelayDeps } from './deps.ts';
import { settleTold } from './tells.ts';

export const MAYBE_DELIVERED =
  'It may have been delivered: the message was handed over, but no answer came back. Check with the customer before you use Resend.';

/** ms after which a message is no longer sent by itself. */
export const maxAgeOf = ({ times }: RelayDeps, direction: 'in' | 'out'): number =>
  direction === 'out' ? times.replyMaxAge : times.inboundMaxAge;

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
