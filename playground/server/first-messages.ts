/** Customers write first, so that the first thing one sees is the bridge at work. */
import type { PhoneApp, PlatformId } from '../page/api.ts';
import type { Chat } from './chats.ts';

const WORDS: Record<PlatformId, Record<PhoneApp, string>> = {
  intercom: {
    telegram: 'Hi! My parcel says “delivered”, but it is not here. Order 4812.',
    whatsapp: 'Good morning, can I still change the delivery address?',
    sms: 'Is the shop open on Sunday?',
  },
  hubspot: {
    telegram: 'Hello, do you ship the standing desk to Norway?',
    whatsapp: 'We need twelve chairs for a new office. Who can make us an offer?',
    sms: 'Please call me back about the quote',
  },
};

export function sendFirstMessages(chats: Chat[]): void {
  for (const chat of chats) chat.send({ text: WORDS[chat.platform][chat.app] });
}
