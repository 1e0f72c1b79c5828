/**
 * What every emulator is made of: a real HTTP server on a loopback port of its own, a record of each call, fault
 * switches, and a webhook sender that redelivers as its platform does. Emulators know nothing of the product: they
 * would accept any client that speaks the wire format, and refuse ours where the real platform would.
 */
import { EventEmitter } from 'node:events';
import { appendFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express, type Request, type Response } from 'express';

/** One HTTP call as it reached an emulator: what the tests validate against the official API descriptions. */
export interface Call {
  api: string;
  method: string;
  /** Path with query, as received. */
  path: string;
  headers: Record<string, string>;
  /** The raw body; multipart and binary bodies as base64 in `bodyBase64`. */
  body: string;
  bodyBase64?: string;
  status: number;
  at: number;
}

/**
 * - `status`: answer this status (with the platform's own error body) and do nothing.
 * - `accept_then_hang`: do the work, then never answer.
 * - `accept_then_drop`: do the work, then cut the connection.
 * - `drop`: cut the connection and do nothing.
 */
export type Fault =
  | { kind: 'status'; status: number; retryAfter?: number }
  | { kind: 'accept_then_hang' }
  | { kind: 'accept_then_drop' }
  | { kind: 'drop' };

interface PlannedFault {
  method: string;
  path: RegExp;
  times: number;
  fault: Fault;
}

export interface WebhookPost {
  url: string;
  method?: string;
  headers: Record<string, string>;
  body: string;
}
export interface WebhookRules {
  /** Waits between tries, ms: [] = never again. The platform's own, shortened where a test says so. */
  retryAfterMs: number[];
  /** No answer within this = failed. */
  timeoutMs: number;
  /** Whether this failure is tried again (Twilio: connection failures only). `status` 0 = no answer at all. */
  retries(status: number): boolean;
}

export abstract class Emulator extends EventEmitter {
  readonly api: string;
  readonly app: Express;
  readonly calls: Call[] = [];
  /** Every webhook is sent twice, the second right behind the first. */
  duplicateWebhooks = false;
  /** Receipts are sent newest first. */
  reorderReceipts = false;
  #server: Server | undefined;
  #faults: PlannedFault[] = [];
  #pending = new Set<Promise<unknown>>();
  #stopping = new AbortController();
  readonly #recordTo: string | undefined;

  /** `recordTo`: a JSONL file to which every call is appended (the specification test reads it). */
  constructor(api: string, recordTo?: string) {
    super();
    this.api = api;
    this.#recordTo = recordTo;
    this.app = express();
    this.app.disable('x-powered-by');
    this.app.use(express.raw({ type: () => true, limit: '60mb' }));
    this.app.use((request, response, next) => {
      this.#observe(request, response);
      next();
    });
    // Browser pages of the platform itself (its inbox, its consent screen) are nobody's API calls.
  }

  /** `http://127.0.0.1:PORT` */
  get url(): string {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    if (!address) throw new Error(`the ${this.api} emulator is not listening`);
    return `http://127.0.0.1:${address.port}`;
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve, reject) => {
      this.#server = this.app.listen(port, '127.0.0.1', () => resolve());
      this.#server.on('error', reject);
    });
    return this;
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#server?.closeAllConnections();
    await new Promise<void>((resolve) => (this.#server ? this.#server.close(() => resolve()) : resolve()));
    await Promise.allSettled(this.#pending);
  }

  /** Plans a fault for the next `times` calls that match. Taken by `fault()` in the order planned. */
  plan(method: string, path: RegExp, fault: Fault, times = 1): void {
    this.#faults.push({ method, path, times, fault });
  }
  clearFaults(): void {
    this.#faults = [];
  }

  /** Each handler asks this first; the answer was used up when it is returned. */
  protected takeFault(request: Request): Fault | undefined {
    const planned = this.#faults.find(
      (one) => one.times > 0 && one.method === request.method && one.path.test(request.originalUrl),
    );
    if (!planned) return undefined;
    planned.times -= 1;
    this.emit('fault', planned.fault);
    return planned.fault;
  }

  /** Something on the page changed. */
  protected changed(): void {
    this.emit('change');
  }

  /** Sends a webhook by the platform's rules, in the background; `settled()` waits for all of them. */
  protected post(webhook: WebhookPost, rules: WebhookRules): void {
    const copies = this.duplicateWebhooks ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const job = this.#deliver(webhook, rules).finally(() => this.#pending.delete(job));
      this.#pending.add(job);
    }
  }

  /** Resolves when no webhook is under way or waiting for another try. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  async #deliver(webhook: WebhookPost, rules: WebhookRules): Promise<void> {
    for (const wait of [0, ...rules.retryAfterMs]) {
      if (wait > 0 && !(await this.#pause(wait))) return;
      const status = await this.#attempt(webhook, rules.timeoutMs);
      this.emit('webhook', { url: webhook.url, status });
      if ((status >= 200 && status < 300) || !rules.retries(status)) return;
    }
  }

  async #attempt(webhook: WebhookPost, timeoutMs: number): Promise<number> {
    try {
      const response = await fetch(webhook.url, {
        method: webhook.method ?? 'POST',
        headers: webhook.headers,
        body: webhook.body,
        redirect: 'manual',
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#stopping.signal]),
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 0;
    }
  }

  #pause(ms: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), ms);
      this.#stopping.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve(false);
      });
    });
  }

  #observe(request: Request, response: Response): void {
    const body: Buffer = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    const type = request.headers['content-type'] ?? '';
    const binary = type.startsWith('multipart/') || type.startsWith('application/octet-stream');
    const call: Call = {
      api: this.api,
      method: request.method,
      path: request.originalUrl,
      headers: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      ),
      body: binary ? '' : body.toString('utf8'),
      ...(binary ? { bodyBase64: body.toString('base64') } : {}),
      status: 0,
      at: Date.now(),
    };
    this.calls.push(call);
    response.on('close', () => {
      call.status = response.writableFinished ? response.statusCode : 0;
      this.emit('call', call);
      if (this.#recordTo && !response.locals.ownPage)
        appendFileSync(this.#recordTo, `${JSON.stringify(call)}\n`);
    });
  }
}

/** The parsed JSON body of a call that `express.raw` kept as bytes; undefined when it is not JSON. */
export function jsonBody(request: Request): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse((request.body as Buffer).toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export const formBody = (request: Request): URLSearchParams =>
  new URLSearchParams(Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '');
