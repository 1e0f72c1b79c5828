/** The first canvas: which channel, who, is it working, what became of the messages. */
import {
  type CanvasAnswer,
  type Component,
  canvas,
  divider,
  error,
  header,
  type ListItem,
  link,
  openPage,
  row,
  secondary,
  table,
} from './components.ts';
import { FIRST_CANVAS_HEIGHT, heightOf } from './height.ts';
import type { CardMessage, ConversationCard } from './view.ts';
import { channelWord, isTrouble, plain, type Reader, short, statusWord, time, titleOf } from './words.ts';

export function home(view: ConversationCard, reader: Reader): CanvasAnswer {
  const top = [
    { ...header(plain(channelTitle(view))), bottom_margin: 'none' as const },
    facts(view, reader),
    ...warning(view),
  ];
  // The link to all messages takes room itself: only where it is needed.
  const whole = fill(view.messages, roomBetween(top, bottom(view, false)), reader);
  const { components, hidden } = whole.hidden
    ? fill(view.messages, roomBetween(top, bottom(view, true)), reader)
    : whole;
  return canvas([...top, ...components, ...bottom(view, hidden)]);
}

const roomBetween = (top: Component[], below: Component[]): number =>
  FIRST_CANVAS_HEIGHT - heightOf([...top, ...below]);

const channelTitle = ({ channel }: ConversationCard): string =>
  short(channel.name === channel.title ? channel.title : `${channel.title} · ${channel.name}`, 38);

function facts(view: ConversationCard, reader: Reader): Component {
  const { channel, customer, window } = view;
  const name = customer.name && customer.name !== customer.address ? customer.name : undefined;
  return table([
    row(
      'Customer',
      name ? `${short(customer.address, 60)} (${short(name, 80)})` : short(customer.address, 60),
    ),
    row('Our address', short(channel.address, 60)),
    row('Status', channelWord(channel.status)),
    ...(window ? [row('Free replies', windowWords(window.closesAt, reader))] : []),
  ]);
}

/** An absolute time: the canvas stands still while the clock does not. */
const windowWords = (closesAt: number, reader: Reader): string =>
  closesAt > reader.now ? `Until ${time(closesAt, reader)}` : `Closed since ${time(closesAt, reader)}`;

const warning = ({ channel }: ConversationCard): Component[] =>
  channel.reason && channel.status !== 'connected' ? [error(plain(short(channel.reason, 118)))] : [];

/** Navigation stands at the bottom, behind a divider, as links. */
const bottom = (view: ConversationCard, hidden: boolean): Component[] => [
  { ...divider(), bottom_margin: 'none' as const },
  ...(hidden ? [link('messages', 'All messages')] : []),
  link('home', 'Refresh'),
  openPage('console', 'Channel settings', view.consoleUrl),
];

/** Failed ones first, each with its Resend; then the latest; as many as there is room for. */
function fill(
  messages: CardMessage[],
  room: number,
  reader: Reader,
): { components: Component[]; hidden: boolean } {
  const troubles = messages.filter(isTrouble);
  const others = messages.filter((message) => !isTrouble(message));
  const components: Component[] = [];
  let shown = 0;
  for (const message of [...troubles, ...others]) {
    const next = extended(components, message, reader);
    if (heightOf(next) > room) break;
    components.splice(0, components.length, ...next);
    shown += 1;
  }
  return { components, hidden: shown < messages.length };
}

/** Messages without a button share one list. */
function extended(components: Component[], message: CardMessage, reader: Reader): Component[] {
  const last = components.at(-1);
  const item = listItem(message, reader);
  if (message.canResend && isTrouble(message))
    return [...components, { type: 'list', items: [item] }, secondary(`resend:${message.id}`, 'Resend')];
  if (last?.type === 'list')
    return [...components.slice(0, -1), { type: 'list', items: [...last.items, item] }];
  return [...components, { type: 'list', items: [item] }];
}

export const listItem = (message: CardMessage, reader: Reader): ListItem => ({
  type: 'item',
  id: `detail:${message.id}`,
  title: isTrouble(message) ? `⚠️ ${titleOf(message, 36)}` : titleOf(message, 38),
  subtitle: `${statusWord(message)} · ${time(message.at, reader)}`,
  action: { type: 'submit' },
});
