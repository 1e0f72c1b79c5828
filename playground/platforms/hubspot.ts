/**
 * HubSpot, simulated: OAuth, custom channels, conversations, contacts, files, the webhooks journal, and the proxy behind
 * `hubspot.fetch`. Facts come from HubSpot's public reference (https://developers.hubspot.com/docs) and API
 * descriptions; what it refuses, this refuses.
 */
import { randomBytes } from 'node:crypto';
import { Emulator } from '../kit.ts';
import { accountRoutes, authorizeAccount, beginConnection, connectedPage } from './hubspot/accounts.ts';
import { openDoor } from './hubspot/api.ts';
import { channelRoutes, findChannel, registerChannel } from './hubspot/channels.ts';
import { contactRoutes, createContact } from './hubspot/contacts.ts';
import { conversationRoutes, setStatus } from './hubspot/conversations.ts';
import {
  type ExtensionAnswer,
  type ExtensionFetch,
  type ExtensionRequest,
  extensionFetch,
  proxyRoute,
} from './hubspot/fetch-proxy.ts';
import { fileRoutes } from './hubspot/files.ts';
import * as desk from './hubspot/inbox.ts';
import { journalRoutes } from './hubspot/journal.ts';
import { messageRoutes } from './hubspot/messages.ts';
import * as oauth from './hubspot/oauth.ts';
import { signedHeaders } from './hubspot/signature.ts';
import * as tokens from './hubspot/tokens.ts';
import {
  type Channel,
  type ChannelAccount,
  type CrmContact,
  type DeliveryIdentifier,
  HUBSPOT_TIMINGS,
  type HubspotApp,
  type HubspotChoices,
  type HubspotTimings,
  type Inbox,
  type Message,
  type Portal,
  type PortalUser,
  type Thread,
  type World,
} from './hubspot/world.ts';

export type { ExtensionAnswer, ExtensionRequest } from './hubspot/fetch-proxy.ts';
export type { InboxMessage, InboxThread } from './hubspot/inbox.ts';
export type { Channel, ChannelAccount, CrmContact, HubspotApp, Portal } from './hubspot/world.ts';

export interface HubspotOptions extends Partial<HubspotTimings>, Partial<HubspotChoices> {
  recordTo?: string;
  app?: Partial<HubspotApp>;
  /** Milliseconds; the machine's clock without it. */
  now?: () => number;
}
export interface NewPortal {
  id: number;
  name: string;
  users: PortalUser[];
  inboxes: Inbox[];
  tier?: 'starter' | 'professional';
  hubDomain?: string;
  uiDomain?: string;
}

const APP: HubspotApp = {
  appId: 1234567,
  clientId: 'hubspot-client-id',
  clientSecret: 'hubspot-client-secret',
  name: 'Octopods',
  redirectUrls: [],
  requiredScopes: [
    'oauth',
    'conversations.custom_channels.read',
    'conversations.custom_channels.write',
    'conversations.read',
    'crm.objects.contacts.read',
    'crm.objects.contacts.write',
    'files',
  ],
  optionalScopes: ['conversations.write', 'tickets', 'files.ui_hidden.read', 'crm.objects.owners.read'],
  developerApiKey: 'hubspot-developer-key',
  permittedFetchUrls: [],
};
const CHOICES: HubspotChoices = {
  rotateRefreshTokens: false,
  echoOutgoing: false,
  attachmentsCarryUrl: true,
};

export class HubspotEmulator extends Emulator {
  /** Who the browser is signed in as on the consent page; `decision` answers it without showing it. */
  consent: oauth.Consent = {};
  readonly world: World;
  readonly #extensionFetch: ExtensionFetch;

  constructor(options: HubspotOptions = {}) {
    super('hubspot', options.recordTo);
    this.world = this.#makeWorld(options);
    this.#extensionFetch = extensionFetch(this.world);
    const takeFault = this.takeFault.bind(this);
    const door = openDoor(this.world, this.app, takeFault);
    oauth.authorizeRoutes(this.world, this.app, () => this.consent);
    tokens.tokenRoutes(this.world, this.app, takeFault);
    tokens.accountRoutes(this.world, door);
    channelRoutes(this.world, this.app, takeFault);
    connectedPage(this.world, this.app);
    accountRoutes(this.world, door);
    messageRoutes(this.world, door);
    conversationRoutes(this.world, door);
    contactRoutes(this.world, door);
    fileRoutes(this.world, this.app, door);
    journalRoutes(this.world, this.app, takeFault);
    proxyRoute(this.world, this.app, this.#extensionFetch);
  }

  #makeWorld(options: HubspotOptions): World {
    let last = 8_800_000_000 + (Date.now() % 1_000_000);
    return {
      app: { ...APP, ...options.app },
      timings: chosen(HUBSPOT_TIMINGS, options),
      choices: chosen(CHOICES, options),
      portals: new Map(),
      channels: new Map(),
      staging: new Map(),
      codes: new Map(),
      refreshTokens: new Map(),
      accessTokens: new Map(),
      journal: [],
      subscriptions: [],
      storageKey: randomBytes(16).toString('hex'),
      now: options.now ?? Date.now,
      nextId: () => String(++last),
      baseUrl: () => this.url,
      changed: () => this.changed(),
      notify: (channel, event) => this.#notify(channel, event),
    };
  }

