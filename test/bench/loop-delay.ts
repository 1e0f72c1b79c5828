/**
 * Loaded into the server under test by `--import`, not part of it: how long its event loop was held up, written to the
 * file that LOOP_DELAY_FILE names, ms, once a second. The first seconds (the start) do not count.
 */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

const START_MS = 3_000;
/** A sample is the time between two timers this far apart, ms. */
const RESOLUTION_MS = 1;

const file = process.env.LOOP_DELAY_FILE;
if (file !== undefined) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  setTimeout(() => delays.reset(), START_MS).unref();
  const write = (): void => writeFileSync(file, String(delays.percentile(99) / 1e6 - RESOLUTION_MS));
  setInterval(write, 1_000).unref();
}
