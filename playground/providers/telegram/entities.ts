/**
 * Formatted text as Telegram reads it: HTML, MarkdownV2 or explicit entities become plain text with entities whose
 * offsets count UTF-16 units. Refuses what Telegram refuses ("can't parse entities: …").
 * Rules: https://core.telegram.org/bots/api#formatting-options
 */
import type { Arguments } from './arguments.ts';
import { badRequest, type Refusal } from './state.ts';

interface Entity {
  type: string;
  offset: number;
  length: number;
  url?: string;
  language?: string;
}
export interface FormattedText {
  text: string;
  entities: Entity[];
}

const TAGS: Record<string, string> = {
  b: 'bold',
  strong: 'bold',
  i: 'italic',
  em: 'italic',
  u: 'underline',
  ins: 'underline',
  s: 'strikethrough',
  strike: 'strikethrough',
  del: 'strikethrough',
  'tg-spoiler': 'spoiler',
  span: 'spoiler',
  code: 'code',
  pre: 'pre',
  a: 'text_link',
  blockquote: 'blockquote',
  'tg-emoji': 'custom_emoji',
  'tg-time': 'date_time',
};

const unparsable = (why: string): Refusal => badRequest(`can't parse entities: ${why}`);

/** `textName` is `text` or `caption`. Trims as Telegram does; empty when nothing is left. */
export function formatted(args: Arguments, textName: 'text' | 'caption'): FormattedText {
  const text = args.text(textName);
  const mode = args.text('parse_mode').toLowerCase();
  if (Buffer.byteLength(text) > 1 << 15) throw badRequest('text is too long');
  if (mode === 'html') return trimmed(parseHtml(text));
  if (mode === 'markdownv2' || mode === 'markdown') return trimmed(parseMarkdown(text));
  if (mode !== '' && mode !== 'none') throw badRequest('unsupported parse_mode');
  const name = textName === 'text' ? 'entities' : 'caption_entities';
  return trimmed({ text, entities: explicitEntities(args.json(name), text) });
}

function explicitEntities(value: unknown, text: string): Entity[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw badRequest("can't parse entities JSON object");
  return value.map((one: unknown) => {
    const entity = one as Entity;
    if (typeof one !== 'object' || one === null || typeof entity.type !== 'string')
      throw badRequest('can\'t parse MessageEntity: field "type" must be of type String');
    if (!Number.isInteger(entity.offset) || !Number.isInteger(entity.length))
      throw badRequest('can\'t parse MessageEntity: can\'t find field "offset"');
    if (entity.offset < 0 || entity.offset + entity.length > text.length)
      throw badRequest(
        `entity beginning at UTF-16 offset ${entity.offset} ends after the end of the text at UTF-16 offset ${entity.offset + entity.length}`,
      );
    return entity;
  });
}

/** Leading and trailing white space goes; entities move with the text. */
function trimmed({ text, entities }: FormattedText): FormattedText {
  const start = text.length - text.trimStart().length;
  const kept = text.trim();
  const moved = entities.flatMap((entity) => {
    const from = Math.max(entity.offset - start, 0);
    const to = Math.min(entity.offset - start + entity.length, kept.length);
    return to > from ? [{ ...entity, offset: from, length: to - from }] : [];
  });
  return { text: kept, entities: moved.sort((a, b) => a.offset - b.offset || b.length - a.length) };
}

interface OpenTag {
  name: string;
  attributes: Record<string, string>;
  offset: number;
}

function parseHtml(source: string): FormattedText {
  let text = '';
  const entities: Entity[] = [];
  const open: OpenTag[] = [];
  const bytes = (at: number): number => Buffer.byteLength(source.slice(0, at));
  for (let at = 0; at < source.length; ) {
    if (source[at] !== '<') {
      const end = source.indexOf('<', at);
      text += decoded(source.slice(at, end < 0 ? source.length : end));
      at = end < 0 ? source.length : end;
      continue;
    }
    const end = source.indexOf('>', at);
    const inside = end < 0 ? source.slice(at + 1) : source.slice(at + 1, end);
    if (inside.startsWith('/')) {
      const tag = closed(open, inside.slice(1).trim().toLowerCase(), bytes(at));
      if (text.length > tag.offset) entities.push(entityOf(tag, text.length));
    } else open.push(opened(inside, end >= 0, bytes(at), text.length));
    at = end + 1;
  }
  const left = open.at(-1);
  if (left) throw unparsable(`Can't find end tag corresponding to start tag "${left.name}"`);
  return { text, entities };
}

