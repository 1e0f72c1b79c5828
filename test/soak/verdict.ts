/** Whether it stayed flat: the last quarter is compared with the second, behind the warm-up. */
import { percentile } from '../bench/load.ts';
import type { Sink } from '../bench/sink.ts';
import type { Sample } from './samples.ts';

/** What the log may grow to, MB: twice what has it started anew (checkpoints.ts); meanwhile some 25 MB more come. */
const WAL_MB = 128;
/** More than this in the last quarter than in the second is growth. */
const GROWTH = 1.15;
/** A queue that keeps up is younger than this, ms, in the middle of the last quarter. */
const QUEUE_MS = 1_000;

const quarter = (samples: Sample[], number: 2 | 4): Sample[] =>
  samples.slice(((number - 1) * samples.length) / 4, (number * samples.length) / 4);
const middle = (samples: Sample[], of: (sample: Sample) => number): number =>
  percentile(samples.map(of), 0.5);
const most = (samples: Sample[], of: (sample: Sample) => number): number => Math.max(...samples.map(of));

export function complaints(samples: Sample[], sink: Sink, sent: number): string[] {
  const [second, last] = [quarter(samples, 2), quarter(samples, 4)];
  const memory = middle(last, (one) => one.rssMb) / middle(second, (one) => one.rssMb);
  const wrong: [boolean, string][] = [
    [sink.arrived.size < sent, `${sent - sink.arrived.size} messages did not come out`],
    [sink.duplicates > 0, `${sink.duplicates} messages came out twice`],
    [sink.inversions > 0, `${sink.inversions} messages came out of order`],
    [memory > GROWTH, `memory grew ${memory.toFixed(2)} times from the second quarter to the last`],
    [middle(last, (one) => one.queueAgeMs) > QUEUE_MS, 'the queue does not keep up'],
    [most(samples, (one) => one.walMb) > WAL_MB, `the log grew past ${WAL_MB} MB`],
  ];
  return wrong.filter(([is]) => is).map(([, why]) => why);
}

export function summary(samples: Sample[], sink: Sink, sent: number): string[] {
  const [second, last] = [quarter(samples, 2), quarter(samples, 4)];
  const line = (name: string, of: (sample: Sample) => number, unit: string): string =>
    `${name.padEnd(20)} second quarter ${middle(second, of).toFixed(0)} ${unit}, last quarter ${middle(last, of).toFixed(0)} ${unit}, most ${most(samples, of).toFixed(0)} ${unit}`;
  return [
    `${sent} in, ${sink.arrived.size} out, ${sink.duplicates} twice, ${sink.inversions} out of order`,
    line('memory', (one) => one.rssMb, 'MB'),
    line('oldest waiting', (one) => one.queueAgeMs, 'ms'),
    line('write-ahead log', (one) => one.walMb, 'MB'),
    line('out', (one) => one.out, '/s'),
  ];
}
