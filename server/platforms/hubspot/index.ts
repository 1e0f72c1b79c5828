/** HubSpot: conversations through custom channels. What admins see: docs/platforms/hubspot.md */
import type { Delivery, Io, PlatformAdapter, Preparation } from '../../core/adapter.ts';
import type { Capabilities, FileRule } from '../../core/capabilities.ts';
import type { Part } from '../../core/message.ts';
import { type NotSent, refused } from '../../core/outcome.ts';
import { partsOf } from './agent-message.ts';
import { budgetNews, limits } from './budget.ts';
import { catchUp, type ReadThreads } from './catch-up.ts';
import { attachChannel, channelChoices, detachChannel } from './channel-accounts.ts';
import { contactStep } from './contact.ts';
import { registerChannels } from './custom-channels.ts';
import { succeeded } from './errors.ts';
import { fileSteps, media } from './files.ts';
import { inspect } from './inspect.ts';
import { type JournalMemory, uninstalls } from './journal.ts';
import { authorizeUrl, install, refresh, refreshNeed, uninstall } from './oauth.ts';
import { paths } from './paths.ts';
import {
  credentialsShape,
  type HubspotConnection,
  type HubspotCredentials,
  type HubspotOptions,
  type Portal,
  portalOf,
  tokenMemory,
} from './portal.ts';
import { receive } from './receive.ts';
import { send } from './send.ts';
import { messageShape } from './shapes.ts';

export { HUBSPOT_SCOPES } from './oauth.ts';
export type { HubspotCredentials, HubspotOptions } from './portal.ts';
export { verifySignatureV3 } from './signature.ts';

const ANY_FILE: FileRule = { types: ['*'], maxSize: 25_000_000 };

const can: Capabilities = {
  // HubSpot names no limit; this is far above any channel's.
  text: { max: 60_000, unit: 'characters' },
  files: {
    image: ANY_FILE,
    video: ANY_FILE,
    audio: ANY_FILE,
    voice: ANY_FILE,
    document: ANY_FILE,
    sticker: ANY_FILE,
  },
  caption: 60_000,
  filesPerCall: 10,
  filesWithText: true,
  filesWhenOpening: true,
  native: ['location', 'contact'],
  replies: true,
  receipts: [],
  idempotent: true,
  echo: false,
  tells: ['sent', 'delivered', 'read', 'failed', 'unknown', 'waiting'],
  limits,
  redelivery: 'Not documented; caught up from the threads that moved since the last message.',
};

export interface HubspotAdapter extends PlatformAdapter<HubspotCredentials> {
  /** Registers the app's custom channels, once per app; answers `{medium: channel id}`. Safe to repeat. */
  registerChannels(io: Io): Promise<Record<string, string>>;
}

export function createHubspot(options: HubspotOptions): HubspotAdapter {
  const tokens = tokenMemory();
  const unfinished: ReadThreads = new Map();
  const journal: JournalMemory = {};
  const portal = (connection: HubspotConnection, io: Io): Portal => portalOf(options, tokens, connection, io);
  return {
    id: 'hubspot',
    side: 'platform',
    title: 'HubSpot',
    credentials: credentialsShape,
    can,
    budgetNews,
    authorizeUrl: (state) => authorizeUrl(options, state),
    install: (code, io) => install(options, code, io),
    refresh: (connection, io) => refresh(options, tokens, connection, io),
    refreshNeed: (connection, io) => refreshNeed(tokens, connection, io),
    uninstall: (connection, io) => uninstall(options, connection, io),
    registerChannels: (io) => registerChannels(options, io),
    channelChoices: (connection, io) => channelChoices(portal(connection, io)),
    attachChannel: (connection, channel, io) => attachChannel(options, portal(connection, io), channel),
    detachChannel: (connection, channel, io) => detachChannel(portal(connection, io), channel),
    uninstalls: (cursor, io) => uninstalls(options, journal, cursor, io),
    receive: (request, find, io) => receive(options, request, find, io),
    readBack: (event, connection, io) => readBack(portal(connection, io), event),
    prepare: (delivery, connection, io) => prepare(portal(connection, io), delivery),
    send: (delivery, connection, io) => send(portal(connection, io), delivery),
    inspect: (connection, _webhookUrl, io) => inspect(options, connection, io),
    catchUp: (connection, since, io) => catchUp(options, portal(connection, io), since, unfinished),
    media: (file, connection, io) => media(portal(connection, io), options.apiUrl, file),
  };
}

const prepare = (portal: Portal, delivery: Delivery): Preparation[] =>
  delivery.kind === 'message' ? [...contactStep(portal, delivery), ...fileSteps(portal, delivery)] : [];

/** A long message comes cut; its whole content is kept apart (text only: attachments were in the event). */
async function readBack(portal: Portal, event: { id: string; thread: string }): Promise<Part[] | NotSent> {
  const path = paths.originalContent(event.thread, event.id);
  const response = await portal.call({ method: 'GET', path });
  if (!succeeded(response)) return portal.repeatableRefusal(response, 'reading the whole message');
  const content = messageShape.pick({ text: true, richText: true }).safeParse(response.json);
  if (!content.success) return refused('unreadable', 'HubSpot answered without the message’s text.');
  return partsOf({ ...content.data, attachments: [] });
}
