/** The short form of `npm run storm`: one fault of each kind that takes seconds, by the same rows. */
import { expect, inject, test } from 'vitest';
import { fullDisk } from '../storm/disk.ts';
import { postgresOnLine, restarts } from '../storm/postgres.ts';
import { refusedByPlatform } from '../storm/provider-storms.ts';
import { failures, type Row } from '../storm/report.ts';
import { openStorm } from '../storm/town.ts';
import type { Town } from '../support/town.ts';

async function rowsOf(
  databaseUrl: string | undefined,
  rages: ((town: Town) => Promise<Row>)[],
): Promise<Row[]> {
  const town = await openStorm({
    recordTo: inject('callsFile'),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
  });
  try {
    const rows: Row[] = [];
    for (const rage of rages) rows.push(await rage(town));
    return rows;
  } finally {
    await town.close();
  }
}

const expectAllToHold = (rows: Row[]): void =>
  expect(rows.map((row) => [row.fault, failures(row)])).toEqual(rows.map((row) => [row.fault, []]));

test('a platform that refuses, and a disk that takes nothing, lose and double no message', async () => {
  const size = { customers: 6, rounds: 4 };
  expectAllToHold(
    await rowsOf(undefined, [
      (town) => refusedByPlatform(town, size),
      (town) => fullDisk(town, undefined, size),
    ]),
  );
}, 120_000);

test('a Postgres that crashes under load loses and doubles no message', async () => {
  const { server, url, close } = await postgresOnLine();
  try {
    const size = { customers: 4, rounds: 4 };
    expectAllToHold(await rowsOf(url, [(town) => restarts(town, server, size, 1)]));
  } finally {
    await close();
  }
}, 120_000);
