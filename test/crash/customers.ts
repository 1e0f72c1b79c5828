/** The people of the crash loop: one at each app and inbox in turn, each with everything they ever wrote and got. */
import type { PlatformId } from '../../playground/page/api.ts';
import type { PhoneMessage } from '../../playground/providers/phone.ts';
import {
  type Emulators,
  INTERCOM_WORKSPACE,
  LINES,
  type Line,
  PORTAL,
} from '../../playground/town/emulators.ts';

export type App = 'telegram' | 'whatsapp' | 'twilio_sms';

export interface Customer {
  number: number;
  platform: PlatformId;
  app: App;
  /** What they wrote and what was answered, in order: every text has a token of its own, and so is told apart. */
  said: string[];
  answers: string[];
  /** The conversation in the inbox, once somebody has seen it there. */
  conversationId?: string;
  sends(text: string): void;
  /** As the provider accepted it: every acceptance counts. */
  received(): string[];
  /** The agent answers; throws while there is no conversation. */
  answer(text: string): void;
  /** Every conversation of the inbox in which they wrote, with their texts in order. */
  conversations(): { id: string; said: string[] }[];
}

const APPS: App[] = ['telegram', 'whatsapp', 'twilio_sms'];
const PLATFORMS: PlatformId[] = ['intercom', 'hubspot'];

export const COMBINATIONS = PLATFORMS.flatMap((platform) => APPS.map((app) => ({ platform, app })));

export function customer(
  emulators: Emulators,
  number: number,
  where: (typeof COMBINATIONS)[number],
): Customer {
  const line = LINES.find((one) => one.platform === where.platform) as Line;
  const inbox = where.platform === 'intercom' ? intercomInbox(emulators) : hubspotInbox(emulators);
  const self: Customer = {
    number,
    ...where,
    said: [],
    answers: [],
    ...phoneOf(emulators, line, where.app, number),
    answer: (text) => {
      self.conversationId ??= inbox.with(self.said)[0]?.id;
      if (!self.conversationId)
        throw new Error(`customer ${number} has no conversation in ${where.platform}`);
      inbox.answer(self.conversationId, text);
    },
    conversations: () => inbox.with(self.said),
  };
  return self;
}

function phoneOf(
  emulators: Emulators,
  line: Line,
  app: App,
  number: number,
): Pick<Customer, 'sends' | 'received'> {
  const { telegram, meta, twilio } = emulators;
  const texts = (messages: PhoneMessage[]) =>
    messages.filter((one) => one.direction === 'out').map((one) => one.text ?? '');
  if (app === 'telegram') {
    const id = 7_000_000 + number;
    telegram.addCustomer({ id, first_name: `Tess${number}` });
    return {
      sends: (text) => void telegram.customerSends(id, { text }, line.bot.id),
      received: () => texts(telegram.phone(id, line.bot.id).messages),
    };
  }
  // The two apps have different people: the same number on both would be the same person.
  const phone = `+4477009${app === 'whatsapp' ? 1 : 2}${String(number).padStart(4, '0')}`;
  if (app === 'whatsapp')
    return {
      sends: (text) => void meta.customerSends(phone, { text }, line.whatsapp.id),
      received: () => texts(meta.phone(phone, line.whatsapp.id).messages),
    };
  return {
    sends: (text) => void twilio.customerSends(phone, { text }, line.sms),
    received: () => texts(twilio.phone(phone, line.sms).messages),
  };
}

interface Inbox {
  /** Conversations in which a customer wrote one of these. */
  with(texts: string[]): { id: string; said: string[] }[];
  answer(conversationId: string, text: string): void;
}

// Read from the emulators' own records: drawing the whole inbox for each question would be most of the work.
function intercomInbox({ intercom }: Emulators): Inbox {
  const plain = (html: string | null) => (html ?? '').replace(/<[^>]*>/g, '');
  return {
    with: (texts) => {
      const wanted = new Set(texts);
      return [...intercom.workspace(INTERCOM_WORKSPACE).conversations.values()]
        .map(({ id, source, parts }) => ({
          id,
          said: [source, ...parts]
            .filter((one) => one.author.type === 'lead' || one.author.type === 'user')
            .map((one) => plain(one.html)),
        }))
        .filter(({ said }) => said.some((text) => wanted.has(text)));
    },
    answer: (id, text) => void intercom.agentReplies(id, { text }),
  };
}

function hubspotInbox({ hubspot }: Emulators): Inbox {
  return {
    with: (texts) => {
      const wanted = new Set(texts);
      return [...hubspot.portal(PORTAL).threads.values()]
        .map(({ id, messages }) => ({
          id,
          said: messages.filter((one) => one.direction === 'INCOMING').map((one) => one.text),
        }))
        .filter(({ said }) => said.some((text) => wanted.has(text)));
    },
    answer: (id, text) => void hubspot.agentReplies(id, { text }),
  };
}
