import type { Capabilities, FileRule } from './capabilities.ts';
import { describe, describeFile, fileWord } from './describe.ts';
import type { FilePart, Part, StoredFile, TextPart } from './message.ts';
import { measure, split } from './split.ts';

type Call = Part<StoredFile>[];
/** `code` is ours (`file_kind`, `file_type`, `file_size`, `empty`); `why` is plain words for the agent. */
export type Fitted = { calls: Call[] } | { refused: { code: string; why: string } };

/**
 * Turns one message into the calls that carry it to a target, each within what the target can do, in the order of the
 * parts. Nothing is dropped silently: what cannot go is refused as a whole, before the first call.
 * A text that had to be cut goes as plain text: its `html` stays only where the text is whole.
 * @param options.opens the first of these calls makes the conversation at the target.
 */
export function fit(parts: Part<StoredFile>[], can: Capabilities, options: { opens: boolean }): Fitted {
  for (const part of parts) {
    const refused = part.kind === 'file' ? refusal(part.file, can) : undefined;
    if (refused) return { refused };
  }
  const calls = group(expressible(parts, can), can);
  if (calls.length === 0)
    return {
      refused: { code: 'empty', why: 'There was nothing to send: the message is empty. Write it again.' },
    };
  return { calls: options.opens && !can.filesWhenOpening ? openWithText(calls, can) : calls };
}

/** Only texts within the limit, files with captions within the limit, and native parts. */
function expressible(parts: Part<StoredFile>[], can: Capabilities): Call {
  const native: string[] = can.native ?? [];
  const fitted: Call = [];
  let lines: string[] = [];
  const flush = () => {
    fitted.push(...texts({ kind: 'text', text: lines.join('\n') }, can));
    lines = [];
  };
  for (const part of parts) {
    const described = part.kind !== 'text' && part.kind !== 'file' && !native.includes(part.kind);
    if (described) lines.push(describe(part));
    if (described) continue;
    flush();
    if (part.kind === 'text') fitted.push(...texts(part, can));
    else if (part.kind === 'file') fitted.push(...captioned(part, can));
    else fitted.push(part);
  }
  flush();
  return fitted;
}

function texts(part: TextPart, can: Capabilities): TextPart[] {
  const pieces = split(part.text, can.text.max, can.text.unit);
  if (pieces.length === 1) return part.text.trim() === '' ? [] : [part];
  return pieces
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')
    .map((text) => ({ kind: 'text', text }));
}

/** A caption that the target cannot carry becomes a text before its file. */
function captioned(part: FilePart<StoredFile>, can: Capabilities): Call {
  const caption = part.caption?.trim();
  if (!caption) return [{ kind: 'file', file: part.file }];
  if (measure(caption, can.text.unit) <= can.caption) return [part];
  return [...texts({ kind: 'text', text: caption }, can), { kind: 'file', file: part.file }];
}

/** One text, then as many files as a call carries; files ride with the text before them where the target allows. */
function group(parts: Call, can: Capabilities): Call[] {
  const calls: Call[] = [];
  for (const part of parts) {
    const call = calls.at(-1);
    if (part.kind === 'file' && call && joins(call, can)) call.push(part);
    else calls.push([part]);
  }
  return calls;
}

function joins(call: Call, can: Capabilities): boolean {
  const files = call.filter((part) => part.kind === 'file').length;
  const carries = call.every((part) => part.kind === 'file' || (part.kind === 'text' && can.filesWithText));
  return carries && files < can.filesPerCall;
}

/** The first call keeps its text (or says what is coming) and its files follow in a call of their own. */
function openWithText(calls: Call[], can: Capabilities): Call[] {
  const [first = [], ...others] = calls;
  const files = first.filter((part) => part.kind === 'file');
  if (files.length === 0) return calls;
  const text = first.filter((part) => part.kind !== 'file');
  const coming = texts({ kind: 'text', text: files.map(announce).join('\n') }, can).slice(0, 1);
  return [text.length > 0 ? text : coming, files, ...others];
}

const announce = (part: FilePart<StoredFile>): string => describeFile(part.file);

function refusal(file: StoredFile, can: Capabilities): { code: string; why: string } | undefined {
  const rule = can.files[file.kind];
  if (!rule || can.filesPerCall < 1)
    return {
      code: 'file_kind',
      why: `“${file.name}” was not sent: this channel takes no ${fileWord(file.kind)}. Send it as ${kindsTaken(can)}.`,
    };
  if (!accepts(rule, file.contentType))
    return {
      code: 'file_type',
      why: `“${file.name}” was not sent: this channel takes no ${fileWord(file.kind)} of the type ${file.contentType}. Send it as ${rule.types.join(', ')}, or send a link to it.`,
    };
  if (file.size > rule.maxSize)
    return {
      code: 'file_size',
      why: `“${file.name}” was not sent: it has ${megabytes(file.size, 'up')}, and this channel takes at most ${megabytes(rule.maxSize, 'down')} for ${fileWord(file.kind)} files. Make it smaller, or send a link to it.`,
    };
  return undefined;
}

const kindsTaken = (can: Capabilities): string => {
  const kinds = (Object.keys(can.files) as StoredFile['kind'][]).map(fileWord);
  return kinds.length === 0 || can.filesPerCall < 1
    ? 'a link instead'
    : `${kinds.join(', ')}, or send a link to it`;
};

/** `image/*` and `*` are wildcards; parameters (`; codecs=opus`) and case do not count. */
function accepts(rule: FileRule, contentType: string): boolean {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return rule.types.some(
    (allowed) =>
      allowed === '*' ||
      allowed === type ||
      (allowed.endsWith('/*') && type.startsWith(allowed.slice(0, -1))),
  );
}

/** One decimal; rounded so that the size never reads as within the limit. */
function megabytes(bytes: number, direction: 'up' | 'down'): string {
  const round = direction === 'up' ? Math.ceil : Math.floor;
  return bytes < 1_000_000 ? `${round(bytes / 100) / 10} kB` : `${round(bytes / 100_000) / 10} MB`;
}
