import { type CanvasAnswer, canvas, divider, header, link, muted, openPage } from './components.ts';
import { home } from './home.ts';
import { detail, messages, notResent, resent } from './message.ts';
import type { CardView, EmptyCard } from './view.ts';
import { plain, type Reader, short } from './words.ts';

export type { CanvasAnswer } from './components.ts';
export type { Reader } from './words.ts';

/** What an agent wants to see, or wants done (`resend`: do it, then show `resent` or `not_resent`). */
export type Click =
  | { to: 'home' }
  | { to: 'messages' }
  | { to: 'detail'; id: string }
  | { to: 'resend'; id: string };
export type Screen =
  | Exclude<Click, { to: 'resend' }>
  | { to: 'resent'; id: string }
  | { to: 'not_resent'; why: string };

/** Reads the `component_id` of a submit request; whatever is not known leads home, never to an error. */
export function readClick(componentId: unknown): Click {
  const [word = '', ...rest] = typeof componentId === 'string' ? componentId.split(':') : [];
  const id = rest.join(':');
  if ((word === 'detail' || word === 'resend') && id !== '') return { to: word, id };
  return word === 'messages' ? { to: 'messages' } : { to: 'home' };
}

/** The canvas for a view; status 200 whatever it says. A view that is no conversation has one screen only. */
export function draw(view: CardView, screen: Screen, reader: Reader): CanvasAnswer {
  if (view.kind !== 'conversation') return notice(view);
  switch (screen.to) {
    case 'home':
      return home(view, reader);
    case 'messages':
      return messages(view, reader);
    case 'detail':
      return detail(view, screen.id, reader);
    case 'resent':
      return resent(view, screen.id);
    case 'not_resent':
      return notResent(screen.why);
  }
}

/** Not bridged, disconnected, or an error: muted, to the left, no picture, and always a way on. */
const notice = (view: EmptyCard): CanvasAnswer =>
  canvas([
    ...(view.kind === 'not_bridged' ? [] : [header(plain(short(view.title, 76)))]),
    muted(plain(short(view.kind === 'not_bridged' ? `${view.title} ${view.advice}` : view.advice, 400))),
    divider(),
    ...(view.consoleUrl ? [openPage('console', 'Open the console', view.consoleUrl)] : []),
    link('home', 'Refresh'),
  ]);
