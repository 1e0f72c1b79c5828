/** The part of the composition root that is about people: accounts, sign-ins, installs, the API, and their doors. */
import { randomBytes } from 'node:crypto';
import { createAudit } from './accounts/audit.ts';
import { createChannels } from './accounts/channels.ts';
import { createDoctor } from './accounts/doctor.ts';
import { createErasure } from './accounts/erasure.ts';
import { erasureNews } from './accounts/erasure-news.ts';
import { createInstalls } from './accounts/install.ts';
import { createInvitations } from './accounts/invitations.ts';
import { createPasswords } from './accounts/passwords.ts';
import { createPeople } from './accounts/people.ts';
import type { PlatformDeps } from './accounts/platform-side.ts';
import { createSessions } from './accounts/sessions.ts';
import { createSignIns } from './accounts/signin.ts';
import { renameNews, statusNews } from './accounts/status-news.ts';
import { createTokens } from './accounts/tokens.ts';
import type { Config } from './config.ts';
import { createConsoleRouter, problemPages } from './console/router.ts';
import type { AnyAdapter, AnyPlatformAdapter, Io } from './core/adapter.ts';
import { createApiRouter } from './http/api/router.ts';
import { webhookUrls } from './http/api/webhook-url.ts';
import type { AppDeps } from './http/app.ts';
import { createAuthRouter, type IdentityProvider } from './http/auth.ts';
import { googleIdentity } from './http/auth-google.ts';
import { platformIdentity } from './http/auth-platform.ts';
import { createInstallRouter } from './http/install.ts';
import { browserCookies } from './http/session.ts';
import { createSmtpMailer } from './mail/smtp.ts';
import type { ConnectionStore } from './store/connections/connections.ts';
import { createWebhookRefusals } from './store/connections/webhook-refusals.ts';
import type { Database } from './store/database/open.ts';
import { createErasureStore } from './store/erasure/erasure.ts';
import type { Ledger } from './store/ledger/ledger.ts';
import { type ReplayWish, replay } from './store/ledger/replay.ts';
import type { MediaFiles } from './store/media/media-files.ts';
import { createAccountStore } from './store/people/accounts.ts';
import { createAuditStore } from './store/people/audit.ts';
import { createPasswordStore } from './store/people/passwords.ts';
import { createPeopleStore } from './store/people/people.ts';
import { createActivityStore } from './store/reading/activity.ts';
import type { MessageStore } from './store/reading/messages.ts';
import { createTrafficStore } from './store/reading/traffic.ts';
import { createKeyRing } from './store/sealing/keyring.ts';

export interface AccountHouse {
  installation: string;
  store: {
    connections: ConnectionStore;
    ledger: Ledger;
    messages: MessageStore;
    media: { files: MediaFiles };
  };
  platforms: AnyPlatformAdapter[];
  channels: { provider: string; adapter: AnyAdapter }[];
  freshConnection: PlatformDeps['freshConnection'];
  io: Io;
}
export interface AccountDoors {
  routers: AppDeps['routers'];
  /** Mail that is under way goes out first. */
  close(): Promise<void>;
}

export function accountDoors(config: Config, db: Database, house: AccountHouse): AccountDoors {
  const deps = { ...foundations(config, db, house), ...house.store };
  const { mailer, io, cookies, publicUrl } = deps;
  const sessions = createSessions(deps.accounts, deps);
  const tokens = createTokens(deps.accounts, deps);
  const invitations = createInvitations(deps);
  const entry = { ...deps, invitations };
  const services = {
    sessions,
    tokens,
    invitations,
    people: createPeople(deps),
    signIns: createSignIns(entry),
    passwords: createPasswords(entry),
    channels: createChannels(deps),
    doctor: createDoctor(deps),
    erasure: createErasure(deps),
    providers: identityProviders(config, house.platforms, io),
  };
  const pages = { ...deps, ...services, ...reading(db, house.store) };
  house.store.connections.onStatus(statusNews(deps));
  house.store.connections.onRenaming(renameNews(deps));
  house.store.ledger.onErasing(erasureNews(deps));
  return {
    routers: [
      { path: '/', router: createAuthRouter({ ...services, cookies, publicUrl, io }) },
      {
        path: '/',
        router: createInstallRouter({
          ...deps,
          sessions,
          installs: createInstalls(deps),
          problemPages: problemPages(pages),
        }),
      },
      {
        path: '/api/v1',
        router: createApiRouter({ ...deps, ...services, messages: retryable(db, house.store) }),
      },
      { path: '/', router: createConsoleRouter(pages) },
    ],
    close: async () => mailer?.close(),
  };
}

function foundations(config: Config, db: Database, house: AccountHouse) {
  const { store, platforms, channels, freshConnection, io, installation } = house;
  const { clock } = io;
  return {
    accounts: createAccountStore(db, clock),
    people: createPeopleStore(db),
    passwords: createPasswordStore(db),
    audit: createAudit(createAuditStore(db, createKeyRing(config.keys)), clock),
    mailer: config.mail && createSmtpMailer(config.mail, io.log),
    refusals: createWebhookRefusals(db),
    erasures: createErasureStore(db, store.connections, store.media.files),
    installation,
    clock,
    random: (bytes: number): Uint8Array => randomBytes(bytes),
    io,
    platforms: new Map(platforms.map((one) => [one.id, one])),
    channelAdapters: new Map(channels.map(({ adapter }) => [adapter.id, adapter])),
    publicUrl: config.publicUrl,
    cookies: browserCookies(config.publicUrl),
    webhookUrl: webhookUrls(config.publicUrl, channels),
    freshConnection,
    onReconnected: (workspaceId: string) => void store.ledger.wake(workspaceId),
    intercomAppUrl: config.intercom?.appUrl ?? '',
    hubspotAppUrl: config.hubspot?.appUrl ?? '',
  };
}

const identityProviders = (config: Config, platforms: AnyPlatformAdapter[], io: Io): IdentityProvider[] => [
  ...(config.google ? [googleIdentity(config.google, config.publicUrl, io)] : []),
  ...platforms.map((platform) => platformIdentity(platform, io)),
];

const retryable = (db: Database, { messages, ledger }: AccountHouse['store']) => ({
  ...messages,
  replay: (wish: ReplayWish) => replay(db, ledger, wish),
  retry: async (workspaceIds: string[], id: string) => {
    const workspaceId = await messages.workspaceOf(workspaceIds, id);
    return workspaceId ? ledger.resend(workspaceId, id) : ('not_found' as const);
  },
});

const reading = (db: Database, store: AccountHouse['store']) => ({
  activity: createActivityStore(db, store.connections.seal),
  traffic: createTrafficStore(db),
  retry: retryable(db, store).retry,
});
