import { afterEach, beforeEach, expect, test } from 'vitest';
import { IntercomEmulator } from '../../../playground/platforms/intercom.ts';
import { handClock, type JsonClient, jsonClient } from './product-stand-in.ts';

const clock = handClock();
let intercom: IntercomEmulator;
let call: JsonClient;
let contactId: string;

beforeEach(async () => {
  intercom = await new IntercomEmulator({ now: clock.now, conversationSearchLagMs: 5_000 }).listen();
  const teammates = [{ id: '11', name: 'Ann', email: 'ann@acme.test' }];
  intercom.addWorkspace({ id_code: 'acme01', name: 'Acme', teammates });
  call = jsonClient(intercom.url, { authorization: `Bearer ${intercom.installDirectly('acme01')}` });
  contactId = intercom.addContact('acme01', { role: 'lead', name: 'Zoe' }).id;
});
afterEach(() => intercom.close());

const open = async (body = 'Hello'): Promise<string> =>
  (await call('POST', '/conversations', { from: { type: 'lead', id: contactId }, body })).body
    .conversation_id;
const reply = (id: string, more: Record<string, unknown>) =>
  call('POST', `/conversations/${id}/reply`, { message_type: 'comment', ...more });
const asContact = () => ({ type: 'user', intercom_user_id: contactId });

test('what a contact writes is plain text and comes back in paragraphs', async () => {
  const id = await open('1 < 2 & <b>\n\nbye');
  const shown = (await call('GET', `/conversations/${id}`)).body;
  expect(shown.source.body).toBe('<p>1 &lt; 2 &amp; &lt;b&gt;</p>\n<p>bye</p>');
  expect(shown.conversation_parts.total_count).toBe(0);
  expect(shown.source.author).toMatchObject({ type: 'lead', id: contactId });
});

test.each([
  [{ from: { type: 'lead', id: 'not-hex' }, body: 'x' }, 400],
  [{ from: { type: 'bot', id: 'a'.repeat(24) }, body: 'x' }, 400],
  [{ from: { type: 'lead', id: 'a'.repeat(24) }, body: 'x' }, 404],
  [{ from: { type: 'lead' }, body: 'x' }, 400],
])('a conversation from nobody is refused: %j', async (body, status) => {
  expect((await call('POST', '/conversations', body)).status).toBe(status);
});

test('a conversation or a reply of a contact without a body is refused', async () => {
  const empty = await call('POST', '/conversations', { from: { type: 'lead', id: contactId }, body: ' ' });
  expect(empty.status).toBe(400);
  const file = { name: 'a.txt', content_type: 'text/plain', data: 'aGk=' };
  const silent = await reply(await open(), { ...asContact(), attachment_files: [file] });
  expect([silent.status, silent.body.errors[0].field]).toEqual([400, 'body']);
});

test('files in hand are ignored when opening, and kept when replying', async () => {
  const file = { name: 'a b.txt', content_type: 'text/plain', data: 'aGk=' };
  const from = { type: 'lead', id: contactId };
  const made = await call('POST', '/conversations', { from, body: 'x', attachment_files: [file] });
  expect((await call('GET', `/conversations/${made.body.conversation_id}`)).body.source.attachments).toEqual(
    [],
  );
  const { body } = await reply(made.body.conversation_id, {
    ...asContact(),
    body: 'file',
    attachment_files: [file],
  });
  const [attachment] = body.conversation_parts.conversation_parts[0].attachments;
  expect(attachment).toMatchObject({
    type: 'upload',
    name: 'a b.txt',
    content_type: 'text/plain',
    filesize: 2,
  });
  expect(await (await fetch(attachment.url)).text()).toBe('hi');
});

test('an attachment URL dies after thirty minutes, and a fresh reading has a living one', async () => {
  const id = await open();
  const file = { name: 'a.txt', content_type: 'text/plain', data: 'aGk=' };
  await reply(id, { ...asContact(), body: 'file', attachment_files: [file] });
  const urlNow = async () =>
    (await call('GET', `/conversations/${id}`)).body.conversation_parts.conversation_parts[0].attachments[0]
      .url;
  const url = await urlNow();
  clock.advance(1_801_000);
  expect((await fetch(url)).status).toBe(403);
  expect((await fetch(await urlNow())).status).toBe(200);
  expect((await fetch(url.replace(/expires=\d+/, 'expires=9999999999'))).status).toBe(403);
});

test('attachment URLs are really fetched; eleven, or one that does not answer, are refused', async () => {
  const id = await open();
  const url = `${intercom.url}/appstore/redirect?install_success=true`;
  const ok = await reply(id, { ...asContact(), body: 'x', attachment_urls: [url] });
  expect(ok.body.conversation_parts.conversation_parts[0].attachments[0].content_type).toBe('text/html');
  const many = await reply(id, { ...asContact(), body: 'x', attachment_urls: Array(11).fill(url) });
  const dead = await reply(id, { ...asContact(), body: 'x', attachment_urls: [`${intercom.url}/nothing`] });
  expect([many.status, dead.status]).toEqual([400, 400]);
  expect(intercom.inbox('acme01')[0]?.entries).toHaveLength(2);
});

