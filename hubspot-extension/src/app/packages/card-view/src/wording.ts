/** The words and colours of the view: what cards, settings and pages all say alike. Pure functions of their arguments. */
import type { CardMessage, ConversationCard } from './view.ts';

export type Tone = 'danger' | 'warning' | 'info' | 'success' | 'default';
export interface Wording {
  text: string;
  tone: Tone;
}

const OUTGOING: Record<CardMessage['status'], Wording> = {
  queued: { text: 'Queued', tone: 'info' },
  sent: { text: 'Sent', tone: 'default' },
  delivered: { text: 'Delivered', tone: 'info' },
  read: { text: 'Read', tone: 'success' },
  failed: { text: 'Not delivered', tone: 'danger' },
  unknown: { text: 'May have been delivered', tone: 'warning' },
};

/** For a customer's message the far side is the inbox, so `sent` means that it stands there. */
const INCOMING: Record<CardMessage['status'], Wording> = {
  queued: { text: 'On its way to the inbox', tone: 'info' },
  sent: { text: 'Received', tone: 'success' },
  delivered: { text: 'Received', tone: 'success' },
  read: { text: 'Received', tone: 'success' },
  failed: { text: 'Not in the inbox', tone: 'danger' },
  unknown: { text: 'May not be in the inbox', tone: 'warning' },
};

export const messageStatus = (message: CardMessage): Wording =>
  (message.direction === 'in' ? INCOMING : OUTGOING)[message.status];

const CONNECTION: Record<ConversationCard['channel']['status'], Wording> = {
  pending: { text: 'Waiting for the first message', tone: 'info' },
  connected: { text: 'Connected', tone: 'success' },
  offline: { text: 'Offline', tone: 'warning' },
  disconnected: { text: 'Disconnected', tone: 'danger' },
  archived: { text: 'Archived', tone: 'default' },
};

export const connectionStatus = (status: ConversationCard['channel']['status']): Wording =>
  CONNECTION[status];

/** What needs the agent: refused and uncertain messages, newest first. */
export const troubled = (messages: CardMessage[]): CardMessage[] =>
  messages
    .filter((message) => message.status === 'failed' || message.status === 'unknown')
    .sort((a, b) => b.at - a.at);

const MINUTE = 60_000;

/** `3 h 12 min`, `12 min`, `less than a minute`. `ms` is at least 0. */
export function duration(ms: number): string {
  const minutes = Math.floor(ms / MINUTE);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return rest === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** Date and time for people, in their locale; an odd locale (`en_us`) is mended or left to the browser. */
export function moment(at: number, locale?: string): string {
  const options: Intl.DateTimeFormatOptions = {
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
  };
  try {
    return new Intl.DateTimeFormat(locale?.replace('_', '-'), options).format(at);
  } catch {
    return new Intl.DateTimeFormat(undefined, options).format(at);
  }
}

/** The reply window in words: how long free text may still be sent, or since when it may not. */
export function replyWindow(closesAt: number, now: number, locale?: string): Wording {
  if (closesAt <= now) return { text: `Closed since ${moment(closesAt, locale)}`, tone: 'danger' };
  const left = closesAt - now;
  return { text: `${duration(left)} left`, tone: left < 60 * MINUTE ? 'warning' : 'success' };
}
