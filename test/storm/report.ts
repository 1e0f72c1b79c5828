/** The table that a run prints: each row is one kind of fault, and says what everybody saw of it. */
import { type Tally, together } from '../support/tally.ts';

export interface Row {
  fault: string;
  /** How often it really happened, counted where it was done to us. */
  injected: number;
  provider: string;
  agent: string;
  /** Messages that were sent in this row, both ways. */
  sent: number;
  tally: Tally;
  /**
   * The doors were closed: what its sender gave up, and only catching up brought, may come behind what was sent later
   * (docs/reliability.md, "Other limits").
   */
  mayBeLate: boolean;
  /** Delivered or not, nobody can know: the agent was told so, with Resend. */
  unknown: number;
  seconds: number;
  /** What else has to be so; each entry is a failure. */
  wrong: string[];
}

/** The reasons why a row does not stand; none = it does. */
export function failures(row: Row): string[] {
  const { lost, twice, inverted, strange } = row.tally;
  const some = (count: number, what: string) => (count > 0 ? [`${count} ${what}`] : []);
  return [
    ...(row.injected > 0 ? [] : ['the fault never happened']),
    ...some(lost.length - row.unknown, `lost: ${lost.slice(0, 3).join(', ')}`),
    ...some(twice.length, `twice: ${twice.slice(0, 3).join(', ')}`),
    ...some(row.mayBeLate ? 0 : inverted.length, `out of order: ${inverted.slice(0, 3).join(', ')}`),
    ...some(strange.length, `from nowhere: ${strange.slice(0, 3).join(', ')}`),
    ...row.wrong,
  ];
}

const HEAD = [
  'fault',
  'injected',
  'what the other side saw',
  'what the agent saw',
  'sent',
  'lost',
  'twice',
  'late',
  's',
];

export function table(rows: Row[]): string {
  const cells = rows.map((row) => [
    row.fault,
    String(row.injected),
    row.provider,
    row.agent,
    String(row.sent),
    lostCell(row),
    String(row.tally.twice.length),
    String(row.tally.inverted.length),
    row.seconds.toFixed(0),
  ]);
  return [HEAD, HEAD.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

const lostCell = ({ tally, unknown }: Row): string =>
  unknown > 0
    ? `${Math.max(0, tally.lost.length - unknown)} (${unknown} told as unknown)`
    : String(tally.lost.length);

export function summary(rows: Row[]): string {
  const all = together(rows.map((row) => row.tally));
  const unknown = rows.reduce((sum, row) => sum + row.unknown, 0);
  const sent = rows.reduce((sum, row) => sum + row.sent, 0);
  const injected = rows.reduce((sum, row) => sum + row.injected, 0);
  const bad = rows.filter((row) => failures(row).length > 0).length;
  return `${rows.length} faults, injected ${injected} times: ${sent} messages, ${Math.max(0, all.lost.length - unknown)} lost, ${all.twice.length} twice, ${all.inverted.length} behind what was sent later, ${unknown} told as unknown; ${bad === 0 ? 'all hold' : `${bad} rows do not hold`}`;
}
