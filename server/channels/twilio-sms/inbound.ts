import type { Connection } from '../../core/adapter.ts';
import { extension } from '../../core/file-names.ts';
import type { Customer, FileKind, FilePart, MessageEvent, Part } from '../../core/message.ts';
import { isE164 } from '../../core/phone.ts';

/** A file as a webhook or the message list names it. */
export interface TwilioMedia {
  url: string;
  contentType: string;
}

/** What webhook and message list have in common, as one event: so that they deduplicate each other by `MessageSid`. */
export function messageEvent(
  connection: Connection,
  message: { sid: string; from: string; parts: Part[]; at: number; replyTo?: string },
): MessageEvent {
  const { sid, from, parts, at, replyTo } = message;
  return {
    kind: 'message',
    connection: { workspaceId: connection.workspaceId, id: connection.id },
    id: sid,
    thread: from,
    author: { kind: 'customer', customer: customerOf(from, connection) },
    parts: parts.length > 0 ? parts : [{ kind: 'other', summary: 'an empty message' }],
    at,
    ...(replyTo && { replyTo }),
  };
}

/** A short code or a name (`ACME`) may write too; it means something on this channel only, and takes no answer. */
function customerOf(from: string, connection: Connection): Customer {
  if (isE164(from)) return { identities: [{ kind: 'phone', scope: '', value: from }], address: from };
  return { identities: [{ kind: 'opaque', scope: connection.externalId, value: from }], address: from };
}

/** SMS and MMS have a text and files; the text comes first. */
export function contentParts(body: string, files: TwilioMedia[]): Part[] {
  const text: Part[] = body.trim() === '' ? [] : [{ kind: 'text', text: body }];
  return [...text, ...files.map(filePart)];
}

/** Twilio names no file: kind and number do. A contact card comes as a file of type text/vcard. */
function filePart({ url, contentType }: TwilioMedia, index: number): FilePart {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  const kind = kindOf(type);
  const stem = /vcard$/.test(type) ? 'contact' : kind;
  const name = `${stem}-${index + 1}.${extension(type)}`;
  return { kind: 'file', file: { kind, ref: url, name, contentType: type || 'application/octet-stream' } };
}

function kindOf(type: string): FileKind {
  const family = type.split('/', 1)[0];
  return family === 'image' || family === 'video' || family === 'audio' ? family : 'document';
}
