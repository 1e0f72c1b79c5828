/** What a run says: how often each fault happened, what was carried, what was broken, and how to see it again. */
import type { Break } from './breaks.ts';
import type { Outcome } from './run.ts';
import { KINDS, type Totals } from './verdict.ts';
import { OCCURRENCES, type Occurrence } from './weather.ts';

export interface Sum extends Totals {
  seeds: number;
  counts: Map<Occurrence, number>;
  broken: Outcome[];
}

export const nothing = (): Sum => ({
  seeds: 0,
  messages: 0,
  accepted: 0,
  unknown: 0,
  failed: 0,
  twice: 0,
  counts: new Map(),
  broken: [],
});

export function add(sum: Sum, outcome: Outcome): void {
  sum.seeds += 1;
  for (const name of ['messages', 'accepted', 'unknown', 'failed', 'twice'] as const)
    sum[name] += outcome[name];
  for (const [what, times] of outcome.counts) sum.counts.set(what, (sum.counts.get(what) ?? 0) + times);
  if (outcome.breaches.length > 0) sum.broken.push(outcome);
}

/** Faults that a long run must have had and that this one had not. */
export const missing = ({ counts }: Sum): Occurrence[] => OCCURRENCES.filter((what) => !counts.get(what));

const number = (value: number): string => value.toLocaleString('en');
const row = (what: string, value: number): string => `  ${what.padEnd(64)}${number(value).padStart(12)}`;

export function table(sum: Sum): string {
  const times = (kind: string) =>
    sum.broken.flatMap((one) => one.breaches).filter((breach) => breach.kind === kind).length;
  return [
    'Faults that happened',
    ...OCCURRENCES.map((what) => row(what, sum.counts.get(what) ?? 0)),
    'Messages',
    row('written by customers and agents', sum.messages),
    row('calls accepted by the other sides', sum.accepted),
    row('labelled unknown at the end', sum.unknown),
    row('failed, and told so', sum.failed),
    row('accepted twice: labelled unknown, then resent by hand', sum.twice),
    'Breaches',
    ...KINDS.map((kind) => row(kind, times(kind))),
  ].join('\n');
}

/** What a seed broke, with the command that shows what happened. */
export function failure({ seed, breaches }: Outcome, remove: Break | undefined): string {
  const control = remove ? ` --break ${remove}` : '';
  const lines = breaches.slice(0, 5).map(({ kind, what }) => `  ${kind}: ${what}`);
  return [`Seed ${seed}: npm run simulate -- --seed ${seed}${control}`, ...lines].join('\n');
}
