/** How Twilio says no. https://www.twilio.com/docs/api/errors */
import type { Answer } from '../../kit.ts';

export class TwilioError extends Error {
  readonly status: number;
  readonly code: number;
  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
export const bad = (code: number, message: string): TwilioError => new TwilioError(400, code, message);
export const notFound = (path: string): TwilioError =>
  new TwilioError(404, 20404, `The requested resource ${path} was not found`);
export const unauthenticated = (): TwilioError => new TwilioError(401, 20003, 'Authenticate');

export const errorAnswer = ({ status, code, message }: TwilioError): Answer => ({
  status,
  headers: status === 401 ? { 'www-authenticate': 'Basic realm="Twilio API"' } : {},
  json: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
});

/** A planned fault in Twilio's own words. */
export function plannedError({ status, retryAfter }: { status: number; retryAfter?: number }): Answer {
  const known: Record<number, [number, string]> = {
    401: [20003, 'Authenticate'],
    404: [20404, 'The requested resource was not found'],
    429: [20429, 'Too Many Requests'],
    503: [20503, 'Service unavailable'],
  };
  const [code, message] = known[status] ?? [20500, 'An internal server error has occurred'];
  const answer = errorAnswer(new TwilioError(status, code, message));
  return retryAfter === undefined
    ? answer
    : { ...answer, headers: { ...answer.headers, 'retry-after': String(retryAfter) } };
}

/** Why a message failed after it was accepted. */
export const FAILURES: Record<number, string> = {
  11200: 'HTTP retrieval failure',
  11751: 'Media Message - Media exceeds messaging provider size limit',
  30003: 'Unreachable destination handset',
  30004: 'Message blocked',
  30005: 'Unknown destination handset',
  30006: 'Landline or unreachable carrier',
  30007: 'Message filtered',
  30008: 'Unknown error',
};
