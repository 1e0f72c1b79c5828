import { describe, expect, it } from 'vitest';
import type { MessageDelivery } from '../../../server/core/adapter.ts';
import { WireError } from '../../../server/core/outcome.ts';
import { TEST_NOW, testIo } from '../../support/io.ts';
import { making } from '../../support/making.ts';
import { API, connection, conversation, errorBody, hubspot, message, telegramConversation } from './given.ts';

const SEARCH = `POST ${API}/crm/objects/2026-09/contacts/search`;
const CREATE = `POST ${API}/crm/objects/2026-09/contacts`;
const INTERNATIONAL = 'hs_searchable_calculated_international_phone_number';

const opening = (link = conversation()): MessageDelivery => message({ conversation: link, opens: true });
function contactStep(delivery: MessageDelivery, io = testIo()) {
  const step = hubspot()
    .prepare?.(delivery, connection(), io)
    .find(({ name }) => name === 'contact');
  if (!step) throw new Error('there is no contact step');
  return step;
}
const contact = (id: string, properties: Record<string, string | null>) => ({ id, properties });
const found = (...results: object[]) => ({ json: { total: results.length, results } });
const brazilian = () =>
  conversation({
    thread: '+5511987654321',
    customer: {
      identities: [{ scope: '', kind: 'phone', value: '+5511987654321' }],
      address: '+55 11 98765-4321',
    },
  });

describe('finding the contact of a phone number', () => {
  it('asks for the number in every form and property, and takes the only one', async () => {
    const io = testIo();
    io.http.queue(
      SEARCH,
      found(contact('5001', { phone: '(555) 000-2222', [INTERNATIONAL]: '15550002222' })),
    );
    expect(await contactStep(opening(), io).run({}, making())).toBe('5001');
    expect(io.http.requests[0]?.json).toMatchObject({
      filterGroups: [
        { filters: [{ propertyName: 'phone', operator: 'IN', values: ['+15550002222', '15550002222'] }] },
        { filters: [{ propertyName: 'mobilephone' }] },
        { filters: [{ propertyName: 'hs_whatsapp_phone_number' }] },
        { filters: [{ propertyName: 'hs_searchable_calculated_phone_number', values: ['5550002222'] }] },
        { filters: [{ propertyName: 'hs_searchable_calculated_mobile_number' }] },
      ],
    });
  });

  it('runs once per person: the step is locked on the identity', () => {
    expect(contactStep(opening()).lock).toEqual({ scope: '', kind: 'phone', value: '+15550002222' });
  });

  it('drops a namesake in another country whose national digits are the same', async () => {
    const io = testIo();
    io.http.queue(
      SEARCH,
      found(
        contact('6001', { phone: '555 000 2222', [INTERNATIONAL]: '495550002222' }),
        contact('6002', { phone: '+15550002222', [INTERNATIONAL]: '15550002222' }),
      ),
    );
    expect(await contactStep(opening(), io).run({}, making())).toBe('6002');
  });

  it('reads a number without a country as one of the customer’s, where HubSpot does not know better', async () => {
    const io = testIo();
    io.http.queue(SEARCH, found(contact('6003', { mobilephone: '(555) 000-2222' })));
    expect(await contactStep(opening(), io).run({}, making())).toBe('6003');
  });

  it('finds a Brazilian under the number without the ninth digit', async () => {
    const io = testIo();
    io.http.queue(
      SEARCH,
      found(contact('6004', { phone: '+551187654321', [INTERNATIONAL]: '551187654321' })),
    );
    expect(await contactStep(opening(brazilian()), io).run({}, making())).toBe('6004');
    expect(JSON.stringify(io.http.requests[0]?.json)).toContain('"+551187654321"');
  });

  it('takes none of several, and makes none of a number: HubSpot does that itself', async () => {
    const io = testIo();
    const twin = { phone: '+15550002222' };
    io.http.queue(SEARCH, found(contact('1', twin), contact('2', twin)), found());
    expect(await contactStep(opening(), io).run({}, making())).toBe('');
    expect(await contactStep(opening(), io).run({}, making())).toBe('');
    io.http.done();
  });

  it('lets the message through when HubSpot refuses the search, and waits when it is busy', async () => {
    const io = testIo();
    io.http.queue(SEARCH, { status: 403, json: errorBody('missing_scopes') });
    expect(await contactStep(opening(), io).run({}, making())).toBe('');
    io.http.queue(SEARCH, { status: 429, json: errorBody('secondly_limit') }, { status: 502, text: 'oops' });
    expect(await contactStep(opening(), io).run({}, making())).toMatchObject({
      outcome: 'retry',
      afterMs: 1_000,
    });
    expect(await contactStep(opening(), io).run({}, making())).toMatchObject({ outcome: 'retry' });
  });

  it('asks nothing for a conversation that HubSpot knows', () => {
    expect(hubspot().prepare?.(message(), connection(), testIo())).toEqual([]);
  });
});

