/**
 * Intercom, simulated: OAuth, the REST API (2.16), webhooks, the inbox with its cards. Facts come from Intercom's public
 * reference (https://developers.intercom.com/docs); what it refuses, this refuses.
 */
import { randomBytes } from 'node:crypto';
import { Emulator } from '../kit.ts';
import { openDoor } from './intercom/api.ts';
import { attributeRoutes } from './intercom/attributes.ts';
import { type CardAnswer, type Cards, cardHost } from './intercom/cards.ts';
import { contactRoutes, createContact, mergeContacts } from './intercom/contacts.ts';
import { conversationRoutes, deleteConversation } from './intercom/conversations.ts';
import * as desk from './intercom/inbox.ts';
import { accountRoutes, type Consent, grant, issueCode, oauthRoutes, uninstall } from './intercom/oauth.ts';
import { findConversation } from './intercom/thread.ts';
import { downloadRoute } from './intercom/uploads.ts';
import { type Sender, TOPICS, webhookSender } from './intercom/webhooks.ts';
import {
  type Contact,
  type Conversation,
  type HealthReport,
  INTERCOM_TIMINGS,
  type IntercomApp,
  type Part,
  type Teammate,
  type Timings,
  type Workspace,
  type World,
} from './intercom/world.ts';

export type { CardAnswer } from './intercom/cards.ts';
export type { InboxEntry } from './intercom/inbox.ts';
export type { IntercomApp, Teammate, Workspace } from './intercom/world.ts';

export interface IntercomOptions extends Partial<Timings> {
  recordTo?: string;
  app?: Partial<IntercomApp>;
  /** Milliseconds; the machine's clock without it. */
  now?: () => number;
}
export interface NewWorkspace {
  id_code: string;
  name: string;
  region?: 'US' | 'EU' | 'AU';
  timezone?: string;
  teammates: (Pick<Teammate, 'id' | 'name' | 'email'> & Partial<Teammate>)[];
}

const APP: IntercomApp = {
  clientId: 'intercom-client-id',
  clientSecret: 'intercom-client-secret',
  name: 'Octopods',
  packageCode: 'octopods-k2f8',
  redirectUrls: [],
  topics: TOPICS,
  apiVersion: '2.16',
};

export class IntercomEmulator extends Emulator {
  /** Who the browser is signed in as on the consent page; `decision` answers it without showing it. */
  consent: Consent = {};
  readonly world: World;
  readonly #webhooks: Sender;
  readonly #cards: Cards;

  constructor(options: IntercomOptions = {}) {
    super('intercom', options.recordTo);
    this.world = this.#makeWorld(options);
    this.#webhooks = webhookSender(this.world, (webhook, rules) => this.post(webhook, rules));
    this.#cards = cardHost(this.world);
    const takeFault = this.takeFault.bind(this);
    oauthRoutes(this.world, this.app, () => this.consent, takeFault);
    downloadRoute(this.world, this.app);
    const door = openDoor(this.world, this.app, takeFault);
    accountRoutes(this.world, door);
    contactRoutes(this.world, door);
    attributeRoutes(this.world, door);
    conversationRoutes(this.world, door);
  }

