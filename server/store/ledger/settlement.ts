/** What can be said of a claim, and what it makes of the delivery. */

import type { DeliveryState } from '../database/schema.ts';
import type { Seal } from '../sealing/seal.ts';
import type { Claim } from './claims.ts';

export type Settlement =
  | { to: 'sent'; providerId: string; thread?: string; contact?: string }
  | { to: 'failed'; code: string; reason: string }
  | { to: 'unknown'; reason: string }
  /** Nothing (more) to write: a receipt applied, a status told (by `providerId`), a message that is not bridged. */
  | { to: 'done'; event?: 'handled' | 'ignored'; reason?: string; providerId?: string }
  /** Back to its place: certainly not accepted, or not ready yet. */
  | { to: 'queued'; nextAt: number; reason: string; forget?: 'thread' | 'contact' }
  /** Perhaps accepted; looked at again at `nextAt`. */
  | { to: 'checking'; nextAt: number; reason: string };

export interface SettleRequest {
  claim: Claim;
  settlement: Settlement;
  seal: Seal;
  /** Statuses that the platform of an outgoing message wants to be told; [] for everything else. */
  tells: string[];
  now: number;
}

/** The delivery as it is after its settlement. */
export interface Written {
  state: DeliveryState;
  open: number;
  rank: number;
  code: string | null;
  reason: string | null;
  nextAt: number;
  providerId: string | null;
  conversationId: string | null;
  now: number;
}

export function writtenBy({ claim: { delivery }, settlement, now }: SettleRequest): Written {
  const open = isOpen(settlement) ? 1 : 0;
  return {
    state: settlement.to,
    open,
    rank: staysFirst(delivery.part, settlement) ? 0 : 1,
    code: settlement.to === 'failed' ? settlement.code : null,
    reason: 'reason' in settlement ? (settlement.reason ?? null) : null,
    // Whole ms: waits that were spread by chance are not, and Postgres takes no fraction for a bigint.
    nextAt: 'nextAt' in settlement ? Math.ceil(settlement.nextAt) : 0,
    providerId: ('providerId' in settlement && settlement.providerId) || delivery.provider_id,
    conversationId: delivery.conversation_id,
    now,
  };
}

export const isOpen = ({ to }: Settlement): boolean => to === 'queued' || to === 'checking';

/** What may be out already keeps its place before whatever arrives late, and so do the later parts of a message. */
const staysFirst = (part: number, { to }: Settlement): boolean =>
  to === 'checking' || (to === 'queued' && part > 0);
