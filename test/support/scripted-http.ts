import type { Http, HttpDownload, HttpRequest, HttpResponse } from '../../server/core/adapter.ts';

/** An answer in short: `status` 200 and a JSON body unless told otherwise. */
export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  text?: string;
  /** For `download`. */
  bytes?: Uint8Array;
}
/** What to do with the next call: answer it, throw (a `WireError`), or look at the request first. */
export type Script = Answer | Error | ((request: HttpRequest) => Answer | Error);

export interface ScriptedHttp extends Http {
  /** Queues answers for the next calls, in order: `queue('POST https://host/path', {...})`; a prefix of the URL will do. */
  queue(call: string, ...scripts: Script[]): ScriptedHttp;
  /** Every call that was made, in order. `hosts` only for downloads. */
  requests: (HttpRequest & { hosts?: string[] })[];
  /** Throws when a queued answer was never asked for. */
  done(): void;
}

/** An `Http` that knows only what was queued: a call that nobody queued throws at once. */
export function scriptedHttp(): ScriptedHttp {
  const queued: { call: string; script: Script }[] = [];
  const requests: ScriptedHttp['requests'] = [];

  const next = (request: HttpRequest & { hosts?: string[] }): Answer => {
    requests.push(request);
    const call = `${request.method} ${request.url}`;
    const first = queued[0];
    if (!first || !call.startsWith(first.call))
      throw new Error(`Nobody queued ${call}${first ? ` (next is ${first.call})` : ''}`);
    queued.shift();
    const answer = typeof first.script === 'function' ? first.script(request) : first.script;
    if (answer instanceof Error) throw answer;
    return answer;
  };

  const http = async ({ body, ...request }: HttpRequest): Promise<HttpResponse> => {
    if (body === undefined) return responseOf(next(lowerCased(request)));
    const { url, method, headers = {} } = request;
    return responseOf(next(await requestOf(new Request(url, { method, headers, body }))));
  };
  const download = async (request: HttpRequest & { hosts: string[] }): Promise<HttpDownload> => {
    const answer = next(request);
    const { status, headers, text } = responseOf(answer);
    const bytes = answer.bytes ?? new TextEncoder().encode(text);
    return { status, headers, body: once(bytes) };
  };
  const scripted: ScriptedHttp = Object.assign(http, {
    download,
    fetch: async (input: Parameters<typeof fetch>[0], init?: RequestInit) => {
      const { status, headers, text } = responseOf(next(await requestOf(new Request(input, init))));
      return new Response([204, 304].includes(status) ? null : text, { status, headers });
    },
    queue: (call: string, ...scripts: Script[]) => {
      for (const script of scripts) queued.push({ call, script });
      return scripted;
    },
    requests,
    done: () => {
      if (queued.length > 0)
        throw new Error(`Never asked for: ${queued.map((entry) => entry.call).join(', ')}`);
    },
  });
  return scripted;
}

const lowerCased = (request: HttpRequest): HttpRequest =>
  request.headers ? { ...request, headers: Object.fromEntries(new Headers(request.headers)) } : request;

function responseOf(answer: Answer): HttpResponse {
  const text = answer.text ?? (answer.json === undefined ? '' : JSON.stringify(answer.json));
  return { status: answer.status ?? 200, headers: answer.headers ?? {}, text, json: parsed(text) };
}

/** What an SDK has built, as our own shape: JSON bodies parsed, forms as parameters. */
async function requestOf(request: Request): Promise<HttpRequest> {
  const headers = Object.fromEntries(request.headers);
  const base = { method: request.method as HttpRequest['method'], url: request.url, headers };
  const type = headers['content-type'] ?? '';
  if (type.startsWith('multipart/')) return { ...base, multipart: await request.formData() };
  const text = await request.text();
  if (type.startsWith('application/x-www-form-urlencoded'))
    return { ...base, form: new URLSearchParams(text) };
  return text === '' ? base : { ...base, json: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
