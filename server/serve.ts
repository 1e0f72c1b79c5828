/** The composition root: config → store → adapters → relay → http. Everything is made here and handed inward. */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type AccountDoors, accountDoors } from './account-doors.ts';
import { channelAdapters } from './channels/registry.ts';
import type { Config } from './config.ts';
import type { AnyAdapter, Io, Log } from './core/adapter.ts';
import { type AppDeps, createApp } from './http/app.ts';
import type { CardDeps } from './http/card-view.ts';
import { createExtensionRouter } from './http/extension.ts';
import { createHealthRouter } from './http/health.ts';
import { createIntercomRouter } from './http/intercom.ts';
import { createMediaRouter } from './http/media.ts';
import { signMediaToken } from './http/media-link.ts';
import { createHttp } from './http/outgoing.ts';
import { createWebhookRouter } from './http/webhooks.ts';
import { verifySignatureV3 } from './platforms/hubspot/signature.ts';
import { verifyBodySignature } from './platforms/intercom/signature.ts';
import { createPlatforms } from './platforms/registry.ts';
import { createBudgets } from './relay/budgets.ts';
import { createCatchUp } from './relay/catch-up.ts';
import { createCredentialKeeper } from './relay/credentials.ts';
import { type RelayDeps, TIMES } from './relay/deps.ts';
import { createForgetting } from './relay/forget.ts';
import { createMediaJob } from './relay/media-job.ts';
import { createRefusedNotes } from './relay/refused.ts';
import { createRetentionJob } from './relay/retention.ts';
import { createRoster } from './relay/roster.ts';
import { createWatch, type WatchDeps } from './relay/watch.ts';
import { createWorker } from './relay/worker.ts';
import { type ConnectionStore, createConnectionStore } from './store/connections/connections.ts';
import { createWebhookRefusals } from './store/connections/webhook-refusals.ts';
import { isPostgresUrl } from './store/database/dialect.ts';
import { newOwner } from './store/database/leases.ts';
import type { Database } from './store/database/open.ts';
import { createPeers, type Peers } from './store/database/peers.ts';
import { createSettingStore } from './store/database/settings.ts';
import { createRetentionStore, type RetentionStore } from './store/erasure/retention.ts';
import { type Company, createLedger, type Ledger } from './store/ledger/ledger.ts';
import { createMediaFiles } from './store/media/media-files.ts';
import { createMediaRows } from './store/media/media-rows.ts';
import { createMessageStore, type MessageStore } from './store/reading/messages.ts';
import { createKeyRing } from './store/sealing/keyring.ts';
import { checkKeys } from './store/sealing/rotation.ts';
import { openBeside } from './store/thread/open-beside.ts';
import { beginOpening, type Opening } from './store/thread/start.ts';

export interface Running {
  /** Where it listens. */
  url: string;
  /** Stops taking work, lets what is under way finish (20 s at most), closes the database. */
  stop(): Promise<void>;
}

const DRAIN_MS = 20_000;
/** How long requests that are under way at the stop may take. */
const ANSWER_MS = 5_000;
const HUBSPOT_SECRET = 'hubspot webhook secret';

