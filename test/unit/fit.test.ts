import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Capabilities } from '../../server/core/capabilities.ts';
import { fit } from '../../server/core/fit.ts';
import type { FileKind, Part, StoredFile } from '../../server/core/message.ts';
import { measure } from '../../server/core/split.ts';

const TARGET: Capabilities = {
  text: { max: 20, unit: 'utf16' },
  files: {
    image: { types: ['image/*'], maxSize: 1_000_000 },
    document: { types: ['*'], maxSize: 2_500_000 },
  },
  caption: 10,
  filesPerCall: 1,
  filesWithText: false,
  filesWhenOpening: true,
  receipts: [],
  idempotent: false,
  echo: false,
  tells: [],
  redelivery: 'never',
};
const INBOX: Capabilities = {
  ...TARGET,
  caption: 0,
  filesPerCall: 2,
  filesWithText: true,
  filesWhenOpening: false,
};

const file = (name: string, more: Partial<StoredFile> = {}): StoredFile => ({
  kind: 'image',
  name,
  contentType: 'image/jpeg',
  size: 500,
  bytes: async () => new Uint8Array(),
  link: async () => `https://octopods.example/media/${name}`,
  ...more,
});
const image = (name: string, caption?: string): Part<StoredFile> => ({
  kind: 'file',
  file: file(name),
  ...(caption && { caption }),
});
const text = (words: string): Part<StoredFile> => ({ kind: 'text', text: words });

/** Calls in short: texts as they are, files as their names. */
function calls(parts: Part<StoredFile>[], can: Capabilities, opens = false): string[][] {
  const fitted = fit(parts, can, { opens });
  if ('refused' in fitted) throw new Error(fitted.refused.why);
  return fitted.calls.map((call) =>
    call.map((part) => {
      if (part.kind === 'text') return part.text;
      if (part.kind === 'file') return [part.file.name, part.caption].filter(Boolean).join('+');
      return part.kind;
    }),
  );
}
function refusal(parts: Part<StoredFile>[], can: Capabilities): { code: string; why: string } {
  const fitted = fit(parts, can, { opens: false });
  if ('refused' in fitted) return fitted.refused;
  throw new Error('it was not refused');
}

describe('what fits into one call', () => {
  it('a text within the limit, with its HTML', () => {
    const part: Part<StoredFile> = { kind: 'text', text: 'hello', html: '<p>hello</p>' };
    expect(fit([part], TARGET, { opens: false })).toEqual({ calls: [[part]] });
  });

  it('a text over the limit goes as several plain texts without blank ends', () => {
    const part: Part<StoredFile> = { kind: 'text', text: 'One two three. Four five six.', html: '<p>…</p>' };
    expect(fit([part], TARGET, { opens: false })).toEqual({
      calls: [[text('One two three.')], [text('Four five six.')]],
    });
  });

  it('one file a call, its caption with it while it fits, else as a text before it', () => {
    expect(
      calls([text('look'), image('a.jpg', 'short'), image('b.jpg', 'a longer caption')], TARGET),
    ).toEqual([['look'], ['a.jpg+short'], ['a longer caption'], ['b.jpg']]);
  });

  it('as many files as a call takes, beside the text that stood before them', () => {
    expect(calls([text('three'), image('a'), image('b'), image('c')], INBOX)).toEqual([
      ['three', 'a', 'b'],
      ['c'],
    ]);
    expect(calls([image('a'), text('after')], INBOX)).toEqual([['a'], ['after']]);
    expect(calls([image('a', 'caption')], INBOX)).toEqual([['caption', 'a']]);
  });

  it('files apart from texts where the target wants it so', () => {
    expect(calls([text('two'), image('a'), image('b')], { ...INBOX, filesWithText: false })).toEqual([
      ['two'],
      ['a', 'b'],
    ]);
  });
});

describe('the call that opens a conversation', () => {
  it('carries the text, and the files follow', () => {
    expect(calls([text('look'), image('a'), image('b'), image('c')], INBOX, true)).toEqual([
      ['look'],
      ['a', 'b'],
      ['c'],
    ]);
  });

  it('says what is coming when there is no text', () => {
    expect(calls([image('photo.jpg')], INBOX, true)).toEqual([['Image: photo.jpg'], ['photo.jpg']]);
  });

  it('is like any other where the target takes files at once', () => {
    expect(calls([image('photo.jpg')], TARGET, true)).toEqual([['photo.jpg']]);
    expect(calls([text('hello')], INBOX, true)).toEqual([['hello']]);
  });
});

describe('what the target has no form for', () => {
  const place: Part<StoredFile> = { kind: 'location', latitude: 1.5, longitude: 2, name: 'Café' };
  const wide = { ...TARGET, text: { max: 200, unit: 'utf16' as const } };

  it('becomes lines of text, together where they stand together', () => {
    expect(calls([text('here'), place, { kind: 'deletion', of: '1' }], wide)).toEqual([
      ['here'],
      ['📍 Location: Café, https://maps.google.com/?q=1.5,2\nDeleted a message'],
    ]);
  });

  it('stays what it is where the target has one', () => {
    expect(calls([place], { ...TARGET, native: ['location'] })).toEqual([['location']]);
  });
});

