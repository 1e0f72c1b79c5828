/** Customers who write and agents who answer, all by number, and the count of what became of it. */
import type { PlatformId } from '../../playground/page/api.ts';
import { type Desk, deskOf } from '../support/desk.ts';
import { type App, type Handset, handset } from '../support/handset.ts';
import { type Tally, tally, together } from '../support/tally.ts';
import type { Town } from '../support/town.ts';
import { until } from '../support/until.ts';

interface Chat {
  phone: Handset;
  conversationId: string;
  /** What the customer wrote, and what was answered, in order. */
  written: string[];
  answered: string[];
}

export interface Traffic {
  desk: Desk;
  chats: Chat[];
  /** Each customer writes once. */
  write(): void;
  /** Each conversation is answered once. */
  answer(): void;
  sent(): number;
  tally(): Tally;
  /** Resolves when nothing is missing but what was told as unknown, or when time is up. */
  arrived(withinMs: number): Promise<void>;
  notes(): string[];
  failed(): number;
  /** Replies of which the agent was told that they may have been delivered. */
  unknown(): number;
}

let seats = 100;

/** `count` customers whose conversations exist: each has written once. */
export async function openTraffic(
  town: Town,
  { platform, app, count }: { platform: PlatformId; app: App; count: number },
): Promise<Traffic> {
  const desk = deskOf(town, platform);
  const phones = Array.from({ length: count }, () => {
    seats += 1;
    return handset(town, platform, app, seats);
  });
  const firsts = phones.map((phone) => `Hello from ${phone.customer} by ${app}`);
  phones.forEach((phone, index) => void phone.sends({ text: firsts[index] as string }));
  await until('the first messages', () => firsts.every((first) => desk.with(first)), 60_000);
  const chats = phones.map((phone, index): Chat => {
    const first = firsts[index] as string;
    return { phone, conversationId: desk.with(first)?.id ?? '', written: [first], answered: [] };
  });
  return traffic(desk, chats);
}

function traffic(desk: Desk, chats: Chat[]): Traffic {
  const entriesOf = () => new Map(desk.conversations().map((one) => [one.id, one]));
  const ids = new Set(chats.map((chat) => chat.conversationId));
  const count = (): Tally => {
    const conversations = entriesOf();
    return together(
      chats.flatMap((chat) => [
        tally(chat.written, conversations.get(chat.conversationId)?.said ?? []),
        tally(
          chat.answered,
          chat.phone.received().map((message) => message.text ?? ''),
        ),
      ]),
    );
  };
  const told = () => [...entriesOf().values()].filter((one) => ids.has(one.id)).flatMap((one) => one.entries);
  const notes = () => told().flatMap((entry) => (entry.from === 'note' ? [entry.text] : []));
  const failed = () => told().filter((entry) => entry.status?.statusType === 'FAILED');
  const unknown = () =>
    notes().filter((text) => MAYBE.test(text)).length +
    failed().filter((entry) => MAYBE.test(entry.status?.errorMessage ?? '')).length;
  return {
    desk,
    chats,
    write: () => {
      for (const chat of chats) {
        const text = `${chat.phone.customer} writes ${chat.written.length}`;
        chat.written.push(text);
        chat.phone.sends({ text });
      }
    },
    answer: () => {
      for (const chat of chats) {
        const text = `Answer ${chat.answered.length + 1} for ${chat.phone.customer}`;
        chat.answered.push(text);
        desk.reply(chat.conversationId, text);
      }
    },
    sent: () => chats.reduce((sum, chat) => sum + chat.written.length + chat.answered.length, 0),
    tally: count,
    arrived: async (withinMs) => {
      const end = Date.now() + withinMs;
      while (count().lost.length > unknown() && Date.now() < end)
        await new Promise((resolve) => setTimeout(resolve, 200));
    },
    notes,
    failed: () => failed().length,
    unknown,
  };
}

const MAYBE = /may have been delivered/;
