/** What the Telegram emulator remembers, and how it says no. */
import type { FileKind } from '../../../server/core/message.ts';
import type { PhoneMessage } from '../phone.ts';
import { samplePng } from '../samples.ts';

/** A refusal in Telegram's words: `error_code`, `description`, `parameters`. */
export class Refusal extends Error {
  readonly code: number;
  readonly parameters: Record<string, number> | undefined;
  constructor(code: number, description: string, parameters?: Record<string, number>) {
    super(description);
    this.code = code;
    this.parameters = parameters;
  }
}
export const badRequest = (why: string): Refusal => new Refusal(400, `Bad Request: ${why}`);

export interface TelegramUser {
  id: number;
  first_name: string;
  last_name?: string;
  username?: string;
  language_code?: string;
}

export interface TelegramFile {
  fileId: string;
  uniqueId: string;
  path: string;
  name: string;
  kind: FileKind;
  contentType: string;
  bytes: Uint8Array;
}

/** A message as the wire shows it. */
export type Wire = Record<string, unknown> & { message_id: number };

export interface Chat {
  user: TelegramUser;
  blocked: boolean;
  /** The account was deleted. */
  deactivated: boolean;
  bubbles: PhoneMessage[];
  wires: Map<number, Wire>;
}

export interface Webhook {
  url: string;
  secret: string;
  maxConnections: number;
  /** Undefined: all but chat_member and the reactions. */
  allowed?: string[];
}

export interface PendingUpdate {
  /** Updates of one chat are pushed one after another. */
  chat: number;
  body: Record<string, unknown> & { update_id: number };
}

export interface Bot {
  token: string;
  id: number;
  username: string;
  name: string;
  revoked: boolean;
  webhook?: Webhook;
  lastError?: { date: number; message: string };
  pending: PendingUpdate[];
  /** Chats with an update under way. */
  busy: Set<number>;
  nextMessage: number;
  nextUpdate: number;
  /** Only people who have written to the bot (or pressed Start). */
  chats: Map<number, Chat>;
  files: Map<string, TelegramFile>;
  callbacks: Set<string>;
}

export const botUser = (bot: Bot): Record<string, unknown> => ({
  id: bot.id,
  is_bot: true,
  first_name: bot.name,
  username: bot.username,
});

export const privateChat = ({ user }: Chat): Record<string, unknown> => ({
  id: user.id,
  first_name: user.first_name,
  ...(user.last_name ? { last_name: user.last_name } : {}),
  ...(user.username ? { username: user.username } : {}),
  type: 'private',
});

/** Updates that are sent only when asked for by name (setWebhook's `allowed_updates`). */
const ON_REQUEST = ['chat_member', 'message_reaction', 'message_reaction_count'];

export function isAllowed(webhook: Webhook | undefined, type: string): boolean {
  return webhook?.allowed ? webhook.allowed.includes(type) : !ON_REQUEST.includes(type);
}

/** Telegram names stored files by itself. */
export function storeFile(bot: Bot, file: Omit<TelegramFile, 'fileId' | 'uniqueId' | 'path'>): TelegramFile {
  const number = bot.files.size;
  const folders: Record<FileKind, string> = {
    image: 'photos',
    video: 'videos',
    voice: 'voice',
    audio: 'music',
    document: 'documents',
    sticker: 'stickers',
  };
  const extension = /\.(\w+)$/.exec(file.name)?.[1] ?? file.contentType.split('/')[1] ?? 'bin';
  const stored: TelegramFile = {
    ...file,
    fileId: `AgAC${bot.id}-${String(number).padStart(6, '0')}${'x'.repeat(24)}`,
    uniqueId: `AQAD${bot.id}${number}`,
    path: `${folders[file.kind]}/file_${number}.${file.kind === 'voice' ? 'oga' : extension}`,
  };
  bot.files.set(stored.fileId, stored);
  if (file.kind === 'image') storeThumbnail(bot, stored);
  return stored;
}

/** A photo's smallest size: a picture of its own, so that whoever takes the wrong size is seen. */
function storeThumbnail(bot: Bot, { fileId, uniqueId, path, ...photo }: TelegramFile): void {
  const bytes = samplePng(90, 60);
  const thumbnail = {
    fileId: `${fileId}s`,
    uniqueId: `${uniqueId}s`,
    path: path.replace('/file_', '/thumb_'),
  };
  bot.files.set(thumbnail.fileId, { ...photo, ...thumbnail, bytes });
}
