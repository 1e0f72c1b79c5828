/** The little that the playground's own doors need of HTTP. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** An answer of 4xx or 5xx that a person can read: `Problem` of page/api.ts. */
export class Refused extends Error {
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  constructor(status: number, title: string, detail?: string) {
    super(title);
    this.status = status;
    this.title = title;
    this.detail = detail;
  }
}

export function sendJson(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(json));
}

export function sendProblem(response: ServerResponse, error: unknown): void {
  if (response.headersSent) return void response.destroy();
  const refused = error instanceof Refused ? error : new Refused(500, wordsOf(error));
  sendJson(response, refused.status, {
    title: refused.title,
    ...(refused.detail ? { detail: refused.detail } : {}),
  });
}

export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Several files of 25 MB, as base64. */
const LIMIT = 200 * 1024 * 1024;

export async function readJson(request: IncomingMessage): Promise<unknown> {
  // A form of another site can't send this type without asking first, so no other page can press these switches.
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? ''))
    throw new Refused(415, 'Only JSON is taken here');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LIMIT) throw new Refused(413, 'This is too large', 'The playground takes 200 MB at a time.');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Refused(400, 'This is not JSON');
  }
}
