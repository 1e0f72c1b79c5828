/**
 * What a send method carries: read from its arguments, checked as Telegram checks it, answered as the part of a Message
 * that is its content. Methods and limits: https://core.telegram.org/bots/api#available-methods and #sending-files
 */
import type { FileKind } from '../../../server/core/message.ts';
import type { PhoneMessage } from '../phone.ts';
import { sniff } from '../phone.ts';
import { pictureSize } from '../samples.ts';
import { fetchFile, parsedUrl } from '../wire.ts';
import type { Arguments } from './arguments.ts';
import { formatted } from './entities.ts';
import { type Bot, badRequest, Refusal, storeFile, type TelegramFile } from './state.ts';

export interface Content {
  wire: Record<string, unknown>;
  bubble: Partial<PhoneMessage>;
}

const MB = 1024 * 1024;
const MAX_TEXT = 4096;
const MAX_CAPTION = 1024;
const MAX_UPLOAD = 50 * MB;
const characters = (text: string): number => [...text].length;

export function textContent(args: Arguments): Content {
  if (!args.has('text')) throw badRequest('message text is empty');
  const { text, entities } = formatted(args, 'text');
  if (text === '') throw badRequest('text must be non-empty');
  if (characters(text) > MAX_TEXT) throw badRequest('message is too long');
  return { wire: { text, ...(entities.length > 0 ? { entities } : {}) }, bubble: { text } };
}

/** Argument name, kind on the phone, and the largest file by URL. */
interface FileMethod {
  field: string;
  kind: FileKind;
  maxByUrl: number;
  caption: boolean;
}
const FILE_METHODS: Record<string, FileMethod> = {
  sendphoto: { field: 'photo', kind: 'image', maxByUrl: 5 * MB, caption: true },
  sendvideo: { field: 'video', kind: 'video', maxByUrl: 20 * MB, caption: true },
  sendanimation: { field: 'animation', kind: 'video', maxByUrl: 20 * MB, caption: true },
  sendvideonote: { field: 'video_note', kind: 'video', maxByUrl: 20 * MB, caption: false },
  sendvoice: { field: 'voice', kind: 'voice', maxByUrl: 20 * MB, caption: true },
  sendaudio: { field: 'audio', kind: 'audio', maxByUrl: 20 * MB, caption: true },
  senddocument: { field: 'document', kind: 'document', maxByUrl: 20 * MB, caption: true },
  sendsticker: { field: 'sticker', kind: 'sticker', maxByUrl: 20 * MB, caption: false },
};

export const fileMethod = (method: string): FileMethod | undefined => FILE_METHODS[method];

export async function fileContent(bot: Bot, method: FileMethod, args: Arguments): Promise<Content> {
  const caption = method.caption ? formatted(args, 'caption') : { text: '', entities: [] };
  if (characters(caption.text) > MAX_CAPTION) throw badRequest('message caption is too long');
  const file = await fileOf(bot, method, args);
  if (method.kind === 'image') checkPhoto(file);
  const { text, entities } = caption;
  return {
    wire: {
      ...fileWire(file),
      ...(text ? { caption: text } : {}),
      ...(entities.length > 0 ? { caption_entities: entities } : {}),
    },
    bubble: {
      files: [{ kind: file.kind, name: file.name, contentType: file.contentType, bytes: file.bytes }],
      ...(text ? { text } : {}),
    },
  };
}

