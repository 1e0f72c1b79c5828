import {
  Alert,
  Button,
  DescriptionList,
  EmptyState,
  ErrorState,
  Link,
  LoadingButton,
  LoadingSpinner,
  StatusTag,
  TableHeader,
  TableRow,
  Text,
} from '@hubspot/ui-extensions';
import { createRenderer } from '@hubspot/ui-extensions/testing';
import type { CardMessage, CardView, ConversationCard } from '@octopods/card-view';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ConversationsCard } from '../../../hubspot-extension/src/app/cards/ConversationsCard.tsx';

const NOW = Date.UTC(2026, 0, 8, 12);
const MINUTE = 60_000;
const LONG = 'Bartholomew Maximilian Featherstonehaugh-Cholmondeley von Hohenzollern-Sigmaringen the Third';

const message = (more: Partial<CardMessage>): CardMessage => ({
  id: 'm1',
  direction: 'out',
  excerpt: 'We will pick it up tomorrow',
  status: 'read',
  at: NOW,
  canResend: false,
  ...more,
});
const conversation = (more: Partial<ConversationCard> = {}): ConversationCard => ({
  kind: 'conversation',
  channel: { title: 'WhatsApp', name: 'Support line', address: '+1 555 000 1111', status: 'connected' },
  customer: { name: 'Anna Petrov', address: '+1 555 000 2222' },
  messages: [message({})],
  consoleUrl: 'https://octopods.test/channels/1',
  ...more,
});
const FAILED = message({
  id: 'm9',
  status: 'failed',
  reason: 'WhatsApp closed the 24-hour window.',
  canResend: true,
});

interface Fetched {
  url: string;
  options: { method: string; body?: unknown; timeout?: number };
}
type Reply = { status?: number; json: unknown } | 'no answer' | 'never';

/** What HubSpot's fetch resolves to: like a Response, as far as its documentation promises. */
const response = (json: unknown, status = 200) => ({
  ok: status < 300,
  status,
  text: () => Promise.resolve(JSON.stringify(json)),
});

/** HubSpot's fetch: answers in turn with what was queued (the last one again and again) and keeps what was asked. */
function backend(...replies: [Reply, ...Reply[]]) {
  const asked: Fetched[] = [];
  const hsFetch = (url: string, options: Fetched['options']) => {
    asked.push({ url, options });
    const reply = replies.length > 1 ? (replies.shift() as Reply) : replies[0];
    if (reply === 'never') return new Promise(() => {});
    if (reply === 'no answer') return Promise.reject(new Error('timeout'));
    return Promise.resolve(response(reply.json, reply.status));
  };
  vi.stubGlobal('self', { hsFetch });
  return asked;
}
const cards = (...views: CardView[]): Reply => ({ json: { cards: views } });

function open(location: 'crm.record.sidebar' | 'crm.record.tab' = 'crm.record.sidebar') {
  // HubSpot's fake clock-free renderer; only the clock that the card reads is ours.
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: NOW });
  const renderer = createRenderer(location);
  Object.assign(renderer.mocks.context, { variables: { BACKEND_URL: 'https://octopods.test/' } });
  renderer.render(
    <ConversationsCard context={renderer.mocks.context} addAlert={renderer.mocks.actions.addAlert} />,
  );
  return renderer;
}
type Opened = ReturnType<typeof open>;

/** Lets the answers that are under way arrive; no timer fires. */
const arrive = () => vi.advanceTimersByTimeAsync(0);
const wholeText = (renderer: Opened) => renderer.getRootNode().toString();

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('what is asked', () => {
  test('the card of exactly this record, at the backend of the build, within the time that an agent waits', async () => {
    const asked = backend(cards());
    open();
    await arrive();
    expect(asked).toEqual([
      {
        url: 'https://octopods.test/hubspot/extension/card?objectId=123&objectTypeId=0-1',
        options: { method: 'GET', timeout: 10_000 },
      },
    ]);
  });

  test('nothing, when the build names no backend: the card says whom to ask', async () => {
    const asked = backend(cards());
    const renderer = createRenderer('crm.record.sidebar');
    renderer.render(
      <ConversationsCard context={renderer.mocks.context} addAlert={renderer.mocks.actions.addAlert} />,
    );
    expect(renderer.find(ErrorState).props.title).toBe('This build is not finished');
    expect(asked).toEqual([]);
  });
});

