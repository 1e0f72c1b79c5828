/** The two inboxes, as an agent sees them: the same few things can be done and seen in both. */
import type { CardMessage } from '../../intercom-canvas/view.ts';
import type { PlatformId } from '../../playground/page/api.ts';
import { INTERCOM_WORKSPACE, PORTAL } from '../../playground/town/emulators.ts';
import type { Town } from './town.ts';

export interface DeskFile {
  name: string;
  contentType: string;
  bytes: Uint8Array;
}
export interface DeskEntry {
  id: string;
  from: 'customer' | 'agent' | 'note' | 'other';
  text: string;
  files: { name: string; contentType: string; url: string }[];
  /** HubSpot: what the inbox shows beside the message. */
  status?: { statusType: string; errorMessage?: string };
  /** HubSpot's own forms for a place or a contact card. */
  attachments?: { type: string }[];
}
export interface DeskConversation {
  id: string;
  contactId: string | undefined;
  entries: DeskEntry[];
  /** The customer's texts, in the order in which they stand there. */
  said: string[];
}
export interface Desk {
  platform: PlatformId;
  conversations(): DeskConversation[];
  /** The one in which somebody wrote exactly this. */
  with(text: string): DeskConversation | undefined;
  /** Those who have this in their name or number. */
  contacts(known: string): { id: string }[];
  /** Answers the message's id. */
  reply(conversationId: string, text: string, files?: DeskFile[]): string;
  note(conversationId: string, text: string): void;
  /** The card beside the conversation as JSON text: the canvas, or what the extension is given. */
  card(conversationId: string): Promise<string>;
  /** Messages of the ledger beside which the card offers Resend. */
  resendable(conversationId: string): Promise<string[]>;
  /** Presses the card's Resend for this message of the ledger. */
  resend(conversationId: string, messageId: string): Promise<void>;
}

/** The part of a town, or of a house, that is needed here. */
type Around = Pick<Town, 'url' | 'emulators'>;

export const deskOf = (town: Around, platform: PlatformId): Desk =>
  platform === 'intercom' ? intercomDesk(town) : hubspotDesk(town);

const conversation = (id: string, contactId: string | undefined, entries: DeskEntry[]): DeskConversation => ({
  id,
  contactId,
  entries,
  said: entries.filter((entry) => entry.from === 'customer').map((entry) => entry.text),
});

const findIn = (conversations: DeskConversation[], text: string): DeskConversation | undefined =>
  conversations.find((one) => one.entries.some((entry) => entry.text === text));

const named = <Contact extends { id: string }>(contacts: Contact[], known: string): Contact[] =>
  contacts.filter((contact) => JSON.stringify(contact).includes(known));

/** Each once: the id of a message as the cards name it. */
const idsIn = (card: string, pattern: RegExp): string[] => [
  ...new Set([...card.matchAll(pattern)].map(([, id = '']) => id)),
];

function intercomDesk({ emulators: { intercom } }: Around): Desk {
  const cardOf = async (id: string): Promise<string> => {
    const answer = await intercom.openCard(id);
    if (!answer.ok) throw new Error(`the card was not drawn: ${answer.why}`);
    return JSON.stringify(answer.canvas);
  };
  const conversations = () =>
    intercom.inbox(INTERCOM_WORKSPACE).map((one) =>
      conversation(
        one.id,
        one.contact?.id,
        one.entries.map(({ id, author, partType, text, attachments }) => ({
          id,
          from: partType === 'note' ? 'note' : (AUTHORS[author.type] ?? 'other'),
          text,
          files: attachments,
        })),
      ),
    );
  return {
    platform: 'intercom',
    conversations,
    with: (text) => findIn(conversations(), text),
    contacts: (known) => named(intercom.contacts(INTERCOM_WORKSPACE), known),
    reply: (id, text, files) =>
      intercom.agentReplies(id, { text, ...(files ? { attachments: files } : {}) }).id,
    note: (id, text) => void intercom.agentReplies(id, { text, as: 'note' }),
    resendable: async (id) => idsIn(await cardOf(id), /resend:(\w+)/g),
    card: cardOf,
    resend: async (id, messageId) => {
      const answer = await intercom.submitCard(id, `resend:${messageId}`);
      if (!answer.ok) throw new Error(`Resend failed: ${answer.why}`);
    },
  };
}
const AUTHORS: Record<string, DeskEntry['from']> = { user: 'customer', lead: 'customer', admin: 'agent' };

function hubspotDesk({ url, emulators: { hubspot } }: Around): Desk {
  const cardOf = async (id: string): Promise<string> => {
    const contact = conversations().find((one) => one.id === id)?.contactId ?? '';
    const query = new URLSearchParams({ objectId: contact, objectTypeId: '0-1' });
    const answer = await hubspot.extensionFetch(PORTAL, { url: `${url}/hubspot/extension/card?${query}` });
    if (answer.status !== 200) throw new Error(`the card was not given: ${answer.status}`);
    return answer.body;
  };
  const conversations = () =>
    hubspot.inbox(PORTAL).map((one) =>
      conversation(
        one.id,
        one.contact?.id,
        one.messages.map(({ id, type, direction, text, files, status, attachments }) => ({
          id,
          from: type === 'COMMENT' ? 'note' : direction === 'INCOMING' ? 'customer' : 'agent',
          text,
          files,
          status,
          attachments,
        })),
      ),
    );
  return {
    platform: 'hubspot',
    conversations,
    with: (text) => findIn(conversations(), text),
    contacts: (known) => named(hubspot.contacts(PORTAL), known),
    reply: (id, text, files) => hubspot.agentReplies(id, { text, ...(files ? { files } : {}) }).id,
    note: (id, text) => void hubspot.agentReplies(id, { text, comment: true }),
    resendable: async (id) => {
      const { cards } = JSON.parse(await cardOf(id)) as { cards: { messages?: CardMessage[] }[] };
      const messages = cards.flatMap((card) => card.messages ?? []);
      return messages.filter((message) => message.canResend).map((message) => message.id);
    },
    card: cardOf,
    resend: async (_id, messageId) => {
      const answer = await hubspot.extensionFetch(PORTAL, {
        url: `${url}/hubspot/extension/resend`,
        method: 'POST',
        body: { messageId },
      });
      if (answer.status !== 200) throw new Error(`Resend failed: ${answer.status} ${answer.body}`);
    },
  };
}
