/**
 * The five outcomes of a send. There are never two: between "sent" and "failed" lie the answers that decide whether a
 * message is lost, doubled, or honestly reported.
 */

export interface Sent {
  outcome: 'sent';
  /** The other side's id of what was made. */
  id: string;
  /** The other side's conversation, where the send made or named one. */
  thread?: string;
  /** The platform contact, where the send made one known. */
  contact?: string;
}
/** Certainly not accepted: try again, after `afterMs` at the earliest where the other side said so. */
export interface Retry {
  outcome: 'retry';
  why: string;
  afterMs?: number;
  /** The stored conversation or contact does not exist any more: forget the link, then try again. */
  forget?: 'thread' | 'contact';
  slowDown?: SlowDown;
}
/**
 * Whom a refusal means beyond this message. `account`: everything that goes through the connection waits, and one call
 * asks whether it is over. `unclear`: perhaps this customer only; a second customer's refusal decides.
 */
export type SlowDown = 'account' | 'unclear';
/** Perhaps accepted: never repeated blindly. */
export interface Unknown {
  outcome: 'unknown';
  why: string;
}
/** Refused for good. `code` is the other side's own; `why` is plain words for the agent, with the next step. */
export interface Refused {
  outcome: 'refused';
  code: string;
  why: string;
}
/** The credentials are dead: pause the connection, not the message. */
export interface Unauthorized {
  outcome: 'unauthorized';
  why: string;
}

export type Outcome = Sent | Retry | Unknown | Refused | Unauthorized;
export type NotSent = Exclude<Outcome, Sent>;

export const sent = (id: string, more: { thread?: string; contact?: string } = {}): Sent => ({
  outcome: 'sent',
  id,
  ...more,
});
export const retry = (
  why: string,
  {
    afterMs,
    ...more
  }: { afterMs?: number | undefined; forget?: 'thread' | 'contact'; slowDown?: SlowDown } = {},
): Retry => ({ outcome: 'retry', why, ...(afterMs === undefined ? {} : { afterMs }), ...more });
export const unknown = (why: string): Unknown => ({ outcome: 'unknown', why });
export const refused = (code: string | number, why: string): Refused => ({
  outcome: 'refused',
  code: String(code),
  why,
});
export const unauthorized = (why: string): Unauthorized => ({ outcome: 'unauthorized', why });

/** True for a value that is an outcome (a preparation answers either its value or the outcome that stopped it). */
export const isOutcome = (value: unknown): value is Outcome =>
  typeof value === 'object' && value !== null && 'outcome' in value;

/**
 * A failure of the wire itself, with its certainty. `notSent`: no byte of the request can have reached the other side
 * (name not found, connection refused). Otherwise it may have been accepted.
 */
export class WireError extends Error {
  readonly notSent: boolean;
  /** We held it back ourselves; it may go after so many ms. */
  readonly afterMs: number | undefined;
  constructor(message: string, notSent: boolean, cause?: unknown, afterMs?: number) {
    super(message, { cause });
    this.name = 'WireError';
    this.notSent = notSent;
    this.afterMs = afterMs;
  }
}

/** The outcome of a write whose answer never came. */
export function fromWireError({ message, notSent, afterMs }: WireError): Retry | Unknown {
  if (!notSent) return unknown(message);
  return retry(message, afterMs === undefined ? { slowDown: 'unclear' } : { afterMs });
}

/**
 * Statuses that SDKs take for a success, or cannot read. Only 307 and 308 say that the same call has to be made
 * elsewhere; behind a 303 it was done (https://www.rfc-editor.org/rfc/rfc9110#section-15.4).
 */
export function noAnswer(status: number, host: string): WireError | undefined {
  if (status < 200 || status > 599) return new WireError(`${host} answered with status ${status}`, false);
  if (status < 300 || status > 399 || status === 304) return undefined;
  return new WireError(`${host} answered with a redirect (${status})`, status === 307 || status === 308);
}

/**
 * The rows that all HTTP APIs share, for answers that no adapter's own table knows.
 * 5xx after a write is `unknown`: the other side may have acted before it failed (seen: a 502 from a proxy in front of
 * an API that had already stored the message). 503 and 429 are refusals at the door.
 */
export function fromHttpStatus(status: number, why: string, retryAfterMs?: number): NotSent {
  if (status === 401) return unauthorized(why);
  if (status === 429) return retry(why, { afterMs: retryAfterMs, slowDown: 'account' });
  if (status === 503) return retry(why, { afterMs: retryAfterMs, slowDown: 'unclear' });
  if (status === 423) return retry(why, { afterMs: retryAfterMs });
  if (status === 408 || status >= 500) return unknown(why);
  return refused(status, why);
}

/** What everybody reads who wants to send a message again whose content is gone. */
export const ERASED =
  'Its content was erased, as everything is some time after its last outcome, so it cannot be sent again. Write it anew.';

/** An agent's reply that has not gone out for so long is told to the agent. Long enough that a retry or two does not make a note, short enough that the customer has not given up. */
export const WAITING_MS = 2 * 60_000;
