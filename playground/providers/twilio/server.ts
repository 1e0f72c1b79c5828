/** The wire side of the Twilio emulator: its HTTP, signed webhooks and status callbacks, and media on a CDN. */
import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import { type Answer, Emulator, type SentWebhook } from '../../kit.ts';
import { fileOfType, type PhoneMessage } from '../phone.ts';
import { fetchFile } from '../wire.ts';
import { Cdn } from './cdn.ts';
import { errorAnswer, FAILURES, notFound, plannedError, TwilioError } from './errors.ts';
import { inboundFields, statusFields } from './fields.ts';
import { accountCall, authenticate, formOf, servicesCall, type TwilioCall } from './resources.ts';
import { newMessage, replyMessage } from './send.ts';
import {
  type MessagingService,
  makeSid,
  messageUri,
  messageWire,
  type TwilioAccount,
  type TwilioMessage,
  type TwilioNumber,
  TwilioState,
} from './state.ts';
import { readAnswer, rulesFor, signature } from './webhooks.ts';

export interface TwilioOptions {
  recordTo?: string;
  accounts?: AccountSeed[];
  /** Waits before the statuses of an accepted message, ms. */
  statusAfterMs?: { queued: number; sent: number; delivered: number };
  webhookRetryMs?: number;
  /** Twilio: 15 s. */
  webhookTimeoutMs?: number;
  /** How long a new message is missing from the message list. */
  listLagMs?: number;
  now?: () => number;
}
export interface AccountSeed {
  /** `AC` and 32 hexadecimal digits. */
  sid: string;
  authToken: string;
  name?: string;
  /** E.164 numbers. */
  numbers?: string[];
}

const MAX_MMS = 5 * 1024 * 1024;

