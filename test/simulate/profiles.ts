/**
 * The kinds of other sides, by what decides whether a message can be lost or doubled there: what they redeliver, what
 * they report, whether they can be asked afterwards, whether the same key twice makes one message.
 */
import type { Capabilities } from '../../server/core/capabilities.ts';
import type { Redelivery } from './network.ts';
import type { Random } from './random.ts';

export interface ChannelProfile {
  id: string;
  can: Capabilities;
  /** Its messages carry a sequence number and a time in ms; a time in whole seconds; or no time at all. */
  order: 'sequence' | 'seconds' | 'arrival';
  redelivery: Redelivery;
  /** Several events may share one webhook. */
  batches: boolean;
  lookup: boolean;
  catchUp: boolean;
  /** Files are uploaded before the message that carries them. */
  uploads: boolean;
  /** How long a file of a customer can be fetched, ms. */
  fileLife: number;
}

const MINUTE = 60_000;
/** How long a file can be fetched, ms: as long as the source promises, or hardly long enough to be asked once. */
export const fileLife = (random: Random, promised: number): number =>
  random.chance(0.2) ? random.between(100, 8_000) : promised;

const FILE = { types: ['*'], maxSize: 1_000_000 };
/** Short enough that some messages become two calls. */
const TEXT_LIMIT = 40;

const can = (more: Partial<Capabilities>): Capabilities => ({
  text: { max: TEXT_LIMIT, unit: 'characters' },
  files: { image: FILE, document: FILE },
  caption: 0,
  filesPerCall: 1,
  filesWithText: false,
  filesWhenOpening: true,
  receipts: [],
  idempotent: false,
  echo: false,
  tells: [],
  redelivery: 'simulated',
  ...more,
});

const untilAcknowledged: Redelivery = (attempt) => Math.min(2_000 * 2 ** attempt, 5 * MINUTE);

/** Receipts that carry our reference; redelivers for days; nothing can be looked up. As WhatsApp. */
const echoing: ChannelProfile = {
  id: 'echoing',
  can: can({ echo: true, receipts: ['sent', 'delivered', 'read', 'failed'] }),
  order: 'seconds',
  redelivery: untilAcknowledged,
  batches: true,
  lookup: false,
  catchUp: false,
  uploads: true,
  fileLife: 5 * MINUTE,
};

/** No receipts, no keys, no look-up: what is in doubt stays so. As Telegram. */
const silent: ChannelProfile = {
  id: 'silent',
  can: can({}),
  order: 'sequence',
  redelivery: untilAcknowledged,
  batches: false,
  lookup: false,
  catchUp: false,
  uploads: false,
  fileLife: 60 * MINUTE,
};

/** A list of messages for look-up and catch-up; a webhook comes again only when nobody could be reached. As Twilio. */
const listing: ChannelProfile = {
  id: 'listing',
  can: can({ echo: true, receipts: ['sent', 'delivered', 'failed'] }),
  order: 'arrival',
  redelivery: (attempt, seen) => (attempt === 1 && seen === 'unreachable' ? 1_000 : undefined),
  batches: false,
  lookup: true,
  catchUp: true,
  uploads: false,
  fileLife: 60 * MINUTE,
};

export const CHANNELS: ChannelProfile[] = [echoing, silent, listing];

/** One more try after a minute, then never: what is missed has to be caught up. As Intercom. */
export const ASKED = {
  id: 'asked',
  can: can({
    filesPerCall: 3,
    filesWithText: true,
    filesWhenOpening: false,
    tells: ['failed', 'unknown'],
    text: { max: 200, unit: 'characters' },
  }),
  redelivery: ((attempt) => (attempt === 1 ? MINUTE : undefined)) satisfies Redelivery,
  /** How long a file of an agent can be fetched, ms. */
  fileLife: 30 * MINUTE,
};

/** The same key twice makes one message; webhooks come once. As HubSpot. */
export const KEYED = {
  id: 'keyed',
  can: can({
    filesPerCall: 3,
    filesWithText: true,
    idempotent: true,
    tells: ['sent', 'delivered', 'read', 'failed', 'unknown'],
    text: { max: 200, unit: 'characters' },
  }),
  redelivery: (() => undefined) satisfies Redelivery,
  fileLife: 30 * MINUTE,
};
