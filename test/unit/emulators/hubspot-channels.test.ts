import { Signature } from '@hubspot/api-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HubspotEmulator } from '../../../playground/platforms/hubspot.ts';
import { handClock, type JsonClient, jsonClient, type StandIn, standIn } from './product-stand-in.ts';

const BASE = '/conversations/custom-channels/2026-09';
const OURS = { type: 'HS_PHONE_NUMBER' as const, value: '+15550001111' };
const ZOE = { type: 'HS_PHONE_NUMBER' as const, value: '+15550002222' };
const CAPABILITIES = {
  deliveryIdentifierTypes: ['HS_PHONE_NUMBER', 'CHANNEL_SPECIFIC_OPAQUE_ID'],
  threadingModel: 'DELIVERY_IDENTIFIER',
  allowOutgoingMessages: true,
  allowConversationStart: true,
  outgoingAttachmentTypes: ['FILE'],
  allowedFileAttachmentMimeTypes: ['image/*'],
};
const clock = handClock();
let hubspot: HubspotEmulator;
let product: StandIn;
let call: JsonClient;
let channelId: string;
let accountId: string;

beforeEach(async () => {
  product = await standIn();
  hubspot = await new HubspotEmulator({
    now: clock.now,
    callsPer10s: 10_000,
    webhookRetryMs: [5, 5],
    webhookTimeoutMs: 400,
  }).listen();
  const inboxes = [
    { id: '1', name: 'Inbox', type: 'INBOX' as const },
    { id: '2', name: 'Help desk', type: 'HELP_DESK' as const },
  ];
  hubspot.addPortal({
    id: 77,
    name: 'Acme',
    users: [{ id: 5, name: 'Ann', email: 'ann@acme.test' }],
    inboxes,
  });
  call = jsonClient(hubspot.url, { authorization: `Bearer ${hubspot.installDirectly(77).accessToken}` });
  const webhookUrl = `${product.url}/hooks/secret?from=a%2Cb`;
  channelId = hubspot.registerChannel({ name: 'WhatsApp', capabilities: CAPABILITIES }).id;
  const body = { inboxId: '1', name: 'Sales', authorized: true, deliveryIdentifier: OURS };
  accountId = (await call('POST', `${BASE}/${channelId}/channel-accounts`, body)).body.id;
  await call('PATCH', `${BASE}/${channelId}?hapikey=hubspot-developer-key&appId=1234567`, { webhookUrl });
});
afterEach(async () => {
  await hubspot.close();
  await product.close();
});

const egg = (more: Record<string, unknown> = {}) => ({
  channelAccountId: accountId,
  messageDirection: 'INCOMING',
  senders: [{ deliveryIdentifier: ZOE, name: 'Zoe Zimmer' }],
  recipients: [{ deliveryIdentifier: OURS }],
  text: 'Hello',
  timestamp: '2026-11-02T10:00:00.000Z',
  attachments: [],
  ...more,
});
const publish = (more: Record<string, unknown> = {}) =>
  call('POST', `${BASE}/${channelId}/messages`, egg(more));

test('channels are registered with the developer key, and with capabilities that HubSpot knows', async () => {
  const register = (capabilities: unknown, key = 'hubspot-developer-key') =>
    call('POST', `${BASE}?hapikey=${key}&appId=1234567`, { name: 'x', capabilities });
  expect((await register(CAPABILITIES, 'wrong')).status).toBe(401);
  expect((await register(CAPABILITIES)).status).toBe(201);
  const objects = await register({ ...CAPABILITIES, deliveryIdentifierTypes: [{ type: 'HS_PHONE_NUMBER' }] });
  expect(objects.body.subCategory).toBe('CustomChannelsError.INVALID_CHANNEL_CAPABILITY_VALUES');
  expect(objects.body.context.capabilityKeysAndValues).toHaveLength(1);
  for (const wrong of [
    { threadingModel: 'NONE' },
    { richText: ['UNDERLINE'] },
    { colour: true },
    { maxFileAttachmentCount: -1 },
  ])
    expect((await register({ ...CAPABILITIES, ...wrong })).status).toBe(400);
});

test('a channel account wants an inbox of the portal, a number in E.164, and one of its kind', async () => {
  const create = (more: Record<string, unknown>) =>
    call('POST', `${BASE}/${channelId}/channel-accounts`, {
      inboxId: '1',
      name: 'x',
      authorized: true,
      ...more,
    });
  expect((await create({ inboxId: '9' })).status).toBe(400);
  expect(
    (await create({ deliveryIdentifier: { type: 'HS_PHONE_NUMBER', value: '15550003333' } })).status,
  ).toBe(400);
  expect((await create({ deliveryIdentifier: { type: 'HS_EMAIL_ADDRESS', value: 'a@b.test' } })).status).toBe(
    400,
  );
  expect((await create({ deliveryIdentifier: OURS })).status).toBe(409);
  const list = `${BASE}/${channelId}/channel-accounts?deliveryIdentifierValue=${encodeURIComponent(OURS.value)}`;
  expect((await call('GET', list)).body).toMatchObject({
    total: 1,
    results: [{ id: accountId, authorized: true }],
  });
});

