/** What an agent wrote, as parts of ours: text with its HTML, inline images and attachments as files. */
import { toPlainText } from '../../core/markup.ts';
import type { FileKind, Part, RemoteFile } from '../../core/message.ts';
import { parseRichText } from '../../core/rich-text.ts';
import type { ConversationPart } from './conversation.ts';

/** Where a file is found again when its URL has died (30 minutes): the nth file of this part. */
export interface FileRef {
  conversation: string;
  /** As in the event's id: a part's id or `source:<id>`. */
  part: string;
  index: number;
  url: string;
}

export function partsOf(part: ConversationPart, at: { conversation: string; part: string }): Part[] {
  const { text, html } = written(part.body);
  const files = filesOf(part).map(({ url, ...file }, index) => ({
    kind: 'file' as const,
    file: { ...file, ref: JSON.stringify({ ...at, index, url } satisfies FileRef) },
  }));
  return text.trim() === ''
    ? files
    : [{ kind: 'text', text, ...(html === undefined ? {} : { html }) }, ...files];
}

/** Inline images first, as they stand in the text; then the attachments. */
export function filesOf(part: ConversationPart): (Omit<RemoteFile, 'ref'> & { url: string })[] {
  const inline = looksLikeHtml(part.body) ? parseRichText(part.body).images : [];
  const images = inline.map(({ src }) => ({ kind: 'image' as const, url: src, ...named(src) }));
  const attached = part.attachments.map(({ url, name, contentType, size }) => ({
    kind: kindOf(contentType),
    url,
    ...(name ? { name } : named(url)),
    ...(contentType ? { contentType } : {}),
    ...(size === undefined ? {} : { size }),
  }));
  return [...images, ...attached];
}

/** Plain text of a body that is HTML (API, versions before 2.15) or plain text already (webhooks since). */
export const plainBody = (body: string): string => written(body).text;

function written(body: string): { text: string; html?: string } {
  if (!looksLikeHtml(body)) return { text: body };
  return { text: toPlainText(parseRichText(body)), html: body };
}

/** The tags that Intercom's composer makes. What an agent typed about `<T>` in plain text is not HTML. */
const looksLikeHtml = (body: string): boolean =>
  /<(p|div|br|a|img|b|strong|i|em|u|ul|ol|li|h[1-6]|pre|code|blockquote|table)\b[^>]*>/i.test(body);

function kindOf(contentType = ''): FileKind {
  if (/^image\/(?!svg)/i.test(contentType)) return 'image';
  if (/^video\//i.test(contentType)) return 'video';
  return /^audio\//i.test(contentType) ? 'audio' : 'document';
}

function named(url: string): { name?: string } {
  const last = URL.canParse(url) ? new URL(url).pathname.split('/').pop() : undefined;
  if (!last) return {};
  try {
    return { name: decodeURIComponent(last) };
  } catch {
    return { name: last };
  }
}
