import {
  type CardMessage,
  connectionStatus,
  duration,
  messageStatus,
  moment,
  replyWindow,
  troubled,
} from '@octopods/card-view';
import { describe, expect, test } from 'vitest';

const NOON = Date.UTC(2026, 0, 8, 12);
const MINUTE = 60_000;
const message = (more: Partial<CardMessage>): CardMessage => ({
  id: '1',
  direction: 'out',
  excerpt: 'Hello',
  status: 'sent',
  at: NOON,
  canResend: false,
  ...more,
});

describe('how long a window is open', () => {
  test.each([
    [0, 'less than a minute'],
    [59_999, 'less than a minute'],
    [MINUTE, '1 min'],
    [59 * MINUTE, '59 min'],
    [60 * MINUTE, '1 h'],
    [192 * MINUTE, '3 h 12 min'],
    [24 * 60 * MINUTE, '24 h'],
  ])('%i ms are %s', (ms, words) => {
    expect(duration(ms)).toBe(words);
  });

  test('an open window says what is left, and warns in its last hour', () => {
    expect(replyWindow(NOON + 192 * MINUTE, NOON)).toEqual({ text: '3 h 12 min left', tone: 'success' });
    expect(replyWindow(NOON + 59 * MINUTE, NOON)).toEqual({ text: '59 min left', tone: 'warning' });
  });

  test('a closed window says since when, from the very moment it closes', () => {
    const closed = replyWindow(NOON, NOON, 'en-US');
    expect(closed.tone).toBe('danger');
    expect(closed.text).toBe(`Closed since ${moment(NOON, 'en-US')}`);
  });
});

describe('moments', () => {
  test("are written in the reader's language", () => {
    expect(moment(NOON, 'en-US')).toContain('Jan 8');
    expect(moment(NOON, 'de-DE')).toContain('8. Jan');
  });

  test.each(['en_US', 'not a locale', undefined])('survive the locale %s', (locale) => {
    expect(moment(NOON, locale)).toMatch(/8/);
  });
});

describe('statuses', () => {
  test('a message from the customer is never called delivered to the customer', () => {
    for (const status of ['sent', 'delivered', 'read'] as const)
      expect(messageStatus(message({ direction: 'in', status })).text).toBe('Received');
    expect(messageStatus(message({ direction: 'in', status: 'failed' })).text).toBe('Not in the inbox');
  });

  test('an unknown outcome is neither a success nor a failure', () => {
    expect(messageStatus(message({ status: 'unknown' }))).toEqual({
      text: 'May have been delivered',
      tone: 'warning',
    });
  });

  test('only a connected channel is green', () => {
    const states = ['pending', 'connected', 'offline', 'disconnected', 'archived'] as const;
    expect(states.filter((state) => connectionStatus(state).tone === 'success')).toEqual(['connected']);
  });
});

test('what needs attention is what failed or is not known, newest first', () => {
  const messages = [
    message({ id: 'a', status: 'read' }),
    message({ id: 'b', status: 'failed', at: NOON - 2 }),
    message({ id: 'c', status: 'unknown', at: NOON - 1 }),
    message({ id: 'd', status: 'queued' }),
  ];
  expect(troubled(messages).map((one) => one.id)).toEqual(['c', 'b']);
});
