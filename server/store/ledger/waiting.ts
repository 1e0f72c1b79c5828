/** An agent's reply that does not get out is told to the agent while it is still being tried: once. */
import { WAITING_MS } from '../../core/outcome.ts';
import type { Database } from '../database/open.ts';
import type { Seal } from '../sealing/seal.ts';
import type { Claim } from './claims.ts';
import { addHistory } from './event-status.ts';
import { tell } from './tell.ts';

interface Waiting {
  claim: Claim;
  reason: string;
  tells: string[];
  seal: Seal;
  now: number;
}

/** Whether it is an agent's reply that has waited for so long that its platform wants to be told. */
export const isLong = ({ claim: { delivery }, tells, now }: Pick<Waiting, 'claim' | 'tells' | 'now'>) =>
  delivery.kind === 'message' &&
  delivery.direction === 'out' &&
  tells.includes('waiting') &&
  now - Number(delivery.created_at) >= WAITING_MS;

/** The history remembers that it was told; a resend begins a new wait. */
export async function tellWaiting(
  trx: Database,
  { claim, reason, tells, seal, now }: Waiting,
): Promise<void> {
  if (!isLong({ claim, tells, now })) return;
  const { workspaceId, delivery } = claim;
  const told = await trx
    .selectFrom('history')
    .select('seq')
    .where('workspace_id', '=', workspaceId)
    .where('event_id', '=', delivery.event_id)
    .where('status', '=', 'waiting')
    .where('at', '>=', Number(delivery.created_at))
    .executeTakeFirst();
  if (told) return;
  const eventId = delivery.event_id;
  await addHistory(trx, { workspaceId, eventId, status: 'waiting', reason, now });
  const why = `It has not gone out for two minutes: ${reason} It is still being tried, and goes out by itself as soon as it can.`;
  const conversationId = delivery.conversation_id;
  await tell(trx, { workspaceId, eventId, conversationId, status: 'waiting', reason: why, seal, now });
}
