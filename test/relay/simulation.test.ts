/**
 * The simulation takes over time and chance of the process that it runs in, so it runs in processes of its own. Long
 * form: `npm run simulate -- --seeds 10000`.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import type { Outcome } from '../simulate/run.ts';
import { runSeeds } from '../simulate/seeds.ts';

vi.setConfig({ testTimeout: 300_000 });

const MAIN = fileURLToPath(new URL('../simulate/main.ts', import.meta.url));

function simulate(...flags: string[]): Promise<{ status: number | null; said: string }> {
  const run = spawn(process.execPath, [MAIN, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  run.stdout.on('data', (chunk) => {
    said += chunk;
  });
  return new Promise((resolve) => run.on('close', (status) => resolve({ status, said })));
}

async function outcomes(...seeds: number[]): Promise<Map<number, Outcome>> {
  const known = new Map<number, Outcome>();
  await runSeeds(
    seeds.map((seed) => ({ seed })),
    (outcome) => {
      known.set(outcome.seed, outcome);
      return false;
    },
  );
  return known;
}

test('in 200 seeds nothing is lost, doubled or overtaken, and every kind of fault has happened', async () => {
  const { status, said } = await simulate('--seeds', '200');
  // The command ends well only when each kind of fault was counted at least once.
  expect(said).toContain('0 lost, 0 reordered, 0 duplicates beyond those labelled unknown');
  expect(status).toBe(0);
});

test.each([
  ['head', 'the head-of-lane rule'],
  ['fence', 'the fence'],
  ['started', 'attempt_started'],
  ['dedupe', 'the dedupe key'],
  ['ack', 'the durable ack'],
])('without the rule “%s” one of the first 100 of these seeds fails', async (rule, called) => {
  const { status, said } = await simulate('--seeds', '100', '--break', rule);
  expect(said).toMatch(new RegExp(`Without ${called}: .* FAILED`));
  expect(said).toMatch(new RegExp(`npm run simulate -- --seed \\d+ --break ${rule}`));
  expect(status).toBe(1);
});

test('a seed repeats itself, alone and behind others', async () => {
  const among = await outcomes(1, 2, 3);
  const alone = await outcomes(3);
  expect(alone.get(3)).toEqual(among.get(3));
  expect(among.get(2)?.fingerprint).not.toBe(among.get(3)?.fingerprint);
});

test('a seed that fails is printed line by line by the command that was named', async () => {
  const { said } = await simulate('--seeds', '20', '--break', 'dedupe');
  const named = /npm run simulate -- (--seed \d+ --break dedupe)/.exec(said)?.[1] as string;
  const again = await simulate(...named.split(' '));
  expect(again.status).toBe(1);
  expect(again.said).toMatch(/doubled: \S+ is in the ledger \d+ times/);
  expect(again.said).toMatch(/writes \S+-in-1 “/);
});
