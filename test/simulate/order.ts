/** Nothing overtakes: at the other sides, and in the ledger's own places. */
import { type DeliveryRow, type EventRow, original } from './ledger-rows.ts';
import type { Played } from './scenario.ts';
import type { Simulation } from './simulation.ts';
import type { Breach } from './verdict.ts';

type Placed = DeliveryRow & { event: EventRow };

/**
 * In every lane, nothing is accepted before what stands in front of it, unless that came to the ledger only after the
 * later one had been claimed (it is late), or is labelled unknown.
 */
export function inOrder({ claims, doubted }: Simulation, events: EventRow[], { resent }: Played): Breach[] {
  const marks = claimMarks(claims);
  // What was sent again by hand has left its place.
  const placed: Placed[] = events
    .filter((event) => !resent.has(event.id))
    .flatMap((event) => event.deliveries.map((one) => ({ ...one, event })));
  const lanes = Map.groupBy(placed, (one) => one.lane_id);
  const overtaken = ([a, b]: [Placed, Placed]): boolean => {
    const [firstOfA, firstOfB] = [a.accepted[0], b.accepted[0]];
    if (!firstOfA || !firstOfB || firstOfA.order < firstOfB.order) return false;
    // What follows a first part that is out stays behind it.
    const head = b.event.deliveries[0] ?? b;
    const late = a.event !== b.event && a.rowid > marks(head.id, firstOfB.order);
    return !late && !isLabelled(a, doubted);
  };
  return [...lanes.values()]
    .flatMap((lane) => pairs(lane, isBefore))
    .filter(overtaken)
    .map(([a, b]) => ({
      kind: 'reordered',
      what: `${original(b.event)} (${b.id}) was accepted before ${original(a.event)} (${a.id})`,
    }));
}

/** Beside a part that failed, the message is failed, and the doubt is in its reason. */
const isLabelled = ({ id, event }: Placed, doubted: Simulation['doubted']): boolean =>
  event.history.includes('unknown') ||
  (doubted.has(id) &&
    event.status === 'failed' &&
    event.reason?.includes('may have been delivered') === true);

const isBefore = (a: DeliveryRow, b: DeliveryRow): boolean =>
  a.position < b.position || (a.position === b.position && a.part < b.part);

const pairs = <Item>(items: Item[], fits: (a: Item, b: Item) => boolean): [Item, Item][] =>
  items.flatMap((a) => items.flatMap((b): [Item, Item][] => (a !== b && fits(a, b) ? [[a, b]] : [])));

/** How many rows the ledger had when the claim was made under which a write was accepted. */
function claimMarks(claims: Simulation['claims']): (delivery: string, acceptedAs: number) => number {
  const byDelivery = Map.groupBy(claims, (claim) => claim.delivery);
  return (delivery, acceptedAs) => {
    let mark = 0;
    for (const claim of byDelivery.get(delivery) ?? []) {
      if (claim.order > acceptedAs) break;
      // What is in doubt stays the head, whatever arrives meanwhile.
      if (!claim.inDoubt) mark = claim.rows;
    }
    return mark;
  };
}

/** The places in a lane follow the source's own time and sequence. */
export function inSourceOrder({ truth }: Simulation, events: EventRow[]): Breach[] {
  const placed = events.flatMap((event) => {
    const written = truth.written.get(original(event));
    const position = event.deliveries[0]?.position;
    const moved = event.history.includes('failed') || event.history.includes('unknown');
    return written && position && !moved && written.party !== 'listing' ? [{ written, position }] : [];
  });
  type Known = (typeof placed)[number];
  const earlier = ({ written: a }: Known, { written: b }: Known) =>
    a.at < b.at || (a.at === b.at && (a.seq ?? 0) < (b.seq ?? 0));
  const threads = Map.groupBy(
    placed,
    ({ written }) => `${written.party} ${written.direction} ${written.thread}`,
  );
  return [...threads.values()]
    .flatMap((thread) => pairs(thread, earlier))
    .filter(([a, b]) => a.position > b.position)
    .map(([a, b]) => ({ kind: 'reordered', what: `${a.written.id} is placed behind ${b.written.id}` }));
}
