import type { FileKind, ReceiptStatus } from './message.ts';

/** The unit in which a channel counts its text limit. */
export type TextUnit = 'characters' | 'utf16' | 'bytes';

export interface FileRule {
  /** Content types; `image/*` and `*` are wildcards. */
  types: string[];
  /** Bytes. */
  maxSize: number;
}

/** What the other side takes from one account: `burst` calls at once, and `perSecond` for ever. */
export interface CallLimit {
  perSecond: number;
  burst: number;
  /** Only calls with such a URL count here, and they count nowhere else. Without it: all the others. */
  url?: RegExp;
}

/** What an answer's headers said about the account that was called. */
export interface BudgetNews {
  /** The limit as the other side has it for this very account. */
  limit?: CallLimit;
  /** Nothing is left: the next call would be refused for so long, ms. */
  closedForMs?: number;
}

/** What an adapter can do, as data: the core (`fit.ts`) enforces it, adapters repeat no check. */
export interface Capabilities {
  text: { max: number; unit: TextUnit };
  /** Kinds that are missing here are refused with the reason before any call. */
  files: Partial<Record<FileKind, FileRule>>;
  /** Characters of a caption; 0 = a caption travels as a text of its own. */
  caption: number;
  /** How many files one call carries (beside its text when `filesWithText`). */
  filesPerCall: number;
  filesWithText: boolean;
  /** False: the call that opens a conversation carries text only, files follow as a reply (Intercom). */
  filesWhenOpening: boolean;
  /** Kinds that the other side has a form of its own for; all others become lines of text (`describe.ts`). */
  native?: ('location' | 'contact')[];
  /** A reply can name what it answers; elsewhere the answered words are quoted as a line of text. */
  replies?: boolean;
  /** Hours after the customer's last message in which free text may be sent. */
  windowHours?: number;
  /** Statuses that the other side reports to us after a send. */
  receipts: ReceiptStatus[];
  /** The same key twice makes one message there. */
  idempotent: boolean;
  /** A receipt or echo carries our own reference, so that an unknown outcome can settle itself. */
  echo: boolean;
  /** Statuses of the channel that the platform can be told: HubSpot all, Intercom only the bad ones (as a note). */
  tells: ('sent' | 'delivered' | 'read' | 'failed' | 'unknown' | 'waiting')[];
  /**
   * What one account (bot, number, portal, workspace) may call, by name; `calls` is what a send needs. All processes
   * together keep to it. Absent: the other side queues by itself, or names no limit.
   */
  limits?: Record<string, CallLimit> & { calls: CallLimit };
  /** How the other side redelivers a webhook we did not acknowledge; printed in docs/reliability.md. */
  redelivery: string;
}
