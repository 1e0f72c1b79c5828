/** The door of HubSpot's APIs: faults, token and scopes, plan, rate limits, error envelope; then the route's rules. */
import { randomUUID } from 'node:crypto';
import type { Express, Request, Response } from 'express';
import type { Fault } from '../../kit.ts';
import { jsonBody } from '../../kit.ts';
import { actOut } from '../faults.ts';
import type { AccessToken, Install, Portal, World } from './world.ts';

/** An answer in HubSpot's error envelope. */
export class ApiError extends Error {
  readonly status: number;
  readonly category: string;
  readonly more: Record<string, unknown>;
  constructor(status: number, category: string, message: string, more: Record<string, unknown> = {}) {
    super(message);
    this.status = status;
    this.category = category;
    this.more = more;
  }
}
export const invalid = (message: string, more: Record<string, unknown> = {}): ApiError =>
  new ApiError(400, 'VALIDATION_ERROR', message, more);
export const notFound = (message = 'resource not found'): ApiError =>
  new ApiError(404, 'OBJECT_NOT_FOUND', message);

export interface ApiCall {
  request: Request;
  portal: Portal;
  install: Install;
  body: Record<string, unknown>;
  params: Record<string, string>;
  query: URLSearchParams;
}
/** Answers the body, with 200 unless it names another status. */
export type Handler = (call: ApiCall) => unknown | Promise<unknown>;
export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
export interface RouteRules {
  /** Any one of them will do. */
  scopes: string[];
  status?: number;
  /** Needs Sales or Service Hub Professional. */
  professional?: boolean;
  /** Counts against the search limit as well. */
  search?: boolean;
  /** The body is not JSON. */
  rawBody?: boolean;
}
export type Door = (method: Method, path: string, rules: RouteRules, handler: Handler) => void;

const CATEGORIES: Record<number, string> = {
  401: 'INVALID_AUTHENTICATION',
  403: 'MISSING_SCOPES',
  404: 'OBJECT_NOT_FOUND',
  409: 'CONFLICT',
  423: 'LOCKED',
  429: 'TEN_SECONDLY_ROLLING',
};

function sendError(response: Response, error: ApiError): void {
  if (error.status === 429) return void response.status(429).json(rateLimitBody(error));
  response.status(error.status).json({
    status: 'error',
    message: error.message,
    correlationId: randomUUID(),
    category: error.category,
    ...error.more,
  });
}
const rateLimitBody = (error: ApiError) => ({
  status: 'error',
  message: error.message,
  errorType: 'RATE_LIMIT',
  correlationId: randomUUID(),
  policyName: error.category,
});

export type TakeFault = (request: Request) => Fault | undefined;
/** False when a planned fault has already answered the call. */
export function passesFaults(takeFault: TakeFault, request: Request, response: Response): boolean {
  const refuse = (status: number) =>
    sendError(response, new ApiError(status, CATEGORIES[status] ?? 'INTERNAL_ERROR', 'Planned fault'));
  return !actOut(takeFault(request), request, response, refuse);
}

/** Registers routes that act for a portal: all pass the same door. */
export function openDoor(world: World, app: Express, takeFault: TakeFault): Door {
  const limits = rateLimits(world);
  return (method, path, rules, handler) => {
    app[method](path, async (request, response) => {
      // One clock for everything that a client can compare.
      response.setHeader('Date', new Date(world.now()).toUTCString());
      if (!passesFaults(takeFault, request, response)) return;
      await answering(response, async () => {
        const install = authorize(world, request, rules);
        limits.spend(install.portal, response, rules.search === true);
        const call: ApiCall = {
          request,
          portal: install.portal,
          install,
          body: rules.rawBody ? {} : bodyOf(request),
          params: request.params as Record<string, string>,
          query: queryOf(request),
        };
        reply(response, rules.status ?? 200, await handler(call));
      });
    });
  };
}

