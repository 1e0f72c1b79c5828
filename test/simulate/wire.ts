/** What the simulated adapters share: from parts to words, from answers to outcomes, from webhooks to events. */
import { z } from 'zod';
import type { Delivery, HttpResponse, MessageDelivery } from '../../server/core/adapter.ts';
import { describe } from '../../server/core/describe.ts';
import type { Part, StoredFile } from '../../server/core/message.ts';
import {
  fromHttpStatus,
  type NotSent,
  type Unauthorized,
  unauthorized,
  WireError,
} from '../../server/core/outcome.ts';

export const anyCredentials: z.ZodType<Record<string, unknown>> = z.record(z.string(), z.unknown());

export const wordsOf = (parts: Part<StoredFile>[]): string =>
  parts
    .filter((part) => part.kind !== 'file')
    .map(describe)
    .join('\n');

export const filesOf = (parts: Part<StoredFile>[]): StoredFile[] =>
  parts.flatMap((part) => (part.kind === 'file' ? [part.file] : []));

export const contentOf = async (file: StoredFile): Promise<string> =>
  Buffer.from(await file.bytes()).toString('utf8');

export const contentsOf = (delivery: MessageDelivery): Promise<string[]> =>
  Promise.all(filesOf(delivery.parts).map(contentOf));

export function notSent(answer: HttpResponse): NotSent {
  const asked = Number(answer.headers['retry-after']);
  return fromHttpStatus(answer.status, `answered ${answer.status}`, asked ? asked * 1_000 : undefined);
}

/** A read that failed in passing is asked again; anything else means that nobody can say. */
export function unanswered(answer: HttpResponse): Unauthorized {
  if (answer.status === 401) return unauthorized('answered 401');
  throw new WireError(`answered ${answer.status}`, true);
}

/** The first time that can belong to this attempt, by the other side's clock of whole seconds. */
const earliest = (delivery: Delivery): number =>
  Math.floor(((delivery.startedAt ?? 0) - 5_000) / 1_000) * 1_000;

export const ok = (answer: HttpResponse): boolean => answer.status >= 200 && answer.status < 300;

export interface Listed {
  id: string;
  text: string;
  files: string[];
  at: number;
  kind: 'message' | 'note';
  by: 'us' | 'them';
}

/** The newest of what they have since the attempt that says the same, and that is nobody else's. */
export const matching = (
  listed: Listed[],
  delivery: Delivery,
  wanted: { text: string; files: number; kind: 'message' | 'note' },
): Listed | undefined =>
  listed.findLast(
    (one) =>
      one.by === 'us' &&
      one.kind === wanted.kind &&
      one.at >= earliest(delivery) &&
      one.text === wanted.text &&
      one.files.length === wanted.files &&
      !delivery.taken?.includes(one.id),
  );

/** A file as it travels in events. */
export interface WireFile {
  ref: string;
}
export interface WireMessage {
  kind: 'message';
  id: string;
  /** The customer's number, or the platform's conversation. */
  from: string;
  text: string;
  file?: WireFile;
  at?: number;
  seq?: number;
  partial?: boolean;
  /** Where an agent of the keyed platform writes. */
  route?: { channelAccountId: string; recipient: string };
}
export interface WireReceipt {
  kind: 'receipt';
  of: string;
  ref?: string;
  status: 'sent' | 'delivered' | 'read' | 'failed';
  at: number;
  why?: string;
}
export interface WireBody {
  account: string;
  events: (WireMessage | WireReceipt)[];
}

export const partsOf = ({ text, file }: Pick<WireMessage, 'text' | 'file'>): Part[] => [
  ...(text === '' ? [] : [{ kind: 'text' as const, text }]),
  ...(file
    ? [{ kind: 'file' as const, file: { kind: 'image' as const, ref: file.ref, name: `${file.ref}.png` } }]
    : []),
];
