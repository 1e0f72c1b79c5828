/**
 * All of Octopods in this process, made by its own composition root, on a clock that the test can turn, among the
 * emulators. Its doors are at hand as the routers that they are.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Express } from 'express';
import { inject } from 'vitest';
import {
  closeEmulators,
  type Emulators,
  enterApp,
  environment,
  openEmulators,
  VERIFY_TOKEN,
} from '../../playground/town/emulators.ts';
import { readConfig } from '../../server/config.ts';
import { type AppDeps, createApp } from '../../server/http/app.ts';
import { watchOnce } from '../../server/relay/watch.ts';
import { type Assembled, assemble } from '../../server/serve.ts';
import { createSettingStore } from '../../server/store/database/settings.ts';
import { formRequest, formToken } from './forms.ts';
import { testIo } from './io.ts';
import { type Mailbox, openMailbox } from './mailbox.ts';
import { type Visitor, visitor } from './visitor.ts';

type Routers = AppDeps['routers'];

export interface WholeHouse extends Assembled {
  url: string;
  /** The database's. */
  file: string;
  clock: { now(): number; advance(ms: number): void };
  emulators: Emulators;
  mailbox: Mailbox;
  /** Serves one more router, before all others. */
  open(router: Routers[number]): void;
  /** The watch over connections, for a minute: as it runs by itself. */
  watch(): Promise<void>;
  visitor(): Visitor;
  /** Sends a form as a page of ours would. */
  post(who: Visitor, path: string, fields: Record<string, string>): Promise<Response>;
  /** Calls the API with the session of whoever it is. */
  api(who: Visitor, method: string, path: string, body?: unknown): Promise<ApiAnswer>;
  close(): Promise<void>;
}
export interface ApiAnswer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they expect in it
  json: any;
}

export async function openHouse(): Promise<WholeHouse> {
  const folder = mkdtempSync(join(tmpdir(), 'octopods-house-'));
  let app: Express | undefined;
  const server = createServer((request, response) => app?.(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clock = runningClock();
  const [emulators, mailbox] = await Promise.all([
    openEmulators({ recordTo: inject('callsFile'), intercom: clock, hubspot: clock, meta: clock }),
    openMailbox(),
  ]);
  enterApp(emulators, url);
  const keys = randomBytes(32).toString('base64');
  const config = readConfig({
    ...environment(emulators, { publicUrl: url, folder, keys }),
    SMTP_URL: mailbox.url,
    MAIL_FROM: 'Octopods <octopods@acme.test>',
  });
  const { log } = testIo();
  const made = await assemble(config, log, clock);
  const serveAll = (routers: Routers) => {
    app = createApp({ log, trustProxy: 0, routers });
  };
  serveAll(made.routers);
  await emulators.intercom.subscribeWebhooks(`${url}/intercom/webhooks`);
  await emulators.meta.subscribe(`${url}/webhooks/whatsapp`, VERIFY_TOKEN);
  return {
    ...made,
    url,
    file: join(folder, 'octopods.db'),
    clock,
    emulators,
    mailbox,
    open: (router) => serveAll([router, ...made.routers]),
    watch: () => watchFor(made),
    ...browsing(url),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await made.relay.stop();
      await made.people.close();
      await made.closeStore();
      await Promise.all([closeEmulators(emulators), mailbox.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const watchFor = ({ db, store, relay, platforms, io }: Assembled): Promise<void> =>
  watchOnce({ ...store, ...relay, io, platforms: platforms.all, settings: createSettingStore(db) });

const browsing = (url: string): Pick<WholeHouse, 'visitor' | 'post' | 'api'> => ({
  visitor: () => visitor(url),
  post: async (who, path, fields) =>
    who.go(path, formRequest({ ...fields, form_token: await formToken(who) }, { origin: url })),
  api: async (who, method, path, body) => {
    const response = await who.go(`/api/v1${path}`, {
      method,
      headers: { origin: url, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: text ? JSON.parse(text) : undefined };
  },
});

/** The machine's, until it is told to be ahead. */
function runningClock(): WholeHouse['clock'] {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    advance: (ms) => {
      ahead += ms;
    },
  };
}
