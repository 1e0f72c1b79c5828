/**
 * `npm run storm`: everything that others do to us, done on purpose, with what everybody saw of it. Ends non-zero when
 * anything was lost, doubled or out of order, or when a fault never happened. `-- --family disks` runs that family only,
 * `-- --only WORD` the faults with that word in their name.
 */
import { parseArgs } from 'node:util';
import { failures, type Row, summary, table } from './report.ts';
import { FAMILIES, type Family } from './rows.ts';

const { values } = parseArgs({ options: { only: { type: 'string' }, family: { type: 'string' } } });

const rows: Row[] = [];
for (const [name, open] of Object.entries(FAMILIES))
  if (values.family === undefined || values.family === name) await play(await open());
if (rows.length === 0) {
  const known = `--family is one of ${Object.keys(FAMILIES).join(', ')}; --only a word of a fault's name`;
  console.error(`No fault is meant by ${JSON.stringify(values)}: ${known}.`);
  process.exit(1);
}
console.log(`\n${table(rows)}\n`);
for (const row of rows) for (const failure of failures(row)) console.log(`${row.fault}: ${failure}`);
console.log(summary(rows));
process.exit(rows.every((row) => failures(row).length === 0) ? 0 : 1);

async function play({ faults, close }: Family): Promise<void> {
  try {
    for (const { name, rage } of faults) {
      if (values.only !== undefined && !name.includes(values.only)) continue;
      console.error(`… ${name}`);
      rows.push(await rage());
      console.error(table(rows.slice(-1)).split('\n').at(-1));
    }
  } finally {
    await close();
  }
}
