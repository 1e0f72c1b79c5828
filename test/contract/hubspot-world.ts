/** An installed app at a simulated HubSpot, with the real http between them: made anew for each test. */
import { afterEach, beforeEach, inject } from 'vitest';
import { HubspotEmulator } from '../../playground/platforms/hubspot.ts';
import type { Io, MessageDelivery, WebhookRequest } from '../../server/core/adapter.ts';
import type { ChannelFacts } from '../../server/core/channel-facts.ts';
import type { Event } from '../../server/core/message.ts';
import { isOutcome } from '../../server/core/outcome.ts';
import { createHttp } from '../../server/http/outgoing.ts';
import {
  createHubspot,
  type HubspotAdapter,
  type HubspotCredentials,
} from '../../server/platforms/hubspot/index.ts';
import { TEST_NOW, testIo } from '../support/io.ts';
import { making } from '../support/making.ts';
import { type StandIn, standIn } from '../unit/emulators/product-stand-in.ts';
import { channelStore, connection, conversation, message } from '../unit/hubspot/given.ts';

export const PORTAL = 4_711_001;
export const REDIRECT = 'https://octopods.test/hubspot/oauth/callback';

export let now: number;
export let emulator: HubspotEmulator;
export let product: StandIn;
export let adapter: HubspotAdapter;
export let io: Io;
export let logged: ReturnType<typeof testIo>['logged'];

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

export function hubspotFor(hubspot: HubspotEmulator, ours: StandIn): HubspotAdapter {
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

/** Time goes on, for HubSpot and for us. */
export const later = (ms: number): void => {
  now += ms;
};

export async function installed(): Promise<HubspotCredentials> {
  const installation = await adapter.install(emulator.issueCode(PORTAL, REDIRECT), io);
  if ('refused' in installation) throw new Error(installation.refused);
  return installation.credentials;
}
export const whatsapp = (settings: Record<string, unknown> = {}): ChannelFacts => ({
  id: 'chn_1',
  type: 'whatsapp',
  title: 'WhatsApp',
  name: '+1 555 000 1111',
  externalId: '100200300',
  medium: 'whatsapp',
  settings: { phone: '+15550001111', inbox_id: '310', ...settings },
});

/** An installed portal with the channel in its inbox. */
export async function attached() {
  const portal = connection(await installed());
  const answer = await adapter.attachChannel?.(portal, whatsapp(), io);
  if (!answer?.ok) throw new Error(answer?.why);
  const link = conversation();
  return { portal, link: { ...link, channel: { ...link.channel, settings: answer.settings } } };
}
type Attached = Awaited<ReturnType<typeof attached>>;

/** As the relay does it: the preparations in order, then the one write. */
export async function deliver({ portal, link }: Attached, more: Partial<MessageDelivery> = {}) {
  const prepared: Record<string, string> = {};
  const delivery = message({ conversation: link, prepared, ...more });
  for (const step of adapter.prepare?.(delivery, portal, io) ?? []) {
    const value = await step.run(prepared, making());
    if (isOutcome(value)) throw new Error(value.why);
    prepared[step.name] = value;
  }
  return await adapter.send(delivery, portal, io);
}

/** The webhooks that HubSpot sent so far, through our own verification. */
export async function received({ portal }: Attached): Promise<Event[]> {
  await emulator.settled();
  const find = { byId: async () => undefined, byExternalId: async () => portal };
  const events: Event[] = [];
  for (const heard of product.heard) {
    const request: WebhookRequest = {
      method: heard.method,
      url: `${product.url}${heard.path}`,
      // The last step of the channels' path, which our door has compared with its secret.
      routeId: heard.path.split('/').at(-1) as string,
      headers: heard.headers,
      body: new TextEncoder().encode(heard.body),
    };
    const answer = await adapter.receive(request, find, io);
    if ('reject' in answer) throw new Error(`our own door refused HubSpot: ${answer.reject}`);
    events.push(...answer.events);
  }
  return events;
}
export const only = <T>(list: T[]): T => {
  const first = list[0];
  if (list.length !== 1 || first === undefined) throw new Error(`${list.length} instead of one`);
  return first;
};
export const thread = () => only(emulator.inbox(PORTAL));
