/** What is measured, each by itself: they share nothing but the installation and the floor's figure. */
import { createHmac } from 'node:crypto';
import { signedHeaders } from '../../playground/platforms/hubspot/signature.ts';
import type { Product } from '../../playground/town/product.ts';
import { startFloor } from './floor-process.ts';
import { closedLoop, httpRequest, type Load, openLoop, percentile } from './load.ts';
import type { Inboxes, Installed } from './octopods.ts';
import { cpuMs, rssMb } from './process-figures.ts';
import { Sink } from './sink.ts';
import { webhooks } from './webhooks.ts';

export interface Figure {
  name: string;
  value: number;
  unit: string;
  ratio?: number;
  against?: string;
}

const CONNECTIONS = 64;
/** A multiple of the connections: see closedLoop. */
const CUSTOMERS = 512;
const CARD_CONNECTIONS = 4;

const portOf = (product: Product): number => Number(new URL(product.url).port);
const median = (values: number[]): number => percentile(values, 0.5);

/** Rounds of floor, known senders, new senders in turn: what else the machine does hits all three alike. */
export async function measureIngest(
  installed: Installed,
  folder: string,
  { rounds, requests }: { rounds: number; requests: number },
): Promise<{ figures: Figure[]; floor: number }> {
  // A platform that hangs: the relay waits for it, so what is measured is the intake alone.
  const sink = await Sink.open();
  sink.mode = 'hold';
  const floor = await startFloor(`${folder}/floor.db`, installed.number.appSecret);
  const product = await installed.start('ingest', sink.url);
  const make = (customers: number, first = 0) =>
    webhooks(installed.number, requests, customers, first).map((one) => one.request);
  const server = { port: portOf(product), pid: product.pid };
  for (const one of [floor, server]) await runOn(one, make(CUSTOMERS));
  const bare: Run[] = [];
  const known: Run[] = [];
  const fresh: Run[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bare.push(await runOn(floor, make(CUSTOMERS)));
    known.push(await runOn(server, make(CUSTOMERS)));
    fresh.push(await runOn(server, make(requests, 1_000_000 * (round + 1))));
  }
  await product.kill();
  floor.stop();
  sink.close();
  return { figures: ingestFigures(bare, known, fresh), floor: median(bare.map((one) => one.perSecond)) };
}

type Run = Load & { cpuUs: number };

async function runOn(server: { port: number; pid: number | undefined }, list: Buffer[]): Promise<Run> {
  const before = cpuMs(server.pid);
  const load = await closedLoop(server.port, list, CONNECTIONS);
  return { ...load, cpuUs: ((cpuMs(server.pid) - before) * 1000) / list.length };
}

function ingestFigures(bare: Run[], known: Run[], fresh: Run[]): Figure[] {
  const rate = (loads: Run[]): number => median(loads.map((one) => one.perSecond));
  const cpu = (loads: Run[]): number => median(loads.map((one) => one.cpuUs));
  const ratio = (loads: Run[], to: Run[]): number =>
    median(loads.map((one, index) => one.perSecond / (to[index] as Run).perSecond));
  const p = (loads: Run[], share: number): number => median(loads.map((one) => percentile(one.took, share)));
  const unit = 'requests/s';
  return [
    { name: 'floor', value: rate(bare), unit },
    { name: 'floor_p99_ms', value: p(bare, 0.99), unit: 'ms' },
    { name: 'floor_cpu_us', value: cpu(bare), unit: 'µs/request' },
    { name: 'ingest_vs_floor', value: rate(known), unit, ratio: ratio(known, bare), against: 'floor' },
    { name: 'ingest_p50_ms', value: p(known, 0.5), unit: 'ms' },
    { name: 'ingest_p99_ms', value: p(known, 0.99), unit: 'ms' },
    {
      name: 'ingest_cpu_us',
      value: cpu(known),
      unit: 'µs/request',
      ratio: cpu(bare) / cpu(known),
      against: 'floor',
    },
    {
      name: 'new_senders_vs_known',
      value: rate(fresh),
      unit,
      ratio: ratio(fresh, known),
      against: 'known senders',
    },
  ];
}

