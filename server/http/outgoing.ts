/**
 * The only way out to platforms and providers: time-outs, certainty of failures, and which hosts a file may come from.
 * Certainty matters more than the message: "not sent" may be tried again, everything else may have been accepted.
 */
import type { Http, HttpDownload, HttpRequest, HttpResponse } from '../core/adapter.ts';
import { WireError } from '../core/outcome.ts';

const TIMEOUT_MS = 10_000;
const DOWNLOAD_TIMEOUT_MS = 60_000;
const MAX_REDIRECTS = 3;
/** Answers of APIs; a larger one is a mistake or an attack. */
const MAX_ANSWER_BYTES = 10 * 1024 * 1024;

/** Failures before the first byte of a request can have left (Node's and undici's codes). */
const NOT_SENT =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|ERR_TLS)/;

export interface OutgoingOptions {
  /** Hosts of the configured API URLs: files may come from them as from the provider's own. */
  configuredHosts: string[];
}

export function createHttp({ configuredHosts }: OutgoingOptions): Http {
  const call = async (request: HttpRequest): Promise<HttpResponse> => {
    const response = await reach(request.url, toInit(request), request.timeoutMs ?? TIMEOUT_MS);
    const text = await readText(response, request.url);
    return { status: response.status, headers: headersOf(response), text, json: parsed(text) };
  };
  const download = (request: HttpRequest & { hosts: string[] }): Promise<HttpDownload> =>
    follow(request, new Set(configuredHosts), MAX_REDIRECTS);
  const carried: typeof fetch = (input, init) =>
    reach(input instanceof Request ? input.url : String(input), init ?? {}, TIMEOUT_MS, input);
  return Object.assign(call, { download, fetch: carried });
}

function toInit(request: HttpRequest): RequestInit {
  const headers = new Headers(request.headers);
  if (request.json !== undefined && !headers.has('content-type'))
    headers.set('content-type', 'application/json');
  const body =
    request.json === undefined ? (request.form ?? request.multipart) : JSON.stringify(request.json);
  return { method: request.method, headers, ...(body === undefined ? {} : { body }), redirect: 'manual' };
}

async function reach(
  url: string,
  init: RequestInit,
  timeoutMs: number,
  input: Parameters<typeof fetch>[0] = url,
): Promise<Response> {
  const limit = AbortSignal.timeout(timeoutMs);
  const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit;
  try {
    return await fetch(input, { ...init, signal });
  } catch (error) {
    throw toWireError(error, url);
  }
}

/** Names the host and the failure, never the URL: Telegram's holds the token. */
function toWireError(error: unknown, url: string): WireError {
  const cause = (error as { cause?: { code?: unknown } }).cause;
  const code = String(cause?.code ?? (error as { name?: unknown }).name ?? 'error');
  const host = URL.canParse(url) ? new URL(url).host : 'the other side';
  if (code === 'TimeoutError') return new WireError(`${host} did not answer in time`, false);
  return new WireError(`${host} could not be reached (${code})`, NOT_SENT.test(code));
}

async function readText(response: Response, url: string): Promise<string> {
  try {
    const bytes = await response.arrayBuffer();
    if (bytes.byteLength > MAX_ANSWER_BYTES) throw new WireError('the answer was too large', false);
    return Buffer.from(bytes).toString('utf8');
  } catch (error) {
    throw error instanceof WireError ? error : toWireError(error, url);
  }
}

const headersOf = (response: Response): Record<string, string> => Object.fromEntries(response.headers);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Follows redirects by hand: every hop must be an allowed host, and a token stays with the host it is for. */
async function follow(
  request: HttpRequest & { hosts: string[] },
  configured: Set<string>,
  left: number,
): Promise<HttpDownload> {
  const url = new URL(request.url);
  if (!isAllowed(url, request.hosts, configured))
    throw new WireError(`files are not fetched from ${url.host}`, true);
  const response = await reach(request.url, toInit(request), request.timeoutMs ?? DOWNLOAD_TIMEOUT_MS);
  const location = response.headers.get('location');
  if (response.status < 300 || response.status >= 400 || !location)
    return { status: response.status, headers: headersOf(response), body: bodyOf(response, request.url) };
  await response.body?.cancel();
  if (left === 0) throw new WireError(`${url.host} redirected too often`, true);
  const next = new URL(location, url);
  const headers = next.host === url.host ? request.headers : withoutAuthorization(request.headers);
  return follow(
    { ...request, method: 'GET', url: next.href, ...(headers ? { headers } : {}) },
    configured,
    left - 1,
  );
}

const withoutAuthorization = (headers: Record<string, string> | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers ?? {}).filter(([name]) => name.toLowerCase() !== 'authorization'),
  );

/** `.suffix` allows every host below it; http only where the operator's own settings name the host. */
function isAllowed(url: URL, hosts: string[], configured: Set<string>): boolean {
  if (configured.has(url.hostname)) return url.protocol === 'http:' || url.protocol === 'https:';
  if (url.protocol !== 'https:' || url.port !== '') return false;
  return hosts.some((host) => (host.startsWith('.') ? url.hostname.endsWith(host) : url.hostname === host));
}

async function* bodyOf(response: Response, url: string): AsyncGenerator<Uint8Array> {
  if (!response.body) return;
  try {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) yield chunk;
  } catch (error) {
    throw toWireError(error, url);
  }
}
