import { Parser } from 'htmlparser2';

/** A stretch of text that looks the same throughout. A line break is `\n`. */
export interface Run {
  text: string;
  bold?: boolean;
  italic?: boolean;
  underline?: boolean;
  strike?: boolean;
  code?: boolean;
  /** Where it leads, for the schemes in `LINKS`. */
  href?: string;
}
export interface Block {
  kind: 'text' | 'item' | 'quote' | 'pre';
  runs: Run[];
  /** For `item`: "•" or "2.", and how deep its list lies in others (0 = outermost). */
  marker?: string;
  depth?: number;
  /** An empty line stands before it (a paragraph with a margin). */
  apart: boolean;
}
/** What is left of an agent's HTML once it belongs to no platform: blocks of styled text, and the images apart. */
export interface RichText {
  blocks: Block[];
  /** `src` of each `<img>`, in order. They travel as files. */
  images: { src: string; alt?: string }[];
}

const LINKS = /^(https?|mailto|tel):/i;
const STYLES: Record<string, keyof Omit<Run, 'text' | 'href'>> = {
  b: 'bold',
  strong: 'bold',
  i: 'italic',
  em: 'italic',
  u: 'underline',
  ins: 'underline',
  s: 'strike',
  strike: 'strike',
  del: 'strike',
  code: 'code',
  h1: 'bold',
  h2: 'bold',
  h3: 'bold',
  h4: 'bold',
  th: 'bold',
};
const BLOCKS = new Set([
  'p',
  'div',
  'h1',
  'h2',
  'h3',
  'h4',
  'ul',
  'ol',
  'li',
  'blockquote',
  'pre',
  'tr',
  'table',
  'hr',
]);
const HIDDEN = new Set(['script', 'style', 'head', 'title', 'template']);

/** Reads the HTML of an agent's reply (Intercom `body`, HubSpot `richText`). Any text is valid HTML: it never throws. */
export function parseRichText(html: string): RichText {
  const reader = new Reader();
  const parser = new Parser(
    {
      onopentag: (name, attributes) => reader.open(name, attributes),
      ontext: (text) => reader.text(text),
      onclosetag: (name) => reader.close(name),
    },
    { decodeEntities: true, lowerCaseTags: true },
  );
  parser.write(html);
  parser.end();
  return reader.finish();
}

/** Holds what is open while the parser walks through the tags. */
class Reader {
  private blocks: Block[] = [];
  private images: RichText['images'] = [];
  private openTags: { name: string; attributes: Record<string, string> }[] = [];
  private counters: number[] = [];
  private block: Block | undefined;
  private apart = false;

  open(name: string, attributes: Record<string, string>): void {
    if (BLOCKS.has(name)) this.breakBlock(name, attributes);
    this.openTags.push({ name, attributes });
    if (name === 'ul' || name === 'ol') this.counters.push(Number(attributes.start ?? 1) - 1);
    if (name === 'li') this.startItem();
    if (name === 'br') this.append('\n');
    if (name === 'img' && attributes.src)
      this.images.push({ src: attributes.src, ...(attributes.alt && { alt: attributes.alt }) });
  }

  close(name: string): void {
    const at = this.openTags.findLastIndex((tag) => tag.name === name);
    if (at < 0) return;
    const { attributes } = this.openTags[at] ?? { attributes: {} };
    this.openTags.splice(at, 1);
    if (name === 'ul' || name === 'ol') this.counters.pop();
    if (name === 'td' || name === 'th') this.append(' ');
    if (name === 'p' && isBlank(this.block) && !this.has('li')) this.apart = this.blocks.length > 0;
    if (BLOCKS.has(name)) this.breakBlock(name, attributes);
    // An item without text would catch the text behind its list.
    if (name === 'li') this.block = undefined;
  }

  text(text: string): void {
    if (this.openTags.some((tag) => HIDDEN.has(tag.name))) return;
    const kept = this.has('pre') ? text : text.replace(/[ \t\r\n\f]+/g, ' ');
    this.append(kept.replaceAll('\u00a0', ' '));
  }

