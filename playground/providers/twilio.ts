/**
 * Twilio's Programmable Messaging for SMS and MMS: the 2010 API and Messaging Services on one server, media on a CDN of
 * its own, signed webhooks, and the handsets of the customers.
 * https://www.twilio.com/docs/messaging/api and https://www.twilio.com/docs/usage/webhooks/messaging-webhooks
 */
import {
  bubble,
  type CustomerMessage,
  type Phone,
  type PhoneFile,
  type PhoneMessage,
  pickedFile,
} from './phone.ts';
import { TwilioServer } from './twilio/server.ts';
import {
  type Handset,
  type MessagingService,
  makeSid,
  type TwilioMessage,
  type TwilioNumber,
} from './twilio/state.ts';
import { OPT_OUT_ANSWERS, optOutWord } from './twilio/webhooks.ts';

export class TwilioEmulator extends TwilioServer {
  // ——— What a test or the playground arranges ———

  addApiKey(accountSid: string, key: string, secret: string): void {
    this.state.accounts.get(accountSid)?.keys.set(key, secret);
  }

  addService(name: string, phones: string[], more: Partial<MessagingService> = {}): MessagingService {
    const service: MessagingService = {
      sid: makeSid('MG'),
      accountSid: this.firstAccount(),
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
    const stored = this.#receive(handset, number, text, file, bubble('', this.now(), message));
    this.#optOut(handset, number, text);
    return stored.bubble;
  }

  /** From now on every message to this handset fails with this code: https://www.twilio.com/docs/api/errors/30003 */
  customerUnreachable(customer: string, code = 30003): void {
    this.state.handset(customer).unreachable = code;
    this.changed();
  }
  customerReachable(customer: string): void {
    delete this.state.handset(customer).unreachable;
    this.changed();
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
    const messages = this.shown.filter(between).map((one) => one.bubble);
    return { customer: phone, name, line: number.phone, blocked: stopped.has(number.phone), messages };
  }
  // ——— What follows from it ———

  #receive(
    handset: Handset,
    number: TwilioNumber,
    text: string,
    file: PhoneFile | undefined,
    shown: PhoneMessage,
  ): TwilioMessage {
    const at = this.now();
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
    this.store(message);
    this.announce(message, number, service);
    return message;
  }

  #optOut(handset: Handset, number: TwilioNumber, text: string): void {
    const word = optOutWord(text);
    const stopped = handset.stopped.has(number.phone);
    if (!word || (word === 'start' && !stopped) || (word === 'stop' && stopped)) return;
    if (word === 'stop') this.#stop(handset, number);
    if (word === 'start') handset.stopped.clear();
    const inbound = this.shown.findLast((one) => one.from === handset.phone);
    if (inbound) this.reply(inbound, OPT_OUT_ANSWERS[word], 'provider');
  }
  #stop(handset: Handset, number: TwilioNumber): void {
    handset.stopped.add(number.phone);
    const service = this.state.serviceOf(number);
    if (service) handset.stopped.add(service.sid);
    this.changed();
  }

  #number(phone?: string): TwilioNumber {
    const found = phone === undefined ? this.state.numbers[0] : this.state.number(phone);
    if (!found) throw new Error(`no number ${phone ?? ''}: addNumber first`);
    return found;
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
