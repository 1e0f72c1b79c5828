/** Installing and the API on a real server and a real database; platforms and providers are the emulators. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { createAudit } from '../../server/accounts/audit.ts';
import { createChannels } from '../../server/accounts/channels.ts';
import type { Audit } from '../../server/accounts/contracts.ts';
import { createInstalls } from '../../server/accounts/install.ts';
import { createSessions } from '../../server/accounts/sessions.ts';
import { createTokens } from '../../server/accounts/tokens.ts';
import type { AnyAdapter, AnyPlatformAdapter } from '../../server/core/adapter.ts';
import type { MessageReader } from '../../server/http/api/messages.ts';
import { createApiRouter } from '../../server/http/api/router.ts';
import { webhookUrls } from '../../server/http/api/webhook-url.ts';
import { createInstallRouter } from '../../server/http/install.ts';
import { createHttp } from '../../server/http/outgoing.ts';
import { browserCookies } from '../../server/http/session.ts';
import { createCredentialKeeper } from '../../server/relay/credentials.ts';
import { type ConnectionStore, createConnectionStore } from '../../server/store/connections/connections.ts';
import { type Database, openDatabase } from '../../server/store/database/open.ts';
import { type AccountStore, createAccountStore } from '../../server/store/people/accounts.ts';
import { createAuditStore } from '../../server/store/people/audit.ts';
import { createKeyRing } from '../../server/store/sealing/keyring.ts';
import { testIo } from './io.ts';
import { type Visitor, visitor } from './visitor.ts';

export interface FrontDoor {
  url: string;
  /** The database's. */
  file: string;
  db: Database;
  accounts: AccountStore;
  audit: Audit;
  connections: ConnectionStore;
  clock: { now(): number; advance(ms: number): void };
  /** Workspaces that were reported as connected again. */
  reconnected: string[];
  logged: { level: string; fields: Record<string, unknown>; message: string }[];
  visitor(): Visitor;
  /** A session's secret, as the sign-in would put it into the cookie. */
  signIn(who: { accountId: string; personId: string }): Promise<string>;
  close(): Promise<void>;
}

export interface FrontDoorParts {
  platforms(url: string): AnyPlatformAdapter[];
  channels?(): AnyAdapter[];
  messages?: MessageReader;
  intercomAppUrl?: string;
  hubspotAppUrl?: string;
}

/** No ledger behind it: for tests that are not about messages. */
const NO_MESSAGES: MessageReader = {
  list: async () => ({ data: [], next: null }),
  get: async () => undefined,
  retry: async () => 'not_found',
  replay: async () => ({ queued: 0, erased: 0, next: null }),
};

export async function openFrontDoor(parts: FrontDoorParts): Promise<FrontDoor> {
  const folder = mkdtempSync(join(tmpdir(), 'octopods-door-'));
  const file = join(folder, 'octopods.db');
  const db = await openDatabase(`sqlite:${file}`);
  const app = express();
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { deps, sessions, logged, reconnected } = compose(parts, db, url);
  const tokens = createTokens(deps.accounts, deps);
  app.use(createInstallRouter({ ...deps, sessions, installs: createInstalls(deps) }));
  app.use('/api/v1', createApiRouter({ ...deps, sessions, tokens, channels: createChannels(deps) }));
  return {
    url,
    file,
    db,
    accounts: deps.accounts,
    audit: deps.audit,
    connections: deps.connections,
    clock: deps.clock,
    reconnected,
    logged,
    visitor: () => visitor(url),
    signIn: ({ accountId, personId }) =>
      sessions.signIn({ account_id: accountId, person_id: personId }, undefined),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await db.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function compose(parts: FrontDoorParts, db: Database, url: string) {
  const clock = runningClock();
  const { log, logged } = testIo();
  const io = { http: createHttp({ configuredHosts: [] }), clock, log };
  const accounts = createAccountStore(db, clock);
  const keys = createKeyRing([randomBytes(32)]);
  const connections = createConnectionStore(db, keys, clock);
  const platforms = new Map(parts.platforms(url).map((one) => [one.id, one]));
  const channelAdapters = new Map((parts.channels?.() ?? []).map((one) => [one.id, one]));
  const adapter = (type: string) => platforms.get(type) ?? channelAdapters.get(type);
  // As in the registry: `twilio` for `twilio_sms`.
  const words = [...channelAdapters.values()].map((one) => ({
    provider: one.id.split('_')[0] as string,
    adapter: one,
  }));
  const reconnected: string[] = [];
  const deps = {
    accounts,
    audit: createAudit(createAuditStore(db, keys), clock),
    connections,
    clock,
    random: (bytes: number) => randomBytes(bytes),
    io,
    platforms,
    channelAdapters,
    publicUrl: url,
    cookies: browserCookies(url),
    webhookUrl: webhookUrls(url, words),
    freshConnection: createCredentialKeeper({ connections, adapter, io }),
    onReconnected: (workspaceId: string) => void reconnected.push(workspaceId),
    messages: parts.messages ?? NO_MESSAGES,
    intercomAppUrl: parts.intercomAppUrl ?? 'http://intercom.invalid',
    hubspotAppUrl: parts.hubspotAppUrl ?? 'http://hubspot.invalid',
  };
  return { deps, sessions: createSessions(accounts, deps), logged, reconnected };
}

/** The machine's, until it is told to be ahead. */
function runningClock(): FrontDoor['clock'] {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    advance: (ms) => {
      ahead += ms;
    },
  };
}
