import type { ReceiptEvent, ReceiptStatus } from '../../core/message.ts';
import { whyFailed } from './errors.ts';
import { entry, type Json, number, record, records, text } from './json.ts';

/** `played` is a voice message that was listened to: more than read, but nothing an agent would tell apart. */
const STATUSES: Record<string, ReceiptStatus> = {
  sent: 'sent',
  delivered: 'delivered',
  read: 'read',
  played: 'read',
  failed: 'failed',
};

/**
 * What became of a message of ours; undefined for a status that we do not know or that names no message.
 * https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status
 */
export function receiptOf(
  status: Json,
  connection: ReceiptEvent['connection'],
  now: number,
): ReceiptEvent | undefined {
  const of = text(status.id);
  const value = entry(STATUSES, text(status.status));
  if (!of || !value) return undefined;
  const ref = text(status.biz_opaque_callback_data);
  return {
    kind: 'receipt',
    connection,
    of,
    ...(ref ? { ref } : {}),
    status: value,
    at: timeOf(status.timestamp) ?? now,
    ...(value === 'failed' ? failure(status) : {}),
  };
}

function failure(status: Json): { code?: string; why: string } {
  const [error] = records(status.errors);
  const code = number(error?.code);
  const details = text(record(error?.error_data)?.details) ?? text(error?.message) ?? text(error?.title);
  if (code === undefined)
    return { why: details ?? 'WhatsApp could not deliver the message and does not say why.' };
  return { code: String(code), why: whyFailed(code, details ?? `error ${code}`) };
}

/** Seconds as text by the documentation; milliseconds have been seen, and no message is from before 2001. */
export function timeOf(value: unknown): number | undefined {
  const time = number(value);
  if (time === undefined || time <= 0) return undefined;
  return time >= 1e12 ? time : time * 1000;
}
