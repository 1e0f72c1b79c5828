/** SIGTERM in the middle of traffic, as every deployment sends it: what is under way is finished, nothing is lost. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PlatformId } from '../../playground/page/api.ts';
import { known } from '../support/doubts.ts';
import { APPS, handset } from '../support/handset.ts';
import { SPOTLESS, tally, together } from '../support/tally.ts';
import { openTown, type Town } from '../support/town.ts';
import { until } from '../support/until.ts';

let town: Town;
beforeAll(async () => {
  town = await openTown({
    emulators: {
      hubspot: { callsPer10s: 2_000, searchesPerSecond: 100 },
      intercom: { webhookRetryMs: 3_000 },
    },
  });
});
afterAll(() => town.close());

const EACH = 10;

test('a graceful stop during traffic both ways ends with 0 and loses, doubles and swaps nothing', async () => {
  const roads = (['intercom', 'hubspot'] as PlatformId[]).flatMap((platform) =>
    APPS.map((app) => ({ platform, app })),
  );
  const people = await Promise.all(
    roads.map(({ platform, app }, index) => known(town, platform, app, 800 + index)),
  );
  const texts = (index: number) => Array.from({ length: EACH }, (_, nth) => `In ${index}.${nth}`);
  const answers = (index: number) => Array.from({ length: EACH }, (_, nth) => `Out ${index}.${nth}`);
  for (let nth = 0; nth < EACH; nth += 1)
    for (const [index, { phone, desk, conversationId }] of people.entries()) {
      phone.sends({ text: texts(index)[nth] as string });
      desk.reply(conversationId, answers(index)[nth] as string);
    }
  const said = () =>
    people.map(
      ({ desk, conversationId }) => desk.conversations().find((one) => one.id === conversationId)?.said ?? [],
    );
  const gotten = () => people.map(({ phone }) => phone.received().map((message) => message.text ?? ''));
  const arrived = () => [...said(), ...gotten()].flat().length;

  await until('the traffic to flow', () => arrived() > people.length + 20);
  const began = Date.now();
  await town.product.stop();
  expect(town.product.exit).toEqual({ code: 0, signal: null });
  expect(Date.now() - began).toBeLessThan(25_000);
  expect(town.product.output).toContain('what is under way is finished first');
  expect(arrived()).toBeLessThan(people.length * (1 + 2 * EACH));
  await town.product.start();

  const whole = () =>
    together([
      ...people.map(({ hello }, index) => tally([hello, ...texts(index)], said()[index] as string[])),
      ...people.map((_, index) => tally(answers(index), gotten()[index] as string[])),
    ]);
  await until('everything', () => whole().lost.length === 0, 30_000).catch(() => undefined);
  // What no webhook had brought in when the process was gone comes by redelivery, behind what its sender sent later.
  expect({ ...whole(), inverted: [] }).toEqual(SPOTLESS);
  const byTelegram = people.filter(({ phone }) => phone.app === 'telegram');
  for (const person of byTelegram) {
    const index = people.indexOf(person);
    expect(tally([person.hello, ...texts(index)], said()[index] as string[])).toEqual(SPOTLESS);
  }
}, 120_000);

test('nothing is left to stop: a second stop is no error, and the next start serves', async () => {
  await town.product.stop();
  expect(town.product.exit).toEqual({ code: 0, signal: null });
  await town.product.start();
  const phone = handset(town, 'intercom', 'telegram', 820);
  phone.sends({ text: 'Open again?' });
  await until('the message', () =>
    town.emulators.intercom.inbox('k7d2acme').some((one) => one.entries[0]?.text === 'Open again?'),
  );
});
