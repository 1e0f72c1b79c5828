/** Accounts and the console in this process, on a clock that the test can turn, with real mail and real providers' emulators. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { inject } from 'vitest';
import { GoogleEmulator } from '../../playground/platforms/google.ts';
import { HubspotEmulator } from '../../playground/platforms/hubspot.ts';
import { IntercomEmulator } from '../../playground/platforms/intercom.ts';
import { TelegramEmulator } from '../../playground/providers/telegram.ts';
import { accountDoors } from '../../server/account-doors.ts';
import { createAudit } from '../../server/accounts/audit.ts';
import type { Audit, Doctor, Erasure } from '../../server/accounts/contracts.ts';
import { createDoctor } from '../../server/accounts/doctor.ts';
import { createErasure } from '../../server/accounts/erasure.ts';
import { channelAdapters } from '../../server/channels/registry.ts';
import { type Config, readConfig } from '../../server/config.ts';
import type { Io } from '../../server/core/adapter.ts';
import { webhookUrls } from '../../server/http/api/webhook-url.ts';
import { createHealthRouter } from '../../server/http/health.ts';
import { createHttp } from '../../server/http/outgoing.ts';
import { createWebhookRouter } from '../../server/http/webhooks.ts';
import { createPlatforms } from '../../server/platforms/registry.ts';
import { createBudgets } from '../../server/relay/budgets.ts';
import { createCredentialKeeper } from '../../server/relay/credentials.ts';
import { type RelayDeps, TIMES } from '../../server/relay/deps.ts';
import { createMediaJob } from '../../server/relay/media-job.ts';
import { createRefusedNotes } from '../../server/relay/refused.ts';
import type { WatchDeps } from '../../server/relay/watch.ts';
import { createWorker } from '../../server/relay/worker.ts';
import { type ConnectionStore, createConnectionStore } from '../../server/store/connections/connections.ts';
import { createWebhookRefusals } from '../../server/store/connections/webhook-refusals.ts';
import { type Database, openDatabase } from '../../server/store/database/open.ts';
import { createSettingStore } from '../../server/store/database/settings.ts';
import { createErasureStore } from '../../server/store/erasure/erasure.ts';
import { createLedger, type Ledger } from '../../server/store/ledger/ledger.ts';
import { createMediaFiles } from '../../server/store/media/media-files.ts';
import { createMediaRows } from '../../server/store/media/media-rows.ts';
import { type AccountStore, createAccountStore } from '../../server/store/people/accounts.ts';
import { createAuditStore } from '../../server/store/people/audit.ts';
import { createMessageStore } from '../../server/store/reading/messages.ts';
import { createKeyRing } from '../../server/store/sealing/keyring.ts';
import { formRequest, formToken } from './forms.ts';
import { testIo } from './io.ts';
import { type Mailbox, openMailbox } from './mailbox.ts';
import { type Visitor, visitor } from './visitor.ts';

export interface PeopleDoor {
  url: string;
  file: string;
  config: Config;
  db: Database;
  connections: ConnectionStore;
  ledger: Ledger;
  audit: Audit;
  clock: { now(): number; advance(ms: number): void };
  mailbox: Mailbox;
  google: GoogleEmulator;
  intercom: IntercomEmulator;
  hubspot: HubspotEmulator;
  telegram: TelegramEmulator;
  platforms: ReturnType<typeof createPlatforms>;
  io: Io;
  doctor: Doctor;
  erasure: Erasure;
  /** Delivers what arrives, until the door closes. */
  startRelay(): void;
  mediaFolder: string;
  watch: WatchDeps;
  visitor(): Visitor;
  /** Sends a form as a page of ours would. */
  post(who: Visitor, path: string, fields: Record<string, string>): Promise<Response>;
  close(): Promise<void>;
}

export const ADA = { sub: '1001', email: 'ada@acme.test', email_verified: true, name: 'Ada Byron' };
export const EVE = { sub: '6666', email: 'ada@acme.test', email_verified: true, name: 'Eve' };

