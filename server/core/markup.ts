import type { Block, RichText, Run } from './rich-text.ts';

/** How one target writes: a run with its style, and the frame of a whole block. */
interface Markup {
  /** `before` and `after`: the characters that touch the run in its block, if any. */
  run(run: Run, before: string, after: string): string;
  block(block: Block, text: string): string;
}

/** Without any markup; a link keeps its address: `label (url)`. */
export const toPlainText = (rich: RichText): string =>
  write(rich, { run: (run) => linked(run, run.text), block: (_block, text) => text });

/**
 * The HTML subset of https://core.telegram.org/bots/api#html-style: only `& < > "` are escaped, a quote or code block is
 * a tag, lists are plain lines.
 */
export const toTelegramHtml = (rich: RichText): string =>
  write(rich, {
    run: telegramRun,
    block: (block, text) => {
      if (block.kind === 'quote') return `<blockquote>${text}</blockquote>`;
      return block.kind === 'pre' ? `<pre>${text}</pre>` : text;
    },
  });

/**
 * WhatsApp's own marks (*bold* _italic_ ~strike~ ```code```): https://faq.whatsapp.com/539178204879377
 * They only work around a stretch without blank ends within one line, and there is no escape for a literal mark.
 */
export const toWhatsApp = (rich: RichText): string =>
  write(rich, {
    run: (run, before, after) =>
      linked(run, insideWord(run, before, after) ? run.text : wrapLines(run.text, whatsAppMarks(run))),
    block: (block, text) => {
      if (block.kind === 'quote') return text.replace(/^/gm, '> ');
      return block.kind === 'pre' ? `\`\`\`${text}\`\`\`` : text;
    },
  });

function write(rich: RichText, markup: Markup): string {
  let written = '';
  rich.blocks.forEach((block, index) => {
    const runs = block.kind === 'pre' ? block.runs.map((run) => ({ ...run, code: false })) : block.runs;
    const text = markup.block(
      block,
      runs
        .map((run, at) => markup.run(run, runs[at - 1]?.text.at(-1) ?? '', runs[at + 1]?.text[0] ?? ''))
        .join(''),
    );
    const indent = block.kind === 'item' ? `${'  '.repeat(block.depth ?? 0)}${block.marker} ` : '';
    written += `${index === 0 ? '' : block.apart ? '\n\n' : '\n'}${indent}${text}`;
  });
  return written;
}

/** `label (url)`, or only the one when the label says the same. */
function linked(run: Run, label: string): string {
  if (!run.href || saysItself(run)) return label;
  return `${label.trimEnd()} (${address(run.href)})${label.slice(label.trimEnd().length)}`;
}

const address = (href: string): string => href.replace(/^(mailto|tel):/i, '');

function saysItself(run: Run): boolean {
  const bare = (text: string) =>
    text
      .trim()
      .toLowerCase()
      .replace(/^(https?:\/\/|mailto:|tel:)/, '')
      .replace(/\/$/, '');
  return bare(run.text) === bare(run.href ?? '');
}

const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const TELEGRAM_TAGS = [
  ['bold', 'b'],
  ['italic', 'i'],
  ['underline', 'u'],
  ['strike', 's'],
] as const;

function telegramRun(run: Run): string {
  // Telegram links web addresses only; the others are spelled out.
  const web = run.href !== undefined && /^https?:/i.test(run.href);
  const text = escapeHtml(web ? run.text : linked(run, run.text));
  const tags = TELEGRAM_TAGS.filter(([style]) => run[style]).map(([, tag]) => tag);
  // Code takes no other style inside or around it.
  const styled = run.code
    ? `<code>${text}</code>`
    : tags.reduceRight((inner, tag) => `<${tag}>${inner}</${tag}>`, text);
  return web && !saysItself(run) ? `<a href="${escapeHtml(run.href ?? '')}">${styled}</a>` : styled;
}

/** A mark that touches a letter on its outer side is shown instead of obeyed. */
const insideWord = (run: Run, before: string, after: string): boolean =>
  /[\p{L}\p{N}]{2}/u.test(before + (run.text[0] ?? '')) ||
  /[\p{L}\p{N}]{2}/u.test((run.text.at(-1) ?? '') + after);

function whatsAppMarks(run: Run): string {
  if (run.code) return '```';
  return `${run.bold ? '*' : ''}${run.italic ? '_' : ''}${run.strike ? '~' : ''}`;
}

/** Puts the marks around what is not blank, line by line. */
function wrapLines(text: string, marks: string): string {
  if (marks === '') return text;
  const closing = marks === '```' ? marks : [...marks].reverse().join('');
  return text.replace(
    /^(\s*)(\S(?:.*\S)?)(\s*)$/gm,
    (_line, before, inner, after) => `${before}${marks}${inner}${closing}${after}`,
  );
}
