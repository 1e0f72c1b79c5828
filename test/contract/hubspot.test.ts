/** The HubSpot adapter over the wire, against the simulated HubSpot: what unit tests take for granted is checked here. */
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { HubspotEmulator } from '../../playground/platforms/hubspot.ts';
import type { ChannelFacts, Io, MessageDelivery, WebhookRequest } from '../../server/core/adapter.ts';
import type { Event, MessageEvent } from '../../server/core/message.ts';
import { isOutcome } from '../../server/core/outcome.ts';
import { createHttp } from '../../server/http/outgoing.ts';
import {
  createHubspot,
  type HubspotAdapter,
  type HubspotCredentials,
} from '../../server/platforms/hubspot/index.ts';
import { TEST_NOW, testIo } from '../support/io.ts';
import { type StandIn, standIn } from '../unit/emulators/product-stand-in.ts';
import { channelStore, connection, conversation, filePart, message } from '../unit/hubspot/given.ts';

const PORTAL = 4_711_001;
const REDIRECT = 'https://octopods.test/hubspot/oauth/callback';

let now: number;
let emulator: HubspotEmulator;
let product: StandIn;
let adapter: HubspotAdapter;
let io: Io;
let logged: ReturnType<typeof testIo>['logged'];

beforeEach(async () => {
  now = TEST_NOW;
  product = await standIn();
  emulator = await new HubspotEmulator({
    recordTo: inject('callsFile'),
    now: () => now,
    app: { redirectUrls: [REDIRECT] },
    webhookRetryMs: [],
    rotateRefreshTokens: true,
  }).listen();
  emulator.addPortal({
    id: PORTAL,
    name: 'Tulip Bikes',
    users: [{ id: 330_044, email: 'mara@tulip.example', name: 'Mara Lindqvist' }],
    inboxes: [
      { id: '310', name: 'Service', type: 'INBOX' },
      { id: '320', name: 'Repairs', type: 'HELP_DESK' },
    ],
  });
  const quiet = testIo();
  logged = quiet.logged;
  const http = createHttp({ configuredHosts: [new URL(emulator.url).hostname] });
  io = { http, log: quiet.log, clock: { now: () => now } };
  adapter = hubspotFor(emulator, product);
});
afterEach(async () => {
  await emulator.close();
  await product.close();
});

function hubspotFor(hubspot: HubspotEmulator, ours: StandIn): HubspotAdapter {
  const { clientId, clientSecret, appId, developerApiKey } = hubspot.world.app;
  return createHubspot({
    apiUrl: hubspot.url,
    appUrl: hubspot.url,
    clientId,
    clientSecrets: [clientSecret],
    redirectUri: REDIRECT,
    appId: String(appId),
    developerApiKey,
    customChannels: channelStore({}),
    webhookUrl: `${ours.url}/hubspot/channels/webhook/s3cret`,
  });
}

async function installed(): Promise<HubspotCredentials> {
  const installation = await adapter.install(emulator.issueCode(PORTAL, REDIRECT), io);
  if ('refused' in installation) throw new Error(installation.refused);
  return installation.credentials;
}
const whatsapp = (settings: Record<string, unknown> = {}): ChannelFacts => ({
  id: 'chn_1',
  type: 'whatsapp',
  title: 'WhatsApp',
  name: '+1 555 000 1111',
  externalId: '100200300',
  medium: 'whatsapp',
  settings: { phone: '+15550001111', inbox_id: '310', ...settings },
});

/** An installed portal with the channel in its inbox. */
async function attached() {
  const portal = connection(await installed());
  const answer = await adapter.attachChannel?.(portal, whatsapp(), io);
  if (!answer?.ok) throw new Error(answer?.why);
  const link = conversation();
  return { portal, link: { ...link, channel: { ...link.channel, settings: answer.settings } } };
}
type Attached = Awaited<ReturnType<typeof attached>>;

/** As the relay does it: the preparations in order, then the one write. */
async function deliver({ portal, link }: Attached, more: Partial<MessageDelivery> = {}) {
  const prepared: Record<string, string> = {};
  const delivery = message({ conversation: link, prepared, ...more });
  for (const step of adapter.prepare?.(delivery, portal, io) ?? []) {
    const value = await step.run(prepared);
    if (isOutcome(value)) throw new Error(value.why);
    prepared[step.name] = value;
  }
  return await adapter.send(delivery, portal, io);
}

