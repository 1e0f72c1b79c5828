import { percentile } from './load.ts';
import type { Installed } from './octopods.ts';
import type { Report } from './report.ts';
import { Sink } from './sink.ts';

/** From the process's start to `readyz`, on a database that exists; the middle one of some tries. */
export async function measureStart(installed: Installed, tries: number, report: Report): Promise<void> {
  report.progress('starting on an existing database');
  const sink = await Sink.open();
  const took: number[] = [];
  for (let index = 0; index < tries; index += 1) {
    const began = performance.now();
    const product = await installed.start(`start-${index}`, sink.url);
    took.push(performance.now() - began);
    await product.kill();
  }
  sink.close();
  report.figure({ name: 'cold_start_ms', value: percentile(took, 0.5), unit: 'ms' });
}
