import { expect, test } from 'vitest';
import { newIntake } from '../../../server/store/ledger/intake.ts';

const clock = { ms: 1_000, now: () => clock.ms };
const open = () => {
  let finish: () => void = () => undefined;
  const written = new Promise<void>((resolve) => {
    finish = resolve;
  });
  return { written: () => written, finish };
};

test('sixteen arrivals that wait for their commit make the intake busy, fifteen do not', async () => {
  const intake = newIntake(clock);
  const { written, finish } = open();
  const most = intake.during(15, written);
  expect(intake.isBusy()).toBe(false);
  const last = intake.during(1, written);
  expect(intake.isBusy()).toBe(true);
  finish();
  await Promise.all([most, last]);
});

test('it is busy until a moment after nobody waits any more', async () => {
  const intake = newIntake(clock);
  await intake.during(16, async () => undefined);
  clock.ms += 29;
  expect(intake.isBusy()).toBe(true);
  clock.ms += 1;
  expect(intake.isBusy()).toBe(false);
});

test('arrivals that could not be written wait no longer', async () => {
  const intake = newIntake(clock);
  const refused = intake.during(15, async () => {
    throw new Error('the disk is full');
  });
  await expect(refused).rejects.toThrow('the disk is full');
  clock.ms += 1_000;
  await intake.during(15, async () => undefined);
  expect(intake.isBusy()).toBe(false);
});
