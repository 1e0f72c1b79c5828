/** What stands on the customers' phones, and what the customers do there. */
import type { FileView, Phone, PhoneMessage, Upload } from '../page/api.ts';
import type { CustomerMessage, PhoneMessage as ProviderMessage } from '../providers/phone.ts';
import type { Chat } from './chats.ts';
import { Refused } from './http.ts';
import type { FileShelf } from './shelf.ts';
import type { Trail } from './trail.ts';

/** Older ones are off the screen. */
const SHOWN = 200;
/** The provider has it, the phone does not. */
const NOT_ON_THE_PHONE = new Set(['failed', 'undelivered', 'queued', 'accepted']);

export function showPhone(chat: Chat, trail: Trail, shelf: FileShelf, trailId: TrailId): Phone {
  const { id, app, platform, customer, business, obstacle } = chat;
  const messages = chat
    .phone()
    .messages.filter((message) => message.direction === 'in' || !NOT_ON_THE_PHONE.has(message.status));
  return {
    id,
    app,
    platform,
    customer,
    business,
    obstacle: { label: obstacle.label, on: obstacle.on() },
    messages: messages.slice(-SHOWN).map((message) => ({
      id: message.id,
      from: message.direction === 'in' ? 'customer' : 'business',
      text: wordsOn(message),
      files: filesOn(message, shelf),
      at: message.at,
      status: statusOf(message, trail.taken(trailId(chat, message.id))),
    })),
  };
}

/** A message's id in the trail. */
export type TrailId = (chat: Chat, messageId: string) => string;

function statusOf(message: ProviderMessage, taken: boolean | undefined): PhoneMessage['status'] {
  if (message.direction === 'out') return message.status === 'read' ? 'read' : 'unread';
  if (taken === undefined) return 'sending';
  return taken ? 'sent' : 'failed';
}

export function wordsOn({ text, location, contact }: ProviderMessage): string {
  const place = location && `📍 ${location.name ?? `${location.latitude}, ${location.longitude}`}`;
  const card = contact && `👤 ${contact.name} ${contact.phones.join(', ')}`;
  return [text, place, card].filter(Boolean).join('\n');
}

const filesOn = (message: ProviderMessage, shelf: FileShelf): FileView[] =>
  message.files.map(({ name, contentType, bytes }) =>
    shelf.view({ name: name ?? 'file', contentType, bytes }),
  );

/** A phone sends one file at a time; the words go with the first. */
export function customerWrites(chat: Chat, text: string, files: Upload[]): void {
  if (text === '' && files.length === 0) throw new Refused(422, 'There is nothing to send');
  const [first, ...more] = files;
  chat.send({ ...(text === '' ? {} : { text }), ...(first ? picked(first) : {}) });
  for (const file of more) chat.send(picked(file));
}

export const bytesOf = (file: Upload): Buffer => Buffer.from(file.base64, 'base64');

/** As the apps' own pickers sort them: what is no plain picture, clip or sound goes as a document. */
function picked(file: Upload): CustomerMessage {
  const { contentType, name } = file;
  const chosen = { bytes: bytesOf(file), contentType, name };
  if (/^image\/(png|jpeg)$/.test(contentType)) return { photo: chosen };
  if (contentType === 'video/mp4') return { video: chosen };
  if (contentType === 'audio/ogg') return { voice: chosen };
  if (contentType.startsWith('audio/')) return { audio: chosen };
  return { document: chosen };
}