test('a message makes a thread and finds, or makes, the contact of its number', async () => {
  const made = await publish();
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({
    type: 'MESSAGE',
    direction: 'INCOMING',
    status: { statusType: 'RECEIVED' },
  });
  expect(hubspot.contacts(77)).toMatchObject([
    { properties: { phone: ZOE.value, firstname: 'Zoe', lastname: 'Zimmer' } },
  ]);
  const second = await publish({ text: 'again' });
  expect(second.body.conversationsThreadId).toBe(made.body.conversationsThreadId);
  expect(hubspot.contacts(77)).toHaveLength(1);
});

test('a contact whose number is written otherwise is found', async () => {
  const contact = hubspot.addContact(77, { mobilephone: '(555) 000-2222' });
  await publish();
  expect(hubspot.inbox(77)[0]?.contact?.id).toBe(contact.id);
});

test('an opaque sender stays a visitor until the app says who it is', async () => {
  const senders = [{ deliveryIdentifier: { type: 'CHANNEL_SPECIFIC_OPAQUE_ID', value: 'tg:7' } }];
  await publish({ senders });
  expect(hubspot.inbox(77)[0]?.contact).toBeUndefined();
  const contact = hubspot.addContact(77, { firstname: 'Zoe' });
  expect((await publish({ senders, associateWithContactId: 5 })).status).toBe(400);
  await publish({ senders, associateWithContactId: Number(contact.id) });
  expect(hubspot.inbox(77)[0]?.contact?.id).toBe(contact.id);
});

test('the same idempotency id makes one message, however often it is published', async () => {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => publish({ integrationIdempotencyId: 'k1' })),
  );
  expect(new Set(answers.map((one) => one.body.id)).size).toBe(1);
  expect(answers.every((one) => one.status === 201)).toBe(true);
  expect(hubspot.inbox(77)[0]?.messages).toHaveLength(1);
});

test.each([
  ['text', undefined],
  ['text', ''],
  ['senders', []],
  ['recipients', undefined],
  ['attachments', undefined],
  ['timestamp', '1795000000000'],
  ['messageDirection', 'BOTH'],
  ['channelAccountId', '1'],
  ['senders', [{ deliveryIdentifier: { type: 'HS_PHONE_NUMBER', value: '0555 0002222' } }]],
  ['attachments', [{ type: 'FILE', fileId: '404' }]],
  ['attachments', [{ type: 'LOCATION', latitude: 1 }]],
  ['associateWithContactId', '12'],
])('a message with %s = %j is refused and leaves nothing', async (field, value) => {
  const refused = await publish({ [field]: value });
  expect([refused.status, refused.body.category]).toEqual([400, 'VALIDATION_ERROR']);
  expect(hubspot.inbox(77)).toEqual([]);
});

test('nothing is published through an account that was disconnected', async () => {
  hubspot.disconnectAccount(accountId);
  expect((await publish()).status).toBe(400);
});

test('a message can become SENT, FAILED with a reason, or READ, and nothing else', async () => {
  const { body } = await publish();
  const tell = (statusType: string, errorMessage?: string) =>
    call('PATCH', `${BASE}/${channelId}/messages/${body.id}`, {
      statusType,
      ...(errorMessage ? { errorMessage } : {}),
    });
  expect((await tell('DELIVERED')).status).toBe(400);
  expect((await tell('READ')).body.status).toEqual({ statusType: 'READ' });
  const failed = await tell('FAILED', 'The window is closed');
  expect(failed.body.status).toMatchObject({
    statusType: 'FAILED',
    failureDetails: { errorMessage: 'The window is closed' },
  });
});

test('a closed thread opens again, an archived one gives way to a new one', async () => {
  const thread = (await publish()).body.conversationsThreadId;
  hubspot.closeThread(thread);
  expect((await publish()).body.conversationsThreadId).toBe(thread);
  expect(hubspot.inbox(77)[0]?.status).toBe('OPEN');
  hubspot.portal(77).threads.forEach((one) => {
    one.archived = true;
  });
  expect((await publish()).body.conversationsThreadId).not.toBe(thread);
});

