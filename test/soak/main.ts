/**
 * `npm run soak -- --minutes 30`: the real server for so long at 300 messages a second in and out, each customer's in
 * order, and whether anything grows: memory, the age of the queue, SQLite's log. `--plot FILE`: where the picture goes
 * (else a temporary file, whose name is printed). Ends with 1 when something grew, was lost, doubled or out of order.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CONNECTIONS, portOf } from '../bench/ingest.ts';
import { openLoop } from '../bench/load.ts';
import { installOnce } from '../bench/octopods.ts';
import { Sink } from '../bench/sink.ts';
import { CUSTOMERS, type Webhook, webhooks } from '../bench/webhooks.ts';
import { drawSoak } from './plot.ts';
import { observe, type Sample } from './samples.ts';
import { complaints, summary } from './verdict.ts';

const PER_SECOND = 300;

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, plot: { type: 'string' } },
});
const minutes = Number(values.minutes);

async function soak(folder: string): Promise<{ samples: Sample[]; sink: Sink; sent: number }> {
  console.log('installing Octopods among simulated inboxes');
  const installed = await installOnce(folder, async () => undefined);
  const sink = await Sink.open();
  const product = await installed.start('soak', sink.url);
  const count = Math.round(minutes * 60 * PER_SECOND);
  const list: { text: string; due: number }[] = [];
  const began = performance.now();
  function* sending() {
    for (let index = 0; index < count; index += 1) {
      const [one] = webhooks(installed.number, 1, 1, index % CUSTOMERS) as [Webhook];
      list.push({ text: one.text, due: began + (index * 1000) / PER_SECOND });
      yield one.request;
    }
  }
  console.log(`${PER_SECOND} messages a second for ${minutes} minutes`);
  const observed = observe({ pid: product.pid, database: join(folder, 'soak', 'octopods.db'), list, sink });
  await openLoop(portOf(product), sending(), { perSecond: PER_SECOND, connections: CONNECTIONS });
  // Longer than any retry that a working other side can lead to.
  const lost = setTimeout(() => sink.giveUp(), 60_000);
  await sink.hasSeen(count);
  clearTimeout(lost);
  const samples = observed.stop();
  await product.stop();
  sink.close();
  return { samples, sink, sent: count };
}

const folder = mkdtempSync(join(tmpdir(), 'octopods-soak-'));
try {
  const { samples, sink, sent } = await soak(folder);
  const plot = values.plot ?? join(tmpdir(), 'octopods-soak.svg');
  drawSoak(plot, samples);
  for (const line of summary(samples, sink, sent)) console.log(line);
  console.log(`the plot: ${plot}`);
  const troubles = complaints(samples, sink, sent);
  for (const trouble of troubles) console.log(`NOT AS PROMISED: ${trouble}`);
  process.exitCode = troubles.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
