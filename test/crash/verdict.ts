/** What is left when all is over: every text sent, counted against what stands in the inboxes and on the phones. */

import { INTERCOM_WORKSPACE, PORTAL } from '../../playground/town/emulators.ts';
import { type Tally, tally } from '../support/tally.ts';
import type { App, Customer } from './customers.ts';
import type { LedgerRow } from './ledger.ts';
import type { Fate, Load } from './load.ts';
import type { CrashTown } from './town.ts';

/** One other side, and what became of everything meant for it. */
export interface Line {
  target: string;
  /** How a lost answer is settled there. */
  how: string;
  sent: number;
  acknowledged: number;
  /** Not there, and not labelled unknown either. */
  lost: number;
  twice: number;
  /** Labelled unknown by the ledger: there after all, or not. */
  unknown: number;
  inverted: number;
  /** Neither sent, delivered, read, failed nor unknown; or more or fewer records than messages. */
  unsettled: number;
  failed: number;
  /** In flight when a server died: unknown ones must be among them. */
  inFlight: number;
}

export interface Verdict {
  lines: Line[];
  /** Promises that did not hold, in words; empty is what we want. */
  broken: string[];
}

interface Target {
  target: string;
  how: string;
  /** May end as unknown: cannot be asked. */
  mayDoubt: boolean;
  mine(customer: Customer): boolean;
  direction: 'in' | 'out';
}

const into = (platform: Customer['platform'], target: string, how: string): Target => ({
  target,
  how,
  mayDoubt: false,
  mine: (customer) => customer.platform === platform,
  direction: 'in',
});
const outBy = (app: App, target: string, how: string, mayDoubt: boolean): Target => ({
  target,
  how,
  mayDoubt,
  mine: (customer) => customer.app === app,
  direction: 'out',
});

const TARGETS: Target[] = [
  into('intercom', 'into Intercom', 'look-up'),
  into('hubspot', 'into HubSpot', 'same key again'),
  outBy('telegram', 'out by Telegram', 'cannot be asked', true),
  outBy('whatsapp', 'out by WhatsApp', 'its echo', true),
  outBy('twilio_sms', 'out by SMS', 'look-up, echo', false),
];

const FINAL = new Set(['sent', 'delivered', 'read']);

export function judge(town: CrashTown, load: Load, rows: LedgerRow[]): Verdict {
  const byThread = Map.groupBy(rows, (row) => `${row.direction} ${row.thread}`);
  const broken: string[] = [];
  const lines = TARGETS.map((target) => lineOf(target, load, byThread, broken));
  broken.push(...strays(load, rows), ...twins(town, load));
  return { lines, broken };
}

function lineOf(target: Target, load: Load, byThread: Map<string, LedgerRow[]>, broken: string[]): Line {
  const line: Line = {
    target: target.target,
    how: target.how,
    sent: 0,
    acknowledged: 0,
    lost: 0,
    twice: 0,
    unknown: 0,
    inverted: 0,
    unsettled: 0,
    failed: 0,
    inFlight: 0,
  };
  for (const customer of load.customers.filter(target.mine)) {
    const texts = target.direction === 'in' ? customer.said : customer.answers;
    if (texts.length === 0) continue;
    const conversations = customer.conversations();
    const arrived =
      target.direction === 'in' ? conversations.flatMap((one) => one.said) : customer.received();
    const fates = texts.map((text) => load.fates.get(text) as Fate);
    const thread = conversations[0]?.id ?? null;
    const states = byThread.get(`${target.direction} ${thread}`) ?? [];
    const counted = tally(texts, arrived);
    add(line, { counted, fates, states });
    broken.push(...named(target, customer, counted));
    if (conversations.length !== 1)
      broken.push(
        `customer ${customer.number} has ${conversations.length} conversations in ${customer.platform}`,
      );
  }
  return line;
}

/** Which ones, for whoever has to find out why. */
function named({ target, mayDoubt }: Target, { app, platform }: Customer, counted: Tally): string[] {
  const { lost, twice, inverted, strange } = counted;
  const wrong = [
    ['not there', mayDoubt ? [] : lost],
    ['twice', twice],
    ['behind a later one', inverted],
    ['strange', strange],
  ] as const;
  return wrong
    .filter(([, texts]) => texts.length > 0)
    .map(([what, texts]) => `${target} (${app}, ${platform}), ${what}: ${texts.join(' ')}`);
}

interface Outcome {
  counted: Tally;
  fates: Fate[];
  states: LedgerRow[];
}

function add(line: Line, { counted, fates, states }: Outcome): void {
  const count = (wanted: (status: string) => boolean) =>
    states.filter((row) => wanted(row.status)).reduce((sum, row) => sum + row.count, 0);
  const unknown = count((status) => status === 'unknown');
  const failed = count((status) => status === 'failed');
  line.sent += fates.length;
  line.acknowledged += fates.filter((fate) => fate.acknowledgedAt !== undefined).length;
  line.lost += Math.max(0, counted.lost.length - unknown);
  line.twice += counted.twice.length + counted.strange.length;
  line.unknown += unknown;
  line.inverted += counted.inverted.length;
  line.failed += failed;
  line.unsettled += Math.abs(fates.length - count((status) => FINAL.has(status)) - unknown - failed);
  line.inFlight += fates.filter((fate) => fate.inFlightAtKill).length;
}

/** Records of conversations that nobody has. */
function strays(load: Load, rows: LedgerRow[]): string[] {
  const known = new Set(load.customers.flatMap((one) => one.conversations().map(({ id }) => id)));
  const lost = rows.filter(({ thread }) => thread === null || !known.has(thread));
  return lost.map((row) => `${row.count} ${row.direction} ${row.status} in the conversation ${row.thread}`);
}

/** Each customer is one contact in their inbox. */
function twins({ emulators }: CrashTown, load: Load): string[] {
  const people = (platform: Customer['platform']) =>
    load.customers.filter((one) => one.platform === platform && one.conversations().length > 0).length;
  const contacts = {
    intercom: emulators.intercom.contacts(INTERCOM_WORKSPACE).length,
    hubspot: emulators.hubspot.contacts(PORTAL).length,
  };
  return (['intercom', 'hubspot'] as const)
    .filter((platform) => contacts[platform] !== people(platform))
    .map((platform) => `${people(platform)} customers are ${contacts[platform]} contacts in ${platform}`);
}

/** What each line must keep, in words. */
export function brokenBy(lines: Line[]): string[] {
  return lines.flatMap((line) => {
    const mayDoubt = TARGETS.find(({ target }) => target === line.target)?.mayDoubt ?? false;
    const wrong: [string, number][] = [
      ['lost', line.lost],
      ['twice', line.twice],
      ['out of order', line.inverted],
      ['failed', line.failed],
      ['not in one final state', line.unsettled],
      ['unknown, although it can be asked', mayDoubt ? 0 : line.unknown],
      ['unknown, but never in flight', Math.max(0, line.unknown - line.inFlight)],
    ];
    return wrong.filter(([, count]) => count > 0).map(([what, count]) => `${line.target}: ${count} ${what}`);
  });
}