  #makeWorld(options: IntercomOptions): World {
    let last = 215_470_000_000 + (Date.now() % 1_000_000);
    const timings = { ...INTERCOM_TIMINGS };
    for (const name of Object.keys(timings) as (keyof Timings)[])
      timings[name] = options[name] ?? timings[name];
    return {
      app: { ...APP, ...options.app },
      timings,
      workspaces: new Map(),
      codes: new Map(),
      grants: new Map(),
      uploads: new Map(),
      storageKey: randomBytes(16).toString('hex'),
      now: options.now ?? Date.now,
      nextId: () => String(++last),
      baseUrl: () => this.url,
      changed: () => this.changed(),
      notify: (workspace, topic, item) => this.#webhooks.notify(workspace, topic, item),
      notifyUninstall: (workspace) => this.#webhooks.notifyUninstall(workspace),
    };
  }

  // The Developer Hub

  /** What the developer changes in the app's settings. */
  configureApp(app: Partial<IntercomApp>): void {
    Object.assign(this.world.app, app);
  }
  /** The Hub takes a webhook URL only when it answers HEAD. */
  async subscribeWebhooks(url: string, topics: string[] = TOPICS): Promise<void> {
    const response = await fetch(url, { method: 'HEAD' }).catch(() => undefined);
    if (!response?.ok) throw new Error(`${url} does not answer HEAD (${response?.status ?? 'no answer'})`);
    this.configureApp({ webhookUrl: url, topics });
    this.#webhooks.resubscribe();
  }
  /** False once the endpoint answered 410. */
  get webhooksSubscribed(): boolean {
    return this.#webhooks.subscribed;
  }

  // Workspaces

  addWorkspace(workspace: NewWorkspace): Workspace {
    const made: Workspace = {
      idCode: workspace.id_code,
      name: workspace.name,
      region: workspace.region ?? 'US',
      timezone: workspace.timezone ?? 'Etc/UTC',
      teammates: workspace.teammates.map((one) => ({ emailVerified: true, hasInboxSeat: true, ...one })),
      contacts: new Map(),
      conversations: new Map(),
      attributes: [],
      tags: new Map(),
      activeSubscription: true,
      attachmentsEnabled: true,
      installed: false,
    };
    this.world.workspaces.set(made.idCode, made);
    return made;
  }
  workspace(idCode: string): Workspace {
    const workspace = this.world.workspaces.get(idCode);
    if (!workspace) throw new Error(`There is no workspace ${idCode}`);
    return workspace;
  }
  /** A code as the consent page would hand out. */
  issueCode(idCode: string, teammateId?: string): string {
    const workspace = this.workspace(idCode);
    return issueCode(this.world, workspace, this.#teammate(workspace, teammateId));
  }
  /** A token without the round trip, for tests of the API alone. */
  installDirectly(idCode: string, teammateId?: string): string {
    const workspace = this.workspace(idCode);
    return grant(this.world, workspace, this.#teammate(workspace, teammateId));
  }
  /** The admin removes the app in Intercom. */
  uninstall(idCode: string): void {
    uninstall(this.world, this.workspace(idCode));
  }
  /** Tokens die and nobody is told. */
  revokeToken(idCode: string): void {
    const workspace = this.workspace(idCode);
    for (const one of this.world.grants.values()) if (one.workspace === workspace) one.revoked = true;
  }

  // What teammates, bots and customers do in the inbox

  inbox(idCode: string): desk.InboxConversation[] {
    return desk.inbox(this.world, this.workspace(idCode));
  }
  contacts(idCode: string): Contact[] {
    return [...this.workspace(idCode).contacts.values()].filter((one) => !one.mergedInto);
  }
  addContact(idCode: string, fields: Record<string, unknown>): Contact {
    return createContact(this.world, this.workspace(idCode), fields);
  }
  agentReplies(conversationId: string, reply: desk.AgentReply): Part {
    const [workspace, conversation] = this.#locate(conversationId);
    const teammate = this.#teammate(workspace, reply.teammateId);
    return desk.agentReplies(this.world, workspace, conversation, teammate, reply);
  }
  agentStarts(idCode: string, contactId: string, text: string, teammateId?: string): Conversation {
    const workspace = this.workspace(idCode);
    return desk.agentStarts(this.world, workspace, this.#teammate(workspace, teammateId), contactId, text);
  }
  botReplies(conversationId: string, reply: { text: string; partType?: string; name?: string }): Part {
    return desk.botReplies(this.world, ...this.#locate(conversationId), reply);
  }
  contactReplies(conversationId: string, text: string): Part {
    return desk.contactReplies(this.world, ...this.#locate(conversationId), text);
  }
  closeConversation(conversationId: string, teammateId?: string): Part {
    return this.#move(conversationId, 'closed', teammateId);
  }
  reopenConversation(conversationId: string, teammateId?: string): Part {
    return this.#move(conversationId, 'open', teammateId);
  }
  snoozeConversation(conversationId: string, teammateId?: string): Part {
    return this.#move(conversationId, 'snoozed', teammateId);
  }
  deleteConversation(conversationId: string): void {
    deleteConversation(this.world, ...this.#locate(conversationId));
  }
  mergeContacts(idCode: string, fromId: string, intoId: string): void {
    const workspace = this.workspace(idCode);
    const from = workspace.contacts.get(fromId);
    const into = workspace.contacts.get(intoId);
    if (!from || !into) throw new Error('There is no such contact');
    mergeContacts(this.world, workspace, from, into);
  }

  // What Intercom itself calls

  ping(idCode: string): void {
    this.#webhooks.ping(this.workspace(idCode));
  }
  /** The daily question; answers what the app said. */
  checkHealth(idCode: string): Promise<HealthReport> {
    return this.#cards.health(this.workspace(idCode));
  }
  openCard(conversationId: string, teammateId?: string): Promise<CardAnswer> {
    const [workspace, conversation] = this.#locate(conversationId);
    return this.#cards.open(workspace, conversation, this.#teammate(workspace, teammateId));
  }
  submitCard(
    conversationId: string,
    componentId: string,
    inputValues: Record<string, unknown> = {},
    teammateId?: string,
  ): Promise<CardAnswer> {
    const [workspace, conversation] = this.#locate(conversationId);
    const teammate = this.#teammate(workspace, teammateId);
    return this.#cards.submit(workspace, conversation, teammate, componentId, inputValues);
  }

  #move(conversationId: string, state: 'closed' | 'open' | 'snoozed', teammateId: string | undefined): Part {
    const [workspace, conversation] = this.#locate(conversationId);
    const teammate = this.#teammate(workspace, teammateId);
    return desk.moveConversation(this.world, workspace, conversation, teammate, state);
  }
  #locate(conversationId: string): [Workspace, Conversation] {
    for (const workspace of this.world.workspaces.values())
      if (workspace.conversations.has(conversationId))
        return [workspace, findConversation(workspace, conversationId)];
    throw new Error(`There is no conversation ${conversationId}`);
  }
  #teammate(workspace: Workspace, id: string | undefined): Teammate {
    const found = id ? workspace.teammates.find((one) => one.id === id) : workspace.teammates[0];
    if (!found) throw new Error(`There is no teammate ${id ?? ''} in ${workspace.name}`);
    return found;
  }
}
