/** What the ledger holds in the end, beside what the other sides really took of it. */
import type { Simulation } from './simulation.ts';
import type { Accepted } from './truth.ts';

export interface EventRow {
  id: string;
  source_id: string;
  direction: 'in' | 'out';
  channel_id: string | null;
  status: string;
  reason: string | null;
  history: string[];
  deliveries: DeliveryRow[];
}
export interface DeliveryRow {
  id: string;
  rowid: number;
  lane_id: string;
  position: string;
  part: number;
  state: string;
  provider_id: string | null;
  /** In their order. */
  accepted: Accepted[];
}

export function readEvents({ disk, truth }: Simulation): EventRow[] {
  const accepted = Map.groupBy(
    truth.accepted.filter((one) => one.kind === 'message'),
    (one) => one.delivery,
  );
  const history = disk.statement('select status from history where event_id = ? order by seq');
  const deliveries = disk.statement(
    `select rowid, id, lane_id, position, part, state, provider_id from delivery
     where event_id = ? and kind = 'message' order by part`,
  );
  const events = disk
    .statement(
      `select id, source_id, direction, channel_id, status, reason from event
       where kind = 'message' order by rowid`,
    )
    .all() as Omit<EventRow, 'history' | 'deliveries'>[];
  return events.map((event) => ({
    ...event,
    history: (history.all(event.id) as { status: string }[]).map((entry) => entry.status),
    deliveries: (deliveries.all(event.id) as Omit<DeliveryRow, 'accepted'>[]).map((row) => ({
      ...row,
      accepted: accepted.get(row.id) ?? [],
    })),
  }));
}

/** The source's name of a message, also where a negative control made its id unique. */
export const original = (event: EventRow): string => event.source_id.split('#')[0] as string;
