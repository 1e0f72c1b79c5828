import { fromHttpStatus, type NotSent, refused, retry, unauthorized } from '../../core/outcome.ts';

/**
 * What Twilio's codes mean to an agent: https://www.twilio.com/docs/api/errors
 * The same code may come as the answer to a send or later in a status callback, hence one table for both.
 */
const OPTED_OUT =
  'The customer has opted out (they wrote STOP). They have to text START to your number before you can write to them.';
const UNREACHABLE = 'The customer’s phone could not be reached. Try again later, or reach them another way.';
const WRONG_NUMBER = 'This is no number that can receive SMS. Check it, or reach the customer another way.';
const SENDER =
  'The Twilio sender cannot send this message. Ask an admin to check the number or Messaging Service in Twilio.';
const REGISTRATION =
  'The Twilio number is not registered for messages to this country (A2P or toll-free). Ask an admin to register it in Twilio.';
const FILTERED =
  'The carrier filtered the message as unwanted. Word it differently, without links, and try again.';
const MEDIA =
  'Twilio could not use the file. Send it as a JPEG, PNG or GIF under 5 MB, or send a link to it.';
const SUSPENDED =
  'The Twilio account is suspended or closed. An admin has to settle that in the Twilio Console.';
const BUSY = 'Twilio asks to send more slowly.';

const REASONS: Record<number, string> = {
  21211: WRONG_NUMBER,
  21214: WRONG_NUMBER,
  21217: WRONG_NUMBER,
  21604: WRONG_NUMBER,
  21614: 'This number is no mobile number. Check it, or reach the customer another way.',
  21408:
    'The Twilio account may not send to this country. An admin can allow it under Messaging → Settings → Geo permissions.',
  21608:
    'A Twilio trial account only sends to verified numbers. Verify this number in Twilio, or upgrade the account.',
  21610: OPTED_OUT,
  21612: UNREACHABLE,
  21212: SENDER,
  21601: SENDER,
  21603: SENDER,
  21606: SENDER,
  21621: 'The Twilio number cannot send files (MMS). Send a link to the file instead.',
  21701: SENDER,
  21703: SENDER,
  21704: SENDER,
  21602: 'There was nothing to send: the message is empty. Write it again.',
  21617: 'The message is longer than 1,600 characters. Send it in shorter parts.',
  21620: MEDIA,
  11200: MEDIA,
  11751: MEDIA,
  12300: MEDIA,
  21623: 'The message has too many files for one MMS. Send at most ten.',
  21656: 'The template’s variables do not fit. Fill them in again.',
  30002: SUSPENDED,
  30003: UNREACHABLE,
  30004: 'The message was blocked by the customer or their carrier. Reach them another way.',
  30005: 'The number does not exist any more. Check it, or reach the customer another way.',
  30006: 'This is a landline, or its carrier takes no SMS. Reach the customer another way.',
  30007: FILTERED,
  30450: FILTERED,
  30018: REGISTRATION,
  30032: REGISTRATION,
  30034: REGISTRATION,
  30035: REGISTRATION,
  30019: 'The file is larger than the carrier takes. Send a smaller one, or a link to it.',
  30008: 'The carrier gave no reason. Try again; if it fails again, reach the customer another way.',
  30017: 'The carrier is congested. Try again in a few minutes.',
  30410: 'The carrier did not answer in time. Try again in a few minutes.',
  30001: 'Twilio’s queue was full. Try again in a few minutes.',
  30022: 'The carrier’s limit for this number is reached. Try again later.',
  30023: 'The carrier’s daily limit for this brand is reached. Try again tomorrow.',
  14107: BUSY,
  20429: BUSY,
  21611: 'Too many messages are queued for this Twilio number.',
  63017: BUSY,
  63018: BUSY,
  63038:
    'The Twilio account has reached its daily limit of messages. Try again tomorrow, or upgrade the account.',
};

/** Certainly not taken, and worth trying again after this many milliseconds. */
const WAITS: Record<number, number> = {
  14107: 30_000,
  20429: 1_000,
  21611: 60_000,
  30001: 60_000,
  30022: 60_000,
  63017: 10_000,
  63018: 10_000,
};
const DEAD = new Set([20003, 20005, 20006, 10001, 30002]);

/** The reason of a failed message in plain words. */
export function reasonOf(code: number | undefined, text?: string): string {
  if (code !== undefined && REASONS[code]) return REASONS[code];
  const said = text ? `: ${text}` : '';
  const named = code === undefined ? '' : ` (error ${code}, https://www.twilio.com/docs/api/errors/${code})`;
  return `Twilio could not deliver the message${said}${named}. Try again, or reach the customer another way.`;
}

/** The outcome of a call that Twilio did not accept: `{code, message, more_info, status}`. */
export function outcomeOf(
  status: number,
  code: number | undefined,
  text: string,
  retryAfterMs?: number,
): NotSent {
  if (code !== undefined && DEAD.has(code))
    return unauthorized(code === 20003 ? 'Twilio no longer accepts the account’s auth token.' : SUSPENDED);
  // The account itself is part of the path: it is what was not found.
  if (status === 401 || (status === 404 && (code ?? 20404) === 20404))
    return unauthorized('Twilio no longer accepts the account’s SID and auth token.');
  const wait = code === undefined ? undefined : WAITS[code];
  if (wait !== undefined)
    return retry(reasonOf(code, text), { afterMs: retryAfterMs ?? wait, slowDown: 'account' });
  if (code !== undefined && status >= 400 && status < 500 && status !== 429)
    return refused(code, reasonOf(code, text));
  return fromHttpStatus(status, reasonOf(code, text), retryAfterMs);
}
