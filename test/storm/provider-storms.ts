/** Platforms and providers that refuse, fail, or accept and then say nothing. */
import type { Call, Emulator, Fault } from '../../playground/kit.ts';
import type { Town } from '../support/town.ts';
import type { HalfOpen } from './half-open.ts';
import type { Row } from './report.ts';
import { counted, type Lifted, type Plan, run } from './run.ts';
import { openTraffic } from './traffic.ts';

const MANY = 100_000;
const ANY = /./;
const SENDS = {
  telegram: /^\/bot[^/]+\/send/i,
  twilio: /\/Messages\.json/,
  meta: /^\/v[\d.]+\/\d+\/messages/,
  intercom: /^\/conversations(\/[^/]+\/reply)?(\?|$)/,
};

function plague(emulator: Emulator, fault: Fault, paths: RegExp, times = MANY): () => Lifted {
  return () => {
    const count = counted(emulator);
    for (const method of fault.kind === 'status' ? ['GET', 'POST', 'PUT'] : ['POST'])
      emulator.plan(method, paths, fault, times);
    return {
      lift: () => {
        emulator.clearFaults();
        return count();
      },
    };
  };
}

/** So many calls at most, however many conversations wait. */
const atMost =
  (most: number, status: number) =>
  (calls: Call[]): string[] => {
    const refused = calls.filter((call) => call.status === status).length;
    return refused <= most ? [] : [`${refused} calls were refused, more than ${most}`];
  };

interface Size {
  customers: number;
  rounds: number;
}

export async function refusedByPlatform(town: Town, { customers, rounds }: Size): Promise<Row> {
  const { intercom } = town.emulators;
  const traffic = await openTraffic(town, { platform: 'intercom', app: 'telegram', count: customers });
  return run({
    fault: '429 storm at the platform (Intercom)',
    traffic,
    at: intercom,
    lay: plague(intercom, { kind: 'status', status: 429 }, ANY),
    ...{ rounds, everyMs: 1_000, only: 'write', withinMs: 90_000 },
    // Those under way when it began, and one behind each reset.
    check: atMost(customers + rounds, 429),
  });
}

export async function refusedByProvider(town: Town, { customers, rounds }: Size): Promise<Row> {
  const { telegram } = town.emulators;
  const traffic = await openTraffic(town, { platform: 'hubspot', app: 'telegram', count: customers });
  return run({
    fault: '429 storm at the provider (Telegram)',
    traffic,
    at: telegram,
    lay: plague(telegram, { kind: 'status', status: 429, retryAfter: 3 }, SENDS.telegram),
    ...{ rounds, everyMs: 1_000, only: 'answer', withinMs: 90_000 },
    check: atMost(customers + rounds, 429),
  });
}

export async function failingPlatform(town: Town, { customers, rounds }: Size): Promise<Row> {
  const { intercom } = town.emulators;
  const traffic = await openTraffic(town, { platform: 'intercom', app: 'telegram', count: customers });
  return run({
    fault: '500 storm at the platform (Intercom)',
    traffic,
    at: intercom,
    lay: plague(intercom, { kind: 'status', status: 500 }, ANY),
    ...{ rounds, everyMs: 1_000, only: 'write', withinMs: 180_000 },
  });
}

export async function failingProvider(town: Town, { customers, rounds }: Size): Promise<Row> {
  const { twilio } = town.emulators;
  const traffic = await openTraffic(town, { platform: 'intercom', app: 'twilio_sms', count: customers });
  return run({
    fault: '500 storm at the provider (Twilio)',
    traffic,
    at: twilio,
    lay: plague(twilio, { kind: 'status', status: 500 }, SENDS.twilio),
    ...{ rounds, everyMs: 1_000, only: 'answer', withinMs: 180_000 },
  });
}

/** Accepted, and no answer: what a look-up or an echo finds is sent once; what nobody can tell is said to the agent. */
export async function silentPlatform(town: Town, { customers, rounds }: Size): Promise<Row> {
  const { intercom } = town.emulators;
  const traffic = await openTraffic(town, { platform: 'intercom', app: 'telegram', count: customers });
  return run({
    fault: 'accepted, then no answer: the platform (Intercom)',
    traffic,
    at: intercom,
    lay: plague(intercom, { kind: 'accept_then_hang' }, SENDS.intercom),
    ...{ rounds, everyMs: 1_000, only: 'write', withinMs: 240_000 },
  });
}

export async function silentProvider(
  town: Town,
  { customers, rounds }: Size,
  app: 'telegram' | 'whatsapp',
): Promise<Row> {
  const emulator = app === 'telegram' ? town.emulators.telegram : town.emulators.meta;
  const traffic = await openTraffic(town, { platform: 'hubspot', app, count: customers });
  const plan: Plan = {
    fault: `accepted, then no answer: the provider (${app === 'telegram' ? 'Telegram' : 'WhatsApp'})`,
    traffic,
    at: emulator,
    lay: plague(emulator, { kind: 'accept_then_hang' }, app === 'telegram' ? SENDS.telegram : SENDS.meta),
    ...{ rounds, everyMs: 1_000, only: 'answer', withinMs: 240_000 },
  };
  return run(plan);
}

/** Connections to it stand, and nothing comes over them: the time-outs are ours, and so are the doubts. */
export async function halfOpenPlatform(
  town: Town,
  line: HalfOpen,
  { customers, rounds }: Size,
): Promise<Row> {
  const traffic = await openTraffic(town, { platform: 'hubspot', app: 'telegram', count: customers });
  return run({
    fault: 'half-open connections to the platform (HubSpot), nothing gets through',
    traffic,
    at: town.emulators.hubspot,
    lay: () => {
      line.swallow('everything');
      return { lift: () => line.restore() };
    },
    ...{ rounds, everyMs: 1_000, only: 'write', withinMs: 180_000 },
  });
}

export async function halfOpenProvider(
  town: Town,
  line: HalfOpen,
  { customers, rounds }: Size,
): Promise<Row> {
  const traffic = await openTraffic(town, { platform: 'intercom', app: 'twilio_sms', count: customers });
  return run({
    fault: 'half-open connections to the provider (Twilio), answers get lost',
    traffic,
    at: town.emulators.twilio,
    lay: () => {
      line.swallow('answers');
      return { lift: () => line.restore() };
    },
    ...{ rounds, everyMs: 1_000, only: 'answer', withinMs: 180_000 },
  });
}