export async function openPeopleDoor({ mail = true }: { mail?: boolean } = {}): Promise<PeopleDoor> {
  const folder = mkdtempSync(join(tmpdir(), 'octopods-people-'));
  const file = join(folder, 'octopods.db');
  const outside = await openOutside();
  const app = express();
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  configureApps(outside, url);
  const config = configure(outside, { url, file, folder, mail });
  const house = await build(config, folder);
  const doors = accountDoors(config, house.db, house);
  app.use(createHealthRouter(async () => undefined, house.installation));
  app.use(webhookDoor(config, house));
  const relay = relayOf(house);
  for (const { path, router } of doors.routers) app.use(path, router);
  return {
    ...outside,
    ...house,
    ...house.store,
    ...attendants(config, house, createAccountStore(house.db, house.clock)),
    url,
    file,
    mediaFolder: join(folder, 'media'),
    startRelay: () => relay.start(),
    config,
    platforms: house.made,
    visitor: () => visitor(url),
    post: async (who, path, fields) =>
      who.go(path, formRequest({ ...fields, form_token: await formToken(who) }, { origin: url })),
    close: async () => {
      await relay.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await doors.close();
      await house.db.destroy();
      const { google, intercom, hubspot, telegram, mailbox } = outside;
      await Promise.all([google, intercom, hubspot, telegram, mailbox].map((one) => one.close()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type House = Awaited<ReturnType<typeof build>>;

const webhookDoor = ({ publicUrl }: Config, house: House) =>
  createWebhookRouter({
    ...house.store,
    io: house.io,
    publicUrl,
    onOutage: () => undefined,
    onRefused: createRefusedNotes({ refusals: house.refusals, io: house.io }),
    providers: new Map(house.channels.map(({ provider, adapter }) => [provider, adapter])),
    hubspotSecret: 'secret',
    ...(house.made.intercom ? { intercom: house.made.intercom } : {}),
  });

function relayOf(house: House): { start(): void; stop(): Promise<void> } {
  const { io, store, adapter, freshConnection, db } = house;
  const deps: RelayDeps = {
    ...store,
    adapter,
    io,
    credentials: async (connection) => {
      const usable = await freshConnection(connection);
      return 'unusable' in usable ? { ...usable, retryAfterMs: 1_000 } : usable;
    },
    media: { ...store.media, rows: createMediaRows(db, store.connections.seal) },
    budgets: createBudgets({ ledger: store.ledger, io }),
    mediaLink: async () => 'http://files.invalid/',
    times: TIMES,
  };
  const worker = createWorker(deps);
  const mediaJob = createMediaJob(deps);
  return {
    start: () => {
      worker.start();
      mediaJob.start();
    },
    stop: async () => void (await Promise.all([worker.drain(5_000), mediaJob.stop()])),
  };
}

/** What the doctor and the watch are handed, as the composition root does it. */
function attendants(config: Config, house: House, accounts: AccountStore) {
  const { io, store, adapter, freshConnection } = house;
  const settings = createSettingStore(house.db);
  return {
    doctor: createDoctor({
      ...store,
      ...house,
      accounts,
      platforms: new Map(house.platforms.map((one) => [one.id, one])),
      channelAdapters: new Map(house.channels.map((one) => [one.adapter.id, one.adapter])),
      webhookUrl: webhookUrls(config.publicUrl, house.channels),
      publicUrl: config.publicUrl,
    }),
    erasure: createErasure({
      ...store,
      audit: house.audit,
      clock: house.clock,
      erasures: createErasureStore(house.db, store.connections, store.media.files),
    }),
    watch: { ...store, adapter, io, settings, platforms: house.platforms, credentials: freshConnection },
  };
}

async function openOutside() {
  const recordTo = inject('callsFile');
  const google = await new GoogleEmulator({ people: [ADA, EVE] }).listen();
  const intercom = await new IntercomEmulator({ recordTo }).listen();
  const hubspot = await new HubspotEmulator({ recordTo }).listen();
  const telegram = await new TelegramEmulator({ recordTo }).listen();
  const teammates = [
    { id: '501', name: 'Ada', email: 'ada@acme.test' },
    { id: '502', name: 'Sam', email: 'sam@acme.test' },
  ];
  intercom.addWorkspace({ id_code: 'acme1', name: 'Acme', teammates });
  hubspot.addPortal({
    id: 4_100_001,
    name: 'Acme',
    hubDomain: 'acme.test',
    inboxes: [{ id: '9001', name: 'Sales', type: 'INBOX' }],
    users: [{ id: 71, email: 'ada@acme.test', name: 'Ada' }],
  });
  telegram.addBot({ token: '7000000009:AApeopleDoorBotToken', username: 'people_bot', name: 'People' });
  return { google, intercom, hubspot, telegram, mailbox: await openMailbox() };
}
type Outside = Awaited<ReturnType<typeof openOutside>>;

function configureApps({ google, intercom, hubspot }: Outside, url: string): void {
  google.redirectUrls = [`${url}/auth/google/callback`];
  intercom.configureApp({ redirectUrls: [`${url}/intercom/oauth/callback`] });
  hubspot.configureApp({ redirectUrls: [`${url}/hubspot/oauth/callback`] });
}

const configure = (
  { google, intercom, hubspot, telegram, mailbox }: Outside,
  { url, file, folder, mail }: { url: string; file: string; folder: string; mail: boolean },
): Config =>
  readConfig({
    PUBLIC_URL: url,
    DATABASE_URL: `sqlite:${file}`,
    MEDIA_URL: `file:${folder}/media`,
    OCTOPODS_KEYS: randomBytes(32).toString('base64'),
    ALLOW_PRIVATE_HOSTS: '1',
    GOOGLE_CLIENT_ID: google.oauth.clientId,
    GOOGLE_CLIENT_SECRET: google.oauth.clientSecret,
    GOOGLE_ISSUER_URL: google.url,
    INTERCOM_CLIENT_ID: intercom.world.app.clientId,
    INTERCOM_CLIENT_SECRET: intercom.world.app.clientSecret,
    INTERCOM_API_URL: intercom.url,
    INTERCOM_APP_URL: intercom.url,
    HUBSPOT_CLIENT_ID: hubspot.world.app.clientId,
    HUBSPOT_CLIENT_SECRET: hubspot.world.app.clientSecret,
    HUBSPOT_API_URL: hubspot.url,
    HUBSPOT_APP_URL: hubspot.url,
    TELEGRAM_API_URL: telegram.url,
    // Nobody listens there: Twilio is away.
    TWILIO_API_URL: 'http://127.0.0.1:9',
    ...(mail ? { SMTP_URL: mailbox.url, MAIL_FROM: 'Octopods <octopods@acme.test>' } : {}),
  });

async function build(config: Config, folder: string) {
  const db = await openDatabase(config.databaseUrl);
  let ahead = 0;
  const clock = {
    now: () => Date.now() + ahead,
    advance: (ms: number) => {
      ahead += ms;
    },
  };
  const io: Io = { http: createHttp(config), clock, log: testIo().log };
  const keys = createKeyRing(config.keys);
  const connections = createConnectionStore(db, keys, clock);
  const made = createPlatforms(config, {
    settings: createSettingStore(db),
    connections,
    hubspotSecret: 'secret',
  });
  const channels = channelAdapters(config);
  const adapter = (type: string) =>
    [...made.all, ...channels.map((one) => one.adapter)].find((one) => one.id === type);
  const files = createMediaFiles(join(folder, 'media'));
  return {
    db,
    clock,
    io,
    made,
    adapter,
    refusals: createWebhookRefusals(db),
    channels,
    platforms: made.all,
    installation: 'this one',
    audit: createAudit(createAuditStore(db, keys), clock),
    freshConnection: createCredentialKeeper({ connections, adapter, io }),
    store: {
      connections,
      ledger: createLedger(db, connections, clock),
      messages: createMessageStore(db, connections.seal),
      media: { files },
    },
  };
}
