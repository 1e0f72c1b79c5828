import { expect, describe as group, it } from 'vitest';
import { describe, excerpt } from '../../server/core/describe.ts';
import type { Part } from '../../server/core/message.ts';

group('a part in plain words', () => {
  it.each<[Part, string]>([
    [{ kind: 'text', text: 'hello' }, 'hello'],
    [{ kind: 'file', file: { kind: 'image', ref: 'x', name: 'photo.jpg' } }, 'Image: photo.jpg'],
    [{ kind: 'file', file: { kind: 'voice', ref: 'x' }, caption: 'listen' }, 'Voice message\nlisten'],
    [
      { kind: 'location', latitude: 52.5, longitude: -13.4, name: 'Café', address: 'Main St 1' },
      '📍 Location: Café, Main St 1, https://maps.google.com/?q=52.5,-13.4',
    ],
    [{ kind: 'location', latitude: 1, longitude: 2 }, '📍 Location: https://maps.google.com/?q=1,2'],
    [
      { kind: 'contact', name: 'Bob', phones: ['+15550003333'], emails: ['b@x.example'] },
      'Contact: Bob, +15550003333, b@x.example',
    ],
    [{ kind: 'choice', text: 'Yes', payload: 'yes_1' }, 'Yes'],
    [{ kind: 'choice', text: '', payload: 'yes_1' }, 'yes_1'],
    [{ kind: 'reaction', to: '1', emoji: '👍' }, 'Reacted 👍'],
    [{ kind: 'reaction', to: '1', emoji: '' }, 'Took a reaction back'],
    [{ kind: 'edit', of: '1', text: 'at five' }, 'Edited: at five'],
    [{ kind: 'deletion', of: '1' }, 'Deleted a message'],
    [{ kind: 'other', summary: 'a poll: Lunch?' }, 'Sent a poll: Lunch?'],
  ])('%j', (part, words) => {
    expect(describe(part)).toBe(words);
  });
});

group('the first words of a message', () => {
  const text = (words: string): Part[] => [{ kind: 'text', text: words }];

  it('on one line, parts side by side', () => {
    expect(
      excerpt(
        [...text('hello\n\n  there'), { kind: 'file', file: { kind: 'image', ref: 'x', name: 'a.jpg' } }],
        80,
      ),
    ).toBe('hello there · Image: a.jpg');
    const captioned: Part = { kind: 'file', file: { kind: 'image', ref: 'x' }, caption: 'Came like this' };
    expect(excerpt([captioned], 80)).toBe('Image · Came like this');
  });

  it('cut after a word, never longer than asked, the ellipsis included', () => {
    expect(excerpt(text('one two three four'), 12)).toBe('one two…');
    expect(excerpt(text('exactly ten'), 11)).toBe('exactly ten');
    expect(excerpt(text('👨‍👩‍👧‍👦👨‍👩‍👧‍👦'), 9)).toBe('👨‍👩‍👧‍👦…');
    expect(excerpt([], 10)).toBe('');
  });
});
