/**
 * `npm run bench`: how fast the real server is, beside what this machine could do at best (the floor). Only ratios of
 * one run mean anything elsewhere. `-- --json`: one JSON line for each figure. `-- --quick`: a tenth of the load.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Figure, measureCards, measureIngest, measureRelay, measureStart } from './measures.ts';
import { installOnce } from './octopods.ts';

const flags = new Set(process.argv.slice(2));
const asJson = flags.has('--json');
const share = flags.has('--quick') ? 0.1 : 1;

const rounded = (value: number): number => Number(value.toPrecision(4));

function show({ name, value, unit, ratio, against }: Figure): void {
  if (asJson) {
    const figure = { name, value: rounded(value), unit };
    console.log(JSON.stringify(ratio === undefined ? figure : { ...figure, ratio: rounded(ratio), against }));
    return;
  }
  const compared = ratio === undefined ? '' : `${ratio.toFixed(2)} × ${against}`;
  console.log(`${name.padEnd(24)}${String(rounded(value)).padStart(10)} ${unit.padEnd(12)}${compared}`);
}

async function main(folder: string): Promise<void> {
  const cards: Figure[] = [];
  const installed = await installOnce(folder, async (inboxes) => {
    cards.push(...(await measureCards(inboxes, 2_000 * share)));
  });
  const ingest = await measureIngest(installed, folder, { rounds: 3, requests: 20_000 * share });
  for (const figure of ingest.figures) show(figure);
  for (const figure of await measureRelay(installed, ingest.floor, {
    burst: 8_000 * share,
    steady: 3_000 * share,
  }))
    show(figure);
  for (const figure of cards) show(figure);
  show(await measureStart(installed, 3));
}

const folder = mkdtempSync(join(tmpdir(), 'octopods-bench-'));
try {
  await main(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
