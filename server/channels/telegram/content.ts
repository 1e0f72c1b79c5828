import type { FileKind, FilePart, LocationPart, Part } from '../../core/message.ts';
import type { Entities, Message } from './update.ts';

type TelegramFile = NonNullable<Message['document']>;

/**
 * What the customer sent, or undefined for content that is no message of a person (a pinned message, a new group
 * title) or that we do not know. The order matters: an animation also fills `document`, a venue `location`, a live
 * photo `photo`. https://core.telegram.org/bots/api#message
 */
export function partsOf(message: Message): Part[] | undefined {
  if (message.text !== undefined)
    return [{ kind: 'text', text: withLinks(message.text, message.entities ?? []) }];
  const file = fileOf(message);
  if (file) return [file];
  const place = placeOf(message);
  if (place) return [place];
  if (message.contact) {
    const { first_name, last_name, phone_number } = message.contact;
    const name = [first_name, last_name].filter(Boolean).join(' ');
    return [{ kind: 'contact', name, phones: [phone_number], emails: [] }];
  }
  if (message.rich_message !== undefined)
    return [{ kind: 'text', text: plainWords(message.rich_message).trim() || 'A formatted message' }];
  const summary = summaryOf(message);
  return summary === undefined ? undefined : [{ kind: 'other', summary }];
}

function fileOf(message: Message): FilePart | undefined {
  const from = (kind: FileKind, file: TelegramFile, contentType: string, fallbackName: string): FilePart => ({
    kind: 'file',
    file: {
      kind,
      ref: file.file_id,
      name: file.file_name ?? fallbackName,
      contentType: file.mime_type ?? contentType,
      ...(file.file_size !== undefined && { size: file.file_size }),
    },
    ...captionOf(message),
  });
  const id = message.message_id;
  if (message.animation) return from('video', message.animation, 'video/mp4', `animation-${id}.mp4`);
  if (message.video) return from('video', message.video, 'video/mp4', `video-${id}.mp4`);
  if (message.video_note) return from('video', message.video_note, 'video/mp4', `video-note-${id}.mp4`);
  if (message.voice) return from('voice', message.voice, 'audio/ogg', `voice-${id}.ogg`);
  if (message.audio) return from('audio', message.audio, 'audio/mpeg', `audio-${id}.mp3`);
  if (message.sticker) return stickerOf(message, from);
  // Sizes ascend: the last is the original.
  const photo = (message.live_photo?.photo ?? message.photo)?.at(-1);
  if (photo) return from('image', photo, 'image/jpeg', `photo-${id}.jpg`);
  if (message.live_photo) return from('video', message.live_photo, 'video/mp4', `live-photo-${id}.mp4`);
  if (message.document)
    return from('document', message.document, 'application/octet-stream', `document-${id}`);
  return undefined;
}

/** An animated sticker is a gzipped Lottie file that no inbox can show: its still picture stands for it. */
function stickerOf(
  message: Message,
  from: (kind: FileKind, file: TelegramFile, contentType: string, name: string) => FilePart,
): FilePart | undefined {
  const { sticker, message_id: id } = message;
  if (!sticker) return undefined;
  const still = sticker.is_animated ? sticker.thumbnail : undefined;
  const part = still
    ? from('sticker', still, 'image/webp', `sticker-${id}.webp`)
    : sticker.is_animated
      ? from('sticker', sticker, 'application/x-tgsticker', `sticker-${id}.tgs`)
      : sticker.is_video
        ? from('sticker', sticker, 'video/webm', `sticker-${id}.webm`)
        : from('sticker', sticker, 'image/webp', `sticker-${id}.webp`);
  return sticker.emoji ? { ...part, caption: sticker.emoji } : part;
}

function captionOf(message: Message): { caption?: string } {
  if (!message.caption) return {};
  return { caption: withLinks(message.caption, message.caption_entities ?? []) };
}

function placeOf(message: Message): LocationPart | undefined {
  const place = message.venue?.location ?? message.location;
  if (!place) return undefined;
  const { latitude, longitude } = place;
  const named = message.venue && { name: message.venue.title, address: message.venue.address };
  return { kind: 'location', latitude, longitude, ...named };
}

/** A link behind a label would be lost in plain text: `label (url)`. Offsets are UTF-16 units, as JavaScript's. */
function withLinks(text: string, entities: Entities): string {
  const links = entities.filter((entity) => entity.type === 'text_link' && entity.url);
  return links
    .toSorted((one, other) => other.offset - one.offset)
    .reduce((written, { offset, length, url }) => {
      const end = offset + length;
      return text.slice(offset, end) === url
        ? written
        : `${written.slice(0, end)} (${url})${written.slice(end)}`;
    }, text);
}

/** The words of a `RichMessage` (blocks in blocks, texts in texts), a line per block. */
function plainWords(node: unknown): string {
  if (typeof node === 'string') return node;
  if (Array.isArray(node)) return node.map(plainWords).join('');
  if (typeof node !== 'object' || node === null) return '';
  const { blocks, items, cells, summary, text, label, expression, alternative_text, caption } =
    node as Record<string, unknown>;
  const lines = [blocks, items, cells].flatMap((list) => (Array.isArray(list) ? list.map(plainWords) : []));
  const words = [label, summary, text, expression, alternative_text, caption].map(plainWords).filter(Boolean);
  return [...words, ...lines].join('\n');
}

/** "a poll: Lunch?" for content without a form of its own in an inbox. */
function summaryOf(message: Message): string | undefined {
  const key = Object.keys(OTHER_CONTENT).find((name) => message[name] !== undefined);
  if (key === undefined) return undefined;
  const detail = [OTHER_CONTENT[key], detailOf(message[key])].filter(Boolean).join(': ');
  return message.caption ? `${detail} (${message.caption})` : detail;
}

const OTHER_CONTENT: Record<string, string> = {
  poll: 'a poll',
  dice: 'a dice',
  story: 'a story',
  game: 'a game',
  checklist: 'a checklist',
  invoice: 'an invoice',
  successful_payment: 'a payment',
  paid_media: 'paid media',
  web_app_data: 'data from a web app',
  gift: 'a gift',
  unique_gift: 'a gift',
  giveaway: 'a giveaway',
  users_shared: 'a choice of Telegram users',
  chat_shared: 'a choice of a Telegram chat',
};

function detailOf(content: unknown): string {
  if (typeof content !== 'object' || content === null) return '';
  const { question, title, emoji, value, button_text } = content as Record<string, unknown>;
  return [question, title, emoji, button_text, value]
    .filter((detail) => typeof detail === 'string' || typeof detail === 'number')
    .join(' ');
}
