import type { TextUnit } from './capabilities.ts';

/** The length of a text in a channel's own unit. */
export function measure(text: string, unit: TextUnit): number {
  if (unit === 'utf16') return text.length;
  let total = 0;
  for (const character of text) total += unit === 'characters' ? 1 : utf8Length(character);
  return total;
}

function utf8Length(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x10000 ? 3 : 4;
}

/**
 * Cuts a text into pieces of at most `max` units that join back to exactly the text. Cuts after a paragraph, else after
 * a sentence, else after a word, else between two graphemes; a surrogate pair or grapheme is cut only when it alone is
 * longer than `max` (and a code point never: with less than 4 bytes or 2 UTF-16 units of room it goes whole).
 */
export function split(text: string, max: number, unit: TextUnit): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest !== '' && measure(rest, unit) > max) {
    const end = cut(rest, max, unit);
    pieces.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  if (rest !== '' || pieces.length === 0) pieces.push(rest);
  return pieces;
}

// The locale changes nothing for graphemes, and sentence and word rules of most scripts are the root locale's anyway.
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
const sentences = new Intl.Segmenter('en', { granularity: 'sentence' });
const words = new Intl.Segmenter('en', { granularity: 'word' });

/** Where to cut `text`, which is longer than `max`: an index in UTF-16 units. */
function cut(text: string, max: number, unit: TextUnit): number {
  const head = window(text, max);
  const allowed = graphemeEnds(head, max, unit);
  const last = allowed.at(-1);
  if (last === undefined) return Math.min(cutGrapheme(head, max, unit), text.length);
  const fits = new Set(allowed);
  const latest = (ends: Iterable<number>): number => {
    let best = 0;
    for (const end of ends) if (end <= last && fits.has(end)) best = Math.max(best, end);
    return best;
  };
  // A boundary in the first quarter would make a stub of a message out of a greeting: then the finer one is nicer.
  const enough = last / 4;
  for (const ends of [matchEnds(head, /\n\s*\n/g), matchEnds(head, /\n+/g), segmentEnds(head, sentences)]) {
    const best = latest(ends);
    if (best > enough) return best;
  }
  return latest(matchEnds(head, /\s+/g)) || latest(segmentEnds(head, words)) || last;
}

/** Enough of the text to hold `max` units and the whole code point behind them, so that segments end where they end. */
function window(text: string, max: number): string {
  const end = 2 * max + 2;
  const insidePair = /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(end - 1, end + 1));
  return text.slice(0, insidePair ? end + 1 : end);
}

/** Every end of a grapheme at which the text before it still fits. */
function graphemeEnds(head: string, max: number, unit: TextUnit): number[] {
  const ends: number[] = [];
  let used = 0;
  for (const { segment, index } of graphemes.segment(head)) {
    used += measure(segment, unit);
    if (used > max) break;
    ends.push(index + segment.length);
  }
  return ends;
}

/** The first grapheme is longer than the limit: as many of its code points as fit, but one at least. */
function cutGrapheme(head: string, max: number, unit: TextUnit): number {
  let end = 0;
  let used = 0;
  for (const character of head) {
    used += measure(character, unit);
    if (used > max && end > 0) break;
    end += character.length;
    if (used > max) break;
  }
  return end;
}

function* matchEnds(text: string, pattern: RegExp): Iterable<number> {
  for (const match of text.matchAll(pattern)) yield match.index + match[0].length;
}

function* segmentEnds(text: string, segmenter: Intl.Segmenter): Iterable<number> {
  for (const { segment, index } of segmenter.segment(text)) yield index + segment.length;
}