describe('the contact of a customer without a number', () => {
  it('is made with the name, without a search that could find nothing', async () => {
    const io = testIo();
    io.http.queue(CREATE, { status: 201, json: contact('7001', {}) });
    expect(await contactStep(opening(telegramConversation()), io).run({}, making())).toBe('7001');
    expect(io.http.requests[0]?.json).toEqual({
      properties: { firstname: 'Ann', lastname: 'van Example' },
      associations: [],
    });
  });

  it('is found by the property that the channel names, and gets it when it is made', async () => {
    const io = testIo();
    io.http.queue(SEARCH, found()).queue(CREATE, { status: 201, json: contact('7002', {}) });
    const settings = { identifier_property: 'telegram_id' };
    expect(await contactStep(opening(telegramConversation(settings)), io).run({}, making())).toBe('7002');
    expect(io.http.requests[0]?.json).toMatchObject({
      filterGroups: [{ filters: [{ propertyName: 'telegram_id', operator: 'EQ', value: '52' }] }],
    });
    expect(io.http.requests[1]?.json).toMatchObject({ properties: { telegram_id: '52' } });
  });

  it('is looked for by user name where the channel says so', async () => {
    const io = testIo();
    io.http.queue(SEARCH, found(contact('7003', {})));
    const settings = { identifier_property: 'telegram', identifier_value: 'username' };
    expect(await contactStep(opening(telegramConversation(settings)), io).run({}, making())).toBe('7003');
    expect(JSON.stringify(io.http.requests[0]?.json)).toContain('"value":"annx"');
  });

  it('is not made where the channel says no', async () => {
    const io = testIo();
    const delivery = opening(telegramConversation({ auto_create: false }));
    expect(await contactStep(delivery, io).run({}, making())).toBe('');
    expect(io.http.requests).toEqual([]);
  });

  it('is looked for again after a crash, once HubSpot’s index can know it', async () => {
    const io = testIo();
    const step = contactStep(opening(telegramConversation()), io);
    expect(await step.run({}, making(TEST_NOW - 4_000))).toMatchObject({ outcome: 'retry', afterMs: 6_000 });
    io.clock.advance(6_000);
    io.http.queue(SEARCH, found(contact('7004', {})));
    expect(await step.run({}, making(TEST_NOW - 4_000))).toBe('7004');
    expect(io.http.requests[0]?.json).toMatchObject({
      filterGroups: [
        {
          filters: [
            { propertyName: 'firstname', value: 'Ann' },
            { propertyName: 'lastname', value: 'van Example' },
            { propertyName: 'createdate', operator: 'GTE', value: String(TEST_NOW - 9_000) },
          ],
        },
      ],
    });
  });

  it('leaves a failed creation open instead of calling it undone', async () => {
    const io = testIo();
    io.http.queue(CREATE, { status: 502, text: 'oops' });
    const doubt = making();
    const run = contactStep(opening(telegramConversation()), io).run({}, doubt);
    await expect(run).rejects.toSatisfy((error) => error instanceof WireError && !error.notSent);
    expect(doubt.began).toBe(1);
  });

  it('does without where the account’s own rules refuse the contact', async () => {
    const io = testIo();
    io.http.queue(CREATE, {
      status: 400,
      json: { category: 'VALIDATION_ERROR', message: 'City is required' },
    });
    expect(await contactStep(opening(telegramConversation()), io).run({}, making())).toBe('');
    expect(io.logged).toMatchObject([{ level: 'warn' }]);
  });
});
