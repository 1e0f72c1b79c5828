/** Calls to Intercom's REST API: the SDK as the transport, and one table from its errors to our outcomes. */
import type { IntercomClient, IntercomError } from 'intercom-client';
import type { Io } from '../../core/adapter.ts';
import { fromHttpStatus, type NotSent, refused, retry, unauthorized, WireError } from '../../core/outcome.ts';
import { apiBase, type IntercomApp, type IntercomConnection } from './app.ts';
import { untilReset } from './budget.ts';
import { record, records, text } from './json.ts';

/** Newest stable version; without the header the version chosen for the app in the Developer Hub would apply. */
export const VERSION = '2.16';

/** With the first call: loading it takes 180 ms, a quarter of a start, and without Intercom nobody needs it. */
const loadSdk = () => import('intercom-client');

/** What Intercom said instead of doing it. */
export interface Failure {
  ok: false;
  status: number;
  /** Intercom's own word: `not_found`, `rate_limit_exceeded`; empty when the body is not its error list. */
  code: string;
  message: string;
  /** Lower-case names. */
  headers: Record<string, string>;
}
export type Answer<T> = { ok: true; value: T } | Failure;

export interface Api {
  /** Changes nothing over there: no answer is as good as a refusal at the door. */
  read<T>(run: (sdk: IntercomClient) => Promise<T>): Promise<Answer<T>>;
  /** No answer may mean that it was done. */
  write<T>(run: (sdk: IntercomClient) => Promise<T>): Promise<Answer<T>>;
  /** For what the SDK's types leave out. */
  post(path: string, json: unknown): Promise<Answer<unknown>>;
}

export function openApi(app: IntercomApp, connection: IntercomConnection, io: Io): Api {
  return openApiWith(apiBase(app, connection.settings), connection.credentials.access_token, io);
}

export function openApiWith(base: string, token: string, io: Io): Api {
  // The SDK keeps only the message of what `fetch` throws: the certainty of a WireError would be lost.
  let broken: unknown;
  const headers = { 'Intercom-Version': VERSION };
  const options: IntercomClient.Options = {
    token,
    baseUrl: base,
    headers,
    // It would post a reply three times on a 502.
    maxRetries: 0,
    // Longer than the limit of `fetch` itself, which knows the certainty of its failures.
    timeoutInSeconds: 12,
    fetch: (input, init) =>
      io.http.fetch(input, init).catch((error: unknown) => {
        broken = error;
        throw error;
      }),
  };

  async function call<T>(run: (sdk: IntercomClient) => Promise<T>): Promise<Answer<T>> {
    const { IntercomClient, IntercomError } = await loadSdk();
    broken = undefined;
    try {
      return { ok: true, value: await run(new IntercomClient(options)) };
    } catch (error) {
      if (broken !== undefined) throw broken;
      if (error instanceof IntercomError && error.statusCode !== undefined) return failureOf(error);
      throw new WireError(error instanceof Error ? error.message : String(error), false, error);
    }
  }
  return {
    write: call,
    read: (run) => call(run).catch((error: unknown) => Promise.reject(harmless(error))),
    post: async (path, json) => {
      const response = await io.http({
        method: 'POST',
        url: `${base}${path}`,
        headers: { ...headers, authorization: `Bearer ${token}`, accept: 'application/json' },
        json,
        timeoutMs: 25_000,
      });
      if (response.status < 400) return { ok: true, value: response.json };
      return failureFrom(response.status, response.json, response.headers);
    },
  };
}

const harmless = (error: unknown): unknown =>
  error instanceof WireError ? new WireError(error.message, true, error, error.afterMs) : error;

const failureOf = (error: IntercomError): Failure =>
  failureFrom(
    error.statusCode ?? 0,
    parsed(error.body),
    Object.fromEntries(error.rawResponse?.headers ?? []),
  );

/** The SDK leaves an error's body as text where a proxy dropped its content type. */
function parsed(body: unknown): unknown {
  if (typeof body !== 'string') return body;
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** https://developers.intercom.com/docs/references/rest-api/errors/error-objects */
function failureFrom(status: number, body: unknown, headers: Record<string, string>): Failure {
  const first = records(record(body)?.errors)[0];
  return {
    ok: false,
    status,
    code: text(first?.code) ?? '',
    message: text(first?.message) ?? `Intercom answered ${status}`,
    headers,
  };
}

/**
 * The outcome that a failure stands for.
 * @param kind a read that failed over there (5xx) can be repeated; a write may have been done.
 */
export function outcomeOf(failure: Failure, kind: 'read' | 'write', io: Io): NotSent {
  const { status, code, message } = failure;
  if (status === 401)
    return unauthorized(`Intercom no longer accepts our access (${code || message}). Reconnect Intercom.`);
  if (status === 403 && code === 'api_plan_restricted')
    return unauthorized('This Intercom workspace has no active subscription that includes the API.');
  if (status === 403 && (code === 'token_unauthorized' || code === 'unauthorized'))
    return unauthorized(`The Intercom app lacks a permission: ${message}. Reconnect Intercom.`);
  if (status === 429 || code === 'rate_limit_exceeded' || code === 'retry_after')
    return retry('Intercom’s rate limit is reached', {
      afterMs: untilReset(failure.headers, io.clock.now()),
      slowDown: 'account',
    });
  if (status === 503) return retry(message, { afterMs: 5_000, slowDown: 'unclear' });
  if (status === 423) return retry(message, { afterMs: 5_000 });
  if (kind === 'read' && (status >= 500 || status === 408)) return retry(message, { slowDown: 'unclear' });
  if (status >= 400 && status < 500 && status !== 408)
    return refused(code || status, `Intercom refused it: ${message}`);
  return fromHttpStatus(status, message);
}

/** How far Intercom's clock is ahead of ours (ms), by the `Date` of an answer; undefined when it said none. */
export function clockLead(headers: Headers, io: Io): number | undefined {
  const date = Date.parse(headers.get('date') ?? '');
  return Number.isNaN(date) ? undefined : date - io.clock.now();
}
