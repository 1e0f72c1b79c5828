/**
 * Twilio's Programmable Messaging for SMS and MMS: the 2010 API and Messaging Services on one server, media on a CDN of
 * its own, signed webhooks, and the handsets of the customers.
 * https://www.twilio.com/docs/messaging/api and https://www.twilio.com/docs/usage/webhooks/messaging-webhooks
 */
import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import { type Answer, Emulator, type SentWebhook } from '../kit.ts';
import {
  bubble,
  type CustomerMessage,
  type Phone,
  type PhoneFile,
  type PhoneMessage,
  pickedFile,
} from './phone.ts';
import { Cdn } from './twilio/cdn.ts';
import { errorAnswer, FAILURES, notFound, plannedError, TwilioError } from './twilio/errors.ts';
import { accountCall, authenticate, formOf, servicesCall, type TwilioCall } from './twilio/resources.ts';
import { newMessage } from './twilio/send.ts';
import {
  type Handset,
  type MessagingService,
  makeSid,
  messageUri,
  messageWire,
  segments,
  type TwilioAccount,
  type TwilioMessage,
  type TwilioNumber,
  TwilioState,
} from './twilio/state.ts';
import { OPT_OUT_ANSWERS, optOutWord, readAnswer, rulesFor, signature } from './twilio/webhooks.ts';
import { fetchFile } from './wire.ts';

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

export class TwilioEmulator extends Emulator {
  readonly state = new TwilioState();
  /** Every message that was accepted from the API, in order: what "never twice" is counted by. */
  readonly accepted: { from: string; to: string; body: string; message: PhoneMessage }[] = [];
  /** Twilio's debugger: webhooks that failed or answered what cannot be used. */
  readonly alerts: { code: number; message: string; url: string; at: number }[] = [];
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

  // ——— What a test or the playground arranges ———

  addAccount({ sid, authToken, name = 'Account', numbers = [] }: AccountSeed): TwilioAccount {
    const account: TwilioAccount = { sid, authToken, name, status: 'active', keys: new Map() };
    this.state.accounts.set(sid, account);
    for (const phone of numbers) this.addNumber(phone, { accountSid: sid });
    return account;
  }
  addApiKey(accountSid: string, key: string, secret: string): void {
    this.state.accounts.get(accountSid)?.keys.set(key, secret);
  }

