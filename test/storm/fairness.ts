/**
 * One workspace in a 429 storm, another one at work: how long the other's messages take, before and during, by the same
 * clock. Half of the customers of the stormed one wait when the measuring begins, the others write meanwhile.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Call } from '../../playground/kit.ts';
import { handset } from '../support/handset.ts';
import { SPOTLESS } from '../support/tally.ts';
import type { Town } from '../support/town.ts';
import { until } from '../support/until.ts';
import type { Row } from './report.ts';
import { counted } from './run.ts';
import { openTraffic } from './traffic.ts';

const EVERY_MS = 25;
const MESSAGES = 600;
const CROWD = 1_000;
const MOST = 2;

export async function fairness(town: Town): Promise<Row> {
  const began = Date.now();
  const { intercom } = town.emulators;
  const other = await openTraffic(town, { platform: 'hubspot', app: 'whatsapp', count: 12 });
  const phones = other.chats.map((chat) => chat.phone);
  await took(town, phones, 'warm', 100);
  const calm = await took(town, phones, 'calm', MESSAGES);
  const before = intercom.calls.length;
  const count = counted(intercom);
  for (const method of ['GET', 'POST', 'PUT'])
    intercom.plan(method, /./, { kind: 'status', status: 429 }, 100_000);
  const crowd = Array.from({ length: CROWD }, (_, index) =>
    handset(town, 'intercom', 'telegram', 10_000 + index),
  );
  for (const phone of crowd.slice(0, CROWD / 2)) phone.sends({ text: `From ${phone.customer}` });
  await until('the storm to begin', () => intercom.calls.length > before, 20_000);
  await pause(1_000);
  const writing = drip(crowd.slice(CROWD / 2), 20);
  const stormy = await took(town, phones, 'stormy', MESSAGES);
  await writing;
  const during = intercom.calls.slice(before);
  intercom.clearFaults();
  const injected = count();
  await until(
    'the crowd in the inbox',
    () => crowd.every((phone) => other.desk && said(town, phone.customer)),
    240_000,
  );
  const ratio = percentile(stormy, 0.99) / percentile(calm, 0.99);
  return {
    fault: `fairness: a 429 storm in one workspace with ${CROWD} waiting conversations, another one at work`,
    injected,
    provider: `Intercom: ${during.filter((call: Call) => call.status === 429).length} × 429 while ${CROWD} waited`,
    agent: `the other’s messages: p50 ${ms(stormy, 0.5)}, p99 ${ms(stormy, 0.99)} (calm: ${ms(calm, 0.5)}, ${ms(calm, 0.99)}), p99 × ${ratio.toFixed(2)}`,
    sent: CROWD + 2 * MESSAGES,
    tally: SPOTLESS,
    mayBeLate: false,
    unknown: 0,
    seconds: (Date.now() - began) / 1_000,
    wrong: ratio <= MOST ? [] : [`p99 is ${ratio.toFixed(2)} times that of calm, more than ${MOST}`],
  };
}

function said(town: Town, customer: string): boolean {
  const { intercom } = town.emulators;
  for (const workspace of intercom.world.workspaces.values())
    for (const conversation of workspace.conversations.values())
      if (JSON.stringify(conversation).includes(`From ${customer}`)) return true;
  return false;
}

async function drip(phones: ReturnType<typeof handset>[], everyMs: number): Promise<void> {
  for (const phone of phones) {
    phone.sends({ text: `From ${phone.customer}` });
    await pause(everyMs);
  }
}

/** ms from the customer's sending to HubSpot's acceptance, for each message; they come on schedule, answered or not. */
async function took(
  town: Town,
  phones: ReturnType<typeof handset>[],
  word: string,
  count: number,
): Promise<number[]> {
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
    const phone = phones[index % phones.length];
    const text = `${word} ${index}`;
    sent.set(text, performance.now());
    phone?.sends({ text });
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
