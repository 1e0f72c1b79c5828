/** The table at the end. */
import type { Report } from './crash.ts';
import { KINDS, type PointKind } from './points.ts';
import type { Line } from './verdict.ts';

const COLUMNS: [title: string, of: (line: Line) => string | number][] = [
  ['', (line) => line.target],
  ['a lost answer is settled by', (line) => line.how],
  ['sent', (line) => line.sent],
  ['acknowledged', (line) => line.acknowledged],
  ['lost', (line) => line.lost],
  ['twice', (line) => line.twice],
  ['unknown', (line) => line.unknown],
  ['out of order', (line) => line.inverted],
  ['not final', (line) => line.unsettled],
];

function table(lines: Line[]): string {
  const rows = [
    COLUMNS.map(([title]) => title),
    ...lines.map((line) => COLUMNS.map(([, of]) => String(of(line)))),
  ];
  const widths = COLUMNS.map((_column, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const padded = rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)));
  const [head = [], ...body] = padded;
  return [head, widths.map((width) => '-'.repeat(width)), ...body]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

export function summary({ kills, migrations, lines, takeovers, broken, slow }: Report): string {
  const total = Object.values(kills.done).reduce((sum, one) => sum + one, migrations.kills);
  const kinds = (Object.entries(kills.done) as [PointKind, number][]).map(
    ([kind, count]) => `  ${String(count).padStart(5)}  ${KINDS[kind]}`,
  );
  const points = [...kills.byPoint]
    .sort()
    .map(([name, count]) => `           ${String(count).padStart(4)}  ${name}`);
  return [
    `${total} kills:`,
    ...kinds,
    `  ${String(migrations.kills).padStart(5)}  while a schema was made or changed (${migrations.inTheMiddle} left the old one, and the next start made it whole)`,
    'of these at',
    ...points,
    '',
    table(lines),
    '',
    takeovers.length > 0
      ? `A killed server's message went on after ${percentile(takeovers, 0.5)} ms (half of ${takeovers.length}), ${Math.max(...takeovers)} ms at worst.`
      : 'No takeover was timed.',
    ...(broken.length + slow.length > 0
      ? ['', 'BROKEN:', ...[...broken, ...slow].map((one) => `  ${one}`)]
      : []),
  ].join('\n');
}

const percentile = (values: number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1] ?? 0;