test('an agent’s answer is posted as one object, signed over URL, query, body and time', async () => {
  const thread = (await publish()).body.conversationsThreadId;
  const png = { name: 'a.png', contentType: 'image/png', bytes: Buffer.from('png') };
  hubspot.agentReplies(thread, { text: 'Hi', richText: '<p>Hi</p>', files: [png] });
  await hubspot.settled();
  const [heard] = product.heard;
  expect(heard?.json).toMatchObject({
    type: 'OUTGOING_CHANNEL_MESSAGE_CREATED',
    portalId: '77',
    channelIntegrationThreadIds: [],
    message: {
      channelAccountId: accountId,
      text: 'Hi',
      senders: [{ actorId: 'A-5' }],
      recipients: [{ deliveryIdentifier: ZOE }],
    },
  });
  const theirs = Signature.getSignature('POST', 'v3', {
    signature: '',
    clientSecret: 'hubspot-client-secret',
    // HubSpot signs the comma that was called as %2C.
    url: `${product.url}/hooks/secret?from=a,b`,
    requestBody: heard?.body ?? '',
    timestamp: Number(heard?.headers['x-hubspot-request-timestamp']),
  });
  expect(heard?.path).toBe('/hooks/secret?from=a%2Cb');
  expect(heard?.headers['x-hubspot-signature-v3']).toBe(theirs);
});

test('a webhook without an answer is sent again, and no more than it is told to', async () => {
  const thread = (await publish()).body.conversationsThreadId;
  product.next.push({ status: 500 }, { hang: true }, { status: 503 });
  hubspot.agentReplies(thread, { text: 'Hi' });
  await hubspot.settled();
  expect(product.heard).toHaveLength(3);
  expect(new Set(product.heard.map((one) => one.json.eventId)).size).toBe(1);
});

test('comments stay inside, and the composer keeps to the capabilities', async () => {
  const thread = (await publish()).body.conversationsThreadId;
  hubspot.agentReplies(thread, { text: 'psst', comment: true });
  await hubspot.settled();
  expect(product.heard).toEqual([]);
  const pdf = { name: 'a.pdf', contentType: 'application/pdf', bytes: Buffer.from('pdf') };
  expect(() => hubspot.agentReplies(thread, { text: 'x', files: [pdf] })).toThrow('application/pdf');
});

test('an agent may start, and the customer’s answer lands in the same thread', async () => {
  const thread = hubspot.agentStarts(accountId, ZOE, 'Hello Zoe');
  await hubspot.settled();
  expect(product.heard[0]?.json).toMatchObject({ message: { recipients: [{ deliveryIdentifier: ZOE }] } });
  expect((await publish()).body.conversationsThreadId).toBe(thread.id);
});

test('connecting a channel from HubSpot: staging token, back to HubSpot, account made', async () => {
  const redirect = { channelAccountConnectionRedirectUrl: `${product.url}/connect` };
  await call('PATCH', `${BASE}/${channelId}?hapikey=hubspot-developer-key&appId=1234567`, redirect);
  const opened = new URL(hubspot.connectChannel(77, channelId, '2')).searchParams;
  expect([opened.get('portalId'), opened.get('inboxId')]).toEqual(['77', '2']);
  const path = `${BASE}/${channelId}/channel-account-staging-tokens`;
  const staged = {
    accountName: 'Support',
    deliveryIdentifier: { type: 'HS_PHONE_NUMBER', value: '+15550009999' },
  };
  expect((await call('PATCH', `${path}/nonsense`, staged)).status).toBe(404);
  const taken = await call('PATCH', `${path}/${opened.get('accountToken')}`, {
    ...staged,
    deliveryIdentifier: OURS,
  });
  expect(taken.status).toBe(409);
  expect((await call('PATCH', `${path}/${opened.get('accountToken')}`, staged)).status).toBe(200);
  expect((await fetch(opened.get('redirectUrl') ?? '')).status).toBe(200);
  await hubspot.settled();
  expect(product.heard.map((one) => one.json.type)).toEqual(['CHANNEL_ACCOUNT_CREATED']);
  const accounts = (await call('GET', `${BASE}/${channelId}/channel-accounts`)).body.results;
  expect(accounts.at(-1)).toMatchObject({ name: 'Support', inboxId: '2', authorized: true });
});

test('threads by the app’s own id: required, and told back', async () => {
  await call('PATCH', `${BASE}/${channelId}?hapikey=hubspot-developer-key&appId=1234567`, {
    capabilities: { ...CAPABILITIES, threadingModel: 'INTEGRATION_THREAD_ID' },
  });
  expect((await publish()).status).toBe(400);
  const one = await publish({ integrationThreadId: 'cnv_1' });
  const other = await publish({ integrationThreadId: 'cnv_2' });
  expect(one.body.conversationsThreadId).not.toBe(other.body.conversationsThreadId);
  hubspot.agentReplies(one.body.conversationsThreadId, { text: 'Hi' });
  await hubspot.settled();
  expect(product.heard[0]?.json.channelIntegrationThreadIds).toEqual(['cnv_1']);
});