function opened(inside: string, complete: boolean, byteOffset: number, offset: number): OpenTag {
  const name = (/^[^\s>]*/.exec(inside)?.[0] ?? '').toLowerCase();
  if (!TAGS[name]) throw unparsable(`Unsupported start tag "${name}" at byte offset ${byteOffset}`);
  if (!complete) throw unparsable(`Unclosed start tag at byte offset ${byteOffset}`);
  const attributes: Record<string, string> = {};
  for (const [, key, , double, single, bare] of inside
    .slice(name.length)
    .matchAll(/([\w-]+)(\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g))
    attributes[(key ?? '').toLowerCase()] = decoded(double ?? single ?? bare ?? '');
  if (name === 'span' && attributes.class !== 'tg-spoiler')
    throw unparsable(`Tag "span" must have class "tg-spoiler" at byte offset ${byteOffset}`);
  return { name, attributes, offset };
}

function closed(open: OpenTag[], name: string, byteOffset: number): OpenTag {
  const tag = open.pop();
  if (!tag) throw unparsable(`Unexpected end tag at byte offset ${byteOffset}`);
  if (name !== '' && name !== tag.name)
    throw unparsable(
      `Unmatched end tag at byte offset ${byteOffset}, expected "</${tag.name}>", found "</${name}>"`,
    );
  return tag;
}

function entityOf(tag: OpenTag, end: number): Entity {
  const base = { type: TAGS[tag.name] ?? '', offset: tag.offset, length: end - tag.offset };
  if (tag.name === 'a') return { ...base, url: tag.attributes.href ?? '' };
  return base;
}

/** The only named ones that Telegram knows; everything else stays as written. */
function decoded(text: string): string {
  const named: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"' };
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(lt|gt|amp|quot));/gi, (_all, decimal, hex, name) => {
    if (name) return named[String(name).toLowerCase()] ?? '';
    return String.fromCodePoint(Number.parseInt(decimal ?? hex, decimal ? 10 : 16));
  });
}

const MARKS: [string, string][] = [
  ['```', 'pre'],
  ['||', 'spoiler'],
  ['__', 'underline'],
  ['*', 'bold'],
  ['_', 'italic'],
  ['~', 'strikethrough'],
  ['`', 'code'],
];

/** MarkdownV2: marks open and close in pairs, `[text](url)`, and every other reserved character must be escaped. */
function parseMarkdown(source: string): FormattedText {
  let text = '';
  const entities: Entity[] = [];
  const open: { mark: string; type: string; offset: number }[] = [];
  for (let at = 0; at < source.length; ) {
    const rest = source.slice(at);
    const top = open.at(-1);
    const verbatim = top?.type === 'code' || top?.type === 'pre';
    if (rest[0] === '\\' && rest.length > 1) {
      text += rest[1];
      at += 2;
      continue;
    }
    const link = verbatim ? null : /^\[((?:\\.|[^\]\\])*)\]\(((?:\\.|[^)\\])*)\)/.exec(rest);
    if (link) {
      const label = (link[1] ?? '').replace(/\\(.)/g, '$1');
      entities.push({ type: 'text_link', offset: text.length, length: label.length, url: link[2] ?? '' });
      text += label;
      at += link[0].length;
      continue;
    }
    const mark = MARKS.find(([sign]) => rest.startsWith(sign) && (!verbatim || sign === top?.mark));
    if (mark) {
      if (top?.mark === mark[0]) {
        entities.push({ type: top.type, offset: top.offset, length: text.length - top.offset });
        open.pop();
      } else open.push({ mark: mark[0], type: mark[1], offset: text.length });
      at += mark[0].length;
      continue;
    }
    if (
      !verbatim &&
      '[]()>#+-=|{}.!'.includes(rest[0] ?? '') &&
      !(rest[0] === '>' && atLineStart(source, at))
    )
      throw unparsable(`Character '${rest[0]}' is reserved and must be escaped with the preceding '\\'`);
    text += rest[0];
    at += 1;
  }
  const left = open.at(-1);
  if (left)
    throw unparsable(`Can't find end of the entity starting at byte offset ${Buffer.byteLength(source) - 1}`);
  return { text, entities: entities.filter((entity) => entity.length > 0) };
}

const atLineStart = (source: string, at: number): boolean => at === 0 || source[at - 1] === '\n';
