/**
 * Telegram's Bot API with bots, chats and files of its own, and the phones of the people who write to the bots.
 * Speaks and refuses as https://core.telegram.org/bots/api; texts of the errors and the way webhooks are pushed are
 * those of Telegram's own server (https://github.com/tdlib/telegram-bot-api).
 */
import { bubble, type CustomerMessage, type Phone, type PhoneMessage, pickedFile } from './phone.ts';
import { fileWire } from './telegram/content.ts';
import { TelegramServer } from './telegram/server.ts';
import {
  type Bot,
  botUser,
  type Chat,
  privateChat,
  storeFile,
  type TelegramUser,
  type Wire,
} from './telegram/state.ts';

export class TelegramEmulator extends TelegramServer {
  // ——— What a test or the playground arranges ———

  /** The admin revoked the token at BotFather: every call answers 401 from now on. */
  revokeToken(token: string): void {
    const bot = this.bots.get(token);
    if (bot) bot.revoked = true;
  }

  /** BotFather's new token for the same bot: the old one answers 401 from now on, chats stay. */
  renewToken(token: string, fresh: string): void {
    const bot = this.bots.get(token);
    if (!bot) throw new Error('no bot has this token');
    this.bots.delete(token);
    this.bots.set(fresh, Object.assign(bot, { token: fresh, revoked: false }));
    this.bots.set(token, { ...bot, token, revoked: true });
  }

  addCustomer(user: TelegramUser): TelegramUser {
    this.people.set(user.id, user);
    return user;
  }

  // ——— What the customer does ———

  /** `bot`: its id; without it the only (first) one. The webhook goes out in the background. */
  customerSends(customer: number | string, message: CustomerMessage, bot?: number | string): PhoneMessage {
    const at = this.bot(bot);
    const chat = this.chatWith(at, Number(customer));
    const file = pickedFile(message);
    const stored = file ? storeFile(at, file) : undefined;
    const place = message.location;
    const location = place ? { latitude: place.latitude, longitude: place.longitude } : undefined;
    const [first = '', ...last] = (message.contact?.name ?? '').split(' ');
    return this.#write(at, chat, message, {
      ...(stored ? fileWire(stored) : {}),
      ...(message.text === undefined ? {} : { [stored ? 'caption' : 'text']: message.text }),
      ...(location ? { location } : {}),
      ...(place?.name ? { venue: { location, title: place.name, address: place.address ?? '' } } : {}),
      ...(message.contact
        ? {
            contact: {
              phone_number: message.contact.phones[0] ?? '',
              first_name: first,
              ...(last.length > 0 ? { last_name: last.join(' ') } : {}),
            },
          }
        : {}),
    });
  }

  /** Anything else that a chat can carry (`{ poll: … }`, `{ dice: … }`), as it stands in the Message. */
  customerSendsRaw(
    customer: number | string,
    fields: Record<string, unknown>,
    bot?: number | string,
  ): PhoneMessage {
    const at = this.bot(bot);
    return this.#write(at, this.chatWith(at, Number(customer)), {}, fields);
  }

  customerEdits(customer: number | string, messageId: string, text: string, bot?: number | string): void {
    const at = this.bot(bot);
    const chat = this.chatWith(at, Number(customer));
    const wire = chat.wires.get(Number(messageId));
    const shown = chat.bubbles.find((one) => one.id === messageId);
    if (!wire || !shown) throw new Error(`no message ${messageId} on this phone`);
    Object.assign(wire, { text, edit_date: Math.floor(this.now() / 1000) });
    Object.assign(shown, { text, edited: true });
    this.update(at, chat, 'edited_message', { ...wire });
  }

  /** Presses the button with this payload under a message of the bot. Answers the callback's id. */
  customerPresses(
    customer: number | string,
    messageId: string,
    payload: string,
    bot?: number | string,
  ): string {
    const at = this.bot(bot);
    const chat = this.chatWith(at, Number(customer));
    const id = `${chat.user.id}${at.nextUpdate}`;
    at.callbacks.add(id);
    const message = chat.wires.get(Number(messageId));
    this.update(at, chat, 'callback_query', {
      id,
      from: this.sender(chat),
      chat_instance: String(chat.user.id),
      data: payload,
      ...(message ? { message } : {}),
    });
    return id;
  }

  customerBlocks(customer: number | string, bot?: number | string): void {
    this.#membership(customer, bot, true);
  }
  customerUnblocks(customer: number | string, bot?: number | string): void {
    this.#membership(customer, bot, false);
  }
  /** The account is gone: sends answer 403 "user is deactivated". */
  customerLeaves(customer: number | string, bot?: number | string): void {
    this.chatWith(this.bot(bot), Number(customer)).deactivated = true;
  }
  /** Two ticks on the phone only: Telegram tells bots nothing of it. */
  customerReads(customer: number | string, bot?: number | string): void {
    for (const shown of this.chatWith(this.bot(bot), Number(customer)).bubbles)
      if (shown.direction === 'out') shown.status = 'read';
    this.changed();
  }

  /** Empty for somebody who has not written yet: looking at a phone starts no chat. */
  phone(customer: number | string, bot?: number | string): Phone {
    const at = this.bot(bot);
    return phoneOf(at, at.chats.get(Number(customer)) ?? this.newChat(Number(customer)));
  }
  phones(): Phone[] {
    return [...this.bots.values()].flatMap((bot) =>
      [...bot.chats.values()].map((chat) => phoneOf(bot, chat)),
    );
  }

  // ——— What follows from it ———

  #write(bot: Bot, chat: Chat, message: CustomerMessage, content: Record<string, unknown>): PhoneMessage {
    const id = bot.nextMessage++;
    const at = this.now();
    const quoted = message.replyTo ? chat.wires.get(Number(message.replyTo)) : undefined;
    const wire: Wire = {
      message_id: id,
      from: this.sender(chat),
      chat: privateChat(chat),
      date: Math.floor(at / 1000),
      ...content,
      ...(quoted ? { reply_to_message: quoted } : {}),
    };
    chat.wires.set(id, wire);
    const shown = bubble(String(id), at, message);
    chat.bubbles.push(shown);
    this.update(bot, chat, 'message', wire);
    return shown;
  }

  #membership(customer: number | string, botId: number | string | undefined, blocked: boolean): void {
    const bot = this.bot(botId);
    const chat = this.chatWith(bot, Number(customer));
    if (chat.blocked === blocked) return;
    chat.blocked = blocked;
    const state = (kicked: boolean): Record<string, unknown> =>
      kicked
        ? { user: botUser(bot), status: 'kicked', until_date: 0 }
        : { user: botUser(bot), status: 'member' };
    this.update(bot, chat, 'my_chat_member', {
      chat: privateChat(chat),
      from: this.sender(chat),
      date: Math.floor(this.now() / 1000),
      old_chat_member: state(!blocked),
      new_chat_member: state(blocked),
    });
  }
}

const phoneOf = (bot: Bot, chat: Chat): Phone => ({
  customer: String(chat.user.id),
  name: [chat.user.first_name, chat.user.last_name].filter(Boolean).join(' '),
  line: String(bot.id),
  blocked: chat.blocked,
  messages: chat.bubbles,
});
