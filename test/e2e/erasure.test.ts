/** Erasing a customer: after real traffic both ways, nothing of them is left, and nothing of anybody else is gone. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Actor } from '../../server/accounts/contracts.ts';
import { createRetentionStore } from '../../server/store/erasure/retention.ts';
import { backUp } from '../../server/store/moving/backup.ts';
import { openPeopleDoor, type PeopleDoor } from '../support/people-door.ts';

const BOT = '7000000009:AApeopleDoorBotToken';
const ANN = { id: 5_551_234_567, first_name: 'Annabel', last_name: 'Lindqvist', username: 'annabel_l' };
const BEN = { id: 5_559_876_543, first_name: 'Benedict', last_name: 'Oakes', username: 'ben_oakes' };
const PICTURE = {
  name: 'a.jpg',
  contentType: 'image/jpeg',
  bytes: Buffer.from('a picture that is only bytes here'),
};

let door: PeopleDoor;
let workspaceId: string;
beforeEach(async () => {
  door = await openPeopleDoor();
  await door.intercom.subscribeWebhooks(`${door.url}/intercom/webhooks`);
  const who = door.visitor();
  const begun = await who.go('/intercom/install');
  const consented = await fetch(
    `${begun.headers.get('location')}&consent=approve&workspace=acme1&teammate=501`,
    {
      redirect: 'manual',
    },
  );
  await who.go(consented.headers.get('location') ?? '');
  const row = await door.db.selectFrom('workspace').select('id').executeTakeFirstOrThrow();
  workspaceId = row.id;
  const added = await who.go(`/api/v1/workspaces/${workspaceId}/channels`, {
    method: 'POST',
    headers: { origin: door.url, 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'telegram', credentials: { bot_token: BOT } }),
  });
  expect(added.status).toBe(201);
  door.telegram.addCustomer(ANN);
  door.telegram.addCustomer(BEN);
  door.startRelay();
});
afterEach(() => door.close());

const by = async (): Promise<Actor> => {
  const row = await door.db.selectFrom('member').selectAll().executeTakeFirstOrThrow();
  return { account_id: row.account_id, person_id: row.person_id, role: row.role };
};
const sent = (text: string) =>
  vi.waitFor(
    () => {
      const found = door.intercom.inbox('acme1').find((one) => JSON.stringify(one).includes(text));
      return found ?? Promise.reject(new Error(`${text} is not in the inbox yet`));
    },
    { timeout: 15_000 },
  );
async function talk(who: typeof ANN): Promise<{ conversation: string }> {
  door.telegram.customerSends(who.id, { text: `Hello from ${who.first_name}` });
  const { id } = await sent(`Hello from ${who.first_name}`);
  door.telegram.customerSends(who.id, {
    text: `Look, ${who.first_name}`,
    photo: PICTURE,
  });
  await sent(`Look, ${who.first_name}`);
  door.intercom.agentReplies(id, { text: `Dear ${who.first_name}, here you are` });
  await vi.waitFor(() => expect(JSON.stringify(door.telegram.phone(who.id))).toContain('here you are'), {
    timeout: 15_000,
  });
  await vi.waitFor(async () => expect(await open()).toBe(0), { timeout: 15_000 });
  return { conversation: id };
}
const open = async () =>
  (await door.db.selectFrom('delivery').select('id').where('open', '=', 1).execute()).length;
const onDisk = (): string =>
  Buffer.concat(
    [door.file, `${door.file}-wal`].filter(existsSync).map((file) => readFileSync(file)),
  ).toString('latin1');
const files = (): string[] =>
  existsSync(door.mediaFolder)
    ? readdirSync(door.mediaFolder, { recursive: true })
        .map(String)
        .filter((name) => name.includes('med_'))
    : [];
const counts = async () => ({
  events: (await door.db.selectFrom('event').select('id').execute()).length,
  conversations: (await door.db.selectFrom('conversation').select('id').execute()).length,
});

it.each([
  ['by handle', '@annabel_l'],
  ['by id', String(ANN.id)],
])('leaves no trace of the customer and all of everybody else, %s', async (_how, asked) => {
  const { conversation } = await talk(ANN);
  const ben = await talk(BEN);
  const before = await counts();
  const outside = await door.db
    .selectFrom('event')
    .select(['source_id', 'dedupe'])
    .where('kind', '=', 'message')
    .execute();
  const contact = await door.db
    .selectFrom('conversation')
    .select(['contact_id', 'platform_thread'])
    .execute();
  const hers = contact.find((one) => one.platform_thread === conversation)?.contact_id ?? '';
  expect(onDisk()).toContain(`${ANN.id}:`);
  expect(onDisk()).toContain(hers);
  expect(files()).toHaveLength(2);

  const receipt = await door.erasure.erase(await by(), asked);
  if ('refused' in receipt) throw new Error(receipt.why);
  expect(receipt.workspaces).toEqual([{ workspaceId, conversations: 1, messages: 3, files: 1, contacts: 1 }]);

  const rest = onDisk();
  backUp(`sqlite:${door.file}`, `${door.file}.backup`);
  const backup = readFileSync(`${door.file}.backup`, 'latin1');
  for (const trace of [`${ANN.id}`, hers, conversation]) {
    expect(rest).not.toContain(trace);
    expect(backup).not.toContain(trace);
  }
  expect(backup).toContain(`${BEN.id}:`);
  expect(rest).toContain(`${BEN.id}:`);
  expect(files()).toHaveLength(1);
  expect(await counts()).toEqual({ events: before.events, conversations: before.conversations - 1 });
  // The hashes that keep duplicates out are still there.
  const dedupes = await door.db.selectFrom('event').select('dedupe').where('kind', '=', 'message').execute();
  expect(new Set(dedupes.map((one) => one.dedupe))).toEqual(new Set(outside.map((one) => one.dedupe)));

  door.intercom.agentReplies(ben.conversation, { text: 'Still there, Ben?' });
  await vi.waitFor(() => expect(JSON.stringify(door.telegram.phone(BEN.id))).toContain('Still there'), {
    timeout: 15_000,
  });
  const again = await door.erasure.erase(await by(), asked);
  expect(again).toMatchObject({ workspaces: [], customer: (receipt as { customer: string }).customer });
  expect(await door.audit.verify()).toMatchObject({ ok: true });
});

it('says so when the file was being read, and what is left there goes within the hour', async () => {
  const { conversation } = await talk(ANN);
  const backup = new Sqlite(door.file, { readonly: true });
  backup.exec('begin');
  backup.prepare('select count(*) from conversation').get();
  expect(await door.erasure.erase(await by(), '@annabel_l')).toMatchObject({
    workspaces: [{ conversations: 1 }],
    kept: expect.stringContaining('was being read just now'),
  });
  expect(onDisk()).toContain(conversation);

  backup.close();
  const retention = createRetentionStore(door.db);
  expect(await retention.scrub()).toBe(true);
  expect(onDisk()).not.toContain(conversation);
});

it('is not for members, and needs to know whom', async () => {
  const owner = await by();
  expect(await door.erasure.erase({ ...owner, role: 'member' }, '@annabel_l')).toMatchObject({
    refused: 'forbidden',
  });
  expect(await door.erasure.erase(owner, ' @a ')).toMatchObject({ refused: 'invalid', field: 'customer' });
});
