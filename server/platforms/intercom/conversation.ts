/**
 * A conversation as webhooks and the API show it, and which of its parts are messages from an agent to the customer.
 * https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations/conversation_part
 */
import { type Json, milliseconds, record, records, text } from './json.ts';

export interface ConversationPart {
  id: string;
  /** `comment`, `note`, `assignment`…; `source` for the message that began the conversation. */
  type: string;
  /** HTML from the API; plain text in webhooks of 2.15 and later. */
  body: string;
  /** Milliseconds, whole seconds. */
  createdAt: number;
  author: { type: string; id?: string; name?: string; ai: boolean };
  attachments: Attachment[];
  redacted: boolean;
  appPackageCode?: string;
}
interface Attachment {
  url: string;
  name?: string;
  contentType?: string;
  size?: number;
}
export interface Conversation {
  id: string;
  updatedAt: number;
  source?: ConversationPart;
  /** In a webhook only those that triggered it; from the API the newest 500. */
  parts: ConversationPart[];
  totalParts: number;
}

export function readConversation(value: unknown): Conversation | undefined {
  const json = record(value);
  const id = text(json?.id);
  if (!json || !id) return undefined;
  const list = record(json.conversation_parts);
  const parts = records(list?.conversation_parts).map((part) => readPart(part));
  const source = record(json.source);
  const first = source && readPart({ ...source, created_at: json.created_at, part_type: 'source' });
  return {
    id,
    updatedAt: milliseconds(json.updated_at),
    ...(first ? { source: first } : {}),
    parts: parts.filter((part) => part !== undefined),
    totalParts: typeof list?.total_count === 'number' ? list.total_count : parts.length,
  };
}

function readPart(json: Json): ConversationPart | undefined {
  const id = text(json.id);
  if (!id) return undefined;
  const author = record(json.author) ?? {};
  const appPackageCode = text(json.app_package_code);
  return {
    id,
    type: text(json.part_type) ?? '',
    body: text(json.body) ?? '',
    createdAt: milliseconds(json.created_at),
    author: {
      type: text(author.type) ?? '',
      ...(text(author.id) ? { id: text(author.id) } : {}),
      ...(text(author.name) ? { name: text(author.name) } : {}),
      ai: author.from_ai_agent === true || author.is_ai_answer === true,
    },
    attachments: records(json.attachments)
      .map(readAttachment)
      .filter((one) => one !== undefined),
    redacted: json.redacted === true,
    ...(appPackageCode ? { appPackageCode } : {}),
  };
}

function readAttachment(json: Json): Attachment | undefined {
  const url = text(json.url);
  if (!url) return undefined;
  return {
    url,
    ...(text(json.name) ? { name: text(json.name) } : {}),
    ...(text(json.content_type) ? { contentType: text(json.content_type) } : {}),
    ...(typeof json.filesize === 'number' ? { size: json.filesize } : {}),
  };
}

/** What stays inside the team, whoever wrote it and whatever it says. */
const INTERNAL = /^note|side_conversation|^conversation_summary|merged_/;

/**
 * An agent's message to the customer hides in many part types: `comment`, but also `assignment` (the first answer in an
 * unassigned conversation), `close` ("send and close"), `open`, `quick_reply`… So: a teammate wrote something, and it
 * is no note. Bots, Fin and our own writes are not agents.
 */
export const isAgentMessage = (part: ConversationPart, ownCode: string | undefined): boolean =>
  part.author.type === 'admin' &&
  !part.author.ai &&
  !part.redacted &&
  !INTERNAL.test(part.type) &&
  (part.body.trim() !== '' || part.attachments.length > 0) &&
  !(ownCode !== undefined && part.appPackageCode === ownCode);

/** Contacts appear as `user` or `lead`, in some places as `contact`. */
export const isFromContact = (part: ConversationPart): boolean =>
  ['user', 'lead', 'contact'].includes(part.author.type);

/** The id under which a part is an event: sources and parts share one number series only by observation. */
export const eventId = (part: ConversationPart): string =>
  part.type === 'source' ? `source:${part.id}` : part.id;
