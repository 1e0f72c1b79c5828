/** New keys for old, on a server that goes on meanwhile. */
import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LINES } from '../../playground/town/emulators.ts';
import { Product } from '../../playground/town/product.ts';
import { octopods } from '../support/cli.ts';
import { type Desk, deskOf } from '../support/desk.ts';
import { openTown, type Town } from '../support/town.ts';

const [line] = LINES;
if (!line) throw new Error('the town has no lines');
const ANN = { id: 6_100_000, first_name: 'Ann' };
const NEW = randomBytes(32).toString('base64');

let town: Town;
let desk: Desk;
let product: Product;
let old: string;
beforeEach(async () => {
  town = await openTown();
  product = town.product;
  old = town.env.OCTOPODS_KEYS ?? '';
  desk = deskOf(town, 'intercom');
  town.emulators.telegram.addCustomer(ANN);
});
afterEach(async () => {
  await product.kill();
  await town.close();
});

const until = <Value>(look: () => Value | Promise<Value>) =>
  vi.waitFor(look, { timeout: 20_000, interval: 50 });
const says = (text: string) => town.emulators.telegram.customerSends(ANN.id, { text }, line.bot.id);
const arrived = (text: string) =>
  until(() => desk.with(text) ?? Promise.reject(new Error(`"${text}" has not arrived`)));
const withKeys = (keys: string) => ({ ...town.env, OCTOPODS_KEYS: keys });
async function serveWith(keys: string): Promise<void> {
  await product.stop();
  product = new Product(withKeys(keys));
  await product.start();
}

test('are put in place, wrapped anew while messages flow, and the old one is not needed any more', async () => {
  says('sealed under the old key');
  await arrived('sealed under the old key');
  await serveWith(`${NEW},${old}`);

  says('while both are there');
  const rotated = await octopods(withKeys(`${NEW},${old}`), 'keys', 'rotate');
  expect(rotated).toMatchObject({ code: 0, said: expect.stringContaining('Everything can be read') });
  await arrived('while both are there');
  says('after the rotation');
  const { id } = await arrived('after the rotation');
  expect((await octopods(withKeys(NEW), 'keys', 'rotate')).said).toMatch(/^0 keys were wrapped anew/);

  await serveWith(NEW);
  const card = await desk.card(id);
  for (const text of ['sealed under the old key', 'while both are there', 'after the rotation'])
    expect(card).toContain(text);
  desk.reply(id, 'sent with old credentials under the new key');
  await until(() =>
    expect(JSON.stringify(town.emulators.telegram.phone(ANN.id))).toContain('sent with old credentials'),
  );
  expect(await octopods(withKeys(NEW), 'audit', 'verify')).toMatchObject({ code: 0 });
});

test('without the old one and without a rotation it refuses to start, and says what to do', async () => {
  await product.stop();
  await expect(new Product(withKeys(NEW)).start()).rejects.toThrow(
    /Octopods cannot start: OCTOPODS_KEYS does not hold the key .* keys rotate/,
  );
  expect(await octopods(withKeys(NEW), 'keys', 'rotate')).toMatchObject({
    code: 1,
    said: expect.stringContaining('OCTOPODS_KEYS does not hold the key'),
  });
  await serveWith(old);
  says('still fine with the old one');
  await arrived('still fine with the old one');
});
