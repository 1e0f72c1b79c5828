/**
 * The customer's phone, the same for every provider: what the customer can do, and what stands on the screen.
 * It is in-process, for tests and the playground's page; everything between provider and product goes over HTTP.
 */
import type { FileKind } from '../../server/core/message.ts';

export interface PhoneFile {
  kind: FileKind;
  name?: string;
  contentType: string;
  bytes: Uint8Array;
}
/** A file as the customer picks it: content type and name are guessed from the kind where they are missing. */
type PickedFile = { bytes: Uint8Array; contentType?: string; name?: string };

interface Place {
  latitude: number;
  longitude: number;
  name?: string;
  address?: string;
}
interface ContactCard {
  name: string;
  phones: string[];
  emails?: string[];
}

/** What a customer sends: at most one file, place or card; `text` beside a file is its caption. */
export interface CustomerMessage {
  text?: string;
  photo?: PickedFile;
  video?: PickedFile;
  voice?: PickedFile;
  audio?: PickedFile;
  document?: PickedFile;
  sticker?: PickedFile;
  location?: Place;
  contact?: ContactCard;
  /** The phone's id of the message that this one answers. */
  replyTo?: string;
}

type PhoneStatus = 'queued' | 'accepted' | 'sent' | 'delivered' | 'read' | 'failed' | 'undelivered';

/** One bubble on the screen. */
export interface PhoneMessage {
  /** The provider's id: wamid, MessageSid, Telegram's message_id as text. */
  id: string;
  /** `in`: from the customer to the business, as everywhere in Octopods. */
  direction: 'in' | 'out';
  at: number;
  text?: string;
  files: PhoneFile[];
  location?: Place;
  contact?: ContactCard;
  /** Buttons under the bubble. */
  choices?: { text: string; payload: string }[];
  replyTo?: string;
  /** The customer's or the business's emoji on this bubble. */
  reaction?: string;
  edited?: boolean;
  status: PhoneStatus;
  /** The provider's code and words, where it failed. */
  error?: { code: number; message: string };
  /** What the provider itself did: an automatic opt-out answer, a webhook's answer that became a message. */
  origin?: 'api' | 'provider' | 'webhook-answer';
}

/** One customer's conversation with one bot or number. */
export interface Phone {
  customer: string;
  name: string;
  /** The bot id, phone_number_id or E.164 number at the other end. */
  line: string;
  blocked: boolean;
  messages: PhoneMessage[];
}

const DEFAULTS: Record<FileKind, { contentType: string; name: string }> = {
  image: { contentType: 'image/jpeg', name: 'photo.jpg' },
  video: { contentType: 'video/mp4', name: 'video.mp4' },
  voice: { contentType: 'audio/ogg', name: 'voice.ogg' },
  audio: { contentType: 'audio/mpeg', name: 'audio.mp3' },
  document: { contentType: 'application/pdf', name: 'document.pdf' },
  sticker: { contentType: 'image/webp', name: 'sticker.webp' },
};

/** The file of a customer's message, its content type guessed from the first bytes, then from the kind. */
export function pickedFile(message: CustomerMessage): Required<PhoneFile> | undefined {
  const kinds: [FileKind, PickedFile | undefined][] = [
    ['image', message.photo],
    ['video', message.video],
    ['voice', message.voice],
    ['audio', message.audio],
    ['document', message.document],
    ['sticker', message.sticker],
  ];
  for (const [kind, file] of kinds)
    if (file) {
      const contentType = file.contentType ?? sniff(file.bytes) ?? DEFAULTS[kind].contentType;
      return { kind, bytes: file.bytes, contentType, name: file.name ?? DEFAULTS[kind].name };
    }
  return undefined;
}

/** The content type that the first bytes tell, for the few kinds where it matters. */
export function sniff(bytes: Uint8Array): string | undefined {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (head.startsWith('\x89PNG')) return 'image/png';
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (head.startsWith('GIF8')) return 'image/gif';
  if (head.startsWith('RIFF') && head.slice(8) === 'WEBP') return 'image/webp';
  if (head.startsWith('OggS')) return 'audio/ogg';
  if (head.startsWith('%PDF')) return 'application/pdf';
  if (head.slice(4, 8) === 'ftyp') return 'video/mp4';
  if (head.startsWith('ID3')) return 'audio/mpeg';
  return undefined;
}

/** What a bubble is made of, from a customer's message. */
export function bubble(id: string, at: number, message: CustomerMessage): PhoneMessage {
  const file = pickedFile(message);
  return {
    id,
    direction: 'in',
    at,
    files: file ? [file] : [],
    status: 'sent',
    ...(message.text === undefined ? {} : { text: message.text }),
    ...(message.location ? { location: message.location } : {}),
    ...(message.contact ? { contact: message.contact } : {}),
    ...(message.replyTo ? { replyTo: message.replyTo } : {}),
  };
}

/** A file of which only the content type is known. */
export function fileOfType({ contentType, bytes }: { contentType: string; bytes: Uint8Array }): PhoneFile {
  const family = contentType.split('/')[0] ?? '';
  const kind = family === 'image' || family === 'video' || family === 'audio' ? family : 'document';
  return { kind, contentType, bytes };
}
