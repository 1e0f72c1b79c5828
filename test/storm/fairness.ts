/**
 * One workspace whose platform refuses or hangs, another one at work: how long the other's messages take, before, during
 * and after, by the same clock. Half of the customers of the stormed one wait when the measuring begins, the others write
 * meanwhile.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Call, Fault } from '../../playground/kit.ts';
import { deskOf } from '../support/desk.ts';
import { type Handset, handset } from '../support/handset.ts';
import { type Tally, tally, together } from '../support/tally.ts';
import type { Town } from '../support/town.ts';
import { until } from '../support/until.ts';
import type { Row } from './report.ts';
import { counted } from './run.ts';
import { openTraffic, type Traffic } from './traffic.ts';

const EVERY_MS = 25;
/** Each of them writes every 1.2 seconds: WhatsApp tells the second only, and webhooks overtake each other. */
const CUSTOMERS = 48;
const MESSAGES = 600;
const CROWD = 1_000;
const MOST = 2;

/** What the platform of the stormed workspace does with every call, and how often it was seen to. */
interface Storm {
  fault: string;
  plan: Fault;
  seen(during: Call[]): string;
}
const refuses: Storm = {
  fault: 'a 429 storm',
  plan: { kind: 'status', status: 429 },
  seen: (during) => `${during.filter((call) => call.status === 429).length} × 429`,
};
const hangs: Storm = {
  fault: 'every call hanging to its time-out',
  plan: { kind: 'accept_then_hang' },
  seen: (during) => `${during.length} calls that were never answered`,
};

export const fairnessWhileRefused = (town: Town): Promise<Row> => fairness(town, refuses, 10_000);
export const fairnessWhileHanging = (town: Town): Promise<Row> => fairness(town, hangs, 20_000);

/** `seat` is the number of the crowd's first customer. */
async function fairness(town: Town, storm: Storm, seat: number): Promise<Row> {
  const began = Date.now();
  const { intercom } = town.emulators;
  const other = await openTraffic(town, { platform: 'hubspot', app: 'whatsapp', count: CUSTOMERS });
  const { chats } = other;
  await took(town, chats, `warm ${seat}`, 100);
  const calm = await took(town, chats, `calm ${seat}`, MESSAGES);
  const before = intercom.calls.length;
  const count = counted(intercom);
  for (const method of ['GET', 'POST', 'PUT']) intercom.plan(method, /./, storm.plan, 100_000);
  const crowd = Array.from({ length: CROWD }, (_, index) =>
    handset(town, 'intercom', 'telegram', seat + index),
  );
  for (const phone of crowd.slice(0, CROWD / 2)) phone.sends({ text: wordsOf(phone) });
  await until('the storm to begin', () => intercom.calls.length > before, 20_000);
  await pause(1_000);
  const writing = drip(crowd.slice(CROWD / 2), 20);
  const stormy = await took(town, chats, `stormy ${seat}`, MESSAGES);
  await writing;
  const during = intercom.calls.slice(before);
  intercom.clearFaults();
  const injected = count();
  const words = crowd.map(wordsOf);
  await until('the crowd in the inbox', () => inInbox(town, words).lost.length === 0, 240_000);
  calm.push(...(await took(town, chats, `calm again ${seat}`, MESSAGES)));
  const ratio = percentile(stormy, 0.99) / percentile(calm, 0.99);
  return {
    fault: `fairness: ${storm.fault} in one workspace with ${CROWD} waiting conversations, another one at work`,
    injected,
    provider: `Intercom: ${storm.seen(during)} while ${CROWD} waited`,
    agent: `the other’s messages: p50 ${ms(stormy, 0.5)}, p99 ${ms(stormy, 0.99)} (calm: ${ms(calm, 0.5)}, ${ms(calm, 0.99)}), p99 × ${ratio.toFixed(2)}`,
    sent: CROWD + 3 * MESSAGES,
    tally: together([other.tally(), inInbox(town, words)]),
    mayBeLate: false,
    unknown: 0,
    seconds: (Date.now() - began) / 1_000,
    wrong: ratio <= MOST ? [] : [`p99 is ${ratio.toFixed(2)} times that of calm, more than ${MOST}`],
  };
}

const wordsOf = ({ customer }: Handset): string => `From ${customer}`;

/** Each of the crowd says one thing, in a conversation of its own. */
function inInbox(town: Town, words: string[]): Tally {
  const said = deskOf(town, 'intercom')
    .conversations()
    .flatMap((one) => one.said);
  const arrived = Map.groupBy(said, (text) => text);
  return together(words.map((text) => tally([text], arrived.get(text) ?? [])));
}

async function drip(phones: Handset[], everyMs: number): Promise<void> {
  for (const phone of phones) {
    phone.sends({ text: wordsOf(phone) });
    await pause(everyMs);
  }
}

/** ms from the customer's sending to HubSpot's acceptance, for each message; they come on schedule, answered or not. */
async function took(town: Town, chats: Traffic['chats'], word: string, count: number): Promise<number[]> {
  const { hubspot } = town.emulators;
  const sent = new Map<string, number>();
  const times: number[] = [];
  const hear = (call: Call) => {
    const text = /"text":"([^"]*)"/.exec(call.body)?.[1] ?? '';
    const at = sent.get(text);
    if (at === undefined || call.status >= 300) return;
    sent.delete(text);
    times.push(performance.now() - at);
  };
  hubspot.on('call', hear);
  for (let index = 0; index < count; index += 1) {
    const { phone, written } = chats[index % chats.length] as Traffic['chats'][number];
    const text = `${word} ${index}`;
    written.push(text);
    sent.set(text, performance.now());
    phone.sends({ text });
    await pause(EVERY_MS);
  }
  await until('every message of the other workspace', () => times.length === count, 60_000);
  hubspot.off('call', hear);
  return times;
}

function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
const ms = (values: number[], share: number): string => `${percentile(values, share).toFixed(0)} ms`;
