import type { Http, HttpRequest, HttpResponse, Io } from '../../server/core/adapter.ts';
import { WireError } from '../../server/core/outcome.ts';
import { testIo } from './io.ts';

/** An adapter's world with a real wire: for tests against emulators. The clock is the test's own. */
export function liveIo(clock: { now(): number }): Io & { logged: ReturnType<typeof testIo>['logged'] } {
  const { log, logged } = testIo();
  return { http: Object.assign(call, { download, fetch }), clock, log, logged };
}

async function call(request: HttpRequest): Promise<HttpResponse> {
  const response = await answer(request);
  const text = await response.text();
  return { status: response.status, headers: Object.fromEntries(response.headers), text, json: parsed(text) };
}

const download: Http['download'] = async (request) => {
  const response = await answer(request);
  const body = (response.body ?? new ReadableStream()) as unknown as AsyncIterable<Uint8Array>;
  return { status: response.status, headers: Object.fromEntries(response.headers), body };
};

async function answer(request: HttpRequest): Promise<Response> {
  const headers = new Headers(request.headers);
  if (request.json !== undefined) headers.set('content-type', 'application/json');
  const body =
    request.json === undefined ? (request.form ?? request.multipart) : JSON.stringify(request.json);
  try {
    return await fetch(request.url, {
      method: request.method,
      headers,
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(request.timeoutMs ?? 10_000),
    });
  } catch (error) {
    const refused = String((error as Error & { cause?: { code?: string } }).cause?.code) === 'ECONNREFUSED';
    throw new WireError(String((error as Error).message), refused, error);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