test('base64 that is none is refused', async () => {
  const file = { name: 'a', content_type: 'text/plain', data: '%%%' };
  expect((await reply(await open(), { ...asContact(), body: 'x', attachment_files: [file] })).status).toBe(
    400,
  );
});

test('a contact who writes to a closed conversation opens it again', async () => {
  const id = await open();
  intercom.closeConversation(id);
  const { body } = await reply(id, { ...asContact(), body: 'still there?' });
  expect(body.state).toBe('open');
  expect(body.conversation_parts.conversation_parts.at(-1)).toMatchObject({
    part_type: 'open',
    body: '<p>still there?</p>',
  });
});

test('parts made through the API carry the app, those of teammates do not', async () => {
  const id = await open();
  await reply(id, { type: 'admin', admin_id: '11', message_type: 'note', body: '<p>note</p>' });
  intercom.agentReplies(id, { text: 'Hi' });
  const parts = (await call('GET', `/conversations/${id}`)).body.conversation_parts.conversation_parts;
  expect(parts.map((part: Record<string, unknown>) => [part.part_type, part.app_package_code])).toEqual([
    ['note', 'octopods-k2f8'],
    ['assignment', null],
  ]);
});

test('an admin reply needs a teammate of the workspace', async () => {
  const refused = await reply(await open(), { type: 'admin', admin_id: '99', body: 'x' });
  expect([refused.status, refused.body.errors[0].code]).toEqual([404, 'admin_not_found']);
});

test('a conversation shows its newest 500 parts', async () => {
  const id = await open();
  for (let index = 0; index < 503; index += 1) intercom.contactReplies(id, `message ${index}`);
  const { conversation_parts: list } = (await call('GET', `/conversations/${id}?display_as=plaintext`)).body;
  expect(list.total_count).toBe(503);
  expect(list.conversation_parts).toHaveLength(500);
  expect(list.conversation_parts[0].body).toBe('message 3');
});

test('search lags, and shows a conversation as it was', async () => {
  const since = Math.floor(clock.now() / 1000) - 1;
  const found = async (after: number) => {
    const value = [
      { field: 'contact_ids', operator: '=', value: contactId },
      { field: 'updated_at', operator: '>', value: after },
    ];
    return (await call('POST', '/conversations/search', { query: { operator: 'AND', value } })).body
      .total_count;
  };
  const id = await open();
  expect(await found(since)).toBe(0);
  clock.advance(5_000);
  expect(await found(since)).toBe(1);
  clock.advance(60_000);
  const later = Math.floor(clock.now() / 1000) - 1;
  intercom.agentReplies(id, { text: 'Hi' });
  expect(await found(later)).toBe(0);
  clock.advance(5_000);
  expect(await found(later)).toBe(1);
});

test('twenty conversations to a page, and a cursor to the rest', async () => {
  for (let index = 0; index < 21; index += 1) await open();
  clock.advance(5_000);
  const query = { field: 'open', operator: '=', value: true };
  const first = await call('POST', '/conversations/search', { query });
  expect(first.body.conversations).toHaveLength(20);
  const pagination = { starting_after: first.body.pages.next.starting_after };
  const rest = await call('POST', '/conversations/search', { query, pagination });
  expect(rest.body.conversations).toHaveLength(1);
  expect(rest.body.pages.next).toBeUndefined();
});

test('close, snooze and assign need an acting teammate and make sense', async () => {
  const id = await open();
  const manage = (body: Record<string, unknown>) => call('POST', `/conversations/${id}/parts`, body);
  expect((await manage({ message_type: 'close', type: 'admin' })).status).toBe(400);
  expect((await manage({ message_type: 'snoozed', admin_id: '11', snoozed_until: 5 })).status).toBe(400);
  expect((await manage({ message_type: 'assignment', admin_id: '11', assignee_id: '99' })).status).toBe(404);
  const closed = await manage({ message_type: 'close', type: 'admin', admin_id: '11', body: 'bye' });
  expect([closed.body.state, closed.body.conversation_parts.conversation_parts[0].body]).toEqual([
    'closed',
    '<p>bye</p>',
  ]);
});

test('a redacted part has lost its text, and a deleted conversation is not found', async () => {
  const id = await open();
  const { body } = await reply(id, { ...asContact(), body: 'secret' });
  const part = body.conversation_parts.conversation_parts[0].id;
  const redacted = { type: 'conversation_part', conversation_id: id, conversation_part_id: part };
  expect((await call('POST', '/conversations/redact', redacted)).status).toBe(200);
  expect((await call('POST', '/conversations/redact', redacted)).status).toBe(400);
  expect(intercom.inbox('acme01')[0]?.entries[1]?.text).toBe('');
  expect((await call('DELETE', `/conversations/${id}`)).body).toMatchObject({ id, deleted: true });
  expect((await call('GET', `/conversations/${id}`)).status).toBe(404);
});
