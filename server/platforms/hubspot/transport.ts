/**
 * Every call to HubSpot. `apiRequest` of @hubspot/api-client builds it (base URL, authorisation, headers, body); our
 * own http carries it (time limits, address guard, certainty of failures). The SDK's retries and limiter stay off: the
 * relay decides when to try again. Why so: docs/decisions/0002-hubspot-transport.md
 */
import type { Client } from '@hubspot/api-client';
import type { HttpRequest, HttpResponse, Io } from '../../core/adapter.ts';
import { WireError } from '../../core/outcome.ts';

/** Uploads carry up to 25 MB: they get longer than other calls, and still less than a lease (30 s). */
const UPLOAD_TIMEOUT_MS = 25_000;

/** A portal's access token, the app's developer key (app-level calls), or nothing (the token endpoints). */
interface Authorization {
  accessToken?: string;
  developerApiKey?: string;
}

export interface ApiCall {
  method: HttpRequest['method'];
  path: string;
  query?: Record<string, string>;
  /** At most one of these. */
  json?: unknown;
  form?: Record<string, string>;
  multipart?: FormData;
}

/** Answers for every HTTP status; throws `WireError` when there is none. */
export type Api = (call: ApiCall, authorization?: Authorization) => Promise<HttpResponse>;

/** With the first call: a tenth of a start, and without HubSpot nobody needs it. */
const loadClient = () => import('./carried-client.ts');

/** `apiUrl` without a trailing slash; it may carry a path prefix. */
export const hubspotApi =
  (apiUrl: string, io: Io): Api =>
  async (call, authorization = {}) => {
    if (call.multipart) return await upload(apiUrl, io, call, authorization);
    const { CarriedClient } = await loadClient();
    // One client for each call: the SDK keeps its decorators in a process-wide place, set by the newest client.
    const client = new CarriedClient({ basePath: apiUrl, ...authorization }, io.http.fetch);
    return await answerOf(await client.apiRequest(optionsOf(call)));
  };

function optionsOf(call: ApiCall): Parameters<Client['apiRequest']>[0] {
  const shared = { method: call.method, path: call.path, ...(call.query ? { qs: call.query } : {}) };
  if (!call.form) return call.json === undefined ? shared : { ...shared, body: call.json };
  return {
    ...shared,
    defaultJson: false,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(call.form).toString(),
  };
}

async function answerOf(response: Response): Promise<HttpResponse> {
  const text = await response.text().catch((cause: unknown) => {
    throw new WireError('HubSpot’s answer broke off', false, cause);
  });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    text,
    json: parsed(text),
  };
}

/** `apiRequest` has no time limit of its own and our fetch has the short one: files go the direct way. */
function upload(apiUrl: string, io: Io, call: ApiCall, authorization: Authorization): Promise<HttpResponse> {
  return io.http({
    method: call.method,
    url: `${apiUrl}${call.path}`,
    headers: authorization.accessToken ? { authorization: `Bearer ${authorization.accessToken}` } : {},
    ...(call.multipart ? { multipart: call.multipart } : {}),
    timeoutMs: UPLOAD_TIMEOUT_MS,
  });
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
