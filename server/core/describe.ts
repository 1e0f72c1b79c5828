import type { FileKind, LocationPart, Part } from './message.ts';
import { split } from './split.ts';

/** All that a description needs to know of a file. */
type NamedFile = { kind: FileKind; name?: string };

const FILE_WORDS: Record<FileKind, string> = {
  image: 'Image',
  video: 'Video',
  audio: 'Audio',
  voice: 'Voice message',
  document: 'Document',
  sticker: 'Sticker',
};

/** A part in plain words: what a target reads that has no form of its own for it, and what lists show. */
export function describe(part: Part<NamedFile>): string {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'file':
      return [describeFile(part.file), part.caption].filter(Boolean).join('\n');
    case 'location':
      return `📍 Location: ${locationWords(part)}`;
    case 'contact':
      return `Contact: ${[part.name, ...part.phones, ...part.emails].filter(Boolean).join(', ')}`;
    case 'choice':
      return part.text || part.payload || 'Pressed a button';
    case 'reaction':
      return part.emoji ? `Reacted ${part.emoji}` : 'Took a reaction back';
    case 'edit':
      return `Edited: ${part.text}`;
    case 'deletion':
      return 'Deleted a message';
    case 'other':
      return `Sent ${part.summary}`;
  }
}

/** "Image: photo.jpg". */
export const describeFile = (file: NamedFile): string =>
  file.name ? `${FILE_WORDS[file.kind]}: ${file.name}` : FILE_WORDS[file.kind];

/** The word for a kind of file inside a sentence: "voice message". */
export const fileWord = (kind: FileKind): string => FILE_WORDS[kind].toLowerCase();

/** The link form: https://developers.google.com/maps/documentation/urls/get-started#search-action */
const locationWords = (part: LocationPart): string =>
  [part.name, part.address, `https://maps.google.com/?q=${part.latitude},${part.longitude}`]
    .filter(Boolean)
    .join(', ');

/** On one line a caption needs more than a line break between it and what it is about. */
const briefly = (part: Part<NamedFile>): string =>
  part.kind === 'file' ? [describeFile(part.file), part.caption].filter(Boolean).join(' · ') : describe(part);

/**
 * The first words of a message, on one line, for a list or a note.
 * @param max in characters (code points), the ellipsis included; whole graphemes only.
 */
export function excerpt(parts: Part<NamedFile>[], max: number): string {
  const line = parts.map(briefly).join(' · ').replace(/\s+/g, ' ').trim();
  const [whole = '', ...more] = split(line, max, 'characters');
  if (more.length === 0) return whole;
  const [first = ''] = split(line, Math.max(1, max - 1), 'characters');
  return `${first.trimEnd()}…`;
}
