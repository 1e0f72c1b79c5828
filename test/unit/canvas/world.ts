import type { CardMessage, ConversationCard } from '../../../intercom-canvas/view.ts';

export const NOW = Date.UTC(2026, 10, 2, 10);
export const reader = { now: NOW, timeZone: 'America/New_York' };

export const entry = (more: Partial<CardMessage> = {}): CardMessage => ({
  id: 'evt_1',
  direction: 'out',
  excerpt: 'Your parcel left our shop this morning',
  status: 'delivered',
  at: NOW - 3_600_000,
  canResend: false,
  ...more,
});
export const failed = (more: Partial<CardMessage> = {}): CardMessage =>
  entry({
    id: 'evt_failed',
    status: 'failed',
    reason: 'More than 24 hours have passed since the customer wrote. Send a template.',
    canResend: true,
    ...more,
  });

export const card = (more: Partial<ConversationCard> = {}): ConversationCard => ({
  kind: 'conversation',
  channel: { title: 'WhatsApp', name: 'Support line', address: '+1 555 000 1111', status: 'connected' },
  customer: { name: 'Ann Example', address: '+1 555 000 2222' },
  window: { closesAt: NOW + 5 * 3_600_000 },
  messages: [entry(), entry({ id: 'evt_2', direction: 'in', excerpt: 'Is it on its way?', status: 'sent' })],
  consoleUrl: 'https://octopods.test/workspaces/wsp_1/channels/chn_1',
  ...more,
});

/** The worst of everything: long names, long words, emoji, Markdown, many failures. */
const long =
  '👩‍👩‍👧‍👦 Donaudampfschifffahrtsgesellschaftskapitän [here](https://evil.example) **now** '.repeat(30);
export const worst = (): ConversationCard =>
  card({
    channel: { title: long, name: long, address: long, status: 'disconnected', reason: long },
    customer: { name: long, address: long },
    messages: Array.from({ length: 5_000 }, (_, index) =>
      failed({ id: `evt_${index}`, excerpt: long, reason: long, at: NOW - index }),
    ),
  });
