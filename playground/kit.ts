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
import { type SentWebhook, tryWebhook, type WebhookPost, type WebhookRules } from './webhook.ts';

export type { SentWebhook, WebhookPost, WebhookRules } from './webhook.ts';

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

/** What a handler answers; one of `json`, `text` and `bytes`, or nothing. */
export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  json?: unknown;
  text?: string;
  bytes?: Uint8Array;
  contentType?: string;
}

export abstract class Emulator extends EventEmitter {
  readonly api: string;
  readonly app: Express;
  readonly calls: Call[] = [];
  /** Every try of every webhook, in the order in which they began. */
  readonly webhooks: SentWebhook[] = [];
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
    if (request.res) request.res.locals.fault = planned.fault;
    this.emit('fault', planned.fault);
    return planned.fault;
  }

  /**
   * Serves one API call under the planned faults: `work` does it and says the answer, `broken` is the platform's own
   * error body for a planned status.
   */
  protected async serve(
    request: Request,
    response: Response,
    work: () => Answer | Promise<Answer>,
    broken: (fault: { status: number; retryAfter?: number }) => Answer,
  ): Promise<void> {
    const fault = this.takeFault(request);
    if (fault?.kind === 'drop') return void request.socket.destroy();
    if (fault?.kind === 'status') return reply(response, broken(fault));
    const answer = await work();
    if (fault?.kind === 'accept_then_drop') return void request.socket.destroy();
    if (fault?.kind !== 'accept_then_hang') reply(response, answer);
  }

  /** Something on the page changed. */
  protected changed(): void {
    this.emit('change');
  }

  /**
   * Sends a webhook by the platform's rules, in the background; `settled()` waits for all of them. Made anew for every
   * try where a function is given (undefined: no longer wanted). Answers whether it was taken in the end.
   */
  protected post(
    webhook: WebhookPost | (() => WebhookPost | undefined),
    rules: WebhookRules,
  ): Promise<boolean> {
    const make = typeof webhook === 'function' ? webhook : () => webhook;
    const first = this.track(this.#deliver(make, rules));
    if (this.duplicateWebhooks) this.track(this.#deliver(make, rules));
    return first;
  }

  /** Does something after a wait, in the background; dropped when the emulator closes. */
  protected later(ms: number, work: () => void | Promise<void>): void {
    this.track(this.#pause(ms).then(async (open) => (open ? await work() : undefined)));
  }

  /** `settled()` waits for this as well. */
  protected track<T>(work: Promise<T>): Promise<T> {
    const job = work.finally(() => this.#pending.delete(job));
    this.#pending.add(job);
    return job;
  }

  /** Resolves when no webhook is under way or waiting for another try. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
  }

  async #deliver(make: () => WebhookPost | undefined, rules: WebhookRules): Promise<boolean> {
    const accepts = rules.accepts ?? ((status) => status >= 200 && status < 300);
    for (const wait of [0, ...rules.retryAfterMs]) {
      if (!(await this.#pause(wait))) return false;
      const webhook = make();
      if (!webhook) return false;
      const sent: SentWebhook = {
        ...webhook,
        at: Date.now(),
        status: 0,
        answer: { contentType: '', body: '' },
      };
      this.webhooks.push(sent);
      Object.assign(sent, await tryWebhook(webhook, rules.timeoutMs, this.#stopping.signal));
      if (this.#stopping.signal.aborted) return false;
      rules.tried?.(sent);
      this.emit('webhook', sent);
      if (accepts(sent.status)) return true;
      if (!rules.retries(sent.status, sent.failure)) return false;
    }
    return false;
  }

  /** False: the emulator closed meanwhile. */
  #pause(ms: number): Promise<boolean> {
    const { signal } = this.#stopping;
    if (signal.aborted || ms <= 0) return Promise.resolve(!signal.aborted);
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve(!signal.aborted);
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end);
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
      if (!response.locals.ownPage) this.emit('call', call, response.locals.fault);
      if (this.#recordTo && !response.locals.ownPage)
        appendFileSync(this.#recordTo, `${JSON.stringify(call)}\n`);
    });
  }
}

/** Writes an answer as it was described. */
function reply(response: Response, answer: Answer): void {
  response.status(answer.status ?? 200).set(answer.headers ?? {});
  if (answer.contentType) response.set('content-type', answer.contentType);
  if (answer.json !== undefined) response.json(answer.json);
  else if (answer.bytes) response.end(Buffer.from(answer.bytes));
  else response.end(answer.text ?? '');
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