/** An upload under the field's own name or `attach://other`, a file_id of this bot, or a URL that Telegram fetches. */
async function fileOf(
  bot: Bot,
  { field, kind, maxByUrl }: FileMethod,
  args: Arguments,
): Promise<TelegramFile> {
  const named = args.text(field);
  const upload = args.files[field] ?? args.files[named.replace(/^attach:\/\//, '')];
  if (upload) {
    if (upload.bytes.length === 0) throw badRequest('file must be non-empty');
    if (upload.bytes.length > MAX_UPLOAD) throw new Refusal(413, 'Request Entity Too Large');
    return stored(bot, kind, upload.name || field, upload.bytes);
  }
  if (named === '') throw badRequest(`there is no ${field.replace('_', ' ')} in the request`);
  const known = bot.files.get(named);
  if (known) return known;
  const url = /^https?:/.test(named) ? parsedUrl(named) : undefined;
  if (!url) throw badRequest('wrong remote file identifier specified: Wrong string length');
  const fetched = await fetchFile(url.href, 5_000);
  if (!fetched || fetched.status >= 300) throw badRequest('failed to get HTTP URL content');
  if (fetched.bytes.length > maxByUrl) throw badRequest('wrong type of the web page content');
  return stored(bot, kind, url.pathname.split('/').at(-1) || field, fetched.bytes, fetched.contentType);
}

function stored(bot: Bot, kind: FileKind, name: string, bytes: Uint8Array, type?: string): TelegramFile {
  const found = sniff(bytes);
  // A voice message must be Ogg, MP3 or M4A; Telegram shows anything else as a plain file.
  const shown =
    kind === 'voice' && !['audio/ogg', 'audio/mpeg', 'video/mp4'].includes(found ?? '') ? 'document' : kind;
  const contentType = found ?? type ?? 'application/octet-stream';
  return storeFile(bot, { name, kind: shown, contentType, bytes });
}

/** ≤ 10 MB, a picture, width + height ≤ 10 000, sides at most 1 : 20. */
function checkPhoto(file: TelegramFile): void {
  if (file.bytes.length > 10 * MB)
    throw badRequest(
      `file of size ${file.bytes.length} bytes is too big for a photo; the maximum size is ${10 * MB} bytes`,
    );
  if (!sniff(file.bytes)?.startsWith('image/')) throw badRequest('IMAGE_PROCESS_FAILED');
  const size = pictureSize(file.bytes);
  if (!size) return;
  const { width, height } = size;
  if (width + height > 10_000 || width > height * 20 || height > width * 20)
    throw badRequest('PHOTO_INVALID_DIMENSIONS');
}

/** The file's part of a Message, under the name of its kind. */
export function fileWire(file: TelegramFile): Record<string, unknown> {
  const base = { file_id: file.fileId, file_unique_id: file.uniqueId, file_size: file.bytes.length };
  const named = { ...base, file_name: file.name, mime_type: file.contentType };
  const { width = 640, height = 480 } = pictureSize(file.bytes) ?? {};
  switch (file.kind) {
    case 'image':
      // Smallest first; only the last one is the whole picture.
      return {
        photo: [
          {
            ...base,
            file_id: `${file.fileId}s`,
            file_unique_id: `${file.uniqueId}s`,
            file_size: 100,
            width: 90,
            height: 60,
          },
          { ...base, width, height },
        ],
      };
    case 'video':
      return { video: { ...named, duration: 1, width: 640, height: 480 } };
    case 'voice':
      return { voice: { ...base, mime_type: file.contentType, duration: 1 } };
    case 'audio':
      return { audio: { ...named, duration: 1 } };
    case 'sticker':
      return {
        sticker: {
          ...base,
          type: 'regular',
          width: 512,
          height: 512,
          is_animated: false,
          is_video: false,
          emoji: '🙂',
        },
      };
    default:
      return { document: named };
  }
}

const required = (args: Arguments, name: string): string => {
  if (!args.has(name)) throw badRequest(`${name.replaceAll('_', ' ')} is empty`);
  return args.text(name);
};

function coordinate(args: Arguments, name: string, max: number): number {
  required(args, name);
  const value = args.number(name);
  if (Number.isNaN(value) || Math.abs(value) > max) throw badRequest('wrong latitude or longitude specified');
  return value;
}

export function placeContent(args: Arguments, venue: boolean): Content {
  const latitude = coordinate(args, 'latitude', 90);
  const longitude = coordinate(args, 'longitude', 180);
  const location = { latitude, longitude };
  if (!venue) return { wire: { location }, bubble: { location } };
  const name = required(args, 'title');
  const address = required(args, 'address');
  return {
    wire: { location, venue: { location, title: name, address } },
    bubble: { location: { ...location, name, address } },
  };
}

export function contactContent(args: Arguments): Content {
  const phone = required(args, 'phone_number');
  const first = required(args, 'first_name');
  const last = args.text('last_name');
  return {
    wire: { contact: { phone_number: phone, first_name: first, ...(last ? { last_name: last } : {}) } },
    bubble: { contact: { name: `${first} ${last}`.trim(), phones: [phone] } },
  };
}
