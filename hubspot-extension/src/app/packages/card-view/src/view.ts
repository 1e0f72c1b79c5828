/**
 * What a card tells the agent, as data. The Intercom canvas and the HubSpot extension (which holds a copy of these
 * types; a test keeps them equal) draw the same view. Times are milliseconds since 1970 (UTC).
 */

export type MessageStatus = 'queued' | 'sent' | 'delivered' | 'read' | 'failed' | 'unknown';

export interface CardMessage {
  id: string;
  /** `in`: from the customer; `out`: an agent's reply. */
  direction: 'in' | 'out';
  /** The first words, or what it is ("Image: receipt.png"). Empty once the content was erased. */
  excerpt: string;
  status: MessageStatus;
  at: number;
  /** For `failed` and `unknown`: what happened and what to do next, in plain words. */
  reason?: string;
  canResend: boolean;
}

export interface ConversationCard {
  kind: 'conversation';
  channel: {
    /** "WhatsApp", "Telegram", "SMS". */
    title: string;
    /** The admin's name for it. */
    name: string;
    /** Our own number or bot: "+1 555 000 1111", "@acme_bot". */
    address: string;
    status: 'pending' | 'connected' | 'offline' | 'disconnected' | 'archived';
    /** Why it is not connected and what to do. */
    reason?: string;
  };
  customer: { name?: string; address: string };
  /** Channels with a reply window only: until when free text may be sent; `closesAt` in the past = closed. */
  window?: { closesAt: number };
  /** Newest first, at most 10, plus every failed one of the last 7 days. */
  messages: CardMessage[];
  /** The channel's page in the console. */
  consoleUrl: string;
}

/** Everything else that a card can have to say. */
export interface EmptyCard {
  kind: 'not_bridged' | 'disconnected' | 'error';
  /** One sentence: what is so. */
  title: string;
  /** One or two sentences: what to do. */
  advice: string;
  consoleUrl?: string;
}

export type CardView = ConversationCard | EmptyCard;
