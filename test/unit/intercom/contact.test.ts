import { describe, expect, test } from 'vitest';
import type { HttpRequest } from '../../../server/core/adapter.ts';
import { WireError } from '../../../server/core/outcome.ts';
import { TEST_NOW, testIo } from '../../support/io.ts';
import { making } from '../../support/making.ts';
import type { Script } from '../../support/scripted-http.ts';
import {
  API,
  byPhone,
  byTelegram,
  CONTACT,
  connection,
  failedStatus,
  failure,
  fixture,
  intercom,
  link,
  message,
} from './world.ts';

const SEARCH = `POST ${API}/contacts/search`;
const CREATE = `POST ${API}/contacts`;
const DEFINE = `POST ${API}/data_attributes`;
const TWIN = 'bb02f0d51bb69f9f2193b0bb';
const found = (...contacts: object[]) => ({
  json: { type: 'list', data: contacts, total_count: contacts.length, pages: { type: 'pages', page: 1 } },
});
const none = found();
const created = { json: fixture('contact') };
const unknownAttribute = failure(400, 'parameter_invalid', "Custom attribute 'octopods-id' does not exist");

/** Runs the step for a customer who has no contact yet, over a scripted Intercom. */
async function run(customer: typeof byPhone, script: [string, Script][], resumed?: number) {
  const io = testIo();
  for (const [call, answer] of script) io.http.queue(call, answer);
  const { contactId: _none, ...conversation } = link({ customer });
  const [step] = intercom.prepare?.(message({ conversation }), connection, io) ?? [];
  const doubt = making(resumed);
  const value = await step?.run({}, doubt).catch((error: unknown) => error);
  io.http.done();
  return { value, began: doubt.began, step, io, calls: io.http.requests.map((one: HttpRequest) => one.json) };
}

describe('finding a customer’s contact', () => {
  test('nothing is to be prepared when the contact is known, or for a note', () => {
    expect(intercom.prepare?.(message(), connection, testIo())).toEqual([]);
    expect(intercom.prepare?.(failedStatus(), connection, testIo())).toEqual([]);
  });
  test('the step is serialised by the phone number, or else by the channel’s own id', async () => {
    const both = { ...byTelegram, identities: [...byTelegram.identities, ...byPhone.identities] };
    const { step } = await run(both, [[SEARCH, found(fixture('contact'))]]);
    expect(step).toMatchObject({ name: 'contact', lock: byPhone.identities[0] });
    const { step: other } = await run(byTelegram, [
      [SEARCH, none],
      [CREATE, created],
    ]);
    expect(other?.lock).toEqual(byTelegram.identities[0]);
  });
  test('by phone number', async () => {
    const { value, calls } = await run(byPhone, [[SEARCH, found(fixture('contact'))]]);
    expect(value).toBe(CONTACT);
    expect(calls).toEqual([{ query: { field: 'phone', operator: '=', value: '+15550002222' } }]);
  });
  test('by either form of a Brazilian number', async () => {
    const brazil = {
      ...byPhone,
      identities: [{ kind: 'phone' as const, scope: '', value: '+5511987654321' }],
    };
    const stored = { ...fixture('contact'), phone: '+55 11 8765-4321' };
    const { value, calls } = await run(brazil, [[SEARCH, found(stored)]]);
    expect(value).toBe(CONTACT);
    expect(calls[0]).toEqual({
      query: {
        operator: 'OR',
        value: [
          { field: 'phone', operator: '=', value: '+5511987654321' },
          { field: 'phone', operator: '=', value: '+551187654321' },
        ],
      },
    });
  });
  test('of several the one that was updated last', async () => {
    const contacts = [1, 3, 2].map((updated_at) => ({
      ...fixture('contact'),
      id: `c${updated_at}`,
      updated_at,
    }));
    expect((await run(byPhone, [[SEARCH, found(...contacts)]])).value).toBe('c3');
  });
  test('by our attribute where there is no number', async () => {
    const known = {
      ...fixture('contact'),
      phone: null,
      custom_attributes: { 'octopods-id': 'telegram:7120001:88' },
    };
    const { value, calls } = await run(byTelegram, [[SEARCH, found(known)]]);
    expect(value).toBe(CONTACT);
    expect(calls[0]).toEqual({
      query: { field: 'custom_attributes.octopods-id', operator: '=', value: 'telegram:7120001:88' },
    });
  });
  test('a search that answers somebody else’s contact finds nobody', async () => {
    const { value } = await run(byPhone, [
      [SEARCH, found({ ...fixture('contact'), id: TWIN, phone: '+15550009999' })],
      [CREATE, created],
    ]);
    expect(value).toBe(CONTACT);
  });
  test('a failing search stops the step before anything is created', async () => {
    const io = [
      [failure(401, 'token_revoked', 'revoked'), 'unauthorized'],
      [failure(500, '', ''), 'retry'],
      [failure(429, 'rate_limit_exceeded', 'slow down'), 'retry'],
      [failure(400, 'parameter_invalid', 'no'), 'refused'],
    ] as const;
    for (const [answer, outcome] of io)
      expect((await run(byPhone, [[SEARCH, answer]])).value).toMatchObject({ outcome });
  });
  test('a search without an answer is known to have changed nothing', async () => {
    const { value } = await run(byPhone, [[SEARCH, new WireError('timed out', false)]]);
    expect(value).toMatchObject({ notSent: true });
  });
});

