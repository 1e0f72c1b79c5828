/**
 * A route of the API as data: the router serves from it and the OpenAPI document is printed from it, so neither can
 * know a route that the other does not.
 */
import type { z } from 'zod';
import type { Caller, Scope } from '../../accounts/tokens.ts';
import { invalidField, Problem } from '../problem.ts';

type Method = 'get' | 'post' | 'patch' | 'put' | 'delete';

export interface ApiCall<Body> {
  caller: Caller;
  /** The `:id` of the path; empty where it has none. */
  id: string;
  query: Record<string, string>;
  body: Body;
}
export interface ApiAnswer {
  status: number;
  /** Without one: no content. */
  json?: unknown;
}

interface RouteFacts {
  method: Method;
  /** Below `/api/v1`, as Express writes it: `/workspaces/:id`. */
  path: string;
  operationId: string;
  summary: string;
  /** Undefined: any token will do. */
  scope?: Scope;
  /** Only for owners and admins. */
  manages?: boolean;
  query?: Record<string, { description: string; schema: object }>;
  /** Success: its status and, unless it is 204, the shape of its body. */
  success: { status: 200 | 201 | 202 | 204; shape?: z.ZodType };
  /** Statuses beyond 401, 403, 404, 405 that can come back. */
  problems?: number[];
}
export interface ApiRoute extends RouteFacts {
  body?: z.ZodType;
  run(call: ApiCall<unknown>): Promise<ApiAnswer>;
}

/** A route whose body is checked before its handler sees it. */
export function withBody<Body>(
  facts: RouteFacts & { body: z.ZodType<Body>; handle(call: ApiCall<Body>): Promise<ApiAnswer> },
): ApiRoute {
  const { handle, ...rest } = facts;
  return {
    ...rest,
    problems: [400, 413, 415, 422, ...(facts.problems ?? [])],
    run: (call) => handle({ ...call, body: checked(facts.body, call.body) }),
  };
}

export function withoutBody(
  facts: RouteFacts & { handle(call: Omit<ApiCall<never>, 'body'>): Promise<ApiAnswer> },
): ApiRoute {
  const { handle, ...rest } = facts;
  return { ...rest, run: handle };
}

/** The value as the schema wants it; throws a 422 that names the first wrong field. */
function checked<Value>(schema: z.ZodType<Value>, value: unknown): Value {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue?.code === 'unrecognized_keys')
    throw invalidField([...issue.path, ...issue.keys.slice(0, 1)].join('.'), 'This field is not known here.');
  const field = issue?.path.join('.') || 'body';
  throw invalidField(field, issue?.message ?? 'is not valid');
}

export const ok = (json: unknown): ApiAnswer => ({ status: 200, json });
export const conflict = (detail: string, remedy: string): Problem => new Problem(409, { detail, remedy });
