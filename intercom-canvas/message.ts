/** The flows behind the first canvas: all messages, one message, and what became of a Resend. None is a dead end. */
import {
  type CanvasAnswer,
  canvas,
  divider,
  header,
  link,
  muted,
  openPage,
  paragraph,
  primary,
  row,
  table,
} from './components.ts';
import { listItem } from './home.ts';
import type { CardMessage, ConversationCard } from './view.ts';
import { isTrouble, plain, type Reader, short, statusWord, time } from './words.ts';

/** Far below Intercom's 64 KB, whatever a day of failures looks like. */
const MAX_ITEMS = 40;

export function messages(view: ConversationCard, reader: Reader): CanvasAnswer {
  const sorted = [...view.messages].sort(
    (a, b) => Number(isTrouble(b)) - Number(isTrouble(a)) || b.at - a.at,
  );
  const shown = sorted.slice(0, MAX_ITEMS);
  const more = sorted.length - shown.length;
  return canvas([
    header('Messages'),
    ...(shown.length > 0
      ? [{ type: 'list' as const, items: shown.map((message) => listItem(message, reader)) }]
      : [muted('No messages have passed over this channel yet.')]),
    ...(more > 0 ? [muted(`${more} more are listed in the console.`)] : []),
    divider(),
    openPage('console', 'Open the console', view.consoleUrl),
    link('home', 'Back'),
  ]);
}

export function detail(view: ConversationCard, id: string, reader: Reader): CanvasAnswer {
  const message = view.messages.find((one) => one.id === id);
  if (!message) return gone();
  return canvas([
    header(statusWord(message)),
    paragraph(plain(short(message.excerpt || 'The content is no longer kept.', 300))),
    table([
      row(message.direction === 'in' ? 'From' : 'To', short(view.customer.address, 60)),
      row('Channel', short(`${view.channel.title} · ${view.channel.name}`, 80)),
      row(message.direction === 'in' ? 'Written' : 'Answered', time(message.at, reader)),
    ]),
    ...reasonOf(message),
    ...(message.canResend ? [primary(`resend:${message.id}`, 'Resend')] : []),
    divider(),
    link('home', 'Back'),
  ]);
}

function reasonOf(message: CardMessage) {
  if (message.reason) return [paragraph(plain(short(message.reason, 600)))];
  return message.status === 'unknown'
    ? [paragraph('Ask the customer or look at the channel first: sending again could make it arrive twice.')]
    : [];
}

export function resent(view: ConversationCard, id: string): CanvasAnswer {
  const message = view.messages.find((one) => one.id === id);
  const to = `${view.channel.title} to ${short(view.customer.address, 60)}`;
  return canvas([
    paragraph(`✅ **On its way again** by ${plain(to)}`),
    ...(message?.excerpt ? [muted(plain(short(message.excerpt, 120)))] : []),
    muted('What becomes of it shows on the card.'),
    divider(),
    link('home', 'Done'),
  ]);
}

/** @param why plain words: what stands against it and what to do. */
export const notResent = (why: string): CanvasAnswer =>
  canvas([header('Not sent again'), muted(plain(short(why, 600))), divider(), link('home', 'Back')]);

const gone = (): CanvasAnswer =>
  canvas([
    header('Message not found'),
    muted('It is no longer among the recent messages of this conversation. The console lists all of them.'),
    divider(),
    link('home', 'Back'),
  ]);
