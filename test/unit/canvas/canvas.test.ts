import { describe, expect, test } from 'vitest';
import type { CanvasAnswer, Component } from '../../../intercom-canvas/components.ts';
import { FIRST_CANVAS_HEIGHT, heightOf } from '../../../intercom-canvas/height.ts';
import { draw, readClick, type Screen } from '../../../intercom-canvas/index.ts';
import type { CardView, ConversationCard, MessageStatus } from '../../../intercom-canvas/view.ts';
import { short, time } from '../../../intercom-canvas/words.ts';
import { canvasFaults } from '../../../playground/platforms/intercom/canvas-rules.ts';
import { card, entry, failed, NOW, reader, worst } from './world.ts';

const shown = (view: CardView, screen: Screen = { to: 'home' }): Component[] =>
  draw(view, screen, reader).canvas.content.components;
const words = (components: Component[]): string => JSON.stringify(components);
const rows = (components: Component[]) =>
  components.flatMap((one) =>
    one.type === 'data-table' ? one.items.map(({ field, value }) => [field, value]) : [],
  );
const items = (components: Component[]) =>
  components.flatMap((one) => (one.type === 'list' ? one.items : []));
const buttons = (components: Component[]) => components.filter((one) => one.type === 'button');

const empty = (kind: 'not_bridged' | 'disconnected' | 'error'): CardView => ({
  kind,
  title: 'This conversation is not on a channel.',
  advice: 'Only conversations that came by a channel show here.',
  consoleUrl: 'https://octopods.test/',
});
const statuses: MessageStatus[] = ['queued', 'sent', 'delivered', 'read', 'failed', 'unknown'];
const cards: [string, ConversationCard][] = [
  ['an ordinary card', card()],
  ['no messages', card({ messages: [] })],
  ['ten messages', card({ messages: Array.from({ length: 10 }, (_, at) => entry({ id: `evt_${at}` })) })],
  ['every status', card({ messages: statuses.map((status) => entry({ id: status, status })) })],
  ['many failures', card({ messages: Array.from({ length: 9 }, (_, at) => failed({ id: `evt_${at}` })) })],
  [
    'a disconnected channel',
    card({
      channel: {
        ...card().channel,
        status: 'disconnected',
        reason: 'The token was revoked. Reconnect the channel in the console.',
      },
    }),
  ],
  ['erased content', card({ messages: [entry({ excerpt: '' })] })],
  ['the worst of everything', worst()],
];
const screens: Screen[] = [
  { to: 'home' },
  { to: 'messages' },
  { to: 'detail', id: 'evt_1' },
  { to: 'detail', id: 'gone' },
  { to: 'resent', id: 'evt_1' },
  { to: 'not_resent', why: 'It was sent again already.' },
];
const all: [string, CanvasAnswer][] = [
  ...cards.flatMap(([name, view]) =>
    screens.map((screen): [string, CanvasAnswer] => [`${name}, ${screen.to}`, draw(view, screen, reader)]),
  ),
  ...(['not_bridged', 'disconnected', 'error'] as const).map((kind): [string, CanvasAnswer] => [
    kind,
    draw(empty(kind), { to: 'home' }, reader),
  ]),
];

describe.each(all)('%s', (_name, answer) => {
  const { components } = answer.canvas.content;
  test('is a canvas that Intercom accepts, far below its size', () => {
    expect(canvasFaults(answer)).toEqual([]);
    expect(Buffer.byteLength(JSON.stringify(answer.canvas.content))).toBeLessThan(64 * 1024);
  });
  test('ends somewhere: the last button leads on, and links stand behind a divider', () => {
    const lastDivider = components.findLastIndex((one) => one.type === 'divider');
    const behind = components.slice(lastDivider + 1);
    expect(behind.length).toBeGreaterThan(0);
    expect(behind.every((one) => one.type === 'button' && one.style === 'link')).toBe(true);
    expect(buttons(components).some((one) => one.id === 'home')).toBe(true);
  });
});

