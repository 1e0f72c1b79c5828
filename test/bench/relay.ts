/** Webhooks in, published messages out, each customer's in order: a burst as fast as it is taken, then a steady stream. */
import { CONNECTIONS, portOf } from './ingest.ts';
import { closedLoop, openLoop, percentile } from './load.ts';
import type { Installed } from './octopods.ts';
import { cpuMs, rssMb } from './process-figures.ts';
import type { Report } from './report.ts';
import { Sink } from './sink.ts';
import { CUSTOMERS, webhooks } from './webhooks.ts';

const STEADY = 200;

interface Road {
  installed: Installed;
  sink: Sink;
  port: number;
}

export async function measureRelay(
  installed: Installed,
  floor: number,
  { burst, steady }: { burst: number; steady: number },
  report: Report,
): Promise<void> {
  const sink = await Sink.open();
  const product = await installed.start('relay', sink.url);
  const road = { installed, sink, port: portOf(product) };
  // Everybody's first message makes a conversation and looks for a contact; that is not what is measured.
  report.progress(`the first message of ${CUSTOMERS} customers`);
  await inAndOut(road, CUSTOMERS);
  report.progress(`in and out: ${burst} messages as fast as they are taken`);
  const before = cpuMs(product.pid);
  const perSecond = await inAndOut(road, burst);
  const cpuUs = ((cpuMs(product.pid) - before) * 1000) / burst;
  report.figure({
    name: 'relay_per_second',
    value: perSecond,
    unit: 'messages/s',
    ratio: perSecond / floor,
    against: 'floor',
  });
  report.figure({ name: 'relay_cpu_us', value: cpuUs, unit: 'µs/message' });
  report.progress(`in and out: ${steady} messages at ${STEADY} a second`);
  const added = await addedLatency(road, steady);
  report.figure({ name: 'added_latency_p50_ms', value: percentile(added, 0.5), unit: 'ms' });
  report.figure({ name: 'added_latency_p99_ms', value: percentile(added, 0.99), unit: 'ms' });
  report.figure({ name: 'rss_mb', value: rssMb(product.pid), unit: 'MB' });
  await product.stop();
  sink.close();
  report.figure({ name: 'relay_loop_p99_ms', value: installed.loopDelayMs('relay'), unit: 'ms' });
  if (sink.inversions + sink.duplicates > 0)
    throw new Error(`${sink.inversions} messages out of order, ${sink.duplicates} twice`);
}

/** Messages a second, from the first webhook to the last message published. */
async function inAndOut({ installed, sink, port }: Road, count: number): Promise<number> {
  const list = webhooks(installed.number, count, CUSTOMERS);
  const seen = sink.arrived.size + count;
  const began = performance.now();
  await closedLoop(
    port,
    list.map((one) => one.request),
    CONNECTIONS,
  );
  await sink.hasSeen(seen);
  return (count * 1000) / (performance.now() - began);
}

/** From when a webhook was due to when its message reached the platform. */
async function addedLatency({ installed, sink, port }: Road, count: number): Promise<number[]> {
  const list = webhooks(installed.number, count, CUSTOMERS);
  const seen = sink.arrived.size + count;
  const due = await openLoop(
    port,
    list.map((one) => one.request),
    { perSecond: STEADY, connections: CONNECTIONS },
  );
  await sink.hasSeen(seen);
  return list.map(({ text }, index) => (sink.arrived.get(text) as number) - (due[index] as number));
}
