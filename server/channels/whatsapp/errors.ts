import type { HttpResponse } from '../../core/adapter.ts';
import {
  fromHttpStatus,
  type NotSent,
  refused,
  retry,
  type SlowDown,
  unauthorized,
  unknown,
} from '../../core/outcome.ts';
import { type GraphError, graphError } from './graph.ts';

/**
 * What Meta's error codes mean for a message. The code decides, never the HTTP status: rate limits come as 400.
 * https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes
 */

const SECONDS = 1000;

/** Certainly not accepted; how long to wait, ms. */
const LATER: Record<number, { afterMs: number; why: string; slowDown?: SlowDown }> = {
  2: { afterMs: 5 * SECONDS, why: 'WhatsApp is temporarily down', slowDown: 'unclear' },
  4: { afterMs: 60 * SECONDS, why: 'The Meta app has made too many calls', slowDown: 'account' },
  80007: {
    afterMs: 60 * SECONDS,
    why: 'The WhatsApp Business Account has made too many calls',
    slowDown: 'account',
  },
  130429: {
    afterMs: 2 * SECONDS,
    why: 'The phone number sends faster than WhatsApp allows',
    slowDown: 'account',
  },
  // One message per six seconds to the same customer after a burst of 45.
  131056: { afterMs: 6 * SECONDS, why: 'Too many messages to this customer in a short time' },
  133016: { afterMs: 60 * SECONDS, why: 'Too many registrations of the phone number' },
  131000: { afterMs: 5 * SECONDS, why: 'WhatsApp failed for a reason it does not know' },
  131016: { afterMs: 10 * SECONDS, why: 'WhatsApp is overloaded', slowDown: 'unclear' },
  131057: {
    afterMs: 60 * SECONDS,
    why: 'The WhatsApp Business Account is in maintenance',
    slowDown: 'unclear',
  },
  133004: { afterMs: 10 * SECONDS, why: 'WhatsApp is temporarily unavailable', slowDown: 'unclear' },
  2494100: { afterMs: 60 * SECONDS, why: 'The phone number is in maintenance', slowDown: 'unclear' },
};

const DEAD_TOKEN =
  'The access token is no longer valid. Create a new system-user token and reconnect the channel.';
const NO_PERMISSION =
  'The access token may not use this phone number. Give it whatsapp_business_messaging and whatsapp_business_management, assign the number to it and reconnect the channel.';

/** Refused for good, in words for the agent, each with the next step. */
const REFUSED: Record<number, string> = {
  131047:
    'The 24-hour window is closed: the customer last wrote more than 24 hours ago. Wait until they write again, or send an approved template.',
  131026:
    'This number cannot get the message: it is not on WhatsApp, its app is too old, or its owner has not accepted the terms. Try another channel.',
  131049:
    'WhatsApp held the message back to limit marketing to this customer. Try again after 24 hours, or wait until they write.',
  130472:
    'WhatsApp held the message back because the customer is part of an experiment. Wait until they write.',
  131050: 'The customer has stopped marketing messages from you. Only answer when they write.',
  131048:
    'WhatsApp limits this phone number because too many of its messages were reported or blocked. An admin should look at its quality in WhatsApp Manager.',
  368: 'WhatsApp has restricted the account for a breach of its policy. An admin should look at WhatsApp Manager.',
  131031: 'WhatsApp has locked the account. An admin should look at WhatsApp Manager.',
  130497: 'WhatsApp does not let this account write to customers in that country.',
  131042:
    'WhatsApp could not charge the account. An admin should check the payment method in WhatsApp Manager.',
  131037:
    'The display name of the phone number is not approved yet. An admin should look at WhatsApp Manager.',
  131045: 'The phone number is not fully registered. An admin should register it again in WhatsApp Manager.',
  133006: 'The phone number is not verified. An admin should verify it in WhatsApp Manager.',
  133010:
    'The phone number is not registered with the Cloud API. An admin should register it in WhatsApp Manager.',
  131021: 'The message goes to the very number that sends it. Choose another recipient.',
  131051: 'WhatsApp does not take this kind of message. Send it as text or as a file.',
  131052: 'WhatsApp could not fetch the file of the customer. Ask them to send it again.',
  131053:
    'WhatsApp did not take the file: its type, size or content is not allowed. Send it in another format, or as a document.',
  131008: 'WhatsApp misses a part of the message. Send it again in another form, e.g. as plain text.',
  131009:
    'WhatsApp did not accept a value of the message; the customer may also have changed their number. Check the recipient, then send it again as plain text.',
  131062: 'This kind of message needs the phone number of the customer, which is not known. Ask them for it.',
  132000: 'The template needs another number of variables. Fill in all of them.',
  132001: 'The template does not exist in that language or is not approved. Choose another one.',
  132005: 'The template is too long with these variables. Shorten them.',
  132007: 'The template breaks a WhatsApp policy. Choose another one.',
  132012: 'A variable of the template has the wrong format. Correct it.',
  132015: 'The template is paused because of its quality. Choose another one.',
  132016: 'The template is disabled because of its quality. Choose another one.',
  132068: 'The form of the template is blocked. An admin should look at WhatsApp Manager.',
  132069: 'The form of the template has reached its limit. Try again later.',
};

const isPermission = (code: number): boolean =>
  code === 3 || code === 10 || (code >= 200 && code <= 299) || code === 131005;
/** "Object does not exist, or missing permissions": the phone number itself is out of reach. */
const isOutOfReach = (error: GraphError): boolean => error.code === 100 && error.subcode === 33;

export const isDeadToken = (error: GraphError): boolean => error.code === 0 || error.code === 190;
export const isMissingPermission = (error: GraphError): boolean => isPermission(error.code);
/** Says nothing about what was asked: the same call may succeed in a while. */
export const isPassing = (error: GraphError): boolean => error.code === 1 || error.code in LATER;

/** Plain words for the agent: ours where we know the code, Meta's own otherwise. */
export function whyFailed(code: number, details: string): string {
  const known = REFUSED[code] ?? LATER[code]?.why;
  if (known) return known;
  if (code === 0 || code === 190) return DEAD_TOKEN;
  if (isPermission(code)) return NO_PERMISSION;
  return `WhatsApp refused the message: ${details}`;
}

/** What became of a call that did not succeed. */
export function outcomeOf(response: HttpResponse): NotSent {
  const error = graphError(response.json);
  const afterMs = retryAfterMs(response);
  if (!error) return fromHttpStatus(response.status, `WhatsApp answered ${response.status}`, afterMs);
  const later = LATER[error.code];
  if (later) {
    const { why, ...when } = later;
    return retry(`${why} (${error.code})`, afterMs === undefined ? when : { ...when, afterMs });
  }
  if (isDeadToken(error)) return unauthorized(DEAD_TOKEN);
  if (isMissingPermission(error) || isOutOfReach(error)) return unauthorized(NO_PERMISSION);
  // Code 1 is "invalid request or a possible server error": the one code that does not say whether it was accepted.
  if (error.code === 1) return unknown('WhatsApp failed while it handled the message (1)');
  if (!(error.code in REFUSED) && response.status >= 500)
    return fromHttpStatus(response.status, `WhatsApp answered ${response.status} (${error.code})`, afterMs);
  return refused(error.code, whyFailed(error.code, error.details));
}

function retryAfterMs(response: HttpResponse): number | undefined {
  const seconds = Number(response.headers['retry-after'] ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * SECONDS : undefined;
}
