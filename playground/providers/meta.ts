/**
 * Meta's Graph API as far as WhatsApp goes: apps, tokens, business accounts and numbers, messages with their statuses,
 * media, webhooks with their handshake, and the phones of the people on WhatsApp.
 * https://developers.facebook.com/docs/whatsapp/cloud-api
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Request, Response } from 'express';
import { type Answer, Emulator } from '../kit.ts';
import { type Budget, Throttle } from './budget.ts';
import { badToken, errorAnswer, GraphError, noSuchObject, plannedError, statusError } from './meta/errors.ts';
import { authorise, bodyOf, type GraphCall, graphCall, pathOf, visibleNumber } from './meta/graph.ts';
import { messageOf } from './meta/inbound.ts';
import { type Office, sendMessage } from './meta/send.ts';
import {
  type BusinessNumber,
  type Media,
  MetaState,
  makeWamid,
  type Outgoing,
  type Template,
  type Thread,
  type WhatsappUser,
} from './meta/state.ts';
import { bodies, handshake, inbound, sender, signature, statusValue, type Update } from './meta/webhooks.ts';
import { bubble, type CustomerMessage, type Phone, type PhoneMessage } from './phone.ts';

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
export interface UserSeed {
  phone: string;
  name?: string;
  bsuid?: string;
  username?: string;
  hidesPhone?: boolean;
}

const META_WAITS = [1_000, 5_000, 15_000, 60_000, 300_000, ...Array<number>(160).fill(3_600_000)];
const RANK: Record<string, number> = { accepted: 0, sent: 1, delivered: 2, read: 3, failed: 4 };

export class MetaEmulator extends Emulator {
  readonly state = new MetaState();
  readonly appId: string;
  readonly appSecret: string;
  /** Every send that was accepted, in order: what "never twice" is counted by. */
  readonly accepted: { number: string; customer: string; reference?: string; message: PhoneMessage }[] = [];
  /** Whether an unreachable or closed recipient is refused in the answer, or accepted and failed by webhook. */
  refusals: 'answer' | 'status' = 'answer';
  readonly #options: MetaOptions;
  readonly #outgoing = new Map<string, Outgoing>();
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

  // ——— What a test or the playground arranges ———

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
  /** Every call with it answers 401, code 190, from now on. */
  revokeToken(token: string): void {
    const known = this.state.tokens.get(token);
    if (known) known.valid = false;
  }

  addNumber({ id, wabaId, phone, name = phone, subscribed }: NumberSeed): BusinessNumber {
    const number: BusinessNumber = { id, wabaId, phone, name, overrides: new Map() };
    const waba = this.state.waba(wabaId);
    if (subscribed) waba.subscriptions.set(this.appId, undefined);
    this.state.numbers.set(id, number);
    this.changed();
    return number;
  }

  addTemplate(
    wabaId: string,
    template: Pick<Template, 'name' | 'language' | 'body'> & Partial<Template>,
  ): void {
    this.state.waba(wabaId).templates.push({ category: 'UTILITY', status: 'APPROVED', ...template });
  }

  addCustomer({ phone, name = phone, bsuid, hidesPhone = false, username }: UserSeed): WhatsappUser {
    const user: WhatsappUser = {
      phone,
      name,
      bsuid: bsuid ?? `US.${phone.replace(/\D/g, '').padStart(16, '1349')}`,
      hidesPhone,
      onWhatsapp: true,
      ...(username ? { username } : {}),
    };
    this.state.users.push(user);
    return user;
  }

  /** Sets the app's callback URL as the dashboard does, with Meta's handshake. Throws when it fails. */
  async subscribe(url: string, verifyToken: string, appId = this.appId): Promise<void> {
    const failure = await handshake({ url, verifyToken });
    if (failure) throw new Error(`the callback URL couldn't be validated: ${failure}`);
    const app = this.state.apps.get(appId);
    if (app) app.callback = { url, verifyToken };
  }

  // ——— What the customer does (by phone or BSUID; `number`: a phone_number_id, without it the first one) ———

  customerSends(customer: string, message: CustomerMessage, number?: string): PhoneMessage {
    const thread = this.#thread(customer, number);
    const shown = bubble(makeWamid(), this.#now(), message);
    const content = messageOf(message, (file) =>
      this.state.store(thread.number.id, file.contentType, file.bytes, file.name),
    );
    const media = content.media;
    if (media) Object.assign(content.fields[content.type] as object, { url: this.#mediaUrl(media) });
    return this.#write(thread, shown, { type: content.type, ...content.fields });
  }

  /** Any other message object: `{ type: 'order', order: {…} }`, `{ type: 'unsupported', … }`. */
  customerSendsRaw(customer: string, fields: Record<string, unknown>, number?: string): PhoneMessage {
    return this.#write(this.#thread(customer, number), bubble(makeWamid(), this.#now(), {}), fields);
  }

  /** An empty emoji takes the reaction back. */
  customerReacts(customer: string, messageId: string, emoji: string, number?: string): void {
    const thread = this.#thread(customer, number);
    const target = thread.bubbles.find((one) => one.id === messageId);
    if (target) target.reaction = emoji;
    const reaction = { message_id: messageId, ...(emoji ? { emoji } : {}) };
    this.#receive(thread, { id: makeWamid(), type: 'reaction', reaction }, this.#now());
  }

  customerPresses(
    customer: string,
    messageId: string,
    choice: { text: string; payload: string },
    number?: string,
  ): PhoneMessage {
    const thread = this.#thread(customer, number);
    const shown = bubble(makeWamid(), this.#now(), { text: choice.text, replyTo: messageId });
    const button_reply = { id: choice.payload, title: choice.text };
    return this.#write(thread, shown, {
      type: 'interactive',
      interactive: { type: 'button_reply', button_reply },
    });
  }

  /** Opens the chat: everything delivered becomes read. */
  customerReads(customer: string, number?: string): void {
    const thread = this.#thread(customer, number);
    const unread = [...this.#outgoing.values()].filter((one) => one.thread === thread);
    for (const outgoing of this.reorderReceipts ? unread.reverse() : unread) this.#advance(outgoing, 'read');
  }
  /** Messages to somebody who blocked the business stay at `sent` for ever; nobody is told. */
  customerBlocks(customer: string, number?: string): void {
    this.#thread(customer, number).blocked = true;
  }
  customerUnblocks(customer: string, number?: string): void {
    this.#thread(customer, number).blocked = false;
  }
  /** The account is gone: 131026. */
  customerLeaves(customer: string): void {
    this.#user(customer).onWhatsapp = false;
  }
  /** As if the last message were older than 24 hours. */
  closeWindow(customer: string, number?: string): void {
    delete this.#thread(customer, number).lastInboundAt;
    this.changed();
  }
  openWindow(customer: string, number?: string): void {
    this.#thread(customer, number).lastInboundAt = this.#now();
    this.changed();
  }

  phone(customer: string, number?: string): Phone & { windowClosesAt?: number } {
    return phoneOf(this.#thread(customer, number));
  }
  phones(): (Phone & { windowClosesAt?: number })[] {
    return [...this.state.threads.values()].map(phoneOf);
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
      mediaUrl: (media) => this.#mediaUrl(media),
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
        if (!media || Number(expiry) * 1000 < this.#now()) return { status: 404, text: 'URL expired' };
        return { bytes: media.bytes, contentType: media.contentType };
      });
    await this.serve(request, response, work, plannedError);
  }

  #mediaUrl(media: Media): string {
    const expiry = String(Math.ceil((this.#now() + (this.#options.mediaUrlMs ?? 300_000)) / 1000));
    const query = new URLSearchParams({ mid: media.id, ext: expiry, hash: this.#proof(media.id, expiry) });
    return `${this.url}/whatsapp_business/attachments?${query}`;
  }
  #proof(id: string, expiry: string): string {
    return createHmac('sha256', this.#urlKey).update(`${id} ${expiry}`).digest('base64url');
  }

  // ——— Webhooks ———

  #write(thread: Thread, shown: PhoneMessage, fields: Record<string, unknown>): PhoneMessage {
    thread.bubbles.push(shown);
    const quoted = thread.bubbles.find((one) => one.id === shown.replyTo);
    const from = quoted?.direction === 'out' ? thread.number.phone : thread.user.phone;
    const context = shown.replyTo ? { context: { from: from.slice(1), id: shown.replyTo } } : {};
    this.#receive(thread, { id: shown.id, ...context, ...fields }, shown.at);
    return shown;
  }

  #receive(thread: Thread, fields: Record<string, unknown>, at: number): void {
    thread.lastInboundAt = at;
    const message = { ...sender(thread.user), timestamp: String(Math.floor(at / 1000)), ...fields };
    this.#toNumber(thread.number, inbound(thread.number, thread.user, message));
  }

  /** Phone override before account override before the app's own URL; each subscribed app gets its copy. */
  #toNumber(number: BusinessNumber, value: Record<string, unknown>): void {
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
      now: () => this.#now(),
      waitForNumber: (one) => number.take(one.id, this.#now()),
      waitForPair: (one) => pair.take(`${one.number.id} ${one.user.bsuid}`, this.#now()),
      refusals: () => this.refusals,
      accepted: (outgoing, refusal) => this.#onAccepted(outgoing, refusal),
      markedRead: (thread, id) => this.#onMarkedRead(thread, id),
    };
  }

  #onAccepted(outgoing: Outgoing, refusal: GraphError | undefined): void {
    const { thread, bubble: message, wamid, reference } = outgoing;
    // A reaction stands on the message it is about.
    if (message.reaction === undefined) thread.bubbles.push(message);
    this.#outgoing.set(wamid, outgoing);
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
        this.later(ms, () => this.#advance(outgoing, order[at] ?? 'sent'));
  }

  /** The phone shows the highest status; every status goes out, late ones too. */
  #advance(outgoing: Outgoing, status: 'sent' | 'delivered' | 'read'): void {
    const shown = outgoing.bubble;
    if (shown.status === 'failed' || shown.status === status) return;
    if ((RANK[status] ?? 0) > (RANK[shown.status] ?? 0)) shown.status = status;
    else if (!this.reorderReceipts) return;
    this.#toNumber(outgoing.thread.number, statusValue(outgoing, status, this.#now()));
  }

  #fail(outgoing: Outgoing, refusal: GraphError): void {
    const error = statusError(refusal);
    outgoing.bubble.status = 'failed';
    outgoing.bubble.error = { code: Number(error.code), message: String(error.title) };
    this.#toNumber(outgoing.thread.number, statusValue(outgoing, 'failed', this.#now(), error));
  }

  /** Blue ticks for everything up to this message. */
  #onMarkedRead(thread: Thread, id: string): void {
    for (const shown of thread.bubbles) {
      if (shown.direction === 'in') shown.status = 'read';
      if (shown.id === id) break;
    }
    this.changed();
  }

  // ——— State ———

  #thread(customer: string, numberId?: string): Thread {
    const numbers = [...this.state.numbers.values()];
    const number = numberId === undefined ? numbers[0] : this.state.numbers.get(numberId);
    if (!number) throw new Error(`no number ${numberId ?? ''}: addNumber first`);
    return this.state.thread(number, this.#user(customer));
  }
  #user(address: string): WhatsappUser {
    return this.state.user(address) ?? this.addCustomer({ phone: address });
  }
  #now(): number {
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

const phoneOf = (thread: Thread): Phone & { windowClosesAt?: number } => ({
  customer: thread.user.phone,
  name: thread.user.name,
  line: thread.number.id,
  blocked: thread.blocked,
  messages: thread.bubbles,
  ...(thread.lastInboundAt === undefined ? {} : { windowClosesAt: thread.lastInboundAt + 24 * 3_600_000 }),
});