/** Webhooks in, published messages out: a burst as fast as it is taken, then a steady stream. */
export async function measureRelay(
  installed: Installed,
  floor: number,
  { burst, steady }: { burst: number; steady: number },
): Promise<Figure[]> {
  const sink = await Sink.open();
  const product = await installed.start('relay', sink.url);
  const port = portOf(product);
  const send = async (count: number) => {
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
  };
  // Everybody's first message makes a conversation and looks for a contact; that is not what is measured.
  await send(CUSTOMERS);
  const perSecond = await send(burst);
  const added = await addedLatency(installed, sink, port, steady);
  const rss = rssMb(product.pid);
  await product.stop();
  sink.close();
  if (sink.inversions + sink.duplicates > 0)
    throw new Error(`${sink.inversions} messages out of order, ${sink.duplicates} twice`);
  return [
    {
      name: 'relay_per_second',
      value: perSecond,
      unit: 'messages/s',
      ratio: perSecond / floor,
      against: 'floor',
    },
    { name: 'added_latency_p50_ms', value: percentile(added, 0.5), unit: 'ms' },
    { name: 'added_latency_p99_ms', value: percentile(added, 0.99), unit: 'ms' },
    { name: 'rss_mb', value: rss, unit: 'MB' },
  ];
}

/** From when a webhook was due to when its message reached the platform, at 200 a second. */
async function addedLatency(
  installed: Installed,
  sink: Sink,
  port: number,
  count: number,
): Promise<number[]> {
  const list = webhooks(installed.number, count, CUSTOMERS);
  const seen = sink.arrived.size + count;
  const due = await openLoop(
    port,
    list.map((one) => one.request),
    200,
  );
  await sink.hasSeen(seen);
  return list.map(({ text }, index) => (sink.arrived.get(text) as number) - (due[index] as number));
}

export async function measureCards(inboxes: Inboxes, count: number): Promise<Figure[]> {
  const { port, publicUrl, intercom, hubspot } = inboxes;
  const body = JSON.stringify({
    workspace_id: intercom.workspaceId,
    conversation: { id: intercom.conversationId },
  });
  const signature = createHmac('sha256', intercom.secret).update(body).digest('hex');
  const canvas = httpRequest('POST', '/intercom/canvas/initialize', { 'x-body-signature': signature }, body);
  const query = `portalId=${hubspot.portalId}&userId=71&objectId=${hubspot.contactId}&objectTypeId=0-1`;
  const path = `/hubspot/extension/card?${query}`;
  const signed = { method: 'GET', url: publicUrl + path, body: '', timestamp: Date.now() };
  const card = httpRequest('GET', path, signedHeaders(hubspot.secret, signed), '');
  const figures: Figure[] = [];
  for (const [name, request] of [
    ['canvas_p99_ms', canvas],
    ['card_p99_ms', card],
  ] as const) {
    const list = Array.from({ length: count }, () => request);
    await closedLoop(port, list.slice(0, 200), CARD_CONNECTIONS);
    const { took } = await closedLoop(port, list, CARD_CONNECTIONS);
    figures.push({ name, value: percentile(took, 0.99), unit: 'ms' });
  }
  return figures;
}

/** From the process's start to `readyz`, on a database that exists. */
export async function measureStart(installed: Installed, tries: number): Promise<Figure> {
  const sink = await Sink.open();
  const took: number[] = [];
  for (let index = 0; index < tries; index += 1) {
    const began = performance.now();
    const product = await installed.start(`start-${index}`, sink.url);
    took.push(performance.now() - began);
    await product.kill();
  }
  sink.close();
  return { name: 'cold_start_ms', value: median(took), unit: 'ms' };
}