describe('creating a contact', () => {
  test('makes a lead with number, name and our attribute, and no e-mail', async () => {
    const { value, calls } = await run(byPhone, [
      [SEARCH, none],
      [CREATE, created],
    ]);
    expect(value).toBe(CONTACT);
    expect(calls[1]).toEqual({
      role: 'lead',
      name: 'Ann Example',
      phone: '+15550002222',
      custom_attributes: { 'octopods-id': 'phone:+15550002222' },
    });
  });
  test('a customer without a name is called by their address', async () => {
    const { calls } = await run({ ...byTelegram, name: '' }, [
      [SEARCH, none],
      [CREATE, created],
    ]);
    expect(calls[1]).toMatchObject({
      name: '@annx',
      custom_attributes: { 'octopods-id': 'telegram:7120001:88' },
    });
  });
  test('the first one in a workspace finds no attribute, defines it, and is made with it', async () => {
    const { value, calls } = await run(byTelegram, [
      [SEARCH, failure(400, 'parameter_invalid', "Field 'custom_attributes.octopods-id' is not searchable")],
      [CREATE, unknownAttribute],
      [DEFINE, { json: { type: 'data_attribute', id: 1 } }],
      [CREATE, created],
    ]);
    expect(value).toBe(CONTACT);
    expect(calls[2]).toMatchObject({ name: 'octopods-id', model: 'contact', data_type: 'string' });
    expect(calls[3]).toEqual(calls[1]);
  });
  test('an attribute that another process defined meanwhile is used', async () => {
    const { calls } = await run(byTelegram, [
      [SEARCH, none],
      [CREATE, unknownAttribute],
      [DEFINE, failure(400, 'parameter_invalid', "You already have 'octopods-id' in your contact data")],
      [CREATE, created],
    ]);
    expect(calls[3]).toHaveProperty('custom_attributes');
  });
  test.each([failure(403, 'forbidden', 'no permission'), failure(500, '', 'oops')])(
    'an attribute that cannot be defined is left out',
    async (refusal) => {
      const { value, calls } = await run(byPhone, [
        [SEARCH, none],
        [CREATE, unknownAttribute],
        [DEFINE, refusal],
        [CREATE, created],
      ]);
      expect(value).toBe(CONTACT);
      expect(calls[3]).toEqual({ role: 'lead', name: 'Ann Example', phone: '+15550002222' });
    },
  );
  test('a number that Intercom takes for none is left out, and our attribute kept', async () => {
    const { value, calls } = await run(byPhone, [
      [SEARCH, none],
      [CREATE, failure(422, 'parameter_invalid', 'Phone is invalid')],
      [CREATE, created],
    ]);
    expect(value).toBe(CONTACT);
    expect(calls[2]).toEqual({
      role: 'lead',
      name: 'Ann Example',
      custom_attributes: { 'octopods-id': 'phone:+15550002222' },
    });
  });
  test('a refusal for another reason is a refusal', async () => {
    const refusal = failure(422, 'parameter_invalid', 'Name is rude');
    expect(
      (
        await run(byPhone, [
          [SEARCH, none],
          [CREATE, refusal],
        ])
      ).value,
    ).toMatchObject({ outcome: 'refused' });
  });
  test('an answer that never came, or came broken, leaves the end open', async () => {
    const lost = await run(byPhone, [
      [SEARCH, none],
      [CREATE, new WireError('timed out', false)],
    ]);
    expect(lost.value).toMatchObject({ notSent: false });
    const broken = await run(byPhone, [
      [SEARCH, none],
      [CREATE, failure(502, '', '')],
    ]);
    expect(broken.value).toMatchObject({ outcome: 'unknown' });
    const mute = await run(byPhone, [
      [SEARCH, none],
      [CREATE, { text: '<html>' }],
    ]);
    expect(mute.value).toMatchObject({ outcome: 'unknown' });
  });
});

