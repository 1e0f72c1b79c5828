/** What was promised, held against what happened. */
import { type DeliveryRow, type EventRow, original, readEvents } from './ledger-rows.ts';
import { inOrder, inSourceOrder } from './order.ts';
import { WORKSPACE } from './processes.ts';
import type { Played } from './scenario.ts';
import type { Simulation } from './simulation.ts';

export const KINDS = ['lost', 'reordered', 'doubled', 'never settled', 'otherwise wrong'] as const;
export interface Breach {
  kind: (typeof KINDS)[number];
  what: string;
}

export interface Totals {
  /** Written by customers and agents. */
  messages: number;
  /** Calls that the other sides took. */
  accepted: number;
  /** Labelled *unknown* at the end. */
  unknown: number;
  failed: number;
  /** Taken twice, after having been labelled *unknown* and resent by hand. */
  twice: number;
}

const lost = (what: string): Breach[] => [{ kind: 'lost', what }];
const doubled = (what: string): Breach[] => [{ kind: 'doubled', what }];
const wrong = (what: string): Breach[] => [{ kind: 'otherwise wrong', what }];

export function judge(simulation: Simulation, played: Played): { breaches: Breach[]; totals: Totals } {
  const events = readEvents(simulation);
  const calls = events.flatMap((event) => event.deliveries.map((one) => ({ event, one })));
  const breaches = [
    ...arrived(simulation, events),
    ...calls.flatMap(({ event, one }) => once(simulation, event, one, played)),
    ...calls.flatMap(({ event, one }) => finalState(event, one)),
    ...calls.flatMap(({ one }) => reallyThere(simulation, one)),
    ...events.flatMap((event) => contents(simulation, event)),
    ...inOrder(simulation, events, played),
    ...inSourceOrder(simulation, events),
    ...(played.settled ? [] : unsettled(simulation)),
    ...onePerCustomer(simulation, events),
    ...events.flatMap((event) => statuses(simulation, event, played)),
    ...events.flatMap((event) => told(simulation, event)),
    ...events.flatMap(unknownForReason),
    ...failedForReason(simulation, events),
    ...bookkeeping(simulation),
  ];
  const having = (status: string) => events.filter((event) => event.status === status).length;
  const totals = {
    messages: simulation.truth.written.size,
    accepted: simulation.truth.accepted.length,
    unknown: having('unknown'),
    failed: having('failed'),
    twice: calls.filter(({ one }) => one.accepted.length > 1).length,
  };
  return { breaches, totals };
}

/** Every message that was written (acknowledged or caught up) is in the ledger, once. */
function arrived({ truth, network }: Simulation, events: EventRow[]): Breach[] {
  const known = Map.groupBy(events, original);
  return [...truth.written.keys()].flatMap((id) => {
    const times = known.get(id)?.length ?? 0;
    if (times > 1) return doubled(`${id} is in the ledger ${times} times`);
    const acknowledged = network.acknowledged.has(id) ? ', but was acknowledged' : '';
    return times === 1 ? [] : lost(`${id} is not in the ledger${acknowledged}`);
  });
}

const REACHED = ['sent', 'delivered', 'read'];
const name = (event: EventRow, one: DeliveryRow): string => `${original(event)} (${one.id}, ${one.state})`;

/**
 * Taken once. Sending again by hand is for what failed or stayed unknown: a doubt may then become a second message, and
 * what the provider itself could not deliver is replaced.
 */
function once({ doubted }: Simulation, event: EventRow, one: DeliveryRow, { resent }: Played): Breach[] {
  const times = one.accepted.length;
  const byHand = resent.get(event.id) ?? 0;
  const undelivered = one.accepted.filter((write) => write.failed).length;
  const doubt = doubted.has(one.id) || event.history.includes('unknown');
  const most = 1 + (doubt ? byHand : Math.min(byHand, undelivered));
  return times > most ? doubled(`${name(event, one)} was accepted ${times} times (${byHand} resends)`) : [];
}

/** One final state each, and it is true. */
function finalState(event: EventRow, one: DeliveryRow): Breach[] {
  const { state, accepted, provider_id } = one;
  const called = name(event, one);
  const doubt = event.history.includes('unknown');
  if (event.status === 'ignored') return lost(`${called} was ignored: ${event.reason}`);
  if (![...REACHED, 'failed', 'unknown', 'cancelled'].includes(state))
    return wrong(`${called} has no final state`);
  if (REACHED.includes(state) && accepted.length === 0) return lost(`${called} was never accepted`);
  if (REACHED.includes(state) && !accepted.some((write) => write.id === provider_id))
    return wrong(`${called} is held to be ${provider_id}, but is ${accepted.map((write) => write.id)}`);
  if (state === 'cancelled' && accepted.length > 0 && !doubt)
    return wrong(`${called} is at the target all the same`);
  if (state === 'failed' && accepted.length > 0 && provider_id === null && !doubt)
    return wrong(`${called} is at the target, but failed: ${event.reason}`);
  return [];
}

/** What is held to be delivered is not one that the provider has said it could not deliver. */
function reallyThere({ network }: Simulation, one: DeliveryRow): Breach[] {
  const undelivered = one.accepted.every(
    (write) => write.failed && network.acknowledged.has(`${write.id} failed`),
  );
  return REACHED.includes(one.state) && one.accepted.length > 0 && undelivered
    ? lost(`${one.id} is ${one.state}, but the provider said that it failed`)
    : [];
}

