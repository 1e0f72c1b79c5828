import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bodySignature, hubSignature } from '../../../playground/platforms/intercom/webhooks.ts';
import { IntercomEmulator } from '../../../playground/platforms/intercom.ts';
import { type Heard, type StandIn, standIn } from './product-stand-in.ts';

let intercom: IntercomEmulator;
let product: StandIn;
let conversationId: string;

beforeEach(async () => {
  product = await standIn();
  intercom = await new IntercomEmulator({
    webhookRetryMs: 5,
    webhookTimeoutMs: 400,
    webhookThrottleMs: 40,
  }).listen();
  const teammates = [{ id: '11', name: 'Ann', email: 'ann@acme.test' }];
  intercom.addWorkspace({ id_code: 'acme01', name: 'Acme', teammates });
  intercom.installDirectly('acme01');
  const contact = intercom.addContact('acme01', { role: 'lead', name: 'Zoe' });
  conversationId = intercom.agentStarts('acme01', contact.id, 'Welcome').id;
  intercom.configureApp({
    webhookUrl: `${product.url}/hooks`,
    canvasInitializeUrl: `${product.url}/init`,
    canvasSubmitUrl: `${product.url}/submit`,
    healthCheckUrl: `${product.url}/health`,
  });
});
afterEach(async () => {
  await intercom.close();
  await product.close();
});

const topics = () => product.heard.map((one) => one.json.topic);
// biome-ignore lint/suspicious/noExplicitAny: another system's payload, looked at field by field.
const item = (heard: Heard | undefined): any => (heard?.json as any)?.data.item;

test('the signers agree with values computed elsewhere', () => {
  const body = '{"type":"notification_event","id":"notif_1"}';
  expect(hubSignature('s3cr3t', body)).toBe('sha1=aecc714caf6457fbe3c920227b6e1251a3cda5f2');
  expect(bodySignature('s3cr3t', body)).toBe(
    '392974910b5657f4afc8c4c35c35fd93984c09fad4ddf25c8f2c82fe2d22a60c',
  );
});

test('a teammate’s first answer is an assignment with a body, signed over the very bytes', async () => {
  const part = intercom.agentReplies(conversationId, {
    html: '<p>See <a href="https://a.test/x">this</a></p>',
  });
  await intercom.settled();
  const [heard] = product.heard;
  const expected = createHmac('sha1', 'intercom-client-secret')
    .update(heard?.body ?? '')
    .digest('hex');
  expect(heard?.headers['x-hub-signature']).toBe(`sha1=${expected}`);
  expect(heard?.json).toMatchObject({
    type: 'notification_event',
    topic: 'conversation.admin.replied',
    app_id: 'acme01',
  });
  expect(item(heard).conversation_parts).toMatchObject({
    total_count: 1,
    conversation_parts: [{ id: part.id, part_type: 'assignment', body: 'See this (https://a.test/x)' }],
  });
  intercom.agentReplies(conversationId, { text: 'again' });
  await intercom.settled();
  expect(item(product.heard[1]).conversation_parts.conversation_parts[0].part_type).toBe('comment');
});

test('notes, closing words and bots come under their own topics, a bot’s part twice', async () => {
  intercom.agentReplies(conversationId, { text: 'psst', as: 'note' });
  await intercom.settled();
  intercom.agentReplies(conversationId, { text: 'bye', as: 'close' });
  await intercom.settled();
  intercom.botReplies(conversationId, {
    text: 'Ann will reply',
    partType: 'channel_and_reply_time_expectation',
  });
  await intercom.settled();
  expect(topics().slice(0, 2)).toEqual(['conversation.admin.noted', 'conversation.admin.closed']);
  expect(topics().slice(2).toSorted()).toEqual([
    'conversation.admin.replied',
    'conversation.operator.replied',
  ]);
  const ids = product.heard.slice(2).map((one) => item(one).conversation_parts.conversation_parts[0].id);
  expect(ids[0]).toBe(ids[1]);
});

test('an inline image is in the HTML and not in the webhook', async () => {
  const bytes = Buffer.from('png');
  const image = { name: 'a.png', contentType: 'image/png', bytes };
  intercom.agentReplies(conversationId, { text: 'look', inlineImages: [image] });
  await intercom.settled();
  expect(item(product.heard[0]).conversation_parts.conversation_parts[0].body).toBe('look');
  const html = intercom.inbox('acme01')[0]?.entries.at(-1)?.html ?? '';
  const url = /src="([^"]+)"/.exec(html)?.[1]?.replace(/&amp;/g, '&') ?? '';
  expect(Buffer.from(await (await fetch(url)).arrayBuffer())).toEqual(bytes);
});