  /** On the first account unless told otherwise. */
  addNumber(phone: string, more: Partial<Omit<TwilioNumber, 'phone'>> = {}): TwilioNumber {
    const number: TwilioNumber = {
      sid: makeSid('PN'),
      accountSid: this.#firstAccount(),
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

  addService(name: string, phones: string[], more: Partial<MessagingService> = {}): MessagingService {
    const service: MessagingService = {
      sid: makeSid('MG'),
      accountSid: this.#firstAccount(),
      name,
      numbers: this.state.numbers.filter((one) => phones.includes(one.phone)),
      inboundRequestUrl: null,
      fallbackUrl: null,
      statusCallback: null,
      useInboundWebhookOnNumber: false,
      ...more,
    };
    this.state.services.set(service.sid, service);
    return service;
  }

  addCustomer({ phone, name = phone }: { phone: string; name?: string }): Handset {
    return Object.assign(this.state.handset(phone), { name });
  }

  // ——— What the customer does (`line`: one of our numbers, without it the first one) ———

  /** STOP, START and HELP are answered by Twilio itself; the message still reaches the webhook. */
  customerSends(customer: string, message: CustomerMessage, line?: string): PhoneMessage {
    const number = this.#number(line);
    const handset = this.state.handset(customer);
    const text = message.location ? mapLink(message.location) : (message.text ?? '');
    const file = pickedFile(message) ?? card(message);
    const stored = this.#receive(handset, number, text, file, bubble('', this.#now(), message));
    this.#optOut(handset, number, text);
    return stored.bubble;
  }

  /** From now on every message to this handset fails with this code; undefined = reachable again. */
  customerUnreachable(customer: string, code: number | undefined = 30003): void {
    const handset = this.state.handset(customer);
    if (code === undefined) delete handset.unreachable;
    else handset.unreachable = code;
  }
  /** As if the customer had sent STOP, without a message. */
  customerBlocks(customer: string, line?: string): void {
    this.#stop(this.state.handset(customer), this.#number(line));
  }
  customerUnblocks(customer: string): void {
    this.state.handset(customer).stopped.clear();
  }
  /** Only on the phone: SMS has no read receipts. */
  customerReads(customer: string, line?: string): void {
    for (const shown of this.phone(customer, line).messages)
      if (shown.direction === 'out' && shown.status === 'delivered') shown.status = 'read';
    this.changed();
  }

  phone(customer: string, line?: string): Phone {
    return this.#phone(this.state.handset(customer), this.#number(line));
  }
  phones(): Phone[] {
    return [...this.state.handsets.values()].flatMap((handset) =>
      this.state.numbers
        .map((number) => this.#phone(handset, number))
        .filter((phone) => phone.messages.length > 0),
    );
  }

  #phone({ phone, name, stopped }: Handset, number: TwilioNumber): Phone {
    const between = (one: TwilioMessage): boolean =>
      (one.from === phone && one.to === number.phone) || (one.to === phone && one.from === number.phone);
    const messages = this.#shown.filter(between).map((one) => one.bubble);
    return { customer: phone, name, line: number.phone, blocked: stopped.has(number.phone), messages };
  }
  /** What stands on the handsets; deleting a message at Twilio takes it from no phone. */
  readonly #shown: TwilioMessage[] = [];

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
      now: this.#now(),
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
    this.#store(message);
    const { from, to, body } = message;
    this.accepted.push({ from, to, body, message: message.bubble });
    const answer = messageWire(message);
    this.#deliver(message, mediaUrls);
    return answer;
  }

  #store(message: TwilioMessage): void {
    this.state.messages.push(message);
    this.#shown.push(message);
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
      message.bubble.files.push(fileOf(found));
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
      message.updatedAt = this.#now();
    }
    if (status === 'sent') message.sentAt = this.#now();
    if (failure !== undefined) {
      message.error = { code: failure, message: FAILURES[failure] ?? 'Unknown error' };
      message.bubble.error = message.error;
    }
    this.changed();
    const account = this.state.accounts.get(message.accountSid);
    if (!message.statusCallback || !account) return;
    const fields = {
      AccountSid: account.sid,
      ApiVersion: '2010-04-01',
      From: message.from,
      MessageSid: message.sid,
      MessageStatus: status,
      SmsSid: message.sid,
      SmsStatus: status,
      To: message.to,
      ...(message.serviceSid ? { MessagingServiceSid: message.serviceSid } : {}),
      ...(failure === undefined ? {} : { ErrorCode: String(failure) }),
      ...(status === 'delivered'
        ? { RawDlrDoneDate: new Date(this.#now()).toISOString().replace(/\D/g, '').slice(2, 12) }
        : {}),
    };
    void this.#webhook(account, message.statusCallback, fields);
  }

  // ——— From the handset to the webhook ———

  #receive(
    handset: Handset,
    number: TwilioNumber,
    text: string,
    file: PhoneFile | undefined,
    shown: PhoneMessage,
  ): TwilioMessage {
    const at = this.#now();
    const sid = makeSid(file ? 'MM' : 'SM');
    const service = this.state.serviceOf(number);
    const message: TwilioMessage = {
      sid,
      accountSid: number.accountSid,
      from: handset.phone,
      to: number.phone,
      body: text,
      direction: 'inbound',
      status: 'received',
      media: file ? [{ sid: makeSid('ME'), contentType: file.contentType, bytes: file.bytes }] : [],
      mediaCount: file ? 1 : 0,
      createdAt: at,
      updatedAt: at,
      sentAt: at,
      bubble: { ...shown, id: sid, text },
      ...(service ? { serviceSid: service.sid } : {}),
    };
    this.#store(message);
    this.#announce(message, number, service);
    return message;
  }