describe('the first canvas', () => {
  test.each(cards)('fits into 400 pixels and has no primary button: %s', (_name, view) => {
    const components = shown(view);
    expect(heightOf(components)).toBeLessThanOrEqual(FIRST_CANVAS_HEIGHT);
    expect(buttons(components).filter((one) => one.style === 'primary')).toEqual([]);
  });
  test('says channel, customer, connection and until when free replies are possible', () => {
    const components = shown(card());
    expect(components[0]).toMatchObject({ type: 'text', style: 'header', text: 'WhatsApp · Support line' });
    expect(rows(components)).toEqual([
      ['Customer', '+1 555 000 2222 (Ann Example)'],
      ['Our address', '+1 555 000 1111'],
      ['Status', 'Connected'],
      ['Free replies', 'Until Nov 2, 2026 at 10:00AM'],
    ]);
  });
  test('says since when the window is closed, and nothing where there is none', () => {
    expect(rows(shown(card({ window: { closesAt: NOW - 1000 } })))).toContainEqual([
      'Free replies',
      'Closed since Nov 2, 2026 at 4:59AM',
    ]);
    const { window: _none, ...telegram } = card();
    expect(rows(shown(telegram)).map(([field]) => field)).not.toContain('Free replies');
  });
  test('tells no time relative to now', () => {
    for (const [, view] of cards) expect(words(shown(view))).not.toMatch(/ago|yesterday|today|minutes/i);
  });
  test('lists the last messages with direction, status and time, each leading to its detail', () => {
    expect(items(shown(card()))).toEqual([
      {
        type: 'item',
        id: 'detail:evt_1',
        title: '→ Your parcel left our shop this morn…',
        subtitle: 'Delivered · Nov 2, 2026 at 4:00AM',
        action: { type: 'submit' },
      },
      expect.objectContaining({
        id: 'detail:evt_2',
        title: '← Is it on its way?',
        subtitle: expect.stringContaining('Received'),
      }),
    ]);
  });
  test('shows failures first, each with a secondary Resend right behind it', () => {
    const components = shown(card({ messages: [entry(), entry({ id: 'evt_2' }), failed()] }));
    const at = components.findIndex((one) => one.type === 'list');
    expect(components[at]).toMatchObject({
      items: [{ id: 'detail:evt_failed', title: expect.stringContaining('⚠️') }],
    });
    expect(components[at + 1]).toMatchObject({
      id: 'resend:evt_failed',
      label: 'Resend',
      style: 'secondary',
    });
    expect(items(components).map((one) => one.id)).toEqual([
      'detail:evt_failed',
      'detail:evt_1',
      'detail:evt_2',
    ]);
  });
  test('an unknown end counts as a failure; one that cannot be resent has no button', () => {
    const components = shown(
      card({ messages: [entry(), failed({ id: 'evt_u', status: 'unknown', canResend: false })] }),
    );
    expect(items(components)[0]).toMatchObject({
      id: 'detail:evt_u',
      subtitle: expect.stringContaining('Perhaps not delivered'),
    });
    expect(words(components)).not.toContain('resend:');
  });
  test('leads to all messages when it cannot show them all, and only then', () => {
    expect(buttons(shown(worst())).map((one) => one.id)).toContain('messages');
    expect(buttons(shown(card())).map((one) => one.id)).toEqual(['home', 'console']);
  });
  test('a channel in trouble says why, in the style of errors', () => {
    const components = shown(
      card({ channel: { ...card().channel, status: 'offline', reason: 'Check the webhook.' } }),
    );
    expect(components).toContainEqual({ type: 'text', text: 'Check the webhook.', style: 'error' });
    expect(rows(components)).toContainEqual(['Status', 'Nothing heard for a while']);
  });
  test('content that was erased says so instead of showing an empty line', () => {
    expect(items(shown(card({ messages: [entry({ excerpt: '' })] })))[0]?.title).toBe(
      '→ Content no longer kept',
    );
  });
});

describe('the flows', () => {
  const view = card({ messages: [entry(), failed()] });

  test('a failed message says what happened, and offers Resend as the one thing to do', () => {
    const components = shown(view, { to: 'detail', id: 'evt_failed' });
    expect(components[0]).toMatchObject({ text: 'Not delivered', style: 'header' });
    expect(words(components)).toContain('More than 24 hours have passed');
    expect(buttons(components)).toMatchObject([
      { id: 'resend:evt_failed', style: 'primary' },
      { id: 'home', label: 'Back', style: 'link' },
    ]);
  });
  test('a message of unknown end warns before it is sent twice', () => {
    const { reason: _none, ...unknown } = failed({ status: 'unknown' });
    expect(words(shown(card({ messages: [unknown] }), { to: 'detail', id: 'evt_failed' }))).toContain(
      'arrive twice',
    );
  });
  test('a message that left the card is said to be elsewhere', () => {
    expect(words(shown(view, { to: 'detail', id: 'evt_9' }))).toContain(
      'no longer among the recent messages',
    );
  });
  test('a Resend is confirmed with ✅ and a way back', () => {
    const components = shown(view, { to: 'resent', id: 'evt_failed' });
    expect(components[0]).toMatchObject({ text: '✅ **On its way again** by WhatsApp to +1 555 000 2222' });
    expect(buttons(components)).toMatchObject([{ id: 'home', label: 'Done' }]);
  });
  test('a Resend that was refused says why', () => {
    expect(words(shown(view, { to: 'not_resent', why: 'The window is closed.' }))).toContain(
      'The window is closed.',
    );
  });
  test('the list has every failure on top and says how many it left out', () => {
    const components = shown(worst(), { to: 'messages' });
    expect(items(components)).toHaveLength(40);
    expect(words(components)).toContain('4960 more');
  });
  test('an empty list says so', () => {
    expect(words(shown(card({ messages: [] }), { to: 'messages' }))).toContain('No messages have passed');
  });
});

