import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { INTERCOM_WORKSPACE, LINES } from '../../playground/town/emulators.ts';
import { type Company, openCompany } from '../support/company.ts';
import { openPooler, type Pooler } from '../support/pooler.ts';
import { emptyPostgres } from '../support/postgres.ts';

/** Two servers want up to 22 connections: most transactions wait for one of these, and get whichever is free. */
const CONNECTIONS = 3;
const EACH = 10;
const customers = Array.from({ length: 6 }, (_, index) => 6_100_000 + index);
const [line] = LINES;
if (!line) throw new Error('the town has no lines');

let pooler: Pooler;
let company: Company;
beforeAll(async () => {
  pooler = await openPooler(await emptyPostgres(), CONNECTIONS);
  company = await openCompany(pooler.url);
  await company.join();
});
afterAll(async () => {
  await company?.close();
  pooler?.close();
});

const until = (check: () => void) => vi.waitFor(check, { timeout: 30_000, interval: 20 });

/** What each customer's conversation says, in its order. */
const conversations = (): (string | undefined)[][] =>
  company.emulators.intercom
    .inbox(INTERCOM_WORKSPACE)
    .map((one) => one.entries.map((entry) => entry.text))
    .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));

test('two servers behind a pooler in transaction mode make the schema, and deliver a burst once and in order', async () => {
  const { telegram } = company.emulators;
  for (const id of customers) telegram.addCustomer({ id, first_name: `Customer ${id}` });
  for (let index = 0; index < EACH; index += 1)
    for (const id of customers) telegram.customerSends(id, { text: `${id}:${index}` }, line.bot.id);
  await until(() => expect(conversations().flat()).toHaveLength(customers.length * EACH));
  expect(conversations()).toEqual(
    customers.map((id) => Array.from({ length: EACH }, (_, index) => `${id}:${index}`)),
  );
});

test('what one server left behind goes on at the other one', async () => {
  const [first] = company.servers;
  await first?.kill();
  const [id = 0] = customers;
  company.emulators.telegram.customerSends(id, { text: `${id}:after` }, line.bot.id);
  await until(() => expect(conversations()[0]?.at(-1)).toBe(`${id}:after`));
});

test('every connection to Postgres was lent to many', () => {
  expect(pooler.clients()).toBeGreaterThan(CONNECTIONS);
  expect(Math.min(...pooler.transactions)).toBeGreaterThan(20);
});
