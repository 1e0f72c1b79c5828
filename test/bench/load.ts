/**
 * The load generator: HTTP/1.1 over plain sockets. Node's own client costs more per request than the floor's server
 * does, so that on two cores it would measure itself. Runs in the benchmark's process, never in the server's.
 */
import { connect, type Socket } from 'node:net';

/** A whole request, ready to be written. */
export type Request = Buffer;

export interface Load {
  perSecond: number;
  /** ms from the first byte written to the last byte read, of every request. */
  took: number[];
}

export function httpRequest(
  method: string,
  path: string,
  headers: Record<string, string>,
  body: string,
): Request {
  const all = { host: 'localhost', ...headers, 'content-length': String(Buffer.byteLength(body)) };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${head.join('')}\r\n${body}`);
}

/**
 * Every connection sends its next request as soon as the last one is answered: connection `n` every request whose index
 * is `n` modulo their number, so that what belongs to one customer is never under way twice. Anything but a 200 throws.
 */
export async function closedLoop(port: number, requests: Request[], connections: number): Promise<Load> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => Connection.open(port)));
  const took: number[] = [];
  const began = performance.now();
  await Promise.all(
    sockets.map(async (socket, first) => {
      for (let index = first; index < requests.length; index += connections)
        took.push(await socket.send(requests[index] as Request));
      socket.close();
    }),
  );
  return { perSecond: (requests.length * 1000) / (performance.now() - began), took };
}

/**
 * Sends on schedule: connection `n` every request whose index is `n` modulo their number, one after the other, so that
 * what belongs to one customer comes in its order however busy the server is. Answers when each one was due (ms on the
 * clock of `performance.now`).
 */
export async function openLoop(
  port: number,
  requests: Iterable<Request>,
  { perSecond, connections }: { perSecond: number; connections: number },
): Promise<number[]> {
  const lines = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = await Connection.open(port);
      return { socket, sent: Promise.resolve() };
    }),
  );
  const began = performance.now();
  const due: number[] = [];
  for (const request of requests) {
    const line = lines[due.length % connections] as (typeof lines)[number];
    due.push(began + (due.length * 1000) / perSecond);
    await sleepUntil(due.at(-1) as number);
    line.sent = line.sent.then(async () => void (await line.socket.send(request)));
  }
  await Promise.all(lines.map((line) => line.sent));
  for (const { socket } of lines) socket.close();
  return due;
}

const sleepUntil = (time: number): Promise<void> | undefined => {
  const ms = time - performance.now();
  return ms < 1 ? undefined : new Promise((resolve) => setTimeout(resolve, ms));
};

export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** One keep-alive connection with one request at a time. */
class Connection {
  readonly #socket: Socket;
  #answered: (answer: string) => void = () => undefined;
  #failed: (error: Error) => void = () => undefined;
  #received = '';

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new Connection(socket)));
    });
  }
  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => this.#read(chunk));
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', () => this.#failed(new Error('the server closed the connection')));
  }

  async send(request: Request): Promise<number> {
    const began = performance.now();
    const answer = await new Promise<string>((resolve, reject) => {
      this.#answered = resolve;
      this.#failed = reject;
      this.#socket.write(request);
    });
    if (!answer.startsWith('HTTP/1.1 200')) throw new Error(`answered ${answer.slice(0, 300)}`);
    return performance.now() - began;
  }
  close(): void {
    this.#failed = () => undefined;
    this.#socket.destroy();
  }

  /** An answer is whole when as many bytes follow its head as `Content-Length` says. */
  #read(chunk: string): void {
    this.#received += chunk;
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const length = Number(/content-length: (\d+)/i.exec(this.#received.slice(0, end))?.[1] ?? 0);
    if (this.#received.length < end + 4 + length) return;
    const answer = this.#received;
    this.#received = '';
    this.#answered(answer);
  }
}