describe('when there is nothing to show', () => {
  test.each(['not_bridged', 'disconnected', 'error'] as const)(
    '%s: muted, to the left, with a way on',
    (kind) => {
      const components = shown(empty(kind), { to: 'detail', id: 'evt_1' });
      expect(components.find((one) => one.type === 'text' && one.style === 'muted')).toMatchObject({
        align: 'left',
      });
      expect(buttons(components).map((one) => one.id)).toEqual(['console', 'home']);
      expect(words(components)).toContain('Only conversations that came by a channel');
    },
  );
  test('without a console there is Refresh alone', () => {
    const alone: CardView = { kind: 'error', title: 'Something went wrong.', advice: 'Try again.' };
    expect(buttons(shown(alone)).map((one) => one.id)).toEqual(['home']);
  });
});

describe('other people’s words', () => {
  test('make no links and no bold text in ours', () => {
    const excerpt = 'Click [here](https://evil.example) **now**';
    const evil = card({
      messages: [failed({ excerpt, reason: excerpt })],
      channel: { ...card().channel, name: excerpt },
    });
    for (const screen of screens) {
      const texts = shown(evil, screen.to === 'detail' ? { to: 'detail', id: 'evt_failed' } : screen);
      for (const one of texts)
        if (one.type === 'text')
          expect(one.text.replace('**On its way again**', '')).not.toMatch(/\]\(|\*\*/);
    }
  });
  test('are cut between visible characters', () => {
    const family = '👩‍👩‍👧‍👦';
    expect(short(family.repeat(5), 3)).toBe(`${family}${family}…`);
    expect(short('  two\n lines ', 20)).toBe('two lines');
    expect(short('exactly', 7)).toBe('exactly');
  });
});

describe('times', () => {
  const at = Date.UTC(2019, 0, 8, 18, 5);
  test('are written as Intercom asks, in the reader’s zone', () => {
    expect(time(at, { now: NOW, timeZone: 'America/New_York' })).toBe('Jan 8, 2019 at 1:05PM');
    expect(time(at, { now: NOW, timeZone: 'Asia/Tokyo' })).toBe('Jan 9, 2019 at 3:05AM');
  });
  test('in the reader’s language', () => {
    expect(time(at, { now: NOW, timeZone: 'Europe/Berlin', locale: 'de-DE' })).toBe('08.01.2019, 19:05');
  });
  test('say UTC where the zone is not known', () => {
    for (const timeZone of [undefined, '', 'Pacific Time (US & Canada)'])
      expect(time(at, { now: NOW, ...(timeZone === undefined ? {} : { timeZone }) })).toBe(
        'Jan 8, 2019 at 6:05PM UTC',
      );
  });
});

test('a click is read from its component’s id, and leads home when nobody knows it', () => {
  expect(readClick('detail:evt_1')).toEqual({ to: 'detail', id: 'evt_1' });
  expect(readClick('resend:evt_1')).toEqual({ to: 'resend', id: 'evt_1' });
  expect(readClick('messages')).toEqual({ to: 'messages' });
  for (const odd of ['home', 'detail:', 'resend', 'console', '', undefined, 7, null])
    expect(readClick(odd)).toEqual({ to: 'home' });
});
test('every id that acts on a canvas is one that we read', () => {
  const ids = all.flatMap(([, answer]) => {
    const { components } = answer.canvas.content;
    const acting = [
      ...buttons(components).filter((one) => one.action.type === 'submit'),
      ...items(components),
    ];
    return acting.map((one) => one.id);
  });
  expect(ids.filter((id) => id !== 'home' && readClick(id).to === 'home')).toEqual([]);
});
