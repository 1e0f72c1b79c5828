/** Statuses, times and numbers in plain words. */
import type { EventStatus } from '../store/database/schema.ts';

/** How a thing stands: decides its colour, never alone (the word is always there). */
export type Tone = 'good' | 'wait' | 'bad' | 'quiet';

type Word = { word: string; tone: Tone };

const WORKSPACE: Record<string, Word> = {
  active: { word: 'Active', tone: 'good' },
  disconnected: { word: 'Disconnected', tone: 'bad' },
  archived: { word: 'Archived', tone: 'quiet' },
};
const CHANNEL: Record<string, Word> = {
  connected: { word: 'Connected', tone: 'good' },
  pending: { word: 'Waiting for the first message', tone: 'wait' },
  offline: { word: 'Offline', tone: 'bad' },
  disconnected: { word: 'Disconnected', tone: 'bad' },
  archived: { word: 'Archived', tone: 'quiet' },
};
const MESSAGE: Record<EventStatus, Word> = {
  queued: { word: 'Under way', tone: 'wait' },
  sent: { word: 'Sent', tone: 'good' },
  delivered: { word: 'Delivered', tone: 'good' },
  read: { word: 'Read', tone: 'good' },
  failed: { word: 'Failed', tone: 'bad' },
  unknown: { word: 'Perhaps delivered', tone: 'wait' },
  ignored: { word: 'Not ours', tone: 'quiet' },
  handled: { word: 'Handled', tone: 'quiet' },
};
export const workspaceWord = (status: string): Word => WORKSPACE[status] ?? { word: status, tone: 'quiet' };
export const channelWord = (status: string): Word => CHANNEL[status] ?? { word: status, tone: 'quiet' };

/** For what customers write, "sent" means that it stands in the inbox. */
export const messageWord = (status: EventStatus, direction: 'in' | 'out' | null): Word =>
  direction === 'in' && status === 'sent' ? { word: 'In the inbox', tone: 'good' } : MESSAGE[status];

export const MESSAGE_STATUSES = ['queued', 'sent', 'delivered', 'read', 'failed', 'unknown'] as const;

export const ROLES: Record<'owner' | 'admin' | 'member', string> = {
  owner: 'Owner',
  admin: 'Admin',
  member: 'Member',
};

const UNITS: [limit: number, size: number, name: Intl.RelativeTimeFormatUnit][] = [
  [90_000, 1_000, 'second'],
  [90 * 60_000, 60_000, 'minute'],
  [36 * 3_600_000, 3_600_000, 'hour'],
  [30 * 86_400_000, 86_400_000, 'day'],
];
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const dated = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', dateStyle: 'medium' });
const exact = new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', dateStyle: 'medium', timeStyle: 'medium' });

/** "3 minutes ago", "in 2 hours"; a date once it is more than a month away. */
export function sinceWords(at: number, now: number): string {
  const distance = at - now;
  if (Math.abs(distance) < 10_000) return 'just now';
  const unit = UNITS.find(([limit]) => Math.abs(distance) < limit);
  return unit ? relative.format(Math.round(distance / unit[1]), unit[2]) : dated.format(at);
}
export const exactWords = (at: number): string => `${exact.format(at)} UTC`;
export const dayWords = (at: number): string => dated.format(at);

const number = new Intl.NumberFormat('en');
export const count = (value: number, one: string, many = `${one}s`): string =>
  `${number.format(value)} ${value === 1 ? one : many}`;
export const digits = (value: number): string => number.format(value);