  /** The service's URL wins over the number's, unless the service says otherwise. */
  #announce(message: TwilioMessage, number: TwilioNumber, service: MessagingService | undefined): void {
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
    for (const text of messages) this.#reply(inbound, text, 'webhook-answer');
  }

  #reply(inbound: TwilioMessage, body: string, origin: 'webhook-answer' | 'provider'): void {
    const at = this.#now();
    const sid = makeSid('SM');
    const message: TwilioMessage = {
      sid,
      accountSid: inbound.accountSid,
      from: inbound.to,
      to: inbound.from,
      body,
      direction: 'outbound-reply',
      status: 'delivered',
      media: [],
      mediaCount: 0,
      createdAt: at,
      updatedAt: at,
      sentAt: at,
      bubble: { id: sid, direction: 'out', at, text: body, files: [], status: 'delivered', origin },
    };
    if (origin === 'webhook-answer') this.state.messages.push(message);
    this.#shown.push(message);
    this.changed();
  }

  #optOut(handset: Handset, number: TwilioNumber, text: string): void {
    const word = optOutWord(text);
    const stopped = handset.stopped.has(number.phone);
    if (!word || (word === 'start' && !stopped) || (word === 'stop' && stopped)) return;
    if (word === 'stop') this.#stop(handset, number);
    if (word === 'start') handset.stopped.clear();
    const inbound = this.#shown.findLast((one) => one.from === handset.phone);
    if (inbound) this.#reply(inbound, OPT_OUT_ANSWERS[word], 'provider');
  }
  #stop(handset: Handset, number: TwilioNumber): void {
    handset.stopped.add(number.phone);
    const service = this.state.serviceOf(number);
    if (service) handset.stopped.add(service.sid);
    this.changed();
  }

  #alert(code: number, message: string, url: string): void {
    this.alerts.push({ code, message, url, at: this.#now() });
    this.changed();
  }

  // ——— State ———

  #number(phone?: string): TwilioNumber {
    const found = phone === undefined ? this.state.numbers[0] : this.state.number(phone);
    if (!found) throw new Error(`no number ${phone ?? ''}: addNumber first`);
    return found;
  }
  #firstAccount(): string {
    const [sid] = this.state.accounts.keys();
    if (!sid) throw new Error('addAccount first');
    return sid;
  }
  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

const mapLink = ({ latitude, longitude }: { latitude: number; longitude: number }): string =>
  `https://maps.apple.com/?ll=${latitude},${longitude}`;

/** A contact leaves a handset as a vCard. */
function card({ contact }: CustomerMessage): PhoneFile | undefined {
  if (!contact) return undefined;
  const lines = [
    'BEGIN:VCARD',
    'VERSION:3.0',
    `FN:${contact.name}`,
    ...contact.phones.map((phone) => `TEL;TYPE=CELL:${phone}`),
    ...(contact.emails ?? []).map((email) => `EMAIL:${email}`),
    'END:VCARD',
  ];
  return {
    kind: 'document',
    name: 'contact.vcf',
    contentType: 'text/vcard',
    bytes: Buffer.from(lines.join('\r\n')),
  };
}

function fileOf({ contentType, bytes }: { contentType: string; bytes: Uint8Array }): PhoneFile {
  const family = contentType.split('/')[0] ?? '';
  const kind = family === 'image' || family === 'video' || family === 'audio' ? family : 'document';
  return { kind, contentType, bytes };
}

/** Twilio posts every one of these, the empty ones too, and signs them all. */
function inboundFields(message: TwilioMessage, api: string): Record<string, string> {
  const media = message.media.flatMap(({ sid, contentType }, at) => [
    [`MediaUrl${at}`, `${api}${messageUri(message)}/Media/${sid}`],
    [`MediaContentType${at}`, contentType],
  ]);
  return {
    ToCountry: 'US',
    ToState: '',
    ToCity: '',
    ToZip: '',
    FromCountry: 'US',
    FromState: 'CA',
    FromCity: 'SAN FRANCISCO',
    FromZip: '94105',
    SmsMessageSid: message.sid,
    SmsSid: message.sid,
    MessageSid: message.sid,
    SmsStatus: 'received',
    NumMedia: String(message.media.length),
    NumSegments: String(segments(message.body)),
    Body: message.body,
    From: message.from,
    To: message.to,
    AccountSid: message.accountSid,
    ApiVersion: '2010-04-01',
    ...(message.serviceSid ? { MessagingServiceSid: message.serviceSid } : {}),
    ...Object.fromEntries(media),
  };
}