test('a conversation that a contact opens has its text in the source and no parts', async () => {
  const token = intercom.installDirectly('acme01');
  const [contact] = intercom.contacts('acme01');
  await fetch(`${intercom.url}/conversations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ from: { type: 'lead', id: contact?.id }, body: 'Hello' }),
  });
  await intercom.settled();
  expect(topics()).toEqual(['conversation.user.created']);
  expect(item(product.heard[0])).toMatchObject({
    source: { body: 'Hello', author: { type: 'lead' } },
    conversation_parts: { conversation_parts: [], total_count: 0 },
  });
});

test('a failed webhook is sent once more, with the same id, and then never again', async () => {
  product.next.push({ status: 503 }, { status: 500 });
  intercom.agentReplies(conversationId, { text: 'Hi' });
  await intercom.settled();
  expect(product.heard).toHaveLength(2);
  expect(product.heard[0]?.json.id).toBe(product.heard[1]?.json.id);
});

test('an answer that comes too late counts as failed', async () => {
  product.next.push({ hang: true });
  intercom.agentReplies(conversationId, { text: 'Hi' });
  await intercom.settled();
  expect(product.heard).toHaveLength(2);
});

test('410 ends the subscription until the URL answers HEAD again', async () => {
  product.next.push({ status: 410 });
  intercom.agentReplies(conversationId, { text: 'one' });
  await intercom.settled();
  intercom.agentReplies(conversationId, { text: 'two' });
  await intercom.settled();
  expect(product.heard).toHaveLength(1);
  expect(intercom.webhooksSubscribed).toBe(false);
  product.next.push({ status: 404 });
  await expect(intercom.subscribeWebhooks(`${product.url}/hooks`)).rejects.toThrow('HEAD');
  await intercom.subscribeWebhooks(`${product.url}/hooks`);
  intercom.agentReplies(conversationId, { text: 'three' });
  await intercom.settled();
  expect(product.heard.map((one) => one.method)).toEqual(['POST', 'HEAD', 'HEAD', 'POST']);
});

test('429 holds everything back for a while, and loses nothing', async () => {
  product.next.push({ status: 429 });
  intercom.agentReplies(conversationId, { text: 'one' });
  await intercom.settled();
  intercom.agentReplies(conversationId, { text: 'two' });
  await intercom.settled();
  expect(product.heard).toHaveLength(1);
  await expect.poll(() => product.heard.length).toBe(3);
  const bodies = product.heard.map((one) => item(one).conversation_parts.conversation_parts[0].body);
  expect(bodies.toSorted()).toEqual(['one', 'one', 'two']);
});

test('a ping has no id, a deleted conversation is named by conversation_id, a merge names both', async () => {
  intercom.ping('acme01');
  await intercom.settled();
  const user = intercom.addContact('acme01', { role: 'user', external_id: 'u1' });
  intercom.mergeContacts('acme01', intercom.contacts('acme01')[0]?.id ?? '', user.id);
  await intercom.settled();
  intercom.deleteConversation(conversationId);
  await intercom.settled();
  expect(product.heard[0]?.json).toMatchObject({ topic: 'ping', id: null, delivery_status: null });
  expect(item(product.heard[1])).toMatchObject({ id: user.id, merged_from: { type: 'contact' } });
  expect(item(product.heard[2])).toEqual({ type: 'conversation', conversation_id: conversationId });
});

test('a workspace that did not install the app sends nothing', async () => {
  intercom.uninstall('acme01');
  intercom.agentReplies(conversationId, { text: 'Hi' });
  await intercom.settled();
  expect(product.heard).toEqual([]);
});

const text = { type: 'text', text: 'WhatsApp' };
const canvas = (components: unknown[]) =>
  JSON.stringify({ canvas: { content: { components }, stored_data: { page: 1 } } });

test('opening a card asks the app with the conversation, signed; submitting hands its canvas back', async () => {
  const button = {
    type: 'button',
    id: 'resend',
    label: 'Resend',
    style: 'secondary',
    action: { type: 'submit' },
  };
  product.next.push({ body: canvas([text, button]) }, { body: canvas([text]) });
  expect(await intercom.openCard(conversationId)).toMatchObject({
    ok: true,
    canvas: { content: { components: [text, button] } },
  });
  await intercom.submitCard(conversationId, 'resend', { note: 'x' });
  const [opened, submitted] = product.heard;
  expect(opened?.headers['x-body-signature']).toBe(
    bodySignature('intercom-client-secret', opened?.body ?? ''),
  );
  expect(opened?.json).toMatchObject({
    workspace_id: 'acme01',
    admin: { id: '11' },
    conversation: { id: conversationId },
  });
  expect(submitted?.json).toMatchObject({
    component_id: 'resend',
    input_values: { note: 'x' },
    current_canvas: { stored_data: { page: 1 } },
  });
});

test.each([
  ['an error page', { status: 500, body: 'oops' }, 'answered 500'],
  ['no canvas', { body: '{}' }, 'canvas.content.components is missing'],
  ['an unknown component', { body: canvas([{ type: 'iframe' }]) }, 'no component "iframe"'],
  [
    'a button without action',
    { body: canvas([{ type: 'button', id: 'a', label: 'b' }]) },
    'action is required',
  ],
  [
    'one option',
    { body: canvas([{ type: 'dropdown', id: 'a', options: [{ type: 'option', id: '1', text: 'x' }] }]) },
    '1 options',
  ],
  [
    'a sheet',
    {
      body: canvas([
        { type: 'button', id: 'a', label: 'b', action: { type: 'sheet', url: 'https://a.test' } },
      ]),
    },
    'no action "sheet"',
  ],
  ['too much', { body: canvas([{ type: 'text', text: 'x'.repeat(70_000) }]) }, 'larger than 64 KB'],
])('a card with %s is not shown', async (_what, answer, why) => {
  product.next.push(answer);
  const shown = await intercom.openCard(conversationId);
  expect(shown).toMatchObject({ ok: false });
  expect(shown.ok ? '' : shown.why).toContain(why);
});

test('the daily health question is signed, and an answer that breaks the rules is an error', async () => {
  product.next.push({ body: '{"state":"OK"}' }, { body: '{"state":"UNHEALTHY"}' });
  expect(await intercom.checkHealth('acme01')).toEqual({ state: 'OK' });
  expect(product.heard[0]?.headers['x-body-signature']).toBe(
    bodySignature('intercom-client-secret', '{"workspace_id":"acme01"}'),
  );
  await expect(intercom.checkHealth('acme01')).rejects.toThrow('message is required');
});
