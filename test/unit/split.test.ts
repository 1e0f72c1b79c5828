import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { measure, split } from '../../server/core/split.ts';

const units = fc.constantFrom('characters' as const, 'utf16' as const, 'bytes' as const);
/** Words, sentences, paragraphs, emoji of several code points, combining marks, scripts without blanks, lone halves. */
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ' ',
        '\n',
        '\n\n',
        '. ',
        '! ',
        '👍🏽',
        '👨‍👩‍👧‍👦',
        '🇩🇪',
        'é',
        'が',
        'สวัสดีครับ',
        '你好世界',
        '\r\n',
        '\ud83d',
        ' \u0301',
        '. \u0301',
        '\u200d',
      ),
      fc.string({ unit: 'grapheme', maxLength: 12 }),
      fc.lorem({ maxCount: 3 }),
    ),
    { maxLength: 60 },
  )
  .map((pieces) => pieces.join(''));

const graphemes = (text: string) =>
  [...new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)].map(({ segment }) => segment);

describe('splitting a text', () => {
  it('never exceeds the limit in the channel’s unit, and joins back to the text', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 4, max: 60 }), units, (text, max, unit) => {
        const pieces = split(text, max, unit);
        expect(pieces.join('')).toBe(text);
        for (const piece of pieces) expect(measure(piece, unit)).toBeLessThanOrEqual(max);
        if (text !== '') expect(pieces).not.toContain('');
      }),
      { numRuns: 500 },
    );
  });

  it('never cuts a grapheme that fits, nor a surrogate pair', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 4, max: 60 }), units, (text, max, unit) => {
        const ends = new Set([0]);
        let at = 0;
        for (const grapheme of graphemes(text)) {
          at += grapheme.length;
          ends.add(at);
        }
        const tooLong = graphemes(text).some((grapheme) => measure(grapheme, unit) > max);
        let end = 0;
        for (const piece of split(text, max, unit)) {
          end += piece.length;
          if (!tooLong) expect(ends.has(end)).toBe(true);
          expect(/[\ud800-\udbff]$/.test(piece) && /^[\udc00-\udfff]/.test(text.slice(end))).toBe(false);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('leaves a text within the limit alone, also an empty one', () => {
    expect(split('hello', 5, 'utf16')).toEqual(['hello']);
    expect(split('', 5, 'utf16')).toEqual(['']);
  });

  it.each([
    ['a paragraph', 'One two.\n\nThree four. Five', 20, ['One two.\n\n', 'Three four. Five']],
    ['a line', 'One two\nthree four five', 18, ['One two\n', 'three four five']],
    ['a sentence', 'One two. Three four five.', 22, ['One two. ', 'Three four five.']],
    ['a word', 'onelongword anotherword', 20, ['onelongword ', 'anotherword']],
    ['a grapheme', 'aaaaa👍🏽bbb', 7, ['aaaaa', '👍🏽bbb']],
  ])('cuts after %s', (_where, text, max, pieces) => {
    expect(split(text, max, 'utf16')).toEqual(pieces);
  });

  it('prefers a later word to a paragraph so early that only a stub would go first', () => {
    expect(split('Hi,\n\nabcdefgh ijklmnop qrstuvwx', 24, 'utf16')[0]).toBe('Hi,\n\nabcdefgh ijklmnop ');
  });

  it('cuts between words of a script that writes no blanks', () => {
    expect(split('สวัสดีครับผม', 8, 'characters')[0]).toBe('สวัสดี');
  });

  it('counts each unit as the channels do', () => {
    expect((['characters', 'utf16', 'bytes'] as const).map((unit) => measure('aé€👍', unit))).toEqual([
      4, 5, 10,
    ]);
    expect(split('👍👍👍', 2, 'characters')).toEqual(['👍👍', '👍']);
    expect(split('éééé', 5, 'bytes')).toEqual(['éé', 'éé']);
  });

  it('cuts a grapheme between its code points only when it alone is longer than the limit', () => {
    const family = '👨‍👩‍👧‍👦';
    expect(split(`ab${family}`, 11, 'utf16')).toEqual(['ab', family]);
    expect(split(family, 6, 'utf16')).toEqual(['👨‍👩‍', '👧‍👦']);
  });
});
