/** More webhooks than can be stored in time: an honest 503 at once, never an answer that comes late or is not true. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import type { AnyAdapter } from '../../server/core/adapter.ts';
import { createApp } from '../../server/http/app.ts';
import { createWebhookRouter } from '../../server/http/webhooks.ts';
import { testIo } from '../support/io.ts';
import { fromCustomer, storeAt, type TestStore, WORKSPACE } from '../support/stores.ts';
import { until } from '../support/until.ts';

/** Posts what the ledger is to store, as it is. */
const plain = (id: string): AnyAdapter =>
  ({
    id,
    side: 'channel',
    receive: async ({ body }: { body: Uint8Array }) => ({
      events: JSON.parse(Buffer.from(body).toString('utf8')),
    }),
  }) as unknown as AnyAdapter;

let store: TestStore;
let url: string;
let outages: string[];
let close: () => Promise<unknown>;

beforeEach(async () => {
  store = await storeAt('sqlite::memory:', {});
  // Its key is read once, as by any webhook before.
  await store.connections.seal(WORKSPACE);
  outages = [];
  const io = testIo();
  const router = createWebhookRouter({
    ...store,
    io,
    publicUrl: 'http://octopods.invalid',
    onOutage: (error) => void outages.push(String(error)),
    providers: new Map([['pager', plain('pager')]]),
    intercom: plain('desk'),
    hubspotSecret: 'secret',
  });
  const server = createServer(createApp({ log: io.log, trustProxy: 0, routers: [{ path: '/', router }] }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  close = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
});
afterEach(async () => {
  await close();
  await store.close();
});

const post = (path: string, ...words: string[]): Promise<Response> =>
  fetch(url + path, {
    method: 'POST',
    headers: { connection: 'close' },
    body: JSON.stringify(words.map((one) => fromCustomer(one))),
  });

/** The database's only connection, so that every commit waits. */
function holdCommits(): { release(): void } {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  void store.db.connection().execute(() => held);
  onTestFinished(release);
  return { release };
}

const stored = async (): Promise<number> =>
  (await store.db.selectFrom('event').select('id').execute()).length;

test('a webhook that would have to wait behind too many others hears 503 with Retry-After, and nothing of it is stored', async () => {
  const { release } = holdCommits();
  const batch = post('/webhooks/pager', ...Array.from({ length: 2_000 }, (_, index) => `message ${index}`));
  await until('the queue is full', () => store.ledger.isCrowded());

  const refused = await post('/webhooks/pager', 'one too many');
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(outages).toEqual(['Error: more webhooks came than could be stored']);

  release();
  expect((await batch).status).toBe(200);
  expect(await stored()).toBe(2_000);
  const again = await post('/webhooks/pager', 'one too many');
  expect(again.status).toBe(200);
  expect(await stored()).toBe(2_001);
});

test('Intercom hears 503 as well, never the 410 that ends a subscription or the 429 that throttles it', async () => {
  const { release } = holdCommits();
  const batch = post('/webhooks/pager', ...Array.from({ length: 2_000 }, (_, index) => `message ${index}`));
  await until('the queue is full', () => store.ledger.isCrowded());
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => post('/intercom/webhooks', `reply ${index}`)),
  );
  expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([503]));
  release();
  expect((await batch).status).toBe(200);
});

test('what stores nothing is answered all the same', async () => {
  const { release } = holdCommits();
  const batch = post('/webhooks/pager', ...Array.from({ length: 2_000 }, (_, index) => `message ${index}`));
  await until('the queue is full', () => store.ledger.isCrowded());
  expect((await post('/webhooks/pager')).status).toBe(200);
  release();
  await batch;
});
