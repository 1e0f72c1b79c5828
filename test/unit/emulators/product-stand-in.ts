/** A bare HTTP server in the place of the product: it remembers what platforms send and answers as it is told. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Heard {
  method: string;
  /** Path with query, as called. */
  path: string;
  headers: Record<string, string>;
  /** The raw text: signatures cover bytes. */
  body: string;
  json: Record<string, unknown>;
}
export interface Answer {
  status?: number;
  body?: string | Uint8Array;
  contentType?: string;
  /** Never answers. */
  hang?: boolean;
  /** Cuts the connection. */
  drop?: boolean;
}
export interface StandIn {
  url: string;
  heard: Heard[];
  /** One answer for each of the next calls; then `{status: 200}` again. */
  next: (Answer | ((heard: Heard) => Answer))[];
  close(): Promise<void>;
}

export async function standIn(): Promise<StandIn> {
  const heard: Heard[] = [];
  const next: StandIn['next'] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      const headers = Object.fromEntries(Object.entries(request.headers).map(([k, v]) => [k, String(v)]));
      const path = request.url ?? '';
      const call = { method: request.method ?? '', path, headers, body, json: parsed(body) };
      heard.push(call);
      const scripted = next.shift() ?? {};
      const answer = typeof scripted === 'function' ? scripted(call) : scripted;
      if (answer.contentType) response.setHeader('content-type', answer.contentType);
      if (answer.drop) request.socket.destroy();
      else if (!answer.hang) response.writeHead(answer.status ?? 200).end(answer.body ?? '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    next,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function parsed(body: string): Record<string, unknown> {
  try {
    return JSON.parse(body) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** A clock that stands still until told. */
export function handClock(start = Date.UTC(2026, 10, 2, 10)): {
  now: () => number;
  advance(ms: number): void;
} {
  let time = start;
  return {
    now: () => time,
    advance: (ms) => {
      time += ms;
    },
  };
}

export interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers of another system, looked at field by field.
  body: any;
}
/** A JSON client: `call('POST', '/path', body)`. */
export function jsonClient(base: string, headers: Record<string, string>) {
  return async (
    method: string,
    path: string,
    body?: unknown,
    more: Record<string, string> = {},
  ): Promise<Reply> => {
    const response = await fetch(base + path, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...more },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      redirect: 'manual',
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? parsed(text) : undefined };
  };
}
export type JsonClient = ReturnType<typeof jsonClient>;
