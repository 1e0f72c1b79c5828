/**
 * Negative controls: a rule is taken away, and the verdict must notice. The product has no switch for it: what the
 * relay is handed as its ledger is wrapped, and the wrapper does what a ledger without the rule would do.
 */
import type { Event } from '../../server/core/message.ts';
import type { Claim, DeliveryRow } from '../../server/store/ledger/claims.ts';
import type { Ledger } from '../../server/store/ledger/ledger.ts';
import type { Simulation } from './simulation.ts';

export const BREAKS = ['head', 'fence', 'started', 'dedupe', 'ack'] as const;
export type Break = (typeof BREAKS)[number];

export function breaking(simulation: Simulation, ledger: Ledger, remove: Break | undefined): Ledger {
  switch (remove) {
    case 'head':
      return withoutHead(simulation, ledger);
    case 'fence':
      return withoutFence(simulation, ledger);
    case 'started':
      return { ...ledger, start: async () => true, startOpening: async () => 'started' };
    case 'dedupe':
      return withoutDedupe(ledger);
    case 'ack':
      return withoutDurableAck(simulation, ledger);
    default:
      return ledger;
  }
}

/** Claims the lane's last message instead of its first. */
function withoutHead({ disk }: Simulation, ledger: Ledger): Ledger {
  const last = disk.statement(
    "select * from delivery where lane_id = ? and open = 1 and state = 'queued' and kind = 'message' order by position desc, part desc limit 1",
  );
  const other = (claim: Claim): Claim => {
    if (claim.delivery.kind !== 'message' || claim.delivery.state !== 'queued') return claim;
    const delivery = last.get(claim.laneId) as DeliveryRow | undefined;
    return delivery ? { ...claim, delivery } : claim;
  };
  return { ...ledger, claim: async (...request) => (await ledger.claim(...request)).map(other) };
}

/** Whoever comes counts as the lane's holder, and no lease ever ends. */
function withoutFence({ disk }: Simulation, ledger: Ledger): Ledger {
  const now = disk.statement('select fence from lane where id = ?');
  const holding = (claim: Claim): Claim => {
    const row = now.get(claim.laneId) as { fence: number } | undefined;
    return { ...claim, fence: row?.fence ?? claim.fence, leasedUntil: Number.POSITIVE_INFINITY };
  };
  return {
    ...ledger,
    claim: async (...request) =>
      (await ledger.claim(...request)).map((claim) => ({ ...claim, leasedUntil: Number.POSITIVE_INFINITY })),
    start: (claim) => ledger.start(holding(claim)),
    startOpening: (claim, contactId) => ledger.startOpening(holding(claim), contactId),
    settle: (claim, ...more) => ledger.settle(holding(claim), ...more),
  };
}

/** The key that makes a second delivery of the same webhook fall out is different every time. */
function withoutDedupe(ledger: Ledger): Ledger {
  let made = 0;
  const unique = (event: Event): Event => {
    made += 1;
    return event.kind === 'message' ? { ...event, id: `${event.id}#${made}` } : event;
  };
  return { ...ledger, append: (events) => ledger.append(events.map(unique)) };
}

/** Answers first, writes then. */
function withoutDurableAck({ machine }: Simulation, ledger: Ledger): Ledger {
  return {
    ...ledger,
    append: async (events) => {
      machine.after(200, () => void ledger.append(events).catch(() => undefined));
      return events.length;
    },
  };
}