describe('states', () => {
  test('loading: a spinner with words', () => {
    backend('never');
    const renderer = open();
    expect(renderer.find(LoadingSpinner).props.label).toBe('Loading the conversations');
  });

  test('empty: what has to happen before anything appears', async () => {
    backend(cards());
    const renderer = open();
    await arrive();
    expect(renderer.find(EmptyState).props.title).toBe('No conversations yet');
  });

  test('not bridged: what is so, what to do, and where', async () => {
    backend(
      cards({
        kind: 'not_bridged',
        title: 'Not bridged',
        advice: 'Wait for a message.',
        consoleUrl: 'https://octopods.test/',
      }),
    );
    const renderer = open();
    await arrive();
    expect(renderer.find(EmptyState).props.title).toBe('Not bridged');
    expect(renderer.find(EmptyState).toString()).toContain('Wait for a message.');
    expect(renderer.find(Link).props.href).toEqual({ url: 'https://octopods.test/', external: true });
  });

  test.each(['disconnected', 'error'] as const)('%s: an error state with its advice', async (kind) => {
    backend(cards({ kind, title: 'The portal is not connected', advice: 'Ask an admin to reconnect it.' }));
    const renderer = open();
    await arrive();
    expect(renderer.find(ErrorState).props.title).toBe('The portal is not connected');
    expect(renderer.find(ErrorState).toString()).toContain('Ask an admin to reconnect it.');
  });

  test("a refusal shows the backend's own words, and Try again asks again", async () => {
    const asked = backend(
      { status: 503, json: { title: 'The database is not writable', detail: 'Try again in a minute.' } },
      cards(conversation()),
    );
    const renderer = open();
    await arrive();
    expect(renderer.find(ErrorState).props.title).toBe('The database is not writable');
    expect(renderer.find(ErrorState).toString()).toContain('Try again in a minute.');
    renderer.find(Button).trigger('onClick');
    await arrive();
    expect(asked).toHaveLength(2);
    expect(wholeText(renderer)).toContain('WhatsApp');
  });

  test.each<[string, Reply, string]>([
    ['no answer', 'no answer', 'Octopods cannot be reached'],
    ['429 from the proxy', { status: 429, json: {} }, 'Too many requests'],
    ['a page instead of JSON', { status: 502, json: '<html>' }, 'That did not work'],
    ['an answer of another shape', { json: { card: 1 } }, 'The answer could not be read'],
  ])('%s is an error state in plain words', async (_, reply, title) => {
    backend(reply);
    const renderer = open();
    await arrive();
    expect(renderer.find(ErrorState).props.title).toBe(title);
  });

  test('a kind of card that only a newer build knows is left out', async () => {
    backend({ json: { cards: [{ kind: 'poll' }, conversation()] } });
    const renderer = open();
    await arrive();
    expect(wholeText(renderer)).toContain('WhatsApp');
    expect(renderer.maybeFind(ErrorState)).toBeNull();
  });
});

