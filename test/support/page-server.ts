/**
 * The playground page's server, reduced to what the page itself needs: a snapshot that a test changes, and a record of
 * what the page asked for. The page's own tests run against it; the whole path is proven elsewhere.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Faults, HubspotThread, InboxConversation, Phone, Snapshot } from '../../playground/page/api.ts';

const INDEX = fileURLToPath(new URL('../../playground/page/index.html', import.meta.url));
const TYPES: Record<string, string> = { js: 'text/javascript', css: 'text/css' };

export interface Asked {
  action: string;
  body: Record<string, unknown>;
}
type Answer = { status?: number; json: unknown };

export class PageServer {
  snapshot: Snapshot;
  readonly asked: Asked[] = [];
  /** What an action answers; without one: 200 and {}. */
  answer: (asked: Asked) => Answer | undefined = () => undefined;
  readonly #assets: string;
  readonly #open = new Set<ServerResponse>();
  readonly #server = createServer((request, response) => void this.#handle(request, response));

  constructor(assets: string, snapshot: Snapshot) {
    this.#assets = assets;
    this.snapshot = snapshot;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/playground`;
  }
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  change(change: (snapshot: Snapshot) => void): void {
    change(this.snapshot);
    for (const response of this.#open) this.#tell(response);
  }

  #tell(response: ServerResponse): void {
    response.write(`event: state\ndata: ${JSON.stringify(this.snapshot)}\n\n`);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace('/playground', '');
    if (path === '') return this.#file(response, INDEX, 'text/html');
    if (path.startsWith('/assets/')) {
      const file = join(this.#assets, path.slice('/assets/'.length));
      return this.#file(response, file, TYPES[file.split('.').at(-1) ?? ''] ?? 'text/plain');
    }
    if (path === '/api/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      this.#open.add(response);
      response.on('close', () => this.#open.delete(response));
      return this.#tell(response);
    }
    return this.#act(path, request, response);
  }

  #file(response: ServerResponse, file: string, type: string): void {
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': type }).end(readFileSync(file));
  }

  async #act(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const asked = { action: path.replace('/api/', ''), body: JSON.parse(Buffer.concat(chunks).toString()) };
    this.asked.push(asked);
    const { status = 200, json } = this.answer(asked) ?? { json: {} };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(json));
  }
}

const NO_FAULTS: Faults = {
  next: { '429': 0, '500': 0, hang: 0 },
  duplicateWebhooks: false,
  reorderReceipts: false,
};

/** A playground that is set up and in which nothing has happened. */
export const quietSnapshot = (): Snapshot => ({
  version: 1,
  setup: { state: 'ready', steps: [] },
  phones: [],
  intercom: { workspace: { id: 'acme', name: 'Acme' }, teammate: { name: 'Sam Rivera' }, conversations: [] },
  hubspot: {
    portal: { id: 8801, name: 'Acme EU' },
    agent: { name: 'Sam Rivera' },
    threads: [],
    extension: {
      bundleUrl: '/playground/assets/extension/Conversations.js',
      workerUrl: '/playground/assets/extension-worker.js',
      appId: 77,
      variables: { BACKEND_URL: 'https://octopods.test' },
    },
  },
  ledger: [],
  wire: [],
  faults: {
    telegram: structuredClone(NO_FAULTS),
    whatsapp: structuredClone(NO_FAULTS),
    twilio: structuredClone(NO_FAULTS),
    intercom: structuredClone(NO_FAULTS),
    hubspot: structuredClone(NO_FAULTS),
  },
  worker: { state: 'running', kills: 0 },
});

export const phone = (more: Partial<Phone> = {}): Phone => ({
  id: 'phone-1',
  app: 'telegram',
  customer: { name: 'Anna Petrov', address: '@annapetrov' },
  business: { name: 'Acme Support', address: '@acme_bot' },
  platform: 'intercom',
  obstacle: { label: 'Customer blocks the bot', on: false },
  messages: [],
  ...more,
});

export const conversation = (more: Partial<InboxConversation> = {}): InboxConversation => ({
  id: 'c1',
  contact: { id: 'k1', name: 'Anna Petrov', address: '@annapetrov' },
  state: 'open',
  unread: false,
  updatedAt: Date.UTC(2026, 0, 8),
  parts: [],
  ...more,
});

export const thread = (more: Partial<HubspotThread> = {}): HubspotThread => ({
  ...conversation(),
  record: { objectId: 101, objectTypeId: '0-1', properties: [{ label: 'Phone', value: '+1 555 000 2222' }] },
  ...more,
});
