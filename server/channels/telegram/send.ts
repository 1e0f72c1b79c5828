import type { Delivery, Io, MessageDelivery } from '../../core/adapter.ts';
import { describe } from '../../core/describe.ts';
import { toTelegramHtml } from '../../core/markup.ts';
import type {
  ContactPart,
  FileKind,
  FilePart,
  LocationPart,
  Part,
  StoredFile,
  TextPart,
} from '../../core/message.ts';
import { type Outcome, refused, sent, unknown } from '../../core/outcome.ts';
import { parseRichText } from '../../core/rich-text.ts';
import { type Answer, call, fieldsOf, outcomeOf, type TelegramConnection } from './api.ts';
import { messageId } from './receive.ts';

interface Attempt {
  method: string;
  body: Record<string, unknown> | FormData;
}
/** A second way to say the same, for a refusal that says the first was not understood (so nothing was sent). */
interface Plan {
  first: Attempt;
  instead?: { when: RegExp; attempt: () => Promise<Attempt> | Attempt };
}

/** One call, and at most one more where Telegram certainly took nothing. */
export async function send(
  delivery: Delivery,
  connection: TelegramConnection,
  io: Io,
  apiUrl: string,
): Promise<Outcome> {
  if (delivery.kind === 'status') return refused('status', 'Telegram shows no delivery status.');
  const [part] = delivery.parts;
  if (!part) return refused('empty', 'There was nothing to send: the message is empty. Write it again.');
  const api = { apiUrl, token: connection.credentials.bot_token };
  const { first, instead } = await plan(part, target(delivery));
  let answer = await call(api, first.method, first.body, io);
  if (instead && !answer.ok && answer.code === 400 && instead.when.test(answer.text)) {
    const { method, body } = await instead.attempt();
    answer = await call(api, method, body, io);
  }
  return outcome(answer, delivery);
}

function outcome(answer: Answer, delivery: MessageDelivery): Outcome {
  if (!answer.ok) return outcomeOf(answer);
  const { message_id } = fieldsOf(answer.result);
  if (typeof message_id !== 'number') return unknown('Telegram accepted the message but did not name it.');
  return sent(messageId(delivery.conversation.thread, message_id));
}

/** Where it goes, and what it answers (if that message still exists). */
function target({ conversation, replyTo }: MessageDelivery): Record<string, unknown> {
  const chat_id = Number(conversation.thread);
  // Our message ids are `<chat>:<message>`.
  const message_id = Number(replyTo?.split(':').at(-1));
  if (!Number.isSafeInteger(message_id) || message_id < 1) return { chat_id };
  return { chat_id, reply_parameters: { message_id, allow_sending_without_reply: true } };
}

async function plan(part: Part<StoredFile>, to: Record<string, unknown>): Promise<Plan> {
  if (part.kind === 'text') return planText(part, to);
  if (part.kind === 'file') return planFile(part, to);
  if (part.kind === 'location') return { first: place(part, to) };
  if (part.kind === 'contact' && part.phones.length > 0) return { first: contact(part, to) };
  return planText({ kind: 'text', text: describe(part) }, to);
}

function planText(part: TextPart, to: Record<string, unknown>): Plan {
  const plain: Attempt = { method: 'sendMessage', body: { ...to, text: part.text } };
  const html = part.html === undefined ? '' : toTelegramHtml(parseRichText(part.html));
  if (html === '') return { first: plain };
  return {
    first: { method: 'sendMessage', body: { ...to, text: html, parse_mode: 'HTML' } },
    instead: { when: /can't parse entities|is too long|text is empty/i, attempt: () => plain },
  };
}

const place = ({ latitude, longitude, name, address }: LocationPart, to: Record<string, unknown>): Attempt =>
  name
    ? { method: 'sendVenue', body: { ...to, latitude, longitude, title: name, address: address || name } }
    : { method: 'sendLocation', body: { ...to, latitude, longitude } };

const contact = ({ name, phones }: ContactPart, to: Record<string, unknown>): Attempt => ({
  method: 'sendContact',
  body: { ...to, phone_number: phones[0], first_name: name || phones[0] },
});

async function planFile(part: FilePart<StoredFile>, to: Record<string, unknown>): Promise<Plan> {
  const { method, field } = methodFor(part.file);
  const first = { method, body: await upload(part, to, field) };
  if (method === 'sendDocument') return { first };
  // A picture of odd proportions, a video that is none: as a plain file it still arrives.
  return {
    first,
    instead: {
      when: /photo_|too big for a photo|image_process_failed|_invalid_dimensions|wrong file type|can't use file of type|failed to (send|process)/i,
      attempt: async () => ({ method: 'sendDocument', body: await upload(part, to, 'document') }),
    },
  };
}

/**
 * The method whose rules the file meets; everything else goes as a document, which takes any type.
 * https://core.telegram.org/bots/api#sending-files
 */
function methodFor({ kind, contentType, size }: StoredFile): { method: string; field: string } {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const method = METHODS.find((row) => row.kind === kind && row.types.includes(type) && size <= row.max);
  return method ?? { method: 'sendDocument', field: 'document' };
}

const MB = 1_000_000;
const MUSIC = ['audio/mpeg', 'audio/mp3', 'audio/mp4', 'audio/m4a', 'audio/x-m4a'];
const METHODS: { kind: FileKind; method: string; field: string; types: string[]; max: number }[] = [
  {
    kind: 'image',
    method: 'sendPhoto',
    field: 'photo',
    types: ['image/jpeg', 'image/png', 'image/webp'],
    max: 10 * MB,
  },
  { kind: 'image', method: 'sendAnimation', field: 'animation', types: ['image/gif'], max: 50 * MB },
  { kind: 'video', method: 'sendVideo', field: 'video', types: ['video/mp4'], max: 50 * MB },
  { kind: 'audio', method: 'sendAudio', field: 'audio', types: MUSIC, max: 50 * MB },
  { kind: 'audio', method: 'sendVoice', field: 'voice', types: ['audio/ogg'], max: 50 * MB },
  { kind: 'voice', method: 'sendVoice', field: 'voice', types: ['audio/ogg', ...MUSIC], max: 50 * MB },
  { kind: 'sticker', method: 'sendSticker', field: 'sticker', types: ['image/webp'], max: 512_000 },
];

async function upload(
  part: FilePart<StoredFile>,
  to: Record<string, unknown>,
  field: string,
): Promise<FormData> {
  const form = new FormData();
  const { reply_parameters, ...plain } = to;
  for (const [name, value] of Object.entries(plain)) form.set(name, String(value));
  if (reply_parameters) form.set('reply_parameters', JSON.stringify(reply_parameters));
  // A sticker has no caption.
  if (part.caption && field !== 'sticker') form.set('caption', part.caption);
  const bytes = await part.file.bytes();
  form.set(field, new Blob([new Uint8Array(bytes)], { type: part.file.contentType }), part.file.name);
  return form;
}