describe('a conversation', () => {
  test('says channel, connection, both addresses and the window', async () => {
    backend(cards(conversation({ window: { closesAt: NOW + 192 * MINUTE } })));
    const renderer = open();
    await arrive();
    const text = wholeText(renderer);
    for (const words of ['WhatsApp', 'Support line', '+1 555 000 1111', 'Anna Petrov', '+1 555 000 2222'])
      expect(text).toContain(words);
    expect(renderer.findByTestId(StatusTag, 'connection-0').text).toBe('Connected');
    expect(renderer.findByTestId(StatusTag, 'reply-window-0').text).toBe('3 h 12 min left');
  });

  test('a channel without a window shows none', async () => {
    backend(cards(conversation()));
    const renderer = open();
    await arrive();
    expect(renderer.maybeFindByTestId(StatusTag, 'reply-window-0')).toBeNull();
  });

  test('a disconnected channel says why, what it means for replies, and where to mend it', async () => {
    const channel = {
      ...conversation().channel,
      status: 'disconnected' as const,
      reason: 'Meta refused the token.',
    };
    backend(cards(conversation({ channel })));
    const renderer = open();
    await arrive();
    const alert = renderer.find(Alert);
    expect(alert.props).toMatchObject({ variant: 'danger', title: expect.stringContaining('replies wait') });
    expect(alert.toString()).toContain('Meta refused the token.');
    expect(alert.find(Link).props.href).toMatchObject({ url: 'https://octopods.test/channels/1' });
  });

  test('long names are cut on one line and whole in the tooltip', async () => {
    backend(cards(conversation({ customer: { name: LONG, address: '@b' } })));
    const renderer = open();
    await arrive();
    const name = renderer.find(DescriptionList).find(Text, (node) => node.text === LONG);
    expect(name.props.truncate).toEqual({ tooltipText: LONG });
  });

  test('an erased message says so instead of being empty', async () => {
    backend(cards(conversation({ messages: [message({ excerpt: '' })] })));
    const renderer = open();
    await arrive();
    expect(renderer.findByTestId(TableRow, 'message-m1').toString()).toContain('The content was erased');
  });

  test('every channel of the contact has its own section', async () => {
    const telegram = { ...conversation().channel, title: 'Telegram', address: '@acme_bot' };
    backend(cards(conversation(), conversation({ channel: telegram, messages: [message({ id: 'm2' })] })));
    const renderer = open();
    await arrive();
    expect(renderer.findAll(DescriptionList)).toHaveLength(2);
  });

  test('the tab has a column for each fact, the sidebar puts them under the message', async () => {
    const columns = async (location: 'crm.record.tab' | 'crm.record.sidebar') => {
      backend(cards(conversation()));
      const renderer = open(location);
      await arrive();
      return renderer.findAll(TableHeader).map((header) => header.text);
    };
    expect(await columns('crm.record.tab')).toEqual(['When', 'From', 'Message', 'Status']);
    expect(await columns('crm.record.sidebar')).toEqual(['Message', 'Status']);
  });
});

describe('failures', () => {
  test('come before everything else, with the reason', async () => {
    backend(cards(conversation({ messages: [message({ id: 'm10', excerpt: 'Newer' }), FAILED] })));
    const renderer = open();
    await arrive();
    const text = wholeText(renderer);
    expect(text.indexOf('Needs your attention (1)')).toBeLessThan(text.indexOf('Newer'));
    expect(text).toContain('WhatsApp closed the 24-hour window.');
  });

  test('one that cannot be sent again offers no button', async () => {
    backend(cards(conversation({ messages: [{ ...FAILED, canResend: false }] })));
    const renderer = open();
    await arrive();
    expect(renderer.maybeFindByTestId(LoadingButton, 'resend-m9')).toBeNull();
  });

  test('an uncertain one is resent only by somebody who reads that it may have arrived', async () => {
    backend(cards(conversation({ messages: [{ ...FAILED, status: 'unknown' }] })));
    const renderer = open();
    await arrive();
    expect(renderer.findByTestId(LoadingButton, 'resend-m9').text).toBe('Resend anyway');
  });

  test('many of them are folded, and unfold', async () => {
    const many = Array.from({ length: 7 }, (_, index) => ({ ...FAILED, id: `f${index}`, at: NOW - index }));
    backend(cards(conversation({ messages: many })));
    const renderer = open();
    await arrive();
    const shown = () => renderer.findAll(LoadingButton, (node) => node.text === 'Resend').length;
    expect(shown()).toBe(3);
    renderer.find(Button, (node) => node.text === 'Show all 7').trigger('onClick');
    expect(shown()).toBe(7);
  });

  test('there is never more than one primary button on the card', async () => {
    const two = conversation({ messages: [FAILED, { ...FAILED, id: 'm8' }] });
    const telegram = { ...conversation().channel, title: 'Telegram' };
    const other = conversation({ channel: telegram, messages: [{ ...FAILED, id: 'm7' }] });
    backend(cards(two, other));
    const renderer = open();
    await arrive();
    const primary = renderer.findAll(LoadingButton).filter((button) => button.props.variant === 'primary');
    expect(primary).toHaveLength(1);
  });
});

