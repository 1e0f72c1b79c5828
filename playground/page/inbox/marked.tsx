import type { ReactNode } from 'react';

/** Canvas Kit's Markdown, which is links and bold only. Other addresses than http(s) stay text. */
const PIECES = /\[([^\]]+)\]\((https?:\/\/[^)\s]+)\)|\*\*?([^*]+)\*\*?/g;

export function marked(text: string): ReactNode[] {
  const nodes: ReactNode[] = [];
  let from = 0;
  for (const piece of text.matchAll(PIECES)) {
    nodes.push(text.slice(from, piece.index));
    nodes.push(drawn(piece));
    from = piece.index + piece[0].length;
  }
  nodes.push(text.slice(from));
  return nodes;
}

function drawn(piece: RegExpExecArray): ReactNode {
  const [, label, href, bold] = piece;
  if (bold !== undefined) return <b key={piece.index}>{bold}</b>;
  return (
    <a key={piece.index} href={href} target="_blank" rel="noreferrer">
      {label}
    </a>
  );
}
