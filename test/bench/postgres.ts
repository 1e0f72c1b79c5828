/**
 * On a Postgres of the benchmark's own, with fsync, in its default settings: two servers that share the work, then
 * claiming and settling beside other job queues.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Product } from '../../playground/town/product.ts';
import { PostgresServer } from '../support/postgres.ts';
import { startFloor } from './floor-process.ts';
import { CONNECTIONS, portOf } from './ingest.ts';
import { measureLanes } from './lanes.ts';
import { closedLoop, percentile } from './load.ts';
import type { Installed } from './octopods.ts';
import type { Report } from './report.ts';
import { Sink } from './sink.ts';
import { CUSTOMERS, webhooks } from './webhooks.ts';

const run = promisify(execFile);
const CLI = fileURLToPath(new URL('../../server/cli.ts', import.meta.url));

export async function measurePostgres(
  installed: Installed,
  folder: string,
  quick: boolean,
  report: Report,
): Promise<void> {
  const server = await new PostgresServer({ fsync: true }).start();
  try {
    const floor = await bareFloor(installed, folder, quick ? 2_048 : 12_800, report);
    await inAndOut(installed, server.url('postgres'), { floor, burst: quick ? 1_024 : 8_192 }, report);
    await measureLanes(server, quick ? 1_000 : 5_000, report);
  } finally {
    await server.remove();
  }
}

async function bareFloor(
  installed: Installed,
  folder: string,
  requests: number,
  report: Report,
): Promise<number> {
  const floor = await startFloor(`${folder}/floor.db`, installed.number.appSecret);
  const rates: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const list = webhooks(installed.number, requests, CUSTOMERS).map((one) => one.request);
    rates.push((await closedLoop(floor.port, list, CONNECTIONS)).perSecond);
  }
  floor.stop();
  const value = percentile(rates.slice(1), 0.5);
  report.figure({ name: 'floor', value, unit: 'requests/s' });
  return value;
}

/** Half of the customers write to the one server, half to the other; both bring everything to the same platform. */
async function inAndOut(
  installed: Installed,
  url: string,
  { floor, burst }: { floor: number; burst: number },
  report: Report,
): Promise<void> {
  report.progress('moving the installation to Postgres, and starting two servers on it');
  const place = installed.copy('postgres');
  await run(process.execPath, [CLI, 'migrate', '--from', `sqlite:${place}/octopods.db`, '--to', url]);
  const sink = await Sink.open();
  const servers: Product[] = [];
  for (let index = 0; index < 2; index += 1) servers.push(await installed.startIn(place, sink.url, url));
  const send = async (count: number) => {
    const seen = sink.arrived.size + count;
    const began = performance.now();
    await Promise.all(
      servers.map((one, index) => {
        const half = webhooks(installed.number, count / 2, CUSTOMERS / 2, (index * CUSTOMERS) / 2);
        const requests = half.map((webhook) => webhook.request);
        return closedLoop(portOf(one), requests, CONNECTIONS / 2);
      }),
    );
    await sink.hasSeen(seen);
    return (count * 1000) / (performance.now() - began);
  };
  report.progress(`the first message of ${CUSTOMERS} customers`);
  await send(CUSTOMERS);
  report.progress(`in and out: ${burst} messages as fast as they are taken`);
  const value = await send(burst);
  report.figure({
    name: 'postgres_relay',
    value,
    unit: 'messages/s',
    ratio: value / floor,
    against: 'floor',
  });
  for (const one of servers) await one.stop();
  sink.close();
  if (sink.inversions + sink.duplicates > 0)
    throw new Error(`${sink.inversions} messages out of order, ${sink.duplicates} twice`);
}