describe('a contact that exists already', () => {
  const conflict = (text: string) => failure(409, 'conflict', `${text} already exists with id=${TWIN}`);
  const archived = conflict('An archived contact matching those details');
  const UNARCHIVE = `POST ${API}/contacts/${TWIN}/unarchive`;

  test('is taken as it is', async () => {
    const twin = conflict('A contact matching those details');
    expect(
      (
        await run(byPhone, [
          [SEARCH, none],
          [CREATE, twin],
        ])
      ).value,
    ).toBe(TWIN);
  });
  test('is brought back from the archive', async () => {
    const back = { json: { type: 'contact', id: TWIN, archived: false } };
    expect(
      (
        await run(byPhone, [
          [SEARCH, none],
          [CREATE, archived],
          [UNARCHIVE, back],
        ])
      ).value,
    ).toBe(TWIN);
  });
  test.each([410, 404])('and was merged into another is followed there (%i)', async (status) => {
    const moved = { link: `</contacts/${CONTACT}>; rel="canonical"` };
    const { value } = await run(byPhone, [
      [SEARCH, none],
      [CREATE, archived],
      [UNARCHIVE, failure(400, 'bad_request', 'User has been merged and is not restorable')],
      [`GET ${API}/contacts/${TWIN}`, failure(status, 'contact_merged', 'merged', moved)],
    ]);
    expect(value).toBe(CONTACT);
  });
  test('and is blocked is refused with what to do', async () => {
    const blocked = failure(400, 'not_restorable', 'User has been blocked and is not restorable');
    const { value } = await run(byPhone, [
      [SEARCH, none],
      [CREATE, archived],
      [UNARCHIVE, blocked],
    ]);
    expect(value).toMatchObject({ outcome: 'refused', why: expect.stringContaining('Unblock') });
  });
});

describe('after a creation whose end is not known', () => {
  const began = TEST_NOW - 30_000;

  test('the contact is found by number', async () => {
    const { value } = await run(byPhone, [[SEARCH, found(fixture('contact'))]], began);
    expect(value).toBe(CONTACT);
  });
  test('by attribute where Intercom had refused the number', async () => {
    const made = {
      ...fixture('contact'),
      phone: null,
      custom_attributes: { 'octopods-id': 'phone:+15550002222' },
    };
    const { value } = await run(
      byPhone,
      [
        [SEARCH, none],
        [SEARCH, found(made)],
      ],
      began,
    );
    expect(value).toBe(CONTACT);
  });
  test('by name and time where not even the attribute could be written', async () => {
    const made = { ...fixture('contact'), phone: null, name: 'Ann', created_at: began / 1000 + 1 };
    const { value } = await run(
      byTelegram,
      [
        [SEARCH, none],
        [SEARCH, found(made)],
      ],
      began,
    );
    expect(value).toBe(CONTACT);
  });
  test('a namesake from before, or with another identity, is somebody else', async () => {
    const old = { ...fixture('contact'), phone: null, name: 'Ann', created_at: began / 1000 - 60 };
    const other = {
      ...old,
      created_at: began / 1000 + 1,
      custom_attributes: { 'octopods-id': 'telegram:1:2' },
    };
    const { value } = await run(
      byTelegram,
      [
        [SEARCH, none],
        [SEARCH, found(old, other)],
      ],
      began,
    );
    expect(value).toMatchObject({ outcome: 'retry' });
  });
  const nowhere: [string, Script][] = [
    [SEARCH, none],
    [SEARCH, none],
    [SEARCH, none],
  ];
  test('nothing found is no proof while the index lags: nothing is created', async () => {
    const { value, began: begun } = await run(byPhone, nowhere, began);
    expect(value).toMatchObject({ outcome: 'retry', afterMs: 10_000 });
    expect(begun).toBe(0);
  });
  test('a search that fails creates nothing', async () => {
    for (const answer of [
      failure(429, 'rate_limit_exceeded', 'x'),
      failure(500, '', ''),
      new WireError('cut', false),
    ])
      expect((await run(byPhone, [[SEARCH, answer]], began)).began).toBe(0);
    const dead = failure(401, 'token_revoked', 'x');
    expect((await run(byPhone, [[SEARCH, dead]], began)).value).toMatchObject({ outcome: 'unauthorized' });
  });
  test('once the index must know it, the contact is created, and the doubt begins anew', async () => {
    const script: [string, Script][] = [...nowhere, [CREATE, created]];
    const { value, began: begun } = await run(byPhone, script, TEST_NOW - 121_000);
    expect(value).toBe(CONTACT);
    expect(begun).toBe(1);
  });
});