  finish(): RichText {
    this.breakBlock('div', {});
    return { blocks: this.blocks, images: this.images };
  }

  private append(text: string): void {
    const block = this.block ?? this.startBlock();
    const before = block.runs.at(-1)?.text ?? '';
    // A space at the start of a line or after another space is not seen in HTML.
    const seen =
      block.kind !== 'pre' && text !== '\n' && (before === '' || /\s$/.test(before))
        ? text.replace(/^ +/, '')
        : text;
    if (seen === '') return;
    const run: Run = { text: seen, ...this.style() };
    const last = block.runs.at(-1);
    if (last && sameStyle(last, run)) last.text += seen;
    else block.runs.push(run);
  }

  private style(): Omit<Run, 'text'> {
    const style: Omit<Run, 'text'> = {};
    for (const { name, attributes } of this.openTags) {
      const key = STYLES[name];
      if (key) style[key] = true;
      if (name === 'a' && attributes.href && LINKS.test(attributes.href)) style.href = attributes.href.trim();
    }
    return style;
  }

  private startBlock(): Block {
    const kind = this.has('pre') ? 'pre' : this.has('blockquote') ? 'quote' : 'text';
    this.block = { kind, runs: [], apart: this.apart };
    this.apart = false;
    return this.block;
  }

  private startItem(): void {
    const depth = Math.max(0, this.counters.length - 1);
    const ordered = this.openTags.findLast((tag) => tag.name === 'ul' || tag.name === 'ol')?.name === 'ol';
    const number = (this.counters[depth] ?? 0) + 1;
    if (depth in this.counters) this.counters[depth] = number;
    this.block = { kind: 'item', runs: [], marker: ordered ? `${number}.` : '•', depth, apart: this.apart };
    this.apart = false;
  }

  /** Ends the open block at a block tag's start or end. A paragraph with a margin keeps what follows apart. */
  private breakBlock(name: string, attributes: Record<string, string>): void {
    // `<li><p>text</p></li>`: the paragraph is the item's own.
    const started = this.block && this.block.runs.length > 0;
    if (this.block && (started || this.block.kind !== 'item')) {
      this.block.runs = trimRuns(this.block.runs);
      if (this.block.runs.length > 0) this.blocks.push(this.block);
      this.block = undefined;
    }
    if (hasMargin(name, attributes) && !this.has('li')) this.apart = this.blocks.length > 0;
  }

  private has(name: string): boolean {
    return this.openTags.some((tag) => tag.name === name);
  }
}

/** `<p></p>` and `<p><br></p>` are how editors write an empty line. */
const isBlank = (block: Block | undefined): boolean => !block?.runs.some((run) => run.text.trim() !== '');

/** Intercom marks lines that follow each other closely with `no-margin`, HubSpot with `margin:0`. */
function hasMargin(name: string, attributes: Record<string, string>): boolean {
  if (!['p', 'h1', 'h2', 'h3', 'h4', 'ul', 'ol', 'blockquote', 'pre', 'table'].includes(name)) return false;
  return (
    !/\bno-margin\b/.test(attributes.class ?? '') && !/margin(-bottom)?:\s*0/.test(attributes.style ?? '')
  );
}

function sameStyle(one: Run, other: Run): boolean {
  const { text: _one, ...left } = one;
  const { text: _other, ...right } = other;
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]) as Set<keyof typeof left>;
  return [...keys].every((key) => left[key] === right[key]);
}

/** No blank space at either end of a block. */
function trimRuns(runs: Run[]): Run[] {
  const kept = runs.map((run) => ({ ...run }));
  for (let first = kept[0]; first; first = kept[0]) {
    first.text = first.text.trimStart();
    if (first.text !== '') break;
    kept.shift();
  }
  for (let last = kept.at(-1); last; last = kept.at(-1)) {
    last.text = last.text.trimEnd();
    if (last.text !== '') break;
    kept.pop();
  }
  return kept;
}
