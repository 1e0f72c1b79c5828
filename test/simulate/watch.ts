/** What the verdict and the trace need to know of the ledger's work, seen from outside. */
import type { ReceiptEvent } from '../../server/core/message.ts';
import type { Ledger } from '../../server/store/ledger/ledger.ts';
import type { Host } from './host.ts';
import type { Simulation } from './simulation.ts';

/** A claim as it was made: which deliveries the ledger held by then. */
export interface ClaimRecord {
  delivery: string;
  /** Rows of the table `delivery` that had been written before. */
  rows: number;
  inDoubt: boolean;
  /** Writes that had been accepted anywhere before. */
  order: number;
}

export function watched(simulation: Simulation, ledger: Ledger, host: Host): Ledger {
  const rows = simulation.disk.statement('select coalesce(max(rowid), 0) as rows from delivery');
  return {
    ...ledger,
    append: async (events) => {
      for (const event of events) if (event.kind === 'receipt') noteEarly(simulation, event);
      return ledger.append(events);
    },
    claim: async (owner, max, leaseMs) => {
      const before = (rows.get() as { rows: number }).rows;
      const claims = await ledger.claim(owner, max, leaseMs);
      for (const { delivery, fence } of claims) {
        const inDoubt = delivery.state === 'started' || delivery.state === 'checking';
        if (inDoubt) simulation.count('outcome in doubt');
        simulation.trace(
          host.name,
          `claims ${delivery.id}, ${delivery.kind} ${delivery.state} (fence ${fence})`,
        );
        const order = simulation.truth.accepted.length;
        simulation.claims.push({ delivery: delivery.id, rows: before, inDoubt, order });
      }
      return claims;
    },
    start: async (claim) => {
      const holds = await ledger.start(claim);
      if (!holds) simulation.count('lease lost before the send');
      return holds;
    },
    startOpening: async (claim, contactId) => {
      const answer = await ledger.startOpening(claim, contactId);
      if (answer === 'lost') simulation.count('lease lost before the send');
      return answer;
    },
    settle: async (claim, settlement, tells) => {
      const holds = await ledger.settle(claim, settlement, tells);
      if (holds && settlement.to === 'unknown') simulation.doubted.add(claim.delivery.id);
      const late = holds ? '' : ', but had lost the lane';
      simulation.trace(host.name, `settles ${claim.delivery.id}: ${JSON.stringify(settlement)}${late}`);
      return holds;
    },
  };
}

/** A receipt that is here before the answer to its own send. */
function noteEarly({ disk, count }: Simulation, { ref }: ReceiptEvent): void {
  const begun = disk.statement("select 1 from delivery where id = ? and state = 'started'");
  if (ref !== undefined && begun.get(ref)) count('receipt before the answer');
}

/** Whether the other side has taken something that this process has begun and not settled. */
export function holdsAnAcceptance({ disk, truth }: Simulation, { deps }: Host): boolean {
  const begun = disk.statement(
    `select d.id from delivery d join lane l on l.workspace_id = d.workspace_id and l.id = d.lane_id
     where d.state = 'started' and l.owner = ?`,
  );
  const ids = new Set((begun.all(deps.owner) as { id: string }[]).map((row) => row.id));
  return truth.accepted.some((write) => ids.has(write.delivery));
}
