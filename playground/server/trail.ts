/**
 * When which message was handed to Octopods, as the platforms and providers know it from their own webhooks: what tells
 * a phone that its message was taken, and the ledger view what a row is about (the API tells no content).
 */
import type { SentWebhook } from '../webhook.ts';

interface Handed {
  from: number;
  to: number;
  taken: boolean;
}

/** Clocks are the same, their reading is not. */
const TOLERANCE_MS = 5;

export class Trail {
  readonly #handed = new Map<string, Handed[]>();

  /** Every webhook that was answered, or was not. */
  note(sent: SentWebhook): void {
    const handed = { from: sent.at, to: Date.now(), taken: sent.status >= 200 && sent.status < 300 };
    for (const id of messageIds(sent)) this.#handed.set(id, [...(this.#handed.get(id) ?? []), handed]);
  }

  /** Undefined: nobody has answered for it yet. */
  taken(id: string): boolean | undefined {
    return this.#handed.get(id)?.some((one) => one.taken);
  }

  /** Whether it was on its way to Octopods at this moment. */
  handedAt(id: string, at: number): boolean {
    const tries = this.#handed.get(id) ?? [];
    return tries.some(({ from, to }) => at >= from - TOLERANCE_MS && at <= to + TOLERANCE_MS);
  }
}

/** Telegram numbers the messages of each bot from 1: with the webhook's URL the id is unique. */
export const telegramId = (webhookUrl: string, messageId: string | number): string =>
  `${webhookUrl} ${messageId}`;

type Json = Record<string, unknown>;
const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const list = (value: unknown): Json[] => (Array.isArray(value) ? value.map(object) : []);

function messageIds({ url, body }: SentWebhook): string[] {
  if (url.includes('/webhooks/twilio')) {
    const sid = new URLSearchParams(body).get('MessageSid');
    return sid ? [sid] : [];
  }
  let json: Json;
  try {
    json = object(JSON.parse(body));
  } catch {
    return [];
  }
  if (url.includes('/webhooks/telegram')) {
    const id = object(json.message).message_id;
    return id === undefined ? [] : [telegramId(url, Number(id))];
  }
  if (url.includes('/intercom/')) return intercomIds(json);
  if (json.entry) return whatsappIds(json);
  return [object(json.message).id].filter((id) => typeof id === 'string');
}

const whatsappIds = (json: Json): string[] =>
  list(json.entry)
    .flatMap((entry) => list(entry.changes))
    .flatMap((change) => list(object(change.value).messages))
    .map((message) => String(message.id));

const intercomIds = (json: Json): string[] =>
  list(object(object(object(json.data).item).conversation_parts).conversation_parts).map((part) =>
    String(part.id),
  );
