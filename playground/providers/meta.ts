/**
 * Meta's Graph API as far as WhatsApp goes: apps, tokens, business accounts and numbers, messages with their statuses,
 * media, webhooks with their handshake, and the phones of the people on WhatsApp.
 * https://developers.facebook.com/docs/whatsapp/cloud-api
 */
import { messageOf } from './meta/inbound.ts';
import { MetaServer } from './meta/server.ts';
import { makeWamid, type Template, type Thread, type WhatsappUser } from './meta/state.ts';
import { handshake, inbound, sender } from './meta/webhooks.ts';
import { bubble, type CustomerMessage, type Phone, type PhoneMessage } from './phone.ts';

export type { MetaOptions } from './meta/server.ts';

export interface UserSeed {
  phone: string;
  name?: string;
  bsuid?: string;
  username?: string;
  hidesPhone?: boolean;
}

/** The phone of a WhatsApp user; free text reaches it until `windowClosesAt`. */
export type WhatsappPhone = Phone & { windowClosesAt?: number };

export class MetaEmulator extends MetaServer {
  // ——— What a test or the playground arranges ———

  /** Every call with it answers 401, code 190, from now on. */
  revokeToken(token: string): void {
    const known = this.state.tokens.get(token);
    if (known) known.valid = false;
  }

  addTemplate(
    wabaId: string,
    template: Pick<Template, 'name' | 'language' | 'body'> & Partial<Template>,
  ): void {
    this.state.waba(wabaId).templates.push({ category: 'UTILITY', status: 'APPROVED', ...template });
  }

  addCustomer({ phone, name, bsuid, hidesPhone = false, username }: UserSeed): WhatsappUser {
    const user: WhatsappUser = {
      phone,
      name: name ?? username ?? (hidesPhone ? 'Somebody' : phone),
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
    const shown = bubble(makeWamid(), this.now(), message);
    const content = messageOf(message, (file) =>
      this.state.store(thread.number.id, file.contentType, file.bytes, file.name),
    );
    const media = content.media;
    if (media) Object.assign(content.fields[content.type] as object, { url: this.mediaUrl(media) });
    return this.#write(thread, shown, { type: content.type, ...content.fields });
  }

  /** Any other message object: `{ type: 'order', order: {…} }`, `{ type: 'unsupported', … }`. */
  customerSendsRaw(customer: string, fields: Record<string, unknown>, number?: string): PhoneMessage {
    return this.#write(this.#thread(customer, number), bubble(makeWamid(), this.now(), {}), fields);
  }

  /** An empty emoji takes the reaction back. */
  customerReacts(customer: string, messageId: string, emoji: string, number?: string): void {
    const thread = this.#thread(customer, number);
    const target = thread.bubbles.find((one) => one.id === messageId);
    if (target) target.reaction = emoji;
    const reaction = { message_id: messageId, ...(emoji ? { emoji } : {}) };
    this.#receive(thread, { id: makeWamid(), type: 'reaction', reaction }, this.now());
  }

  customerPresses(
    customer: string,
    messageId: string,
    choice: { text: string; payload: string },
    number?: string,
  ): PhoneMessage {
    const thread = this.#thread(customer, number);
    const shown = bubble(makeWamid(), this.now(), { text: choice.text, replyTo: messageId });
    const button_reply = { id: choice.payload, title: choice.text };
    return this.#write(thread, shown, {
      type: 'interactive',
      interactive: { type: 'button_reply', button_reply },
    });
  }

  /** Opens the chat: everything delivered becomes read. */
  customerReads(customer: string, number?: string): void {
    const thread = this.#thread(customer, number);
    if (thread.blocked) return;
    const unread = [...this.outgoing.values()].filter((one) => one.thread === thread);
    for (const outgoing of this.reorderReceipts ? unread.reverse() : unread) this.advance(outgoing, 'read');
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
    this.#thread(customer, number).lastInboundAt = this.now();
    this.changed();
  }

  phone(customer: string, number?: string): WhatsappPhone {
    return phoneOf(this.#thread(customer, number));
  }
  phones(): WhatsappPhone[] {
    return [...this.state.threads.values()].map(phoneOf);
  }

  // ——— What follows from it ———

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
    this.toNumber(thread.number, inbound(thread.number, thread.user, message));
  }

  #thread(customer: string, numberId?: string): Thread {
    const numbers = [...this.state.numbers.values()];
    const number = numberId === undefined ? numbers[0] : this.state.numbers.get(numberId);
    if (!number) throw new Error(`no number ${numberId ?? ''}: addNumber first`);
    return this.state.thread(number, this.#user(customer));
  }
  #user(address: string): WhatsappUser {
    return this.state.user(address) ?? this.addCustomer({ phone: address });
  }
}

const phoneOf = (thread: Thread): WhatsappPhone => ({
  customer: thread.user.phone,
  name: thread.user.name,
  line: thread.number.id,
  blocked: thread.blocked,
  messages: thread.bubbles,
  ...(thread.lastInboundAt === undefined ? {} : { windowClosesAt: thread.lastInboundAt + 24 * 3_600_000 }),
});