/** Everything that is seen over the wire; the handsets stand on top of it. */
export class TwilioServer extends Emulator {
  readonly state = new TwilioState();
  /** Every message that was accepted from the API, in order: what "never twice" is counted by. */
  readonly accepted: { from: string; to: string; body: string; message: PhoneMessage }[] = [];
  /** Twilio's debugger: webhooks that failed or answered what cannot be used. */
  readonly alerts: { code: number; message: string; url: string; at: number }[] = [];
  /** What stands on the handsets; deleting a message at Twilio takes it from no phone. */
  protected readonly shown: TwilioMessage[] = [];
  readonly #options: TwilioOptions;
  readonly #cdn = new Cdn((sid) =>
    this.state.messages.flatMap((one) => one.media).find((one) => one.sid === sid),
  );

  constructor(options: TwilioOptions = {}) {
    super('twilio', options.recordTo);
    this.#options = options;
    for (const account of options.accounts ?? []) this.addAccount(account);
    this.app.all(/.*/, (request, response) => this.#call(request, response));
  }

  override async listen(port = 0): Promise<this> {
    await this.#cdn.listen();
    return super.listen(port);
  }
  override async close(): Promise<void> {
    await super.close();
    await this.#cdn.close();
  }
  /** The host that media redirects lead to. */
  get cdnUrl(): string {
    return this.#cdn.url;
  }

  addAccount({ sid, authToken, name = 'Account', numbers = [] }: AccountSeed): TwilioAccount {
    const account: TwilioAccount = { sid, authToken, name, status: 'active', keys: new Map() };
    this.state.accounts.set(sid, account);
    for (const phone of numbers) this.addNumber(phone, { accountSid: sid });
    return account;
  }
  /** On the first account unless told otherwise. */
  addNumber(phone: string, more: Partial<Omit<TwilioNumber, 'phone'>> = {}): TwilioNumber {
    const number: TwilioNumber = {
      sid: makeSid('PN'),
      accountSid: this.firstAccount(),
      phone,
      smsUrl: '',
      smsMethod: 'POST',
      smsFallbackUrl: '',
      smsApplicationSid: '',
      statusCallback: '',
      sms: true,
      ...more,
    };
    this.state.numbers.push(number);
    this.changed();
    return number;
  }

  // ——— HTTP ———

  async #call(request: Request, response: Response): Promise<void> {
    const work = (): Answer => {
      try {
        return this.#answer(request);
      } catch (error) {
        if (error instanceof TwilioError) return errorAnswer(error);
        throw error;
      }
    };
    await this.serve(request, response, work, plannedError);
  }

  #answer(request: Request): Answer {
    const account = authenticate(request, this.state);
    const call: TwilioCall = {
      request,
      state: this.state,
      account,
      query: new URL(request.originalUrl, 'http://x').searchParams,
      form: formOf(request),
      now: this.now(),
      listLagMs: this.#options.listLagMs ?? 0,
      cdnUrl: (message, media) => this.#cdn.signedUrl(`${messageUri(message)}/Media/${media.sid}`),
      send: (one) => this.#send(one),
    };
    const path = request.path
      .replace(/\.json$/, '')
      .split('/')
      .slice(1);
    if (path[0] === '2010-04-01' && path[1] === 'Accounts') return accountCall(call, path.slice(2));
    if (path[0] === 'v1' && path[1] === 'Services') return servicesCall(call, path.slice(2));
    throw notFound(request.path);
  }

  #send(call: TwilioCall): Record<string, unknown> {
    const { message, mediaUrls } = newMessage(call);
    this.store(message);
    const { from, to, body } = message;
    this.accepted.push({ from, to, body, message: message.bubble });
    const answer = messageWire(message);
    this.#deliver(message, mediaUrls);
    return answer;
  }

  protected store(message: TwilioMessage): void {
    this.state.messages.push(message);
    this.shown.push(message);
    this.changed();
  }

  // ——— Delivery to the handset, and its statuses ———

  #deliver(message: TwilioMessage, mediaUrls: string[]): void {
    const wait = this.#options.statusAfterMs ?? { queued: 20, sent: 100, delivered: 300 };
    const media = this.track(this.#fetchMedia(message, mediaUrls));
    const { unreachable } = this.state.handset(message.to);
    const status = (name: string) => async (): Promise<void> => {
      const failure = await media;
      if (failure === undefined) this.#status(message, name);
      else if (name === 'sent') this.#status(message, 'failed', failure);
    };
    const steps: [number, () => void | Promise<void>][] = [
      [wait.queued, () => this.#status(message, 'queued')],
      [wait.sent, status('sent')],
      [
        wait.delivered,
        unreachable === undefined
          ? status('delivered')
          : () => this.#status(message, 'undelivered', unreachable),
      ],
    ];
    const order = this.reorderReceipts
      ? steps.map(([, step]) => step).reverse()
      : steps.map(([, step]) => step);
    for (const [at, [ms]] of steps.entries()) this.later(ms, order[at] as () => void);
  }

  /** Twilio fetches media by itself, after its answer; the code of the failure, if any. */
  async #fetchMedia(message: TwilioMessage, urls: string[]): Promise<number | undefined> {
    for (const url of urls) {
      const found = await fetchFile(url);
      if (found?.status !== 200) return 11200;
      message.media.push({ sid: makeSid('ME'), contentType: found.contentType, bytes: found.bytes });
      message.bubble.files.push(fileOfType(found));
    }
    const total = message.media.reduce((sum, one) => sum + one.bytes.length, 0);
    if (urls.length > 0) this.changed();
    return total > MAX_MMS ? 11751 : undefined;
  }

  #status(message: TwilioMessage, status: string, failure?: number): void {
    const rank = ['accepted', 'queued', 'sent', 'delivered', 'read', 'undelivered', 'failed'];
    if (rank.indexOf(status) > rank.indexOf(message.status)) {
      message.status = status;
      message.bubble.status = status as PhoneMessage['status'];
      message.updatedAt = this.now();
    }
    if (status === 'sent') message.sentAt = this.now();
    if (failure !== undefined) {
      message.error = { code: failure, message: FAILURES[failure] ?? 'Unknown error' };
      message.bubble.error = message.error;
    }
    this.changed();
    const account = this.state.accounts.get(message.accountSid);
    if (!message.statusCallback || !account) return;
    const fields = statusFields(message, status, this.now(), failure);
    void this.#webhook(account, message.statusCallback, fields);
  }

  // ——— From the handset to the webhook ———

  /** The service's URL wins over the number's, unless the service says otherwise. */
  protected announce(
    message: TwilioMessage,
    number: TwilioNumber,
    service: MessagingService | undefined,
  ): void {
    const account = this.state.accounts.get(number.accountSid);
    const ofService = service && !service.useInboundWebhookOnNumber;
    const url = ofService ? service.inboundRequestUrl : number.smsUrl;
    const fallback = ofService ? service.fallbackUrl : number.smsFallbackUrl;
    if (!account || !url) return;
    const fields = inboundFields(message, this.url);
    const answered = (sent: SentWebhook): void => this.#readAnswer(message, sent);
    const job = this.#webhook(account, url, fields, answered).then(async (taken) => {
      if (taken || !fallback) return;
      const more = { ErrorCode: '11200', ErrorUrl: url };
      await this.#webhook(account, fallback, { ...fields, ...more }, answered);
    });
    void this.track(job);
  }

  #webhook(
    account: TwilioAccount,
    url: string,
    fields: Record<string, string>,
    answered?: (sent: SentWebhook) => void,
  ): Promise<boolean> {
    const target = url.split('#')[0] ?? url;
    const { webhookRetryMs: retryMs = 100, webhookTimeoutMs: timeoutMs = 15_000 } = this.#options;
    const headers = {
      'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
      'user-agent': 'TwilioProxy/1.1',
      'i-twilio-idempotency-token': randomUUID(),
      'x-twilio-signature': signature(account.authToken, target, fields),
    };
    const tried = (sent: SentWebhook): void => {
      if (sent.status >= 200 && sent.status < 300) answered?.(sent);
      else this.#alert(11200, `HTTP retrieval failure: ${sent.failure ?? sent.status}`, target);
    };
    const body = new URLSearchParams(fields).toString();
    return this.post({ url: target, headers, body }, { ...rulesFor(url, { retryMs, timeoutMs }), tried });
  }

  /** What the product answered may go to the customer: shown on the phone, where it cannot be overlooked. */
  #readAnswer(inbound: TwilioMessage, { url, answer }: SentWebhook): void {
    const { messages, alert } = readAnswer(answer.contentType, answer.body);
    if (alert) this.#alert(alert.code, alert.message, url);
    for (const text of messages) this.reply(inbound, text, 'webhook-answer');
  }

  protected reply(inbound: TwilioMessage, body: string, origin: 'webhook-answer' | 'provider'): void {
    const message = replyMessage(inbound, { body, origin, at: this.now() });
    if (origin === 'webhook-answer') this.state.messages.push(message);
    this.shown.push(message);
    this.changed();
  }

  #alert(code: number, message: string, url: string): void {
    this.alerts.push({ code, message, url, at: this.now() });
    this.changed();
  }

  protected firstAccount(): string {
    const [sid] = this.state.accounts.keys();
    if (!sid) throw new Error('addAccount first');
    return sid;
  }
  protected now(): number {
    return (this.#options.now ?? Date.now)();
  }
}
