/** A PUBLIC_URL that leads to another server than this one: the doctor finds out by asking there. */
import { Router } from 'express';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { INTERCOM_WORKSPACE } from '../../playground/town/emulators.ts';
import { install } from '../support/coming-in.ts';
import { openHouse, type WholeHouse } from '../support/whole-house.ts';

let house: WholeHouse;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

it('is named with its fix; one that leads here is fine', async () => {
  const who = house.visitor();
  await install(who, 'intercom', `workspace=${INTERCOM_WORKSPACE}&teammate=501`);
  const { id } = (await house.api(who, 'GET', '/workspaces')).json.data[0];
  const doctor = async () =>
    (await who.go(`/doctor?workspace=${id}`, { headers: { accept: 'text/html' } })).text();
  expect(await doctor()).toContain(`${house.url} leads here.`);

  const another = Router();
  another.get('/healthz', (_request, response) => void response.json({ ok: true, installation: 'another' }));
  house.open({ path: '/', router: another });
  const page = await doctor();
  expect(page).toContain(`${house.url} leads to something else than this server.`);
  expect(page).toContain('Set PUBLIC_URL to the address under which this server is reached from outside');
});
