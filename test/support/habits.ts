/** How code is measured here: lines of files and functions, and `any`. */
import ts from 'typescript';
import type { Source } from './boundaries.ts';

export interface Measured {
  path: string;
  lines: number;
  /** Every function with a body: named after what it is bound to. */
  functions: { name: string; line: number; lines: number }[];
  /** Lines of `any` that no comment above gives a reason for. */
  anys: number[];
}

export function measure({ path, text }: Source): Measured {
  const kind = path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2024, true, kind);
  const lines = text.split('\n');
  const lineOf = (position: number) => file.getLineAndCharacterOfPosition(position).line + 1;
  const functions: Measured['functions'] = [];
  const anys: number[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) && 'body' in node && node.body) {
      const line = lineOf(node.getStart());
      functions.push({ name: nameOf(node), line, lines: lineOf(node.end) - line + 1 });
    }
    if (node.kind === ts.SyntaxKind.AnyKeyword) {
      const line = lineOf(node.getStart());
      if (!isExplained(lines, line)) anys.push(line);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return { path, lines: text.trimEnd().split('\n').length, functions, anys };
}

/** A reasoned exception stands right above: `// biome-ignore lint/suspicious/noExplicitAny: why`. */
const isExplained = (lines: string[], line: number): boolean =>
  /biome-ignore lint\/suspicious\/noExplicitAny: \S+/.test(lines[line - 2] ?? '');

function nameOf(node: ts.Node): string {
  const named = node as { name?: ts.Node };
  if (named.name) return named.name.getText();
  const bound = node.parent as { name?: ts.Node };
  return bound.name?.getText() ?? 'anonymous';
}

/** The length that the given share of functions does not exceed: `share(…, 0.9)` ≤ 35. */
export function lengthOf(measured: Measured[], share: number): number {
  const lengths = measured.flatMap((file) => file.functions.map(({ lines }) => lines)).sort((a, b) => a - b);
  return lengths[Math.ceil(lengths.length * share) - 1] ?? 0;
}
