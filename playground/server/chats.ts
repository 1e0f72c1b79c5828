/** The six chats on the customers' phones: three apps, each with a bot or number per inbox. */
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import type { PhoneApp, PlatformId } from '../page/api.ts';
import type { CustomerMessage, Phone as ProviderPhone } from '../providers/phone.ts';
import { CUSTOMERS, type Emulators, LINES, type Line } from '../town/emulators.ts';

export interface Chat {
  id: string;
  app: PhoneApp;
  platform: PlatformId;
  customer: { name: string; address: string };
  business: { name: string; address: string };
  /** What stands on the screen, and more than that. */
  phone(): ProviderPhone;
  send(message: CustomerMessage): void;
  read(): void;
  obstacle: Obstacle;
}

/** Why an answer may not reach this customer: the one thing that each app is known for. */
export interface Obstacle {
  label: string;
  on(): boolean;
  put(on: boolean): void;
}

const BUSINESS: Record<PlatformId, string> = { intercom: 'Acme Support', hubspot: 'Acme Sales' };

export const customerName: Record<PhoneApp, string> = {
  telegram: `${CUSTOMERS.telegram.first_name} ${CUSTOMERS.telegram.last_name}`,
  whatsapp: CUSTOMERS.whatsapp.name,
  sms: CUSTOMERS.sms.name,
};

/** Whose conversation it is that has this address; a Telegram customer has none that inboxes show. */
export function appOf(address: string | undefined): PhoneApp {
  const digits = address?.replace(/\D/g, '');
  if (CUSTOMERS.whatsapp.phone === `+${digits}`) return 'whatsapp';
  return CUSTOMERS.sms.phone === `+${digits}` ? 'sms' : 'telegram';
}

export const asPeopleWriteIt = (phone: string): string =>
  parsePhoneNumberFromString(phone)?.formatInternational() ?? phone;

export function chatsOf(emulators: Emulators): Chat[] {
  return LINES.flatMap((line) => [
    telegramChat(emulators, line),
    whatsappChat(emulators, line),
    smsChat(emulators, line),
  ]);
}

const between = (app: PhoneApp, { platform }: Line, ours: string, theirs: string) => ({
  id: `${app}-${platform}`,
  app,
  platform,
  customer: { name: customerName[app], address: theirs },
  business: { name: BUSINESS[platform], address: ours },
});

function telegramChat({ telegram }: Emulators, line: Line): Chat {
  const { id, username } = CUSTOMERS.telegram;
  const { bot } = line;
  return {
    ...between('telegram', line, `@${bot.username}`, `@${username}`),
    phone: () => telegram.phone(id, bot.id),
    send: (message) => void telegram.customerSends(id, message, bot.id),
    read: () => telegram.customerReads(id, bot.id),
    obstacle: {
      label: 'Customer blocks the bot',
      on: () => telegram.phone(id, bot.id).blocked,
      put: (on) => (on ? telegram.customerBlocks(id, bot.id) : telegram.customerUnblocks(id, bot.id)),
    },
  };
}

function whatsappChat({ meta }: Emulators, line: Line): Chat {
  const { phone } = CUSTOMERS.whatsapp;
  const { whatsapp } = line;
  return {
    ...between('whatsapp', line, asPeopleWriteIt(whatsapp.phone), asPeopleWriteIt(phone)),
    phone: () => meta.phone(phone, whatsapp.id),
    send: (message) => void meta.customerSends(phone, message, whatsapp.id),
    read: () => meta.customerReads(phone, whatsapp.id),
    obstacle: {
      label: 'Silent for more than 24 hours',
      on: () => meta.phone(phone, whatsapp.id).windowClosesAt === undefined,
      put: (on) => (on ? meta.closeWindow(phone, whatsapp.id) : meta.openWindow(phone, whatsapp.id)),
    },
  };
}

function smsChat({ twilio }: Emulators, line: Line): Chat {
  const { phone } = CUSTOMERS.sms;
  return {
    ...between('sms', line, asPeopleWriteIt(line.sms), asPeopleWriteIt(phone)),
    phone: () => twilio.phone(phone, line.sms),
    send: (message) => void twilio.customerSends(phone, message, line.sms),
    read: () => twilio.customerReads(phone, line.sms),
    obstacle: {
      label: 'Phone is switched off',
      on: () => twilio.state.handset(phone).unreachable !== undefined,
      put: (on) => twilio.customerUnreachable(phone, on ? SWITCHED_OFF : undefined),
    },
  };
}

/** "Unreachable destination handset": https://www.twilio.com/docs/api/errors/30003 */
const SWITCHED_OFF = 30003;