/** The webhooks that HubSpot sent so far, through our own verification. */
async function received({ portal }: Attached): Promise<Event[]> {
  await emulator.settled();
  const find = { byId: async () => undefined, byExternalId: async () => portal };
  const events: Event[] = [];
  for (const heard of product.heard) {
    const request: WebhookRequest = {
      method: heard.method,
      url: `${product.url}${heard.path}`,
      headers: heard.headers,
      body: new TextEncoder().encode(heard.body),
    };
    const answer = await adapter.receive(request, find, io);
    if ('reject' in answer) throw new Error(`our own door refused HubSpot: ${answer.reject}`);
    events.push(...answer.events);
  }
  return events;
}
const only = <T>(list: T[]): T => {
  const first = list[0];
  if (list.length !== 1 || first === undefined) throw new Error(`${list.length} instead of one`);
  return first;
};
const thread = () => only(emulator.inbox(PORTAL));

describe('HubSpot over the wire: the account', () => {
  it('is installed by the consent page’s own way back', async () => {
    emulator.consent = { portalId: PORTAL, decision: 'approve' };
    const response = await fetch(adapter.authorizeUrl('st-1'), { redirect: 'manual' });
    const back = new URL(response.headers.get('location') ?? '');
    expect([back.origin + back.pathname, back.searchParams.get('state')]).toEqual([REDIRECT, 'st-1']);
    const code = back.searchParams.get('code') ?? '';
    expect(await adapter.install(code, io)).toMatchObject({
      externalId: String(PORTAL),
      name: `Portal ID #${PORTAL} (tulip-bikes.example)`,
      settings: { hub_domain: 'tulip-bikes.example', ui_domain: 'app.hubspot.com' },
      installer: {
        provider: 'hubspot',
        subject: '330044',
        email: 'mara@tulip.example',
        emailVerified: false,
      },
    });
    expect(await adapter.install(code, io)).toEqual({ refused: expect.stringContaining('already used') });
  });

  it('keeps working past the life of a token, with a refresh token that changes', async () => {
    const first = connection(await installed());
    now += 26 * 60_000;
    const second = (await adapter.refresh?.(first, io)) as HubspotCredentials;
    expect(second.refresh_token).not.toBe(first.credentials.refresh_token);
    now += 30 * 60_000;
    expect(await adapter.refresh?.(connection(second), io)).toMatchObject({
      access_token: expect.any(String),
    });
  });

  it('is disconnected when the app was uninstalled or its access revoked', async () => {
    const portal = connection(await installed());
    emulator.uninstall(PORTAL);
    now += 26 * 60_000;
    expect(await adapter.refresh?.(portal, io)).toMatchObject({ outcome: 'unauthorized' });
  });

  it('notices a token that died early, and what that means', async () => {
    const world = await attached();
    emulator.revoke(PORTAL);
    expect(await deliver(world, { conversation: { ...world.link, contactId: '1' } })).toMatchObject({
      outcome: 'retry',
    });
    expect(await adapter.refresh?.(world.portal, io)).toMatchObject({ outcome: 'unauthorized' });
  });

  it('can be uninstalled from our side', async () => {
    const portal = connection(await installed());
    await adapter.uninstall(portal, io);
    expect(emulator.portal(PORTAL).installed).toBe(false);
    expect(logged).toEqual([]);
  });
});

describe('HubSpot over the wire: channels', () => {
  it('are registered once, however often it is asked', async () => {
    const first = await adapter.registerChannels(io);
    expect(await adapter.registerChannels(io)).toEqual(first);
    const another = hubspotFor(emulator, product);
    expect(await another.registerChannels(io)).toEqual(first);
    expect(emulator.world.channels.size).toBe(3);
    expect(emulator.calls.filter((call) => call.method === 'PATCH')).toEqual([]);
  });

  it('get one account each, which comes back after it was switched off', async () => {
    const { portal } = await attached();
    const again = await adapter.attachChannel?.(portal, whatsapp(), io);
    if (!again?.ok) throw new Error(again?.why);
    await adapter.detachChannel?.(portal, whatsapp(again.settings), io);
    expect([...emulator.portal(PORTAL).accounts.values()]).toMatchObject([{ authorized: false }]);
    expect(await adapter.attachChannel?.(portal, whatsapp(), io)).toEqual(again);
    expect([...emulator.portal(PORTAL).accounts.values()]).toMatchObject([
      { authorized: true, inboxId: '310' },
    ]);
  });

  it('are refused in words where the inbox is foreign or the plan too small', async () => {
    const portal = connection(await installed());
    expect(await adapter.attachChannel?.(portal, whatsapp({ inbox_id: '1' }), io)).toMatchObject({
      ok: false,
      why: expect.stringContaining('310 (Service)'),
    });
    emulator.portal(PORTAL).tier = 'starter';
    expect(await adapter.attachChannel?.(portal, whatsapp(), io)).toMatchObject({
      ok: false,
      why: expect.stringContaining('Professional or higher'),
    });
  });
});

