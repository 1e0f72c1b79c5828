/** The wire side of the Meta emulator: the Graph API's HTTP, signed webhooks in batches, and the life of a status. */
import { createHmac, randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { type Answer, Emulator } from '../../kit.ts';
import { type Budget, Throttle } from '../budget.ts';
import type { PhoneMessage } from '../phone.ts';
import { badToken, errorAnswer, GraphError, noSuchObject, plannedError, statusError } from './errors.ts';
import { authorise, bodyOf, type GraphCall, graphCall, pathOf, visibleNumber } from './graph.ts';
import { type Office, sendMessage } from './send.ts';
import { type BusinessNumber, type Media, MetaState, type Outgoing, type Thread } from './state.ts';
import { bodies, signature, statusValue, type Update } from './webhooks.ts';

export interface MetaOptions {
  recordTo?: string;
  appId?: string;
  appSecret?: string;
  /** The app's callback URL, taken as verified (its dashboard was filled in before the product ran). */
  callbackUrl?: string;
  verifyToken?: string;
  /** System-user tokens of the app, for all business accounts and with both WhatsApp scopes. */
  tokens?: string[];
  numbers?: NumberSeed[];
  /** Waits before the statuses of an accepted message, ms. Without `read` the customer has to read it. */
  statusAfterMs?: { sent: number; delivered: number; read?: number };
  /** Meta: falling frequency, up to seven days. */
  webhookRetryAfterMs?: number[];
  webhookTimeoutMs?: number;
  /** Updates within this time share one POST; 0: one each. */
  batchMs?: number;
  /** How long a media URL lives. */
  mediaUrlMs?: number;
  numberBudget?: Budget;
  pairBudget?: Budget;
  now?: () => number;
}
export interface NumberSeed {
  id: string;
  wabaId: string;
  /** E.164 with plus. */
  phone: string;
  name?: string;
  /** Already subscribed for the default app, without an override. */
  subscribed?: boolean;
}
const META_WAITS = [1_000, 5_000, 15_000, 60_000, 300_000, ...Array<number>(160).fill(3_600_000)];
const RANK: Record<string, number> = { accepted: 0, sent: 1, delivered: 2, read: 3, failed: 4 };

/** Everything that is seen over the wire; the phones stand on top of it. */
export class MetaServer extends Emulator {
  readonly state = new MetaState();
  readonly appId: string;
  readonly appSecret: string;
  /** Every send that was accepted, in order: what "never twice" is counted by. */
  readonly accepted: { number: string; customer: string; reference?: string; message: PhoneMessage }[] = [];
  /** Whether an unreachable or closed recipient is refused in the answer, or accepted and failed by webhook. */
  refusals: 'answer' | 'status' = 'answer';
  readonly #options: MetaOptions;
  protected readonly outgoing = new Map<string, Outgoing>();
  readonly #urlKey = randomBytes(16);
  #outbox: Update[] = [];
  #held = 0;
  readonly #office: Office;

  constructor(options: MetaOptions = {}) {
    super('meta', options.recordTo);
    this.#options = options;
    this.appId = options.appId ?? '700000000000001';
    this.appSecret = options.appSecret ?? randomBytes(16).toString('hex');
    const { callbackUrl: url, verifyToken = '' } = options;
    this.addApp({
      id: this.appId,
      secret: this.appSecret,
      ...(url ? { callback: { url, verifyToken } } : {}),
    });
    for (const token of options.tokens ?? []) this.addToken(token);
    for (const number of options.numbers ?? []) this.addNumber(number);
    this.#office = this.#makeOffice();
    this.app.get('/whatsapp_business/attachments', (request, response) => this.#download(request, response));
    this.app.all(/.*/, (request, response) => this.#call(request, response));
  }

  addApp(app: {
    id: string;
    secret: string;
    name?: string;
    callback?: { url: string; verifyToken: string };
  }): void {
    this.state.apps.set(app.id, { name: `App ${app.id}`, ...app });
  }

  addToken(token: string, more: { appId?: string; scopes?: string[]; wabas?: string[] } = {}): void {
    const scopes = ['whatsapp_business_messaging', 'whatsapp_business_management'];
    this.state.tokens.set(token, { token, appId: this.appId, scopes, valid: true, ...more });
  }
  addNumber({ id, wabaId, phone, name = phone, subscribed }: NumberSeed): BusinessNumber {
    const number: BusinessNumber = { id, wabaId, phone, name, overrides: new Map() };
    const waba = this.state.waba(wabaId);
    if (subscribed) waba.subscriptions.set(this.appId, undefined);
    this.state.numbers.set(id, number);
    this.changed();
    return number;
  }

  /** Everything that happens in `work` (and until it resolves) goes out in as few POSTs as Meta would make. */
  async batched(work: () => void | Promise<void>): Promise<void> {
    this.#held += 1;
    try {
      await work();
    } finally {
      this.#held -= 1;
      if (this.#held === 0) this.#flush();
    }
  }

  /** Any other change (`message_template_status_update`, `account_alerts`…): always to the apps' own URLs. */
  sendChange(wabaId: string, field: string, value: Record<string, unknown>): void {
    for (const appId of this.state.waba(wabaId).subscriptions.keys()) {
      const app = this.state.apps.get(appId);
      if (app?.callback) this.#enqueue({ app, url: app.callback.url, wabaId, field, value });
    }
  }

  // ——— HTTP ———

  async #call(request: Request, response: Response): Promise<void> {
    await this.serve(
      request,
      response,
      () => answered(async () => ({ json: await this.#graph(request) })),
      plannedError,
    );
  }

  async #graph(request: Request): Promise<Record<string, unknown>> {
    const query = new URL(request.originalUrl, 'http://x').searchParams;
    const { state } = this;
    const token = authorise(request, query, state);
    const call: GraphCall = {
      request,
      state,
      token,
      query,
      body: bodyOf(request),
      mediaUrl: (media) => this.mediaUrl(media),
    };
    const [id = '', edge] = pathOf(request);
    if (edge !== 'messages' || request.method !== 'POST') return graphCall(call);
    const number = visibleNumber(call, id);
    if (!number) throw noSuchObject(id, request.method);
    return sendMessage(call.body, number, this.#office);
  }

  /** The media host: the URL carries its own expiry and proof, and still wants the Bearer token. */
  async #download(request: Request, response: Response): Promise<void> {
    const work = (): Promise<Answer> =>
      answered(async () => {
        const query = new URL(request.originalUrl, 'http://x').searchParams;
        const media = this.state.media.get(query.get('mid') ?? '');
        authorise(request, new URLSearchParams(), this.state);
        const expiry = query.get('ext') ?? '';
        if (query.get('hash') !== this.#proof(media?.id ?? '', expiry)) throw badToken('Bad signature');
        if (!media || Number(expiry) * 1000 < this.now()) return { status: 404, text: 'URL expired' };
        return { bytes: media.bytes, contentType: media.contentType };
      });
    await this.serve(request, response, work, plannedError);
  }

  protected mediaUrl(media: Media): string {
    const expiry = String(Math.ceil((this.now() + (this.#options.mediaUrlMs ?? 300_000)) / 1000));
    const query = new URLSearchParams({ mid: media.id, ext: expiry, hash: this.#proof(media.id, expiry) });
    return `${this.url}/whatsapp_business/attachments?${query}`;
  }
  #proof(id: string, expiry: string): string {
    return createHmac('sha256', this.#urlKey).update(`${id} ${expiry}`).digest('base64url');
  }

  // ——— Webhooks ———

  /** Phone override before account override before the app's own URL; each subscribed app gets its copy. */
  protected toNumber(number: BusinessNumber, value: Record<string, unknown>): void {
    this.changed();
    for (const [appId, account] of this.state.waba(number.wabaId).subscriptions) {
      const app = this.state.apps.get(appId);
      const url = (number.overrides.get(appId) ?? account ?? app?.callback)?.url;
      if (app && url)
        this.#enqueue({ app, url, wabaId: number.wabaId, field: 'messages', numberId: number.id, value });
    }
  }

  #enqueue(update: Update): void {
    this.#outbox.push(update);
    const wait = this.#options.batchMs ?? 0;
    if (this.#held > 0) return;
    if (wait === 0) this.#flush();
    else if (this.#outbox.length === 1) this.later(wait, () => this.#flush());
  }

  #flush(): void {
    const updates = this.#outbox;
    this.#outbox = [];
    for (let at = 0; at < updates.length; at += 1000)
      for (const { app, url, body } of bodies(updates.slice(at, at + 1000))) {
        const headers = {
          'content-type': 'application/json',
          'user-agent': 'facebookexternalua',
          'x-hub-signature-256': signature(app.secret, body),
        };
        void this.post(
          { url, headers, body },
          {
            retryAfterMs: this.#options.webhookRetryAfterMs ?? META_WAITS,
            timeoutMs: this.#options.webhookTimeoutMs ?? 10_000,
            accepts: (status) => status === 200,
            retries: () => true,
          },
        );
      }
  }

  // ——— Statuses ———

  #makeOffice(): Office {
    const number = new Throttle(this.#options.numberBudget ?? { burst: 80, perSecond: 80 });
    const pair = new Throttle(this.#options.pairBudget ?? { burst: 45, perSecond: 1 / 6 });
    return {
      state: this.state,
      now: () => this.now(),
      waitForNumber: (one) => number.take(one.id, this.now()),
      waitForPair: (one) => pair.take(`${one.number.id} ${one.user.bsuid}`, this.now()),
      refusals: () => this.refusals,
      accepted: (outgoing, refusal) => this.#onAccepted(outgoing, refusal),
      markedRead: (thread, id) => this.#onMarkedRead(thread, id),
    };
  }

  #onAccepted(outgoing: Outgoing, refusal: GraphError | undefined): void {
    const { thread, bubble: message, wamid, reference } = outgoing;
    // A reaction stands on the message it is about.
    if (message.reaction === undefined) thread.bubbles.push(message);
    this.outgoing.set(wamid, outgoing);
    const from = { number: thread.number.id, customer: thread.user.phone };
    this.accepted.push({ ...from, message, ...(reference === undefined ? {} : { reference }) });
    this.changed();
    this.#planStatuses(outgoing, refusal);
  }

  #planStatuses(outgoing: Outgoing, refusal: GraphError | undefined): void {
    const wait = this.#options.statusAfterMs ?? { sent: 100, delivered: 300 };
    const steps: ['sent' | 'delivered' | 'read', number][] = [['sent', wait.sent]];
    if (!outgoing.thread.blocked) steps.push(['delivered', wait.delivered]);
    if (!outgoing.thread.blocked && wait.read !== undefined) steps.push(['read', wait.read]);
    const order = steps.map(([status]) => status);
    if (this.reorderReceipts) order.reverse();
    if (refusal) this.later(wait.sent, () => this.#fail(outgoing, refusal));
    else
      for (const [at, [, ms]] of steps.entries())
        this.later(ms, () => this.advance(outgoing, order[at] ?? 'sent'));
  }

  /** The phone shows the highest status; every status goes out, late ones too. */
  protected advance(outgoing: Outgoing, status: 'sent' | 'delivered' | 'read'): void {
    const shown = outgoing.bubble;
    if (shown.status === 'failed' || shown.status === status) return;
    if ((RANK[status] ?? 0) > (RANK[shown.status] ?? 0)) shown.status = status;
    else if (!this.reorderReceipts) return;
    this.toNumber(outgoing.thread.number, statusValue(outgoing, status, this.now()));
  }

  #fail(outgoing: Outgoing, refusal: GraphError): void {
    const error = statusError(refusal);
    outgoing.bubble.status = 'failed';
    outgoing.bubble.error = { code: Number(error.code), message: String(error.title) };
    this.toNumber(outgoing.thread.number, statusValue(outgoing, 'failed', this.now(), error));
  }

  /** Blue ticks for everything up to this message. */
  #onMarkedRead(thread: Thread, id: string): void {
    for (const shown of thread.bubbles) {
      if (shown.direction === 'in') shown.status = 'read';
      if (shown.id === id) break;
    }
    this.changed();
  }

  protected now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

async function answered(work: () => Promise<Answer>): Promise<Answer> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof GraphError) return errorAnswer(error);
    throw error;
  }
}
