/** One customer at one of our lines, whatever the app is called. */
import type { PlatformId } from '../../playground/page/api.ts';
import type { CustomerMessage, PhoneMessage } from '../../playground/providers/phone.ts';
import { LINES, type Line } from '../../playground/town/emulators.ts';
import type { Town } from './town.ts';

export type App = 'telegram' | 'whatsapp' | 'twilio_sms';
export const APPS: App[] = ['telegram', 'whatsapp', 'twilio_sms'];

export interface Handset {
  app: App;
  customer: string;
  /** What the inbox must know of the customer: a name, or the number. */
  known: string;
  sends(message: CustomerMessage): PhoneMessage;
  messages(): PhoneMessage[];
  /** What came from us, as the provider accepted it: every acceptance counts. */
  received(): PhoneMessage[];
  /** Those of them with this text. */
  gotten(text: string): PhoneMessage[];
}

export const lineOf = (platform: PlatformId): Line => LINES.find((one) => one.platform === platform) as Line;

/** Customers are told apart by a number; the same number on WhatsApp and SMS is the same person. */
export function handset(
  town: Pick<Town, 'emulators'>,
  platform: PlatformId,
  app: App,
  customer: number,
): Handset {
  const { telegram, meta, twilio } = town.emulators;
  const line = lineOf(platform);
  const phone = phoneNumber(customer);
  if (app === 'telegram') {
    const id = 6_000_000 + customer;
    telegram.addCustomer({ id, first_name: `Tess${customer}`, username: `tess${customer}` });
    const messages = () => telegram.phone(id, line.bot.id).messages;
    const sends = (message: CustomerMessage) => telegram.customerSends(id, message, line.bot.id);
    return made(app, { customer: String(id), known: `Tess${customer}` }, messages, sends);
  }
  if (app === 'whatsapp') {
    const messages = () => meta.phone(phone, line.whatsapp.id).messages;
    const sends = (message: CustomerMessage) => meta.customerSends(phone, message, line.whatsapp.id);
    return made(app, { customer: phone, known: phone }, messages, sends);
  }
  const messages = () => twilio.phone(phone, line.sms).messages;
  const sends = (message: CustomerMessage) => twilio.customerSends(phone, message, line.sms);
  return made(app, { customer: phone, known: phone }, messages, sends);
}

/** A British mobile number from the range that is kept free for drama. */
export const phoneNumber = (customer: number): string => `+447700900${String(customer).padStart(3, '0')}`;

function made(
  app: App,
  who: Pick<Handset, 'customer' | 'known'>,
  messages: () => PhoneMessage[],
  sends: Handset['sends'],
): Handset {
  const received = () => messages().filter((message) => message.direction === 'out');
  return {
    app,
    ...who,
    sends,
    messages,
    received,
    gotten: (text) => received().filter((message) => message.text === text),
  };
}
