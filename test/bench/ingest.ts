/** The intake beside the floor: requests whose answer comes after the commit. */
import type { Product } from '../../playground/town/product.ts';
import { startFloor } from './floor-process.ts';
import { closedLoop, type Load, percentile, type Request } from './load.ts';
import type { Installed } from './octopods.ts';
import { cpuMs, untilAtRest } from './process-figures.ts';
import { type Report, rounded } from './report.ts';
import { Sink } from './sink.ts';
import { CUSTOMERS, webhooks } from './webhooks.ts';

export const CONNECTIONS = 64;

type Run = Load & { cpuUs: number };
interface Server {
  port: number;
  pid: number | undefined;
}

export const portOf = (product: Product): number => Number(new URL(product.url).port);

/**
 * Rounds of floor, known senders, new senders in turn: what else the machine does hits all three alike. Answers the
 * floor's requests/s.
 */
export async function measureIngest(
  installed: Installed,
  folder: string,
  { rounds, requests }: { rounds: number; requests: number },
  report: Report,
): Promise<number> {
  // A workspace whose credentials were refused: what comes in waits, and the relay has nothing to send. That it looks
  // once after each customer who is new is part of their figure, not of the next round's.
  const sink = await Sink.open();
  sink.mode = 'refuse';
  const floor = await startFloor(`${folder}/floor.db`, installed.number.appSecret);
  const product = await installed.start('ingest', sink.url);
  const make = (customers: number, first = 0) =>
    webhooks(installed.number, requests, customers, first).map((one) => one.request);
  const server = { port: portOf(product), pid: product.pid };
  report.progress(
    `warming up: ${requests} webhooks at the floor, as many at Octopods, over ${CONNECTIONS} connections`,
  );
  for (const one of [floor, server]) await runOn(one, make(CUSTOMERS));
  const all: Round[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    all.push({
      bare: await runOn(floor, make(CUSTOMERS)),
      known: await runOn(server, make(CUSTOMERS)),
      fresh: await runOn(server, make(requests, 1_000_000 * round)),
    });
    report.progress(`round ${round} of ${rounds}: ${summary(all.at(-1) as Round)}`);
  }
  await product.kill();
  floor.stop();
  sink.close();
  reportIngest(all, report);
  report.figure({ name: 'ingest_loop_p99_ms', value: installed.loopDelayMs('ingest'), unit: 'ms' });
  return middle(all, ({ bare }) => bare.perSecond);
}

interface Round {
  bare: Run;
  known: Run;
  fresh: Run;
}

const summary = ({ bare, known, fresh }: Round): string =>
  `floor ${rounded(bare.perSecond)}/s, known senders ${rounded(known.perSecond)}/s, new ones ${rounded(fresh.perSecond)}/s`;

async function runOn(server: Server, list: Request[]): Promise<Run> {
  await untilAtRest(server.pid);
  const before = cpuMs(server.pid);
  const load = await closedLoop(server.port, list, CONNECTIONS);
  return { ...load, cpuUs: ((cpuMs(server.pid) - before) * 1000) / list.length };
}

const middle = (all: Round[], of: (round: Round) => number): number => percentile(all.map(of), 0.5);

function reportIngest(all: Round[], report: Report): void {
  const p = (which: keyof Round, share: number): number =>
    middle(all, (round) => percentile(round[which].took, share));
  const rate = (which: keyof Round): number => middle(all, (round) => round[which].perSecond);
  const cpu = (which: keyof Round): number => middle(all, (round) => round[which].cpuUs);
  const over = (one: keyof Round, other: keyof Round): number =>
    middle(all, (round) => round[one].perSecond / round[other].perSecond);
  const unit = 'requests/s';
  const against = 'floor';
  const figures = [
    { name: 'floor', value: rate('bare'), unit },
    { name: 'floor_p99_ms', value: p('bare', 0.99), unit: 'ms' },
    { name: 'floor_cpu_us', value: cpu('bare'), unit: 'µs/request' },
    { name: 'ingest_vs_floor', value: rate('known'), unit, ratio: over('known', 'bare'), against },
    { name: 'ingest_p50_ms', value: p('known', 0.5), unit: 'ms' },
    { name: 'ingest_p99_ms', value: p('known', 0.99), unit: 'ms' },
    {
      name: 'ingest_cpu_us',
      value: cpu('known'),
      unit: 'µs/request',
      ratio: cpu('bare') / cpu('known'),
      against,
    },
    {
      name: 'new_senders_vs_known',
      value: rate('fresh'),
      unit,
      ratio: over('fresh', 'known'),
      against: 'known senders',
    },
  ];
  for (const figure of figures) report.figure(figure);
}
