/**
 * How the Graph API says no. Codes and their HTTP statuses:
 * https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes (rate limits are HTTP 400)
 */
import { randomBytes } from 'node:crypto';
import type { Answer } from '../../kit.ts';

const TITLES: Record<number, [status: number, title: string]> = {
  2: [503, 'Service temporarily unavailable'],
  10: [403, 'Application does not have permission for this action'],
  130429: [400, 'Rate limit hit'],
  131000: [500, 'Something went wrong'],
  131008: [400, 'Required parameter is missing'],
  131009: [400, 'Parameter value is not valid'],
  131021: [400, 'Recipient cannot be sender'],
  131026: [400, 'Message undeliverable'],
  131047: [400, 'Re-engagement message'],
  131051: [400, 'Unsupported message type'],
  131052: [400, 'Media download error'],
  131053: [400, 'Media upload error'],
  131056: [400, '(Business Account, Consumer Account) pair rate limit hit'],
  132000: [400, 'Number of parameters does not match the expected number of params'],
  132001: [404, 'Template name does not exist in the translation'],
};

export class GraphError extends Error {
  readonly status: number;
  readonly body: Record<string, unknown>;
  constructor(status: number, message: string, body: Record<string, unknown>) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

/** One of WhatsApp's own codes, with `error_data.details`. */
export function whatsappError(code: number, details: string): GraphError {
  const [status, title] = TITLES[code] ?? [400, 'Invalid parameter'];
  return new GraphError(status, `(#${code}) ${title}`, {
    type: 'OAuthException',
    code,
    error_data: { messaging_product: 'whatsapp', details },
  });
}
export const invalidParameter = (why: string): GraphError =>
  new GraphError(400, `(#100) ${why}`, { type: 'OAuthException', code: 100 });

export const badToken = (
  why = 'Error validating access token: The access token could not be decrypted',
): GraphError => new GraphError(401, why, { type: 'OAuthException', code: 190 });

/** An id that does not exist, or that this token may not see: the Graph API does not tell which. */
export const noSuchObject = (id: string, method: string): GraphError =>
  new GraphError(
    400,
    `Unsupported ${method.toLowerCase()} request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api`,
    { type: 'GraphMethodException', code: 100, error_subcode: 33 },
  );

export const errorAnswer = ({ status, message, body }: GraphError): Answer => ({
  status,
  json: { error: { message, ...body, fbtrace_id: randomBytes(8).toString('base64url') } },
});

/** The same refusal as it stands in a failed status. */
export function statusError(error: GraphError): Record<string, unknown> {
  const code = Number(error.body.code);
  const title = TITLES[code]?.[1] ?? error.message;
  return {
    code,
    title,
    message: title,
    error_data: { details: (error.body.error_data as { details?: string } | undefined)?.details ?? title },
    href: 'https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/',
  };
}

/** A planned fault in the Graph API's own words. */
export function plannedError({ status }: { status: number; retryAfter?: number }): Answer {
  if (status === 429)
    return errorAnswer(whatsappError(130429, 'Cloud API message throughput has been reached.'));
  if (status === 401) return errorAnswer(badToken('Error validating access token: Session has expired'));
  if (status === 403) return errorAnswer(whatsappError(10, 'Permission denied.'));
  if (status === 503) return errorAnswer(whatsappError(2, 'Temporary. Try again.'));
  if (status >= 500) return { ...errorAnswer(whatsappError(131000, 'Message failed to send.')), status };
  return { ...errorAnswer(invalidParameter('Invalid parameter')), status };
}