describe('HubSpot over the wire: messages in', () => {
  it('stand in the inbox with their files, at the contact who has the number', async () => {
    const world = await attached();
    const contact = emulator.addContact(PORTAL, { firstname: 'Ann', phone: '(555) 000-2222' });
    const outcome = await deliver(world, {
      parts: [{ kind: 'text', text: 'My bike' }, filePart()],
      opens: true,
    });
    expect(outcome).toMatchObject({ outcome: 'sent', thread: thread().id, contact: contact.id });
    expect(thread()).toMatchObject({
      inboxId: '310',
      contact: { id: contact.id },
      messages: [{ direction: 'INCOMING', text: 'My bike', files: [{ name: 'bike.jpg' }] }],
    });
    expect(emulator.contacts(PORTAL)).toHaveLength(1);
  });

  it('tell us the contact that HubSpot made of a new number', async () => {
    const outcome = await deliver(await attached(), { opens: true });
    expect(outcome).toMatchObject({ outcome: 'sent', contact: only(emulator.contacts(PORTAL)).id });
  });

  it('are made once, though the answer to the first try was lost', async () => {
    const world = await attached();
    emulator.plan('POST', /\/messages$/, { kind: 'accept_then_drop' });
    await expect(deliver(world, { opens: true })).rejects.toThrow();
    expect(await deliver(world, { opens: true })).toMatchObject({ outcome: 'sent' });
    expect(thread().messages).toHaveLength(1);
  });

  it('carry places and contact cards', async () => {
    const outcome = await deliver(await attached(), {
      parts: [
        { kind: 'location', latitude: 59.3, longitude: 18.1 },
        { kind: 'contact', name: 'Bo Berg', phones: ['+46810000'], emails: [] },
      ],
    });
    expect(outcome).toMatchObject({ outcome: 'sent' });
  });
});

describe('HubSpot over the wire: agents', () => {
  /** A conversation that an agent can answer. */
  async function answered(text = 'It is ready.') {
    const world = await attached();
    await deliver(world, { opens: true });
    const png = new Uint8Array([137, 80, 78, 71]);
    const reply = emulator.agentReplies(thread().id, {
      text,
      richText: `<p>${text}</p>`,
      files: [{ name: 'bill.png', contentType: 'image/png', bytes: png }],
    });
    emulator.agentReplies(thread().id, { text: 'he is always late', comment: true });
    const events = (await received(world)).filter((event): event is MessageEvent => event.kind === 'message');
    return { ...world, reply, event: only(events) };
  }

  it('are heard once, signed, with their file; comments are not', async () => {
    const { event, reply, portal, link } = await answered();
    expect(event).toMatchObject({
      id: reply.id,
      thread: thread().id,
      author: { kind: 'agent', name: 'Mara Lindqvist' },
      parts: [
        { kind: 'text', text: 'It is ready.' },
        { kind: 'file', file: { kind: 'image', name: 'bill.png' } },
      ],
      route: {
        recipient: '+15550002222',
        channelAccountId: (link.channel.settings.hubspot as { channel_account_id: string })
          .channel_account_id,
      },
    });
    const part = event.parts[1];
    const media = part?.kind === 'file' ? await adapter.media?.(part.file, portal, io) : undefined;
    if (!media || isOutcome(media)) throw new Error('no file');
    const bytes: number[] = [];
    for await (const chunk of media.body) bytes.push(...chunk);
    expect([media.contentType, bytes]).toEqual(['image/png', [137, 80, 78, 71]]);
  });

  it('are heard of afterwards just the same when the webhook was lost', async () => {
    const { event, portal } = await answered();
    expect(await adapter.catchUp?.(portal, now - 60_000, io)).toEqual([event]);
    expect(await adapter.catchUp?.(portal, now + 1, io)).toEqual([]);
  });

  it.each([
    ['delivered', undefined, 'SENT'],
    ['read', undefined, 'READ'],
    ['failed', 'The window is closed.', 'FAILED'],
    ['unknown', undefined, 'FAILED'],
  ] as const)('read what became of their message: %s', async (status, why, shown) => {
    const { portal, link, reply } = await answered();
    const outcome = await adapter.send(
      {
        kind: 'status',
        id: 'dlv_9',
        conversation: link,
        prepared: {},
        at: now,
        of: reply.id,
        status,
        ...(why ? { why } : {}),
        excerpt: 'It is',
      },
      portal,
      io,
    );
    expect(outcome).toEqual({ outcome: 'sent', id: reply.id });
    const message = thread().messages.find((one) => one.id === reply.id);
    expect(message?.status).toMatchObject({ statusType: shown, ...(why ? { errorMessage: why } : {}) });
  });

  it('who switch a channel off are noticed', async () => {
    const world = await attached();
    const account = only([...emulator.portal(PORTAL).accounts.keys()]);
    emulator.disconnectAccount(account);
    expect(await received(world)).toMatchObject([
      { kind: 'unparsed', why: expect.stringContaining('switched off') },
    ]);
  });
});