/** `opening`: of its database, when that was begun before this was loaded. */
export async function serve(
  config: Config,
  log: Logger,
  opening: Opening = beginOpening(config.databaseUrl),
): Promise<Running> {
  const clock = { now: () => Date.now() };
  const { routers, relay, people, closeStore } = await assemble(config, log, clock, opening);
  const app = createApp({ log, trustProxy: config.trustProxy, routers });
  const server = await listen(createServer(app), config);
  await relay.start();
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${config.host}:${port}`,
    stop: () => stop(server, relay, people, closeStore),
  };
}

/** Everything but the listening, made and connected; nothing runs yet. */
export interface Assembled extends House {
  db: Database;
  routers: AppDeps['routers'];
  people: AccountDoors;
  /** After the relay has stopped. */
  closeStore(): Promise<unknown>;
}

export async function assemble(
  config: Config,
  log: Log,
  clock: Io['clock'],
  opening: Opening = beginOpening(config.databaseUrl),
): Promise<Assembled> {
  const db = await openBeside(opening);
  await checkKeys(db, createKeyRing(config.keys));
  const io: Io = { http: createHttp(config), clock, log };
  const owner = newOwner();
  const peers = isPostgresUrl(config.databaseUrl) ? createPeers(config.databaseUrl) : undefined;
  const store = openStore(config, db, clock, { owner, ...(peers ? { peers } : {}) });
  const settings = createSettingStore(db);
  const hubspotSecret = await settings.getOrMake(HUBSPOT_SECRET, randomBytes(24).toString('base64url'));
  const platforms = createPlatforms(config, { settings, connections: store.connections, hubspotSecret });
  const channels = channelAdapters(config);
  const adapters = new Map<string, AnyAdapter>(
    [...platforms.all, ...channels.map((one) => one.adapter)].map((adapter) => [adapter.id, adapter]),
  );
  const relay = startRelay(config, store, { adapters, io, owner, peers, platforms: platforms.all, settings });
  await store.ledger.takeOver();
  const installation = await settings.getOrMake('installation', randomBytes(12).toString('base64url'));
  const house = { installation, store, relay, platforms, channels, hubspotSecret, io };
  const people = accountDoors(config, db, {
    ...house,
    platforms: platforms.all,
    freshConnection: relay.credentials,
  });
  const routers = doors(config, db, house, people);
  const closeStore = () => Promise.all([peers?.close(), db.destroy()]);
  return { ...house, db, routers, people, closeStore };
}

interface Store {
  connections: ConnectionStore;
  ledger: Ledger;
  messages: MessageStore;
  media: RelayDeps['media'];
  retention: RetentionStore;
}

function openStore(config: Config, db: Database, clock: Io['clock'], company: Company): Store {
  const connections = createConnectionStore(db, createKeyRing(config.keys), clock, company.owner);
  return {
    connections,
    ledger: createLedger(db, connections, clock, company),
    messages: createMessageStore(db, connections.seal),
    media: { rows: createMediaRows(db, connections.seal), files: createMediaFiles(join(config.mediaFolder)) },
    retention: createRetentionStore(db),
  };
}

function startRelay(
  config: Config,
  store: Store,
  {
    adapters,
    io,
    owner,
    peers,
    ...watched
  }: { adapters: Map<string, AnyAdapter>; io: Io } & RelayCompany & Pick<WatchDeps, 'platforms' | 'settings'>,
) {
  const adapter = (type: string) => adapters.get(type);
  const credentials = createCredentialKeeper({ connections: store.connections, adapter, io });
  const mediaLink = async (workspaceId: string, mediaId: string) =>
    `${config.mediaOrigin}/media/${signMediaToken(await store.connections.seal(workspaceId), workspaceId, mediaId, io.clock.now())}`;
  const budgets = createBudgets({ ledger: store.ledger, io }, config.rateLimits);
  const deps: RelayDeps = { ...store, adapter, credentials, budgets, mediaLink, io, owner, times: TIMES };
  // What waited for these credentials goes out, whoever found out that they work again.
  store.connections.onStatus(async ({ workspaceId, from }) => {
    if (from === 'disconnected') await store.ledger.wake(workspaceId);
  });
  const roster = peers && createRoster(deps, peers, owner);
  const worker = createWorker(deps);
  const mediaJob = createMediaJob(deps);
  const catchUp = createCatchUp(deps);
  const forgetting = createForgetting(deps);
  const retention = createRetentionJob({
    ...deps,
    retention: store.retention,
    files: store.media.files,
    keep: config.keep,
  });
  const watch = createWatch({ ...deps, ...watched });
  return {
    adapter,
    credentials,
    outage: catchUp.outage,
    start: async () => {
      await roster?.start();
      worker.start();
      mediaJob.start();
      catchUp.start();
      forgetting.start();
      retention.start();
      watch.start();
    },
    stop: async () => {
      catchUp.stop();
      forgetting.stop();
      await Promise.all([worker.drain(DRAIN_MS), mediaJob.stop(), retention.stop(), watch.stop()]);
      await roster?.stop();
    },
  };
}
type Relay = ReturnType<typeof startRelay>;
/** Only Postgres is shared by several processes. */
interface RelayCompany {
  owner: string;
  peers: Peers | undefined;
}

interface House {
  /** Names this installation: see the doctor. */
  installation: string;
  store: Store;
  relay: Relay;
  platforms: ReturnType<typeof createPlatforms>;
  channels: ReturnType<typeof channelAdapters>;
  hubspotSecret: string;
  io: Io;
}

/** Webhooks come first: they are nine requests of ten and want no session, cookie or JSON parser before them. */
function doors(config: Config, db: Database, house: House, people: AccountDoors): AppDeps['routers'] {
  const { store, relay, platforms, channels, hubspotSecret, io } = house;
  const { clock } = io;
  const card: CardDeps = { ...store, adapter: relay.adapter, clock, publicUrl: config.publicUrl };
  const webhooks = createWebhookRouter({
    ...store,
    io,
    onOutage: relay.outage,
    onRefused: createRefusedNotes({ refusals: createWebhookRefusals(db), io }),
    publicUrl: config.publicUrl,
    providers: new Map(channels.map(({ provider, adapter }) => [provider, adapter])),
    ...(platforms.intercom ? { intercom: platforms.intercom } : {}),
    ...(platforms.hubspot ? { hubspot: platforms.hubspot } : {}),
    hubspotSecret,
  });
  return [
    { path: '/', router: webhooks },
    ...cardDoors(config, card, io),
    { path: '/', router: createMediaRouter({ ...store, clock }) },
    {
      path: '/',
      router: createHealthRouter(() => store.ledger.probe(), house.installation),
    },
    ...people.routers,
  ];
}

/** The cards inside the inboxes. How a platform signs its requests is its adapter's knowledge, handed to the doors here. */
function cardDoors({ intercom, hubspot }: Config, card: CardDeps, io: Io) {
  const intercomDoor = ({ clientSecrets }: NonNullable<Config['intercom']>) =>
    createIntercomRouter({
      ...card,
      isSigned: (body, header) => verifyBodySignature(clientSecrets, body, header),
      io,
    });
  const hubspotDoor = ({ clientSecrets }: NonNullable<Config['hubspot']>) =>
    createExtensionRouter({
      ...card,
      isSigned: (request) => verifySignatureV3(request, clientSecrets, io.clock.now()),
      log: io.log,
    });
  return [
    ...(intercom ? [{ path: '/intercom', router: intercomDoor(intercom) }] : []),
    ...(hubspot ? [{ path: '/hubspot/extension', router: hubspotDoor(hubspot) }] : []),
  ];
}

function listen(server: Server, { port, host }: Config): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

/** New requests are refused, those under way are answered, what was claimed settles, and only then the store closes. */
async function stop(
  server: Server,
  relay: Relay,
  people: AccountDoors,
  closeStore: () => Promise<unknown>,
): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection that was answered stays open for the next request, which will not be taken.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  const patience = new Promise<void>((resolve) => setTimeout(resolve, ANSWER_MS).unref());
  await Promise.all([relay.stop(), Promise.race([closed, patience])]);
  clearInterval(idle);
  server.closeAllConnections();
  await closed;
  await people.close();
  await closeStore();
}
