import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { INTERCOM_WORKSPACE, LINES, PORTAL } from '../../playground/town/emulators.ts';
import { type Company, openCompany } from '../support/company.ts';
import { emptyPostgres } from '../support/postgres.ts';

const [intercomLine, hubspotLine] = LINES;
if (!intercomLine || !hubspotLine) throw new Error('the town has no lines');

let company: Company;
beforeAll(async () => {
  company = await openCompany(await emptyPostgres());
  await company.join();
});
afterAll(() => company.close());

const until = (check: () => void, ms = 30_000) => vi.waitFor(check, { timeout: ms, interval: 20 });

/** What stands in a HubSpot conversation from this customer. */
const saidInHubspot = (customer: string): string[] =>
  company.emulators.hubspot
    .inbox(PORTAL)
    .filter((thread) => thread.visitor?.value === customer)
    .flatMap((thread) => thread.messages.map((message) => message.text));

describe('two servers on one Postgres', () => {
  test('deliver a burst once and in order, whoever received it', async () => {
    const { telegram, intercom } = company.emulators;
    const customers = Array.from({ length: 8 }, (_, index) => 6_000_000 + index);
    const each = 12;
    for (const id of customers) telegram.addCustomer({ id, first_name: `Customer ${id}` });
    for (let index = 0; index < each; index += 1)
      for (const id of customers) telegram.customerSends(id, { text: `${id}:${index}` }, intercomLine.bot.id);
    const conversations = () =>
      intercom
        .inbox(INTERCOM_WORKSPACE)
        .map((one) => one.entries.map((entry) => entry.text))
        .filter(([first]) => customers.some((id) => first?.startsWith(`${id}:`)));
    await until(() => expect(conversations().flat()).toHaveLength(customers.length * each));
    expect(conversations().toSorted((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1))).toEqual(
      customers.map((id) => Array.from({ length: each }, (_, index) => `${id}:${index}`)),
    );
  });

  test('are both at work', async () => {
    const { meta } = company.emulators;
    for (const server of company.servers) server.output = '';
    const [first, second] = company.servers;
    if (!first || !second) throw new Error('there are no two servers');
    await first.stop();
    meta.customerSends('+447700900201', { text: 'to the second' }, hubspotLine.whatsapp.id);
    await until(() => expect(saidInHubspot('+447700900201')).toEqual(['to the second']));
    await first.start();
    await second.stop();
    meta.customerSends('+447700900201', { text: 'to the first' }, hubspotLine.whatsapp.id);
    await until(() => expect(saidInHubspot('+447700900201')).toEqual(['to the second', 'to the first']));
    await second.start();
  });

  test('go on within two seconds with what a killed one held', async () => {
    const { meta, hubspot } = company.emulators;
    const customer = '+447700900202';
    meta.customerSends(customer, { text: 'before' }, hubspotLine.whatsapp.id);
    await until(() => expect(saidInHubspot(customer)).toEqual(['before']));
    const [survivor, victim] = company.servers;
    if (!survivor || !victim) throw new Error('there are no two servers');
    // Only the victim takes messages while the survivor is away; it holds one whose answer never comes.
    await survivor.stop();
    let hung = 0;
    hubspot.on('fault', () => {
      hung += 1;
    });
    hubspot.plan('POST', /\/messages$/, { kind: 'accept_then_hang' });
    for (const text of ['held', 'behind it']) meta.customerSends(customer, { text }, hubspotLine.whatsapp.id);
    await until(() => expect(hung).toBe(1));
    await survivor.start();
    const killedAt = Date.now();
    await victim.kill();
    await until(() => expect(saidInHubspot(customer)).toEqual(['before', 'held', 'behind it']));
    const tookMs = Date.now() - killedAt;
    expect(tookMs).toBeLessThan(2_000);
    await victim.start();
  });
});