  #notify(channel: Channel, event: Record<string, unknown>): void {
    const url = channel.webhookUrl;
    if (!url) return;
    const body = JSON.stringify(event);
    const { clientSecret } = this.world.app;
    const signed = signedHeaders(clientSecret, { method: 'POST', url, body, timestamp: this.world.now() });
    const { webhookRetryMs: retryAfterMs, webhookTimeoutMs: timeoutMs } = this.world.timings;
    const headers = { 'content-type': 'application/json', ...signed };
    this.post({ url, headers, body }, { retryAfterMs, timeoutMs, retries: () => true });
  }

  // The developer project

  /** What the developer changes in the app's settings. */
  configureApp(app: Partial<HubspotApp>): void {
    Object.assign(this.world.app, app);
  }
  /** As with the developer key; throws what the API would refuse. */
  registerChannel(channel: Record<string, unknown>): Channel {
    return registerChannel(this.world, channel);
  }

  // Portals

  addPortal(portal: NewPortal): Portal {
    const made: Portal = {
      ...portal,
      hubDomain: portal.hubDomain ?? `${portal.name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.example`,
      uiDomain: portal.uiDomain ?? 'app.hubspot.com',
      tier: portal.tier ?? 'professional',
      contacts: new Map(),
      files: new Map(),
      threads: new Map(),
      accounts: new Map(),
      published: new Map(),
      installed: false,
      gone: false,
    };
    this.world.portals.set(made.id, made);
    return made;
  }
  portal(id: number): Portal {
    const portal = this.world.portals.get(id);
    if (!portal) throw new Error(`There is no portal ${id}`);
    return portal;
  }
  /** A code as the consent page would hand out, with the app's required scopes. */
  issueCode(portalId: number, redirectUri: string, userId?: number): string {
    const portal = this.portal(portalId);
    return oauth.issueCode(
      this.world,
      portal,
      user(portal, userId),
      this.world.app.requiredScopes,
      redirectUri,
    );
  }
  /** Tokens without the round trip, for tests of the API alone. */
  installDirectly(
    portalId: number,
    scopes = this.world.app.requiredScopes,
  ): { accessToken: string; refreshToken: string } {
    const portal = this.portal(portalId);
    const install = { portal, user: user(portal, undefined), scopes, revoked: false };
    const refreshToken = tokens.begin(this.world, install);
    return { refreshToken, accessToken: tokens.newAccessToken(this.world, install, scopes) };
  }
  /** The admin removes the app in HubSpot. */
  uninstall(portalId: number): void {
    tokens.uninstall(this.world, this.portal(portalId));
  }
  /** Tokens die and nobody is told. */
  revoke(portalId: number): void {
    tokens.revoke(this.world, this.portal(portalId));
  }

  // What agents and admins do

  inbox(portalId: number): desk.InboxThread[] {
    return desk.inbox(this.world, this.portal(portalId));
  }
  contacts(portalId: number): CrmContact[] {
    return [...this.portal(portalId).contacts.values()].filter((one) => !one.archived);
  }
  addContact(portalId: number, properties: Record<string, string | null>): CrmContact {
    return createContact(this.world, this.portal(portalId), properties);
  }
  agentReplies(threadId: string, reply: desk.AgentReply): Message {
    const [portal, thread] = this.#locate(threadId);
    return desk.agentReplies(this.world, portal, thread, user(portal, reply.userId), reply);
  }
  agentStarts(
    channelAccountId: string,
    recipient: DeliveryIdentifier,
    text: string,
    userId?: number,
  ): Thread {
    const [portal, account] = this.#account(channelAccountId);
    return desk.agentStarts(this.world, portal, account, recipient, user(portal, userId), text);
  }
  closeThread(threadId: string): void {
    setStatus(this.world, this.#locate(threadId)[1], 'CLOSED');
    this.changed();
  }
  /** The admin disconnects the channel account in the inbox settings. */
  disconnectAccount(channelAccountId: string): void {
    const [portal, account] = this.#account(channelAccountId);
    authorizeAccount(this.world, portal, account, false);
  }
  /** Settings → Channels → Connect: the URL of the app that HubSpot opens. */
  connectChannel(portalId: number, channelId: string, inboxId: string, userId?: number): string {
    const portal = this.portal(portalId);
    const channel = findChannel(this.world, channelId);
    return beginConnection(this.world, portal, channel, inboxId, user(portal, userId).id);
  }
  /** `hubspot.fetch` of an extension that this user has open. */
  extensionFetch(portalId: number, request: ExtensionRequest, userId?: number): Promise<ExtensionAnswer> {
    const portal = this.portal(portalId);
    return this.#extensionFetch(portal, user(portal, userId), request);
  }

  #locate(threadId: string): [Portal, Thread] {
    for (const portal of this.world.portals.values()) {
      const thread = portal.threads.get(threadId);
      if (thread) return [portal, thread];
    }
    throw new Error(`There is no thread ${threadId}`);
  }
  #account(id: string): [Portal, ChannelAccount] {
    for (const portal of this.world.portals.values()) {
      const account = portal.accounts.get(id);
      if (account) return [portal, account];
    }
    throw new Error(`There is no channel account ${id}`);
  }
}

function user(portal: Portal, id: number | undefined): PortalUser {
  const found = id === undefined ? portal.users[0] : portal.users.find((one) => one.id === id);
  if (!found) throw new Error(`There is no user ${id ?? ''} in ${portal.name}`);
  return found;
}

/** The defaults, with what the options name instead. */
function chosen<Values extends object>(defaults: Values, options: Partial<Values>): Values {
  const names = Object.keys(defaults) as (keyof Values)[];
  return Object.fromEntries(names.map((name) => [name, options[name] ?? defaults[name]])) as Values;
}