export function reply(response: Response, status: number, body: unknown): void {
  if (body === undefined) response.status(status === 200 ? 204 : status).end();
  else response.status(status).json(body);
}
export async function answering(response: Response, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    sendError(response, error);
  }
}
export const queryOf = (request: Request): URLSearchParams =>
  new URL(request.originalUrl, 'http://hubspot').searchParams;

export function bodyOf(request: Request): Record<string, unknown> {
  const raw = request.body as Buffer | undefined;
  if (!Buffer.isBuffer(raw) || raw.length === 0) return {};
  if (!String(request.headers['content-type'] ?? '').includes('application/json'))
    throw new ApiError(415, 'UNSUPPORTED_MEDIA_TYPE', 'The content type must be application/json');
  const body = jsonBody(request);
  if (!body) throw invalid('Invalid input JSON');
  return body;
}

export function bearerOf(world: World, request: Request): AccessToken {
  const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const known = token === undefined ? undefined : world.accessTokens.get(token);
  if (!known || known.install?.revoked)
    throw new ApiError(401, 'INVALID_AUTHENTICATION', 'Authentication credentials not found or invalid.');
  if (known.expires <= world.now())
    throw new ApiError(401, 'EXPIRED_AUTHENTICATION', 'The OAuth token used to make this call expired.');
  return known;
}

function authorize(world: World, request: Request, rules: RouteRules): Install {
  const { install, scopes } = bearerOf(world, request);
  if (!install)
    throw new ApiError(
      403,
      'MISSING_SCOPES',
      'This token does not belong to an account.',
      missing(rules.scopes),
    );
  if (!rules.scopes.some((scope) => scopes.includes(scope)))
    throw new ApiError(
      403,
      'MISSING_SCOPES',
      "This app hasn't been granted all required scopes to make this call.",
      missing(rules.scopes),
    );
  if (rules.professional && install.portal.tier !== 'professional')
    throw new ApiError(403, 'FORBIDDEN', 'Custom channels need Sales Hub or Service Hub Professional.');
  return install;
}
const missing = (scopes: string[]) => ({
  errors: [
    {
      message: 'One or more of the following scopes are required.',
      context: { requiredGranularScopes: scopes },
    },
  ],
});

/** A rolling window of ten seconds per portal, and one of a second for searches. */
function rateLimits(world: World) {
  const recent = new Map<string, number[]>();
  const within = (key: string, ms: number): number[] => {
    const kept = (recent.get(key) ?? []).filter((at) => at > world.now() - ms);
    recent.set(key, kept);
    return kept;
  };
  return {
    spend(portal: Portal, response: Response, search: boolean): void {
      if (search) {
        const searches = within(`search.${portal.id}`, 1_000);
        if (searches.length >= world.timings.searchesPerSecond)
          throw new ApiError(429, 'SECONDLY', 'You have reached your secondly limit.');
        searches.push(world.now());
        return;
      }
      const calls = within(`calls.${portal.id}`, 10_000);
      const max = world.timings.callsPer10s;
      response.setHeader('X-HubSpot-RateLimit-Max', String(max));
      response.setHeader('X-HubSpot-RateLimit-Interval-Milliseconds', '10000');
      response.setHeader('X-HubSpot-RateLimit-Remaining', String(Math.max(0, max - calls.length - 1)));
      if (calls.length >= max)
        throw new ApiError(429, 'TEN_SECONDLY_ROLLING', 'You have reached your ten_secondly_rolling limit.');
      calls.push(world.now());
    },
  };
}

// Fields of JSON bodies

export function text(body: Record<string, unknown>, field: string): string | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(`Invalid input JSON: ${field} must be a string`);
  return value;
}
export function requiredText(body: Record<string, unknown>, field: string): string {
  const value = text(body, field);
  if (value === undefined || value === '') throw required(field);
  return value;
}
export const required = (field: string): ApiError =>
  invalid(`Invalid input JSON: some required fields were not set: [${field}]`, {
    errors: [{ message: `${field} is required`, in: field, code: 'REQUIRED_FIELD' }],
  });
