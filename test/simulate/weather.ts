/** Which faults a seed has, and how often: some seeds are mild, some have one storm, some have everything at once. */
import type { Random } from './random.ts';

/** The highest share of requests, webhooks or receipts that a fault may hit. */
const HIGHEST = {
  'webhook dropped': 0.3,
  'webhook delayed': 0.4,
  'webhook doubled': 0.4,
  'webhook answer lost': 0.3,
  'connection refused': 0.2,
  '429': 0.2,
  '503': 0.2,
  '500 before acceptance': 0.15,
  'request lost': 0.1,
  'accepted, then time-out': 0.2,
  'accepted, then reset': 0.15,
  'accepted, then 502': 0.15,
  slow: 0.2,
  'refused for good': 0.06,
  'receipt lost': 0.2,
  'receipt says failed': 0.15,
} as const;

export type Fault = keyof typeof HIGHEST;

/** What is counted beside those, because it happens to processes or follows from others. */
const CONSEQUENCES = [
  'crash',
  'upgrade',
  'process frozen',
  'process frozen beyond its lease',
  'lease lost before the send',
  'two processes at work',
  'clock jumped',
  'database refused to write',
  'commit with an unknown end',
  '401',
  'token renewed',
  'webhook overtaken',
  'webhook redelivered',
  'webhook answered 503',
  'webhook with a batch',
  'same key twice',
  'file address expired',
  'receipt before the answer',
  'crash between acceptance and settling',
  'outcome in doubt',
  'resent by hand',
] as const;

export type Occurrence = Fault | (typeof CONSEQUENCES)[number];
export const OCCURRENCES: Occurrence[] = [...(Object.keys(HIGHEST) as Fault[]), ...CONSEQUENCES];

export type Weather = Record<Fault, number>;

export function forecast(random: Random): Weather {
  const mildness = random.pick([0.2, 0.5, 1]);
  const entries = (Object.entries(HIGHEST) as [Fault, number][]).map(([fault, most]) => [
    fault,
    random.chance(0.5 * mildness + 0.1) ? random.float() * most : 0,
  ]);
  return Object.fromEntries(entries) as Weather;
}
