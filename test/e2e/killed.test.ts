/** kill -9 in the middle of a burst: whatever was acknowledged arrives, once, in order; the rest is sent again by its source. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlatformId } from '../../playground/page/api.ts';
import { deskOf } from '../support/desk.ts';
import { handset } from '../support/handset.ts';
import { SPOTLESS, tally, together } from '../support/tally.ts';
import { openTown, type Town } from '../support/town.ts';
import { until } from '../support/until.ts';

const CUSTOMERS = 10;
const EACH = 50;

let town: Town;
beforeAll(async () => {
  town = await openTown({
    emulators: {
      hubspot: { callsPer10s: 20_000, searchesPerSecond: 200 },
      // Telegram's own patience, in a hurry: the burst is over in seconds, not in a day.
      telegram: { webhookRetryAfterMs: Array<number>(400).fill(150), webhookTimeoutMs: 5_000 },
    },
  });
});
afterAll(() => town.close());

test('five hundred messages survive three kills: none lost, none twice, none out of order', async () => {
  const customers = Array.from({ length: CUSTOMERS }, (_, index) => {
    const platform: PlatformId = index % 2 === 0 ? 'intercom' : 'hubspot';
    const texts = Array.from({ length: EACH }, (_, nth) => `Customer ${index}, message ${nth + 1}`);
    return { platform, phone: handset(town, platform, 'telegram', 200 + index), texts };
  });
  for (let nth = 0; nth < EACH; nth += 1)
    for (const { phone, texts } of customers) phone.sends({ text: texts[nth] as string });

  const arrived = () =>
    customers.map(({ platform, texts }) => deskOf(town, platform).with(texts[0] as string)?.said ?? []);
  const count = () => arrived().reduce((sum, said) => sum + said.length, 0);
  for (const share of [0.1, 0.3, 0.6]) {
    await until(`${share * 100} % of the burst`, () => count() >= share * CUSTOMERS * EACH, 60_000);
    await town.product.kill();
    await town.product.start();
  }
  await until('the whole burst', () => count() >= CUSTOMERS * EACH, 120_000);
  await town.emulators.telegram.settled();
  expect(town.product.kills).toBe(3);
  expect(together(customers.map(({ texts }, index) => tally(texts, arrived()[index] as string[])))).toEqual(
    SPOTLESS,
  );
}, 300_000);
