/** What is looked at once a second, from outside the server's process. */
import { statSync } from 'node:fs';
import { rssMb } from '../bench/process-figures.ts';
import type { Sink } from '../bench/sink.ts';

export interface Sample {
  /** Seconds since the beginning. */
  at: number;
  rssMb: number;
  walMb: number;
  /** How long the oldest message has been due that has not come out yet, ms. */
  queueAgeMs: number;
  /** Messages sent in, and come out, within this second. */
  in: number;
  out: number;
}

export interface Watched {
  pid: number | undefined;
  database: string;
  /** What was sent in so far, in its order (ms on the clock of `performance.now`). */
  list: { text: string; due: number }[];
  sink: Sink;
}

const TELL_EVERY_S = 30;

export function observe(watched: Watched): { stop(): Sample[] } {
  const samples: Sample[] = [];
  const began = performance.now();
  let before = { in: 0, out: 0 };
  let oldest = 0;
  const timer = setInterval(() => {
    const { list, sink } = watched;
    while (oldest < list.length && sink.arrived.has((list[oldest] as { text: string }).text)) oldest += 1;
    const now = { in: list.length, out: sink.arrived.size };
    samples.push({
      at: Math.round((performance.now() - began) / 1000),
      rssMb: rssMb(watched.pid),
      walMb: fileMb(`${watched.database}-wal`),
      queueAgeMs: Math.max(0, performance.now() - (list[oldest]?.due ?? performance.now())),
      in: now.in - before.in,
      out: now.out - before.out,
    });
    before = now;
    tell(samples);
  }, 1_000);
  return {
    stop: () => {
      clearInterval(timer);
      return samples;
    },
  };
}

function tell(samples: Sample[]): void {
  const last = samples.at(-1);
  if (!last || samples.length % TELL_EVERY_S !== 0) return;
  const { at, rssMb, walMb, queueAgeMs, out } = last;
  console.log(
    `${String(at).padStart(5)} s  ${out}/s out, memory ${rssMb.toFixed(0)} MB, log ${walMb.toFixed(1)} MB, oldest waiting ${queueAgeMs.toFixed(0)} ms`,
  );
}

function fileMb(path: string): number {
  try {
    return statSync(path).size / 1e6;
  } catch {
    return 0;
  }
}