describe('Resend', () => {
  test('posts the message id, says that it is on its way, and shows the new state', async () => {
    const asked = backend(
      cards(conversation({ messages: [FAILED] })),
      { json: { ok: true } },
      cards(conversation({ messages: [{ ...FAILED, status: 'queued', canResend: false }] })),
    );
    const renderer = open();
    await arrive();
    renderer.findByTestId(LoadingButton, 'resend-m9').trigger('onClick');
    await arrive();
    expect(asked[1]).toEqual({
      url: 'https://octopods.test/hubspot/extension/resend',
      options: { method: 'POST', body: { messageId: 'm9' }, timeout: 10_000 },
    });
    expect(renderer.mocks.actions.addAlert.calls).toEqual([
      [{ type: 'success', message: 'The message is on its way again.' }],
    ]);
    expect(renderer.findByTestId(StatusTag, 'status-m9').text).toBe('Queued');
    expect(renderer.maybeFindByTestId(LoadingButton, 'resend-m9')).toBeNull();
  });

  test('cannot be pressed twice while it is under way', async () => {
    backend(cards(conversation({ messages: [FAILED] })), 'never');
    const renderer = open();
    await arrive();
    renderer.findByTestId(LoadingButton, 'resend-m9').trigger('onClick');
    await arrive();
    expect(renderer.findByTestId(LoadingButton, 'resend-m9').props.loading).toBe(true);
  });

  test("a refusal is told in the backend's words, and the message stays resendable", async () => {
    backend(
      cards(conversation({ messages: [FAILED] })),
      { status: 409, json: { title: 'Already on its way', detail: 'Another agent has resent it.' } },
      cards(conversation({ messages: [FAILED] })),
    );
    const renderer = open();
    await arrive();
    renderer.findByTestId(LoadingButton, 'resend-m9').trigger('onClick');
    await arrive();
    expect(renderer.mocks.actions.addAlert.calls).toEqual([
      [{ type: 'danger', title: 'Already on its way', message: 'Another agent has resent it.' }],
    ]);
    expect(renderer.findByTestId(LoadingButton, 'resend-m9').props.loading).toBe(false);
  });
});

describe('staying true', () => {
  test('Refresh asks again; a failed refresh keeps what is shown and says that it may be old', async () => {
    backend(cards(conversation()), 'no answer');
    const renderer = open();
    await arrive();
    renderer.findByTestId(LoadingButton, 'refresh').trigger('onClick');
    await arrive();
    expect(renderer.findByTestId(Alert, 'stale').props.title).toBe('This may be out of date');
    expect(wholeText(renderer)).toContain('+1 555 000 2222');
  });

  test.each<[string, Partial<CardMessage>]>([
    ['a message is on its way', { status: 'queued', at: NOW - 60 * MINUTE }],
    ['the conversation goes on', { status: 'read', at: NOW - MINUTE }],
  ])('while %s the card looks again every three seconds', async (_, state) => {
    const asked = backend(cards(conversation({ messages: [message(state)] })));
    open();
    await arrive();
    await vi.advanceTimersByTimeAsync(2_999);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(2);
  });

  test.each<[string, Partial<CardMessage>]>([
    ['read', { status: 'read', at: NOW - 3 * MINUTE }],
    ['failed', { status: 'failed', at: NOW - 3 * MINUTE }],
    ['sent an hour ago, without a receipt', { status: 'sent', at: NOW - 60 * MINUTE }],
  ])('minutes after the last one was %s it looks again every half minute only', async (_, state) => {
    const asked = backend(cards(conversation({ messages: [message(state)] })));
    open();
    await arrive();
    await vi.advanceTimersByTimeAsync(29_999);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(2);
  });

  test('an older answer that comes late does not undo a newer one', async () => {
    const answers: ((value: object) => void)[] = [];
    vi.stubGlobal('self', { hsFetch: () => new Promise((resolve) => answers.push(resolve)) });
    const renderer = open();
    await arrive();
    const answer = (index: number, name: string) =>
      answers[index]?.(response({ cards: [conversation({ customer: { name, address: '1' } })] }));
    answer(0, 'First');
    await arrive();
    const refresh = renderer.findByTestId(LoadingButton, 'refresh');
    refresh.trigger('onClick');
    refresh.trigger('onClick');
    answer(2, 'Newest');
    await arrive();
    answer(1, 'Late');
    await arrive();
    expect(wholeText(renderer)).toContain('Newest');
    expect(wholeText(renderer)).not.toContain('Late');
  });
});
