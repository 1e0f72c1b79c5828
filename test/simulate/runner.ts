/** A process that runs seeds: its globals are the simulated machine's, so nothing else may live in it. */
import { createDisk } from './disk.ts';
import { type Outcome, type Request, runSeed } from './run.ts';

const disk = await createDisk();

process.on('message', async (requests: Request[]) => {
  const outcomes: Outcome[] = [];
  for (const request of requests) outcomes.push(await runSeed(disk, request));
  process.send?.(outcomes);
});