describe('what cannot go', () => {
  it('is refused as a whole, naming the file, the limit and what to do', () => {
    const big: Part<StoredFile> = { kind: 'file', file: file('big.png', { size: 1_000_001 }) };
    expect(refusal([text('look'), big], TARGET)).toEqual({
      code: 'file_size',
      why: '“big.png” was not sent: it has 1.1 MB, and this channel takes at most 1 MB for image files. Make it smaller, or send a link to it.',
    });
  });

  it('names the type, or the kind, that the target does not take', () => {
    const pdf: Part<StoredFile> = { kind: 'file', file: file('a.pdf', { contentType: 'application/pdf' }) };
    expect(refusal([pdf], TARGET)).toMatchObject({
      code: 'file_type',
      why: expect.stringContaining('application/pdf'),
    });
    const voice: Part<StoredFile> = { kind: 'file', file: file('v.ogg', { kind: 'voice' }) };
    expect(refusal([voice], TARGET)).toEqual({
      code: 'file_kind',
      why: '“v.ogg” was not sent: this channel takes no voice message. Send it as image, document, or send a link to it.',
    });
  });

  it('does not look at the parameters or the case of a content type', () => {
    const jpeg: Part<StoredFile> = { kind: 'file', file: file('a.jpg', { contentType: 'Image/JPEG; q=1' }) };
    expect(calls([jpeg], TARGET)).toEqual([['a.jpg']]);
    const ogg = { ...TARGET, files: { voice: { types: ['audio/ogg'], maxSize: 1_000 } } };
    const note: Part<StoredFile> = {
      kind: 'file',
      file: file('v.ogg', { kind: 'voice', contentType: 'audio/ogg; codecs=opus' }),
    };
    expect(calls([note], ogg)).toEqual([['v.ogg']]);
  });

  it('an empty message is refused too', () => {
    expect(refusal([text('  \n ')], TARGET).code).toBe('empty');
    expect(refusal([], TARGET).code).toBe('empty');
  });
});

describe('for any message and any target', () => {
  const anyText = fc.string({ unit: 'grapheme', maxLength: 120 });
  const parts = fc.array(
    fc.oneof(
      anyText.map(text),
      fc.tuple(fc.constantFrom('a.jpg', 'b.jpg'), anyText).map(([name, caption]) => image(name, caption)),
      anyText.map((words): Part<StoredFile> => ({ kind: 'edit', of: '1', text: words })),
    ),
    { minLength: 1, maxLength: 6 },
  );
  const targets = fc
    .record({
      max: fc.integer({ min: 4, max: 50 }),
      unit: fc.constantFrom('characters' as const, 'utf16' as const, 'bytes' as const),
      caption: fc.integer({ min: 0, max: 30 }),
      filesPerCall: fc.integer({ min: 1, max: 3 }),
      filesWithText: fc.boolean(),
      filesWhenOpening: fc.boolean(),
    })
    .map(({ max, unit, ...more }): Capabilities => ({ ...TARGET, ...more, text: { max, unit } }));

  it('no call exceeds a limit, no word and no file is lost, and the order stays', () => {
    fc.assert(
      fc.property(parts, targets, fc.boolean(), (message, can, opens) => {
        const fitted = fit(message, can, { opens });
        if ('refused' in fitted) {
          expect(fitted.refused.code).toBe('empty');
          expect(message.every((part) => part.kind === 'text' && part.text.trim() === '')).toBe(true);
          return;
        }
        for (const [at, call] of fitted.calls.entries()) checkCall(call, can, opens && at === 0);
        const files = (all: Part<StoredFile>[]) =>
          all.flatMap((part) => (part.kind === 'file' ? [part.file.name] : []));
        expect(files(fitted.calls.flat())).toEqual(files(message));
        const announced = opens && !can.filesWhenOpening && fitted.calls[0]?.[0]?.kind === 'text';
        const words = (all: Part<StoredFile>[]) => all.map(wordsOf).join('').replace(/\s+/g, '');
        if (announced) expect(words(fitted.calls.flat()).endsWith(words(message))).toBe(true);
        else expect(words(fitted.calls.flat())).toBe(words(message));
      }),
      { numRuns: 500 },
    );
  });

  const wordsOf = (part: Part<StoredFile>): string => {
    if (part.kind === 'text') return part.text;
    if (part.kind === 'edit') return `Edited: ${part.text}`;
    return part.kind === 'file' ? (part.caption ?? '') : '';
  };

  function checkCall(call: Part<StoredFile>[], can: Capabilities, opening: boolean): void {
    const kinds = call.map((part) => part.kind);
    expect(call.length).toBeGreaterThan(0);
    expect(kinds.filter((kind) => kind === 'file').length).toBeLessThanOrEqual(can.filesPerCall);
    expect(kinds.filter((kind) => kind === 'text').length).toBeLessThanOrEqual(1);
    if (!can.filesWithText) expect(new Set(kinds).size).toBe(1);
    if (opening && !can.filesWhenOpening) expect(kinds).not.toContain('file');
    for (const part of call) {
      if (part.kind === 'text') {
        expect(measure(part.text, can.text.unit)).toBeLessThanOrEqual(can.text.max);
        expect(part.text.trim()).not.toBe('');
      }
      if (part.kind === 'file' && part.caption)
        expect(measure(part.caption, can.text.unit)).toBeLessThanOrEqual(can.caption);
    }
  }

  it.each<FileKind>(['image', 'video', 'audio', 'voice', 'document', 'sticker'])(
    'a target without files refuses %s before any call',
    (kind) => {
      const part: Part<StoredFile> = { kind: 'file', file: file('x', { kind }) };
      expect(refusal([part], { ...TARGET, files: {} })).toMatchObject({ code: 'file_kind' });
    },
  );
});
