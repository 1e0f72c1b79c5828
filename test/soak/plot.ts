/** The soak as one picture: four panels over the same time, as SVG. */
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { percentile } from '../bench/load.ts';
import type { Sample } from './samples.ts';

const WIDTH = 900;
const LEFT = 64;
const RIGHT = 20;
const PANEL = 128;
const TOP = 64;
const GAP = 48;
/** So many points are enough for the width. */
const POINTS = 400;

interface Panel {
  title: string;
  unit: string;
  of(sample: Sample): number;
  color: string;
}

const PANELS: Panel[] = [
  { title: 'Memory of the server (resident)', unit: 'MB', of: (one) => one.rssMb, color: '#2f5fd0' },
  {
    title: 'Age of the oldest message that is not out yet',
    unit: 'ms',
    of: (one) => one.queueAgeMs,
    color: '#b4541a',
  },
  { title: 'SQLite’s write-ahead log', unit: 'MB', of: (one) => one.walMb, color: '#2b8a5f' },
  { title: 'Messages out', unit: '/s', of: (one) => one.out, color: '#7a3fb0' },
];

export function drawSoak(path: string, samples: Sample[]): void {
  const height = TOP + PANELS.length * (PANEL + GAP);
  const seconds = Math.max(1, samples.at(-1)?.at ?? 1);
  const heading = `Octopods for ${Math.round(seconds / 60)} minutes at 300 messages a second in and out`;
  const panels = PANELS.map((panel, index) =>
    drawPanel(panel, TOP + index * (PANEL + GAP), samples, seconds),
  );
  writeFileSync(
    path,
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#333">
<title>${heading}</title>
<rect width="${WIDTH}" height="${height}" fill="#fff"/>
<text x="${LEFT}" y="24" font-size="16" font-weight="600">${heading}</text>
<text x="${LEFT}" y="42" fill="#666">${machine()}</text>
${panels.join('\n')}
</svg>
`,
  );
}

const machine = (): string =>
  `SQLite, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}. Thick: the middle of each few seconds; pale: their range.`;

function drawPanel(
  { title, unit, of, color }: Panel,
  top: number,
  samples: Sample[],
  seconds: number,
): string {
  const highest = niceTop(Math.max(1, ...samples.map(of)));
  const x = (at: number): number => LEFT + (at / seconds) * (WIDTH - LEFT - RIGHT);
  const y = (value: number): number => top + PANEL - (value / highest) * PANEL;
  const bins = binned(samples, of);
  const point = (at: number, value: number): string => `${x(at).toFixed(1)},${y(value).toFixed(1)}`;
  const range = [
    ...bins.map((bin) => point(bin.at, bin.most)),
    ...bins.toReversed().map((bin) => point(bin.at, bin.least)),
  ];
  const marks = [0, highest / 2, highest].map(
    (value) =>
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}" stroke="#e3e3e3"/><text x="${LEFT - 6}" y="${y(value) + 4}" text-anchor="end">${value}</text>`,
  );
  const times = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<text x="${x(share * seconds)}" y="${top + PANEL + 16}" text-anchor="middle" fill="#666">${clock(share * seconds)}</text>`,
  );
  return `<text x="${LEFT}" y="${top - 8}" font-weight="600">${title} (${unit})</text>
${marks.join('')}
<polygon points="${range.join(' ')}" fill="${color}" opacity="0.2"/>
<polyline points="${bins.map((bin) => point(bin.at, bin.middle)).join(' ')}" fill="none" stroke="${color}" stroke-width="1.5"/>
${times.join('')}`;
}

/** Several seconds to a point where there are more of them than the width shows. */
function binned(samples: Sample[], of: (sample: Sample) => number) {
  const size = Math.max(1, Math.ceil(samples.length / POINTS));
  return Array.from({ length: Math.ceil(samples.length / size) }, (_, index) => {
    const bin = samples.slice(index * size, (index + 1) * size);
    const values = bin.map(of);
    return {
      at: (bin[0] as Sample).at,
      middle: percentile(values, 0.5),
      least: Math.min(...values),
      most: Math.max(...values),
    };
  });
}

/** 899.6 s are 15:00, not 14:60. */
const clock = (seconds: number): string => {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
};

/** The next of 1, 2, 4, 5, 10 times a power of ten. */
function niceTop(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}
