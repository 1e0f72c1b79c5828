/**
 * Every call to HubSpot. `apiRequest` of @hubspot/api-client builds it (base URL, authorisation, headers, body); our
 * own http carries it (time limits, address guard, certainty of failures). The SDK's retries and limiter stay off: the
 * relay decides when to try again. Why so: docs/decisions/0002-hubspot-transport.md
 */
import type { Client } from '@hubspot/api-client';
import type { HttpRequest, HttpResponse, Io } from '../../core/adapter.ts';
import { noAnswer } from '../../core/outcome.ts';

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
const loadClient = () => import('./building-client.ts');

/** `apiUrl` without a trailing slash; it may carry a path prefix. */
export const hubspotApi =
  (apiUrl: string, io: Io): Api =>
  async (call, authorization = {}) => {
    if (call.multipart) return await upload(apiUrl, io, call, authorization);
    const { BuildingClient } = await loadClient();
    // One client for each call: the SDK keeps its decorators in a process-wide place, set by the newest client.
    const built = new BuildingClient({ basePath: apiUrl, ...authorization }).build(optionsOf(call));
    const { method, ...rest } = built.getSendData();
    const url = built.getUrl();
    const response = await io.http({ method: method as HttpRequest['method'], url: url.href, ...rest });
    const none = noAnswer(response.status, url.host);
    if (none) throw none;
    return response;
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

/** `apiRequest` knows no files. */
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
