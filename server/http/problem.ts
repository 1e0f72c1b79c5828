/** Errors as the API tells them: problem details, RFC 9457 (https://www.rfc-editor.org/rfc/rfc9457). */

import { STATUS_CODES } from 'node:http';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import type { Log } from '../core/adapter.ts';
import { ERASED } from '../core/outcome.ts';
import { forLog, isDatabaseDown } from '../store/database/refusals.ts';

export interface ProblemMembers {
  /** What is wrong, in a sentence. */
  detail: string;
  /** What to do about it. */
  remedy: string;
  /** The field, parameter or header that is wrong: `credentials.bot_token`. */
  field?: string;
}

/** Thrown by whoever cannot go on; becomes the answer. */
export class Problem extends Error {
  readonly status: number;
  readonly members: ProblemMembers;
  readonly headers: Record<string, string>;
  constructor(status: number, members: ProblemMembers, headers: Record<string, string> = {}) {
    super(members.detail);
    this.name = 'Problem';
    this.status = status;
    this.members = members;
    this.headers = headers;
  }
}

/** The same words for an id that does not exist and for another account's. */
export const notFound = (what: string): Problem =>
  new Problem(404, {
    detail: `There is no such ${what}.`,
    remedy: 'Check the id: list what there is first.',
  });
export const invalidField = (
  field: string,
  detail: string,
  remedy = 'Correct it and send the request again; /api/v1/openapi.json has the rules.',
): Problem => new Problem(422, { detail, field, remedy });
export const forbidden = (detail: string, remedy: string): Problem => new Problem(403, { detail, remedy });

function sendProblem(response: Response, problem: Problem): void {
  response
    .status(problem.status)
    .set(problem.headers)
    .set('Cache-Control', 'no-store')
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: 'about:blank',
        title: STATUS_CODES[problem.status] ?? 'Error',
        status: problem.status,
        ...problem.members,
      }),
    );
}

/** For every method that a path does not have; `allow` as the header wants it. */
export const wrongMethod =
  (allow: string): RequestHandler =>
  (request) => {
    const detail = `${request.method} is not possible here.`;
    throw new Problem(405, { detail, remedy: `Use ${allow}.` }, { Allow: allow });
  };

export const contentErased = (): Problem =>
  new Problem(409, { detail: ERASED, remedy: 'Write the message again.' });

/** The last handler: known problems as they are, everything else without a word of what it was, except in the log. */
export const problemHandler =
  (log: Log): ErrorRequestHandler =>
  (error, request, response, next) => {
    if (response.headersSent) return next(error);
    const problem = asProblem(error);
    if (problem.status >= 500)
      log.error({ method: request.method, path: request.path, error: forLog(error) }, 'a request failed');
    sendProblem(response, problem);
  };

function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return fromBodyParser(error) ?? fromDatabase(error) ?? new Problem(500, INTERNAL);
}

const INTERNAL = {
  detail: 'Something went wrong on our side.',
  remedy: 'Try again; if it stays, look at the server log.',
};

/** The `type`s of https://github.com/expressjs/body-parser#errors. */
function fromBodyParser(error: unknown): Problem | undefined {
  switch ((error as { type?: unknown } | null)?.type) {
    case 'entity.parse.failed':
      return new Problem(400, { detail: 'The body is not valid JSON.', remedy: 'Send a JSON object.' });
    case 'entity.too.large':
      return new Problem(413, { detail: 'The body is too large.', remedy: 'Send at most 1 MB.' });
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new Problem(415, {
        detail: 'The body is encoded in a way that is not understood.',
        remedy: 'Send JSON as UTF-8, not compressed.',
      });
    case 'request.aborted':
    case 'request.size.invalid':
      return new Problem(400, { detail: 'The body did not arrive whole.', remedy: 'Send it again.' });
    default:
      return error instanceof URIError
        ? new Problem(400, {
            detail: 'The path is not encoded properly.',
            remedy: 'Percent-encode it as UTF-8.',
          })
        : undefined;
  }
}

/** Busy, locked, full or read-only: nothing was written, so the caller may simply come again. */
function fromDatabase(error: unknown): Problem | undefined {
  if (!isDatabaseDown(error)) return undefined;
  const members = { detail: 'The database cannot be written right now.', remedy: 'Try again in a moment.' };
  return new Problem(503, members, { 'Retry-After': '5' });
}
