import { afterEach, beforeEach, expect, test } from 'vitest';
import { IntercomEmulator } from '../../../playground/platforms/intercom.ts';
import { handClock, type JsonClient, jsonClient } from './product-stand-in.ts';

const clock = handClock();
let intercom: IntercomEmulator;
let call: JsonClient;

beforeEach(async () => {
  intercom = await new IntercomEmulator({ now: clock.now, contactSearchLagMs: 60_000 }).listen();
  const teammates = [{ id: '11', name: 'Ann', email: 'ann@acme.test' }];
  intercom.addWorkspace({ id_code: 'acme01', name: 'Acme', teammates });
  call = jsonClient(intercom.url, { authorization: `Bearer ${intercom.installDirectly('acme01')}` });
});
afterEach(() => intercom.close());

const byPhone = (phone: string) =>
  call('POST', '/contacts/search', { query: { field: 'phone', operator: '=', value: phone } });

test('a new contact is missing from search until the index has caught up', async () => {
  const made = await call('POST', '/contacts', { role: 'lead', phone: '+15550002222', name: 'Zoe' });
  expect(made.body).toMatchObject({ type: 'contact', role: 'lead', phone: '+15550002222' });
  expect(made.body.id).toMatch(/^[0-9a-f]{24}$/);
  expect((await byPhone('+15550002222')).body.total_count).toBe(0);
  clock.advance(60_000);
  expect((await byPhone('+15550002222')).body.data[0].id).toBe(made.body.id);
});

test('custom attributes must be created before they are written, and are searchable then', async () => {
  const body = { role: 'lead', custom_attributes: { octopods_id: 'telegram:7' } };
  const refused = await call('POST', '/contacts', body);
  expect([refused.status, refused.body.errors[0].code]).toEqual([400, 'parameter_invalid']);
  const attribute = { name: 'octopods_id', model: 'contact', data_type: 'string' };
  expect((await call('POST', '/data_attributes', attribute)).status).toBe(200);
  expect((await call('POST', '/data_attributes', attribute)).status).toBe(400);
  const made = await call('POST', '/contacts', body);
  clock.advance(60_000);
  const query = { field: 'custom_attributes.octopods_id', operator: '=', value: 'telegram:7' };
  expect(
    (await call('POST', '/contacts/search', { query })).body.data.map((one: { id: string }) => one.id),
  ).toEqual([made.body.id]);
  expect((await call('GET', '/data_attributes?model=conversation')).status).toBe(422);
});

test('two users with one external_id: 409, naming the first', async () => {
  const { body } = await call('POST', '/contacts', { role: 'user', external_id: 'x1' });
  const twin = await call('POST', '/contacts', { role: 'user', external_id: 'x1' });
  expect(twin.status).toBe(409);
  expect(twin.body.errors[0]).toMatchObject({
    code: 'conflict',
    message: `A contact matching those details already exists with id=${body.id}`,
  });
  await call('POST', `/contacts/${body.id}/archive`);
  const archived = await call('POST', '/contacts', { role: 'user', external_id: 'x1' });
  expect(archived.body.errors[0].message).toMatch(/^An archived contact .* with id=[0-9a-f]{24}$/);
});

test('leads share a phone number, and may not be given an external_id', async () => {
  const first = await call('POST', '/contacts', { role: 'lead', phone: '+15550002222' });
  const second = await call('POST', '/contacts', { role: 'lead', phone: '+15550002222' });
  expect(first.body.id).not.toBe(second.body.id);
  expect((await call('POST', '/contacts', { role: 'lead', external_id: 'mine' })).status).toBe(400);
});

test('a merged lead answers 410 and points to the user that is left', async () => {
  const lead = await call('POST', '/contacts', { role: 'lead', phone: '+15550002222' });
  const user = await call('POST', '/contacts', { role: 'user', external_id: 'x1' });
  const ids = { from: lead.body.id, into: user.body.id };
  const strangers = await call('POST', '/contacts/merge', ids);
  expect([strangers.status, strangers.body.errors[0].code]).toEqual([400, 'invalid_merge']);
  expect((await call('POST', '/contacts/merge', { ...ids, skip_duplicate_validation: true })).status).toBe(
    200,
  );
  const gone = await call('GET', `/contacts/${lead.body.id}`);
  expect([gone.status, gone.body.errors[0].code]).toEqual([410, 'contact_merged']);
  expect(gone.headers.get('link')).toBe(`</contacts/${user.body.id}>; rel="canonical"`);
  const unarchived = await call('POST', `/contacts/${lead.body.id}/unarchive`);
  expect(unarchived.body.errors[0].message).toBe('User has been merged and is not restorable');
});

test.each([
  [{ field: 'shoe_size', operator: '=', value: '4' }],
  [{ field: 'phone', operator: '>', value: '4' }],
  [{ field: 'created_at', operator: '>=', value: 1 }],
  [{ operator: 'AND', value: [] }],
  [
    {
      operator: 'OR',
      value: Array.from({ length: 16 }, () => ({ field: 'phone', operator: '=', value: '1' })),
    },
  ],
])('a search that the index does not understand is refused: %j', async (query) => {
  expect((await call('POST', '/contacts/search', { query })).status).toBe(400);
});

test('contacts are found by day, not by second', async () => {
  const { body } = await call('POST', '/contacts', { role: 'lead' });
  clock.advance(60_000);
  const search = async (operator: string, value: number) =>
    (await call('POST', '/contacts/search', { query: { field: 'created_at', operator, value } })).body
      .total_count;
  expect(await search('>', body.created_at - 3_600)).toBe(0);
  expect(await search('>', body.created_at - 86_400)).toBe(1);
  expect(await search('=', body.created_at - 3_600)).toBe(1);
});

test('malformed JSON and sort words of other APIs are refused', async () => {
  const broken = await fetch(`${intercom.url}/contacts`, {
    method: 'POST',
    headers: { authorization: `Bearer ${intercom.installDirectly('acme01')}` },
    body: '{"role":',
  });
  expect(broken.status).toBe(400);
  const query = { field: 'role', operator: '=', value: 'lead' };
  const sorted = await call('POST', '/contacts/search', {
    query,
    sort: { field: 'created_at', order: 'desc' },
  });
  expect(sorted.body.errors[0].code).toBe('invalid_sort_order');
});
