/** A contact that is erased at the platform for privacy is erased here: messages, files, links, and no trace on disk. */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { signedHeaders } from '../../playground/platforms/hubspot/signature.ts';
import { addChannels, apiWith } from '../../playground/town/admin.ts';
import { CUSTOMERS, INTERCOM_WORKSPACE, LINES, type Line, PORTAL } from '../../playground/town/emulators.ts';
import { install, type PlatformName } from '../support/coming-in.ts';
import { until } from '../support/until.ts';
import type { Visitor } from '../support/visitor.ts';
import { openHouse, type WholeHouse } from '../support/whole-house.ts';

const BEN = { id: 5_559_876_543, first_name: 'Benedict', username: 'ben_oakes' };

let house: WholeHouse;
let admin: Visitor;
beforeAll(async () => {
  house = await openHouse();
  await house.relay.start();
  house.emulators.telegram.addCustomer(BEN);
  admin = house.visitor();
  await install(admin, 'intercom', `workspace=${INTERCOM_WORKSPACE}&teammate=501`);
  await install(admin, 'hubspot');
  const { json } = await house.api(admin, 'POST', '/tokens', { name: 'set-up' });
  for (const platform of ['intercom', 'hubspot'] as const)
    await addChannels(apiWith(house.url, json.token), platform, ['telegram']);
});
afterAll(() => house.close());

const lineOf = (platform: PlatformName): Line => LINES.find((one) => one.platform === platform) as Line;

/** Writes to the bot of this platform; answers what came of it here. */
async function writes(platform: PlatformName, customer: number) {
  const known = new Set((await conversations()).map((one) => one.id));
  house.emulators.telegram.customerSends(customer, { text: `I am ${customer}` }, lineOf(platform).bot.id);
  return until('the conversation is linked', async () =>
    (await conversations()).find((one) => !known.has(one.id) && one.contact_id && one.platform_thread),
  );
}
const conversations = () => house.db.selectFrom('conversation').selectAll().execute();
const idle = () =>
  until('nothing is under way', async () => {
    const open = await house.db.selectFrom('delivery').select('id').where('open', '=', 1).execute();
    return open.length === 0;
  });
const onDisk = (): string =>
  Buffer.concat(
    [house.file, `${house.file}-wal`].filter(existsSync).map((file) => readFileSync(file)),
  ).toString('latin1');

/** At HubSpot: its call, signed as HubSpot signs; answers the status. */
async function hubspotErases(contact: string, secret = house.emulators.hubspot.world.app.clientSecret) {
  const url = `${house.url}/hubspot/webhooks`;
  const body = JSON.stringify([
    {
      eventId: 1,
      subscriptionType: 'contact.creation',
      portalId: PORTAL,
      objectId: 1,
      occurredAt: Date.now(),
    },
    {
      eventId: 2,
      subscriptionType: 'contact.privacyDeletion',
      portalId: 4_999_999,
      objectId: Number(contact),
    },
    { eventId: 3, subscriptionType: 'contact.privacyDeletion', portalId: PORTAL, objectId: Number(contact) },
  ]);
  const headers = signedHeaders(secret, { method: 'POST', url, body, timestamp: Date.now() });
  return (await fetch(url, { method: 'POST', headers, body })).status;
}
/** At Intercom: an admin deletes the contact for good, and Intercom tells us. */
async function intercomErases(contact: string) {
  const token = house.emulators.intercom.installDirectly(INTERCOM_WORKSPACE);
  const headers = { authorization: `Bearer ${token}`, 'intercom-version': '2.16' };
  return (await fetch(`${house.emulators.intercom.url}/contacts/${contact}`, { method: 'DELETE', headers }))
    .status;
}

it.each([
  ['intercom', intercomErases],
  ['hubspot', hubspotErases],
] as const)(
  'at %s: whoever it was leaves no trace here, everybody else stays, and the trail says so once',
  async (platform, erases) => {
    const ann = await writes(platform, CUSTOMERS.telegram.id);
    const ben = await writes(platform, BEN.id);
    await idle();
    expect(onDisk()).toContain(ann.platform_thread);

    expect(await erases(ann.contact_id ?? '')).toBe(200);
    await until('the conversation is gone', async () =>
      (await conversations()).every((one) => one.id !== ann.id),
    );
    await idle();
    const rest = onDisk();
    const traces = platform === 'intercom' ? [ann.contact_id, ann.platform_thread] : [ann.platform_thread];
    for (const trace of traces) expect(rest).not.toContain(trace);
    expect(await conversations()).toContainEqual(ben);
    const links = await house.db.selectFrom('contact_link').select('contact_id').execute();
    expect(links.map((one) => one.contact_id)).not.toContain(ann.contact_id);

    // Told again, as platforms do.
    if (platform === 'hubspot') expect(await erases(ann.contact_id ?? '')).toBe(200);
    await idle();
    const erased = (
      await house.db.selectFrom('audit').selectAll().where('action', '=', 'customer.erased').execute()
    ).filter((one) => one.facts.includes(platform));
    expect(erased).toHaveLength(1);
    expect(JSON.parse(erased[0]?.facts ?? '')).toMatchObject({ conversations: 1, messages: 1 });
    expect(JSON.stringify(erased)).not.toContain(ann.contact_id);
  },
);

it('is believed only when HubSpot has signed it', async () => {
  const before = await conversations();
  for (const { contact_id } of before) expect(await hubspotErases(contact_id ?? '1', 'made up')).toBe(401);
  await idle();
  expect(await conversations()).toEqual(before);
});
