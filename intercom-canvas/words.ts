/** The words of the card: times, statuses, and other people's text made harmless. */
import type { CardMessage, ConversationCard, MessageStatus } from './view.ts';

export interface Reader {
  /** Milliseconds. */
  now: number;
  /** IANA name; anything else is read as UTC, and the times say so. */
  timeZone?: string;
  /** BCP 47; `en-US` without it. */
  locale?: string;
}

/** `Jan 8, 2019 at 1:05PM`, the form that Intercom's design rules ask for; never "5 minutes ago". */
export function time(at: number, { timeZone, locale = 'en-US' }: Reader): string {
  const zone = timeZone !== undefined && isTimeZone(timeZone) ? timeZone : undefined;
  const inZone = { timeZone: zone ?? 'UTC' };
  const date = formatter(locale, { ...inZone, dateStyle: 'medium' }).format(at);
  const clock = formatter(locale, { ...inZone, timeStyle: 'short' }).format(at);
  // English writes no space before PM here; other languages keep theirs.
  const hour = /^en\b/i.test(locale) ? clock.replace(/\s+(?=[AP]M$)/i, '') : clock;
  const word = /^en\b/i.test(locale) ? `${date} at ${hour}` : `${date}, ${hour}`;
  return zone === undefined ? `${word} UTC` : word;
}

function isTimeZone(name: string): boolean {
  try {
    return formatter('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

// Making a formatter costs about 100 µs, formatting with it one; a card of ten messages formats thirty times.
const formatters = new Map<string, Intl.DateTimeFormat>();
/** More than all time zones in all their uses by the locales in use. */
const MAX_FORMATTERS = 2_000;

/** Throws for a locale or time zone that does not exist. */
function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const name = `${locale} ${options.timeZone} ${options.dateStyle} ${options.timeStyle}`;
  const known = formatters.get(name);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale, options);
  if (formatters.size >= MAX_FORMATTERS) formatters.clear();
  formatters.set(name, made);
  return made;
}

const OUT: Record<MessageStatus, string> = {
  queued: 'Waiting to be sent',
  sent: 'Sent',
  delivered: 'Delivered',
  read: 'Read',
  failed: 'Not delivered',
  unknown: 'Perhaps not delivered',
};
/** For the customer's messages `sent` means: it stands in this inbox. */
const IN: Record<MessageStatus, string> = {
  ...OUT,
  queued: 'On its way to this inbox',
  sent: 'Received',
  delivered: 'Received',
  read: 'Received',
  failed: 'Not brought into this inbox',
  unknown: 'Perhaps not in this inbox',
};
export const statusWord = ({ direction, status }: CardMessage): string =>
  (direction === 'in' ? IN : OUT)[status];

/** What an agent must look at. */
export const isTrouble = ({ status }: CardMessage): boolean => status === 'failed' || status === 'unknown';

export const channelWord = (status: ConversationCard['channel']['status']): string =>
  ({
    connected: 'Connected',
    pending: 'Not finished setting up',
    offline: 'Nothing heard for a while',
    disconnected: 'Disconnected',
    archived: 'Archived',
  })[status];

/** "← " came from the customer, "→ " went to them. */
export const titleOf = (message: CardMessage, max: number): string =>
  `${message.direction === 'in' ? '←' : '→'} ${short(message.excerpt || 'Content no longer kept', max - 2)}`;

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** On one line, at most `max` visible characters; an emoji or accent is never cut in two. */
export function short(text: string, max: number): string {
  // Twelve code units hold any visible character that people write: enough to look at, however long the text is.
  const line = text
    .slice(0, max * 12 + 12)
    .replace(/\s+/g, ' ')
    .trim();
  const seen = Array.from(graphemes.segment(line), ({ segment }) => segment);
  return seen.length <= max
    ? line
    : `${seen
        .slice(0, Math.max(0, max - 1))
        .join('')
        .trimEnd()}…`;
}

/** Text components read Markdown links and bold: nobody but us may put them there. */
export const plain = (text: string): string =>
  text
    .replaceAll('](', '] (')
    .replaceAll('][', '] [')
    .replace(/\*{2,}/g, (stars) => [...stars].join('\u200b'));