/** What arrived is what was written: all the words, and the file or the reason why it is missing. */
function contents({ truth }: Simulation, event: EventRow): Breach[] {
  const written = truth.written.get(original(event));
  if (!written || !REACHED.includes(event.status)) return [];
  const writes = event.deliveries.flatMap((one) => one.accepted.slice(0, 1));
  const words = writes.map((write) => write.text).join(' ');
  const files = writes.flatMap((write) => write.files);
  if (!letters(words).includes(letters(written.text)))
    return lost(`${written.id} arrived as “${words}” instead of “${written.text}”`);
  if (written.file && !files.includes(written.file) && !words.includes('could not be fetched'))
    return lost(`the file of ${written.id} (${JSON.stringify(files)}, “${words}”)`);
  return [];
}
const letters = (text: string): string => text.replace(/\s+/g, '');

function unsettled({ disk, network }: Simulation): Breach[] {
  const open = disk
    .statement(
      `select d.id, d.kind, d.state, d.reason, d.attempts, d.next_at, l.pending, l.due
       from delivery d left join lane l on l.id = d.lane_id where d.open = 1`,
    )
    .all();
  const what = `${JSON.stringify(open)}; webhooks under way: ${network.travelling()}`;
  return [{ kind: 'never settled', what }];
}

/** One contact per customer, one conversation per customer and channel. An opening that is unknown may have made one. */
function onePerCustomer({ truth }: Simulation, events: EventRow[]): Breach[] {
  const openingInDoubt = events.some(
    (event) => event.direction === 'in' && event.history.includes('unknown'),
  );
  const contacts = Map.groupBy(truth.contacts, (contact) => contact.value);
  const threads = Map.groupBy(truth.conversations, ({ channel, customer }) => `${channel} ${customer}`);
  return [
    ...[...contacts].flatMap(([value, made]) =>
      made.length > 1 ? doubled(`${value} has ${made.length} contacts: ${made.map((one) => one.id)}`) : [],
    ),
    ...[...threads].flatMap(([who, made]) =>
      made.length > 1 && !openingInDoubt ? doubled(`${who} has ${made.length} conversations`) : [],
    ),
  ];
}

const RANK: Record<string, number> = { sent: 1, delivered: 2, read: 3 };

/** Receipts only rise; the last word is the highest that was acknowledged. */
function statuses({ network }: Simulation, event: EventRow, { resent }: Played): Breach[] {
  const falls = event.history.flatMap((status, index) => {
    const before = event.history[index - 1];
    const fell = before && RANK[before] && (RANK[status] ?? 0) < RANK[before] && status !== 'failed';
    const failedFromAbove =
      status === 'failed' && (RANK[before ?? ''] ?? 0) >= 2 && event.deliveries.length === 1;
    return fell || failedFromAbove ? wrong(`${original(event)} went from ${before} to ${status}`) : [];
  });
  const [only, ...others] = event.deliveries;
  if (!only?.provider_id || others.length > 0 || resent.has(event.id)) return falls;
  const heard = ['read', 'delivered', 'sent'].find((status) =>
    network.acknowledged.has(`${only.provider_id} ${status}`),
  );
  const behind = heard && (RANK[only.state] ?? 0) < (RANK[heard] as number) && only.state !== 'failed';
  return behind
    ? [...falls, ...wrong(`${original(event)} is ${only.state}, but ${heard} was reported`)]
    : falls;
}

/** The agent is told once of every failure and doubt; what was told last is what is so. */
function told({ truth, platformKind }: Simulation, event: EventRow): Breach[] {
  if (event.direction !== 'out') return [];
  const id = original(event);
  const notices = truth.accepted
    .filter((one) => one.kind !== 'message' && one.status?.startsWith(`${id} `))
    .map((one) => one.status?.split(' ')[1] as string);
  const last = notices.at(-1);
  if (platformKind === 'keyed')
    return last === event.status ? [] : wrong(`${id} is ${event.status}, but ${last} was told last`);
  return ['failed', 'unknown'].flatMap((bad) => {
    const times = event.history.filter((status) => status === bad).length;
    const notes = notices.filter((status) => status === bad).length;
    if (notes > times) return wrong(`told ${notes} times that ${id} is ${bad} (${times} times so)`);
    return event.status === bad && notes === 0 ? wrong(`nobody was told that ${id} is ${bad}`) : [];
  });
}

/** Only where nobody can be asked and no key repeated: to call everything unknown would be easy. */
function unknownForReason(event: EventRow): Breach[] {
  const canBeSettled = event.direction === 'in' || event.channel_id === 'chn_listing';
  return canBeSettled && event.history.includes('unknown')
    ? wrong(`${original(event)} was called unknown, though it could be found out`)
    : [];
}

/** To call everything failed would be easy, too. */
function failedForReason({ counts }: Simulation, events: EventRow[]): Breach[] {
  const reasons = (counts.get('refused for good') ?? 0) + (counts.get('receipt says failed') ?? 0);
  const failed = events.filter((event) => event.history.includes('failed')).map(original);
  return failed.length > reasons ? wrong(`${failed} failed for ${reasons} reasons`) : [];
}

/** Counters of lanes agree with their rows; a message in the ledger belongs to this workspace. */
function bookkeeping({ disk }: Simulation): Breach[] {
  const miscounted = disk
    .statement(
      `select l.id, l.pending, (select count(*) from delivery d where d.lane_id = l.id and d.open = 1) as open
       from lane l where l.pending <> (select count(*) from delivery d where d.lane_id = l.id and d.open = 1)`,
    )
    .all();
  const strangers = disk.statement('select count(*) as n from event where workspace_id <> ?').get(WORKSPACE);
  return [
    ...miscounted.flatMap((lane) => wrong(`a lane counts wrongly: ${JSON.stringify(lane)}`)),
    ...((strangers as { n: number }).n > 0 ? wrong('events of a workspace that is none') : []),
  ];
}
