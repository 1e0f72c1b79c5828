/**
 * What a big ledger costs: the intake, the claims, the memory and the start, with nothing in it and with millions of
 * settled messages and 100,000 waiting ones in three shapes. Rounds in turn, so that what else the machine does hits
 * both alike.
 */
import { dirname, join } from 'node:path';
import { measureClaims } from './claims.ts';
import { CONNECTIONS, portOf } from './ingest.ts';
import { closedLoop, percentile } from './load.ts';
import type { Installed } from './octopods.ts';
import { rssMb } from './process-figures.ts';
import { type Report, rounded } from './report.ts';
import { placeOf, removeWaiting, type Shape, seedSettled, seedWaiting } from './settled.ts';
import { Sink } from './sink.ts';
import { CUSTOMERS, webhooks } from './webhooks.ts';

const SHAPES: Shape[] = ['one lane', '100,000 lanes', 'a parked workspace'];

export interface Growth {
  settled: number;
  waiting: number;
  rounds: number;
  requests: number;
}

interface Rates {
  ingest: number;
  claims: number;
  startMs: number;
  rss: number;
}

export async function measureGrowth(installed: Installed, growth: Growth, report: Report): Promise<void> {
  const { empty, full } = seed(installed, growth, report);
  for (const shape of SHAPES) {
    report.progress(`${growth.waiting} waiting: ${shape}`);
    seedWaiting(full, placeOf(full), shape, growth.waiting);
    const rounds: { empty: Rates; full: Rates }[] = [];
    for (let round = 1; round <= growth.rounds; round += 1) {
      rounds.push(await roundOf(installed, { empty, full }, growth.requests, round % 2 === 0));
      report.progress(
        `round ${round} of ${growth.rounds}: ${words(rounds.at(-1) as (typeof rounds)[number])}`,
      );
    }
    reportShape(shape, rounds, report);
    removeWaiting(full);
  }
}

/** Every second round the other way about: what the machine turns to meanwhile hits each of them as often. */
async function roundOf(
  installed: Installed,
  { empty, full }: { empty: string; full: string },
  requests: number,
  fullFirst: boolean,
): Promise<{ empty: Rates; full: Rates }> {
  const first = fullFirst ? await ratesOf(installed, full, requests) : undefined;
  const ofEmpty = await ratesOf(installed, empty, requests);
  return { empty: ofEmpty, full: first ?? (await ratesOf(installed, full, requests)) };
}

/** Two installations alike but for what lies in them; answers their database files. */
function seed(installed: Installed, { settled }: Growth, report: Report): { empty: string; full: string } {
  const [empty, full] = ['empty', 'full'].map((name) => join(installed.copy(name), 'octopods.db')) as [
    string,
    string,
  ];
  report.progress(`putting ${settled} settled messages into the ledger`);
  seedSettled(full, placeOf(full), settled, (done) => report.progress(`${done} of ${settled}`));
  return { empty, full };
}

async function ratesOf(installed: Installed, file: string, requests: number): Promise<Rates> {
  // A platform that hangs: few calls are made. That the relay sends the others back to wait is part of the figure.
  const sink = await Sink.open();
  sink.mode = 'hold';
  const began = performance.now();
  const product = await installed.startIn(dirname(file), sink.url);
  const startMs = performance.now() - began;
  const make = (count: number) => webhooks(installed.number, count, CUSTOMERS).map((one) => one.request);
  await closedLoop(portOf(product), make(CUSTOMERS * 4), CONNECTIONS);
  const { perSecond } = await closedLoop(portOf(product), make(requests), CONNECTIONS);
  const rss = rssMb(product.pid);
  await product.kill();
  sink.close();
  return { ingest: perSecond, claims: await measureClaims(file, installed.keys), startMs, rss };
}

const words = ({ empty, full }: { empty: Rates; full: Rates }): string =>
  `ingest ${rounded(empty.ingest)}/s empty, ${rounded(full.ingest)}/s full; claims ${rounded(empty.claims)}/s empty, ${rounded(full.claims)}/s full`;

function reportShape(shape: Shape, rounds: { empty: Rates; full: Rates }[], report: Report): void {
  const name = shape.replaceAll(/[ ,]+/g, '_');
  const middle = (of: (one: { empty: Rates; full: Rates }) => number): number =>
    percentile(rounds.map(of), 0.5);
  const against = 'an empty ledger';
  const figures = [
    {
      name: `ingest, ${shape}`,
      value: middle(({ full }) => full.ingest),
      unit: 'requests/s',
      ratio: middle(({ empty, full }) => full.ingest / empty.ingest),
      against,
    },
    {
      name: `claims, ${shape}`,
      value: middle(({ full }) => full.claims),
      unit: 'claims/s',
      ratio: middle(({ empty, full }) => full.claims / empty.claims),
      against,
    },
    { name: `memory, ${shape}`, value: middle(({ full }) => full.rss), unit: 'MB' },
    { name: `start, ${shape}`, value: middle(({ full }) => full.startMs), unit: 'ms' },
  ];
  for (const figure of figures) report.figure({ ...figure, name: figure.name.replace(shape, name) });
}
