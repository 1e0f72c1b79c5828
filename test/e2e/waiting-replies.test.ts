/** Replies while a channel is disconnected: they wait in order, the agent is told once, and none is sent late. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openPeopleDoor, type PeopleDoor } from '../support/people-door.ts';
import type { Visitor } from '../support/visitor.ts';

const BOT = '7000000009:AApeopleDoorBotToken';
const ANN = { id: 5_551_234_567, first_name: 'Ann' };
const MINUTE = 60_000;

let door: PeopleDoor;
let admin: Visitor;
let channel: string;
let conversation: string;

const api = (method: string, path: string, body: unknown = {}) =>
  admin.go(`/api/v1${path}`, {
    method,
    headers: { origin: door.url, 'content-type': 'application/json' },
    ...(method === 'GET' ? {} : { body: JSON.stringify(body) }),
  });
const eventually = <Value>(look: () => Value | Promise<Value>) => vi.waitFor(look, { timeout: 15_000 });
/** What the customer's phone shows, in its order. */
const received = (): string[] =>
  door.telegram
    .phone(ANN.id)
    .messages.flatMap((one) => (one.direction === 'out' && one.text ? [one.text] : []));
const notes = (words: string): number =>
  door.intercom
    .inbox('acme1')
    .flatMap((one) => one.entries)
    .filter((entry) => JSON.stringify(entry).includes(words)).length;
const tries = (): number => door.telegram.calls.filter((call) => call.path.endsWith('/sendMessage')).length;
const refuseAll = () => door.telegram.plan('POST', /sendMessage/, { kind: 'status', status: 401 }, 10_000);

beforeEach(async () => {
  door = await openPeopleDoor();
  await door.intercom.subscribeWebhooks(`${door.url}/intercom/webhooks`);
  admin = door.visitor();
  const begun = await admin.go('/intercom/install');
  const as = '&consent=approve&workspace=acme1&teammate=501';
  const consented = await fetch(`${begun.headers.get('location')}${as}`, { redirect: 'manual' });
  await admin.go(consented.headers.get('location') ?? '');
  const workspace = await door.db.selectFrom('workspace').select('id').executeTakeFirstOrThrow();
  const wish = { type: 'telegram', credentials: { bot_token: BOT } };
  const added = await api('POST', `/workspaces/${workspace.id}/channels`, wish);
  channel = ((await added.json()) as { id: string }).id;
  door.telegram.addCustomer(ANN);
  door.startRelay();
  door.telegram.customerSends(ANN.id, { text: 'Are you there?' });
  conversation = await eventually(() => {
    const [first] = door.intercom.inbox('acme1');
    if (!first) throw new Error('not there yet');
    return first.id;
  });
});
afterEach(() => door.close());

it('wait while it is disconnected, are told to the agent once, and drain in order when it is connected again', async () => {
  refuseAll();
  for (const text of ['one', 'two', 'three']) door.intercom.agentReplies(conversation, { text });
  await eventually(async () =>
    expect(await (await api('GET', `/channels/${channel}`)).json()).toMatchObject({ status: 'disconnected' }),
  );
  expect(notes('Not delivered yet')).toBe(0);

  door.clock.advance(2.5 * MINUTE);
  await eventually(() => expect(notes('Not delivered yet')).toBe(1));
  door.clock.advance(60 * MINUTE);
  expect(received()).toEqual([]);

  door.telegram.clearFaults();
  const mended = await api('PATCH', `/channels/${channel}`, { credentials: { bot_token: BOT } });
  expect(mended.status).toBe(200);
  await eventually(() => expect(received()).toEqual(['one', 'two', 'three']));
  expect(await (await api('GET', `/channels/${channel}`)).json()).toMatchObject({ status: 'connected' });
  expect(notes('Not delivered yet')).toBe(1);
  // Dead credentials were used once: nothing was tried until there were others.
  expect(tries()).toBe(1 + 3);
});

it('that waited for twelve hours are not sent late but offered for Resend', async () => {
  refuseAll();
  door.intercom.agentReplies(conversation, { text: 'Good morning' });
  await eventually(() => expect(tries()).toBeGreaterThan(0));
  door.clock.advance(12 * 60 * MINUTE);
  await eventually(() => expect(notes('was not sent late')).toBe(1));
  door.telegram.clearFaults();
  await api('PATCH', `/channels/${channel}`, { credentials: { bot_token: BOT } });
  const failed = (await (await api('GET', '/messages?status=failed')).json()) as { data: { id: string }[] };
  expect(failed.data).toHaveLength(1);
  expect(received()).toEqual([]);
  expect((await api('POST', `/messages/${failed.data[0]?.id}/retry`)).status).toBe(202);
  await eventually(() => expect(received()).toEqual(['Good morning']));
});
