/** The door of the REST API: faults, token, plan, version, rate limit, error envelope; then the route's own rules. */
import { randomUUID } from 'node:crypto';
import type { Express, Request, Response } from 'express';
import type { Fault } from '../../kit.ts';
import { jsonBody } from '../../kit.ts';
import { actOut } from '../faults.ts';
import type { Grant, Teammate, Workspace, World } from './world.ts';
import { seconds } from './world.ts';

/** An answer in Intercom's `error.list` envelope. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;
  readonly field: string | undefined;
  constructor(
    status: number,
    code: string,
    message: string,
    headers: Record<string, string> = {},
    field?: string,
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.field = field;
  }
}
export const invalid = (message: string, field?: string): ApiError =>
  new ApiError(400, 'parameter_invalid', message, {}, field);
export const missing = (field: string): ApiError =>
  new ApiError(400, 'parameter_not_found', `${field} is required`, {}, field);
export const notFound = (message = 'Resource Not Found'): ApiError => new ApiError(404, 'not_found', message);

export interface ApiCall {
  workspace: Workspace;
  /** Who installed the app. */
  installer: Teammate;
  token: string;
  body: Record<string, unknown>;
  params: Record<string, string>;
  query: URLSearchParams;
}
export type Handler = (call: ApiCall) => unknown | Promise<unknown>;
export type Door = (method: 'get' | 'post' | 'put' | 'delete', path: string, handler: Handler) => void;

const VERSION = /^(1\.[0-4]|2\.([0-9]|1[0-6])|Unstable|Preview)$/;
const STATUS_CODES: Record<number, string> = {
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  429: 'rate_limit_exceeded',
};

export function sendError(response: Response, error: ApiError): void {
  for (const [name, value] of Object.entries(error.headers)) response.setHeader(name, value);
  response.status(error.status).json({
    type: 'error.list',
    request_id: randomUUID(),
    errors: [{ code: error.code, message: error.message, ...(error.field ? { field: error.field } : {}) }],
  });
}

/** Registers routes that all pass the same door. */
export function openDoor(
  world: World,
  app: Express,
  takeFault: (request: Request) => Fault | undefined,
): Door {
  const slices = new Map<string, { slice: number; used: number }>();
  return (method, path, handler) => {
    app[method](path, async (request, response) => {
      // One clock for everything that a client can compare: `Date` and `created_at`.
      response.setHeader('Date', new Date(world.now()).toUTCString());
      const refuse = (status: number) => {
        if (status === 429) showLimit(world, response, world.timings.callsPer10s);
        sendError(response, new ApiError(status, STATUS_CODES[status] ?? 'server_error', 'Planned fault'));
      };
      if (actOut(takeFault(request), request, response, refuse)) return;
      try {
        const { token, grant } = authorize(world, request);
        spend(world, slices, token, response);
        response.json(await handler(callOf(request, token, grant)));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        sendError(response, error);
      }
    });
  };
}

function authorize(world: World, request: Request): { token: string; grant: Grant } {
  const version = request.headers['intercom-version'] ?? world.app.apiVersion;
  if (!VERSION.test(String(version)))
    throw new ApiError(400, 'intercom_version_invalid', 'The requested version could not be found');
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const grant = token === undefined ? undefined : world.grants.get(token);
  if (!token || !grant) throw new ApiError(401, 'unauthorized', 'Access Token Invalid');
  if (grant.revoked) throw new ApiError(401, 'token_revoked', 'Access Token has been revoked');
  if (!grant.workspace.activeSubscription && !request.path.startsWith('/me'))
    throw new ApiError(403, 'api_plan_restricted', 'Active subscription needed.');
  return { token, grant };
}

/** Limits are handed out in slices of ten seconds. */
function spend(
  world: World,
  slices: Map<string, { slice: number; used: number }>,
  token: string,
  response: Response,
): void {
  const slice = Math.floor(world.now() / 10_000);
  const known = slices.get(token);
  const used = (known?.slice === slice ? known.used : 0) + 1;
  slices.set(token, { slice, used });
  showLimit(world, response, used);
  if (used > world.timings.callsPer10s)
    throw new ApiError(429, 'rate_limit_exceeded', 'Exceeded rate limit for this app');
}

/** `X-RateLimit-Reset` is in unix seconds. */
function showLimit(world: World, response: Response, used: number): void {
  const limit = world.timings.callsPer10s;
  response.setHeader('X-RateLimit-Limit', String(limit));
  response.setHeader('X-RateLimit-Remaining', String(Math.max(0, limit - used)));
  response.setHeader('X-RateLimit-Reset', String((Math.floor(world.now() / 10_000) + 1) * 10));
}

function callOf(request: Request, token: string, grant: Grant): ApiCall {
  const raw = request.body as Buffer | undefined;
  const hasBody = Buffer.isBuffer(raw) && raw.length > 0;
  const body = hasBody ? jsonBody(request) : {};
  if (!body) throw new ApiError(400, 'bad_request', 'Bad Request: the body is not valid JSON');
  return {
    workspace: grant.workspace,
    installer: grant.teammate,
    token,
    body,
    params: request.params as Record<string, string>,
    query: new URL(request.originalUrl, 'http://intercom').searchParams,
  };
}

/** A string field: undefined when absent; anything but a string is refused. */
export function text(body: Record<string, unknown>, field: string): string | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(`${field} must be a string`, field);
  return value;
}
export function requiredText(body: Record<string, unknown>, field: string): string {
  const value = text(body, field);
  if (value === undefined || value.trim() === '') throw missing(field);
  return value;
}
/** `created_at` on writes: unix seconds, in the past. Answers milliseconds. */
export function backdated(world: World, body: Record<string, unknown>): number {
  const value = body.created_at;
  if (value === undefined || value === null) return world.now();
  if (typeof value !== 'number' || !Number.isInteger(value) || value > seconds(world.now()) + 60)
    throw invalid('created_at must be a unix timestamp in the past', 'created_at');
  return value * 1000;
}
