import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { MetaEmulator } from '../../playground/providers/meta.ts';
import { createWhatsApp } from '../../server/channels/whatsapp/index.ts';
import type { Adapter, Connected, Connection, MessageDelivery } from '../../server/core/adapter.ts';
import type { Event, MessageEvent, Part, ReceiptEvent, StoredFile } from '../../server/core/message.ts';
import { isOutcome, type Outcome } from '../../server/core/outcome.ts';
import { createHttp } from '../../server/http/outgoing.ts';
import { testIo } from '../support/io.ts';
import { making } from '../support/making.ts';
import { deliveryOf, finding, storedFile } from '../unit/whatsapp/world.ts';

/** The adapter and a simulated Meta, with nothing between them but HTTP: our calls out, Meta's webhooks in. */
const TOKEN = 'EAAInventedToken';
const NUMBER = { id: '100000000000001', wabaId: '200000000000001', phone: '+15550001111', name: 'Example' };
const ANN = '+15550002222';
const PNG = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]);
type Credentials = { phone_number_id: string; waba_id: string; access_token: string; app_secret?: string };

class World {
  readonly meta = new MetaEmulator({
    recordTo: inject('callsFile'),
    tokens: [TOKEN],
    numbers: [NUMBER],
    statusAfterMs: { sent: 1, delivered: 2 },
    webhookRetryAfterMs: [],
  });
  /** The product's own way out, over real HTTP. */
  readonly io = { ...testIo(), http: createHttp({ configuredHosts: ['127.0.0.1'] }) };
  readonly events: Event[] = [];
  readonly statuses: number[] = [];
  adapter!: Adapter<Credentials>;
  connections: Connection[] = [];
  url = '';
  readonly #server = createServer((request, response) => void this.#webhook(request, response));

  async open(): Promise<void> {
    await this.meta.listen();
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    this.adapter = createWhatsApp({
      graphUrl: this.meta.url,
      appSecrets: [this.meta.appSecret],
      verifyToken: 'the-verify-token',
    }) as Adapter<Credentials>;
    this.meta.addCustomer({ phone: ANN, name: 'Ann', bsuid: 'US.10000000000000000001' });
  }
  async close(): Promise<void> {
    await this.meta.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #webhook(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const routeId = /^\/webhooks\/whatsapp\/(\w+)/.exec(request.url ?? '')?.[1];
    const received = await this.adapter.receive(
      {
        method: request.method ?? '',
        url: this.url + request.url,
        headers: request.headers as Record<string, string>,
        body: Buffer.concat(chunks),
        ...(routeId ? { routeId } : {}),
      },
      finding(...this.connections),
      this.io,
    );
    const status = 'reject' in received ? received.reject : (received.reply?.status ?? 200);
    this.statuses.push(status);
    if ('events' in received) this.events.push(...received.events);
    response.writeHead(status).end('events' in received ? received.reply?.body : undefined);
  }

  connect(more: object = {}, given: Partial<Credentials> = {}): Promise<Connected<Credentials>> {
    const credentials = { phone_number_id: NUMBER.id, waba_id: NUMBER.wabaId, access_token: TOKEN, ...given };
    const webhookUrl = `${this.url}/webhooks/whatsapp/chn_1`;
    const connect = this.adapter.connect;
    if (!connect) throw new Error('WhatsApp can be connected');
    return connect({ credentials: { ...credentials, ...more }, webhookUrl, channelId: 'chn_1' }, this.io);
  }
  /** Connected as the installation's app, with its webhook in the dashboard. */
  async connected(more: object = {}): Promise<Connection<Credentials>> {
    await this.meta.subscribe(`${this.url}/webhooks/whatsapp`, 'the-verify-token');
    return this.store(await this.connect(more));
  }
  store(proven: Connected<Credentials>): Connection<Credentials> {
    if (!proven.ok) throw new Error(`${proven.field}: ${proven.why}`);
    const { externalId, name, credentials, settings } = proven;
    const at = { workspaceId: 'wsp_1', id: 'chn_1', side: 'channel', type: 'whatsapp' } as const;
    const connection = { ...at, externalId, name, credentials, settings };
    this.connections = [connection];
    return connection;
  }

  /** Prepares and sends, as the relay does. */
  async send(
    parts: Part<StoredFile>[],
    connection: Connection<Credentials>,
    more: Partial<MessageDelivery> & { thread?: string } = {},
  ): Promise<Outcome> {
    const delivery = deliveryOf(parts, more);
    for (const step of this.adapter.prepare?.(delivery, connection, this.io) ?? []) {
      const made = await step.run(delivery.prepared, making());
      if (isOutcome(made)) return made;
      delivery.prepared[step.name] = made;
    }
    return await this.adapter.send(delivery, connection, this.io);
  }
  async messages(): Promise<MessageEvent[]> {
    await this.meta.settled();
    return this.events.filter((event) => event.kind === 'message');
  }
  async receipts(count: number): Promise<ReceiptEvent[]> {
    const all = () => this.events.filter((event) => event.kind === 'receipt');
    await expect.poll(() => all().length).toBeGreaterThanOrEqual(count);
    return all();
  }
}

let world: World;
beforeEach(async () => {
  world = new World();
  await world.open();
});
afterEach(async () => {
  await world.close();
});
const hello = { kind: 'text', text: 'Hello Ann' } as const;

describe('connecting', () => {
  test('with the installation’s app: proven, subscribed, and nothing left to do', async () => {
    expect(await world.connected()).toMatchObject({
      externalId: NUMBER.id,
      name: 'Example (+1 555 000 1111)',
      settings: { phone: '+15550001111', waba_id: NUMBER.wabaId },
    });
    expect(await world.connect()).toMatchObject({ status: 'connected' });
    expect(world.meta.state.waba(NUMBER.wabaId).subscriptions.size).toBe(1);
  });
  test('with an app of one’s own: Meta calls the channel’s URL back while connecting', async () => {
    world.meta.addApp({ id: '7', secret: 'own-secret' });
    world.meta.addToken('EAAOwn', { appId: '7' });
    const own = { access_token: 'EAAOwn', app_secret: 'own-secret', verify_token: 'own-token' };
    world.store(await world.connect(own));
    world.meta.customerSends(ANN, { text: 'to the own app' });
    expect(await world.messages()).toMatchObject([{ parts: [{ text: 'to the own app' }] }]);
  });
  test('without anybody at the webhook URL the verify token is named', async () => {
    world.meta.addApp({ id: '7', secret: 'own-secret' });
    world.meta.addToken('EAAOwn', { appId: '7' });
    const credentials = {
      phone_number_id: NUMBER.id,
      waba_id: NUMBER.wabaId,
      access_token: 'EAAOwn',
      app_secret: 'own-secret',
      verify_token: 'own-token',
    };
    const webhookUrl = `${world.url}/nowhere/chn_1`;
    const refused = await world.adapter.connect?.({ credentials, webhookUrl, channelId: 'chn_1' }, world.io);
    expect(refused).toMatchObject({ ok: false, field: 'verify_token' });
  });
  test.each([
    ['access_token', { access_token: 'EAAWrong' }],
    ['phone_number_id', { phone_number_id: '100000000000009' }],
    ['waba_id', { waba_id: '200000000000009' }],
  ])('a wrong %s is named', async (field, given) => {
    expect(await world.connect({}, given)).toMatchObject({ ok: false, field });
  });
  test('disconnecting takes the subscription back', async () => {
    const connection = await world.connected();
    await world.adapter.disconnect?.(connection, world.io);
    expect(world.meta.state.waba(NUMBER.wabaId).subscriptions.size).toBe(0);
  });
});

describe('in', () => {
  test('a text arrives with who wrote it', async () => {
    await world.connected();
    world.meta.customerSends(ANN, { text: 'Hello' });
    expect(await world.messages()).toMatchObject([
      {
        thread: ANN,
        author: {
          customer: {
            name: 'Ann',
            identities: [
              { kind: 'phone', value: ANN },
              { kind: 'whatsapp_user', scope: NUMBER.wabaId, value: 'US.10000000000000000001' },
            ],
          },
        },
        parts: [{ kind: 'text', text: 'Hello' }],
      },
    ]);
    expect(world.statuses.every((status) => status === 200)).toBe(true);
  });
  test('a picture can be fetched, whole', async () => {
    const connection = await world.connected();
    world.meta.customerSends(ANN, { photo: { bytes: PNG, contentType: 'image/png' }, text: 'look' });
    const [message] = await world.messages();
    const [part] = message?.parts ?? [];
    if (part?.kind !== 'file') throw new Error('no file came');
    expect(part).toMatchObject({ caption: 'look', file: { kind: 'image', contentType: 'image/png' } });
    const file = await world.adapter.media?.(part.file, connection, world.io);
    if (!file || !('body' in file)) throw new Error(`no file: ${JSON.stringify(file)}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of file.body) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(Buffer.from(PNG))).toBe(true);
  });
  test('a batch of everything at once arrives as a whole, non-ASCII text included', async () => {
    await world.connected();
    await world.meta.batched(() => {
      for (const text of ['één', 'два', '三', '😀']) world.meta.customerSends(ANN, { text });
      world.meta.customerSends(ANN, { location: { latitude: 48.2, longitude: 16.4 } });
      world.meta.customerSends(ANN, { contact: { name: 'Bob', phones: ['+15550003333'] } });
      world.meta.customerSendsRaw(ANN, { type: 'hologram' });
    });
    const texts = (await world.messages()).flatMap(({ parts }) =>
      parts.map((part) => ('text' in part ? part.text : part.kind)),
    );
    expect(texts).toEqual(['één', 'два', '三', '😀', 'location', 'contact']);
    expect(world.events.filter((event) => event.kind === 'unparsed')).toHaveLength(1);
    expect(world.statuses.filter((status) => status === 200).length).toBe(world.statuses.length);
  });
  test('somebody without a number is known by user id, and reached by it', async () => {
    const connection = await world.connected();
    world.meta.addCustomer({ phone: '+15550007777', hidesPhone: true, bsuid: 'US.2222', username: 'zoe' });
    world.meta.customerSends('+15550007777', { text: 'it is me' });
    const [message] = await world.messages();
    expect(message).toMatchObject({ thread: 'US.2222', author: { customer: { address: '@zoe' } } });
    expect(await world.send([hello], connection, { thread: 'US.2222' })).toMatchObject({ outcome: 'sent' });
  });
});

describe('out', () => {
  test('a text reaches the phone, and its statuses carry our reference', async () => {
    const connection = await world.connected();
    world.meta.customerSends(ANN, { text: 'Hello' });
    const outcome = await world.send([hello], connection);
    const receipts = await world.receipts(2);
    expect(receipts.map(({ status, ref }) => [status, ref])).toEqual([
      ['sent', 'dlv_1'],
      ['delivered', 'dlv_1'],
    ]);
    expect(receipts[0]?.of).toBe((outcome as { id: string }).id);
    expect(world.meta.phone(ANN).messages.at(-1)).toMatchObject({ direction: 'out', text: 'Hello Ann' });
  });
  test('an image with its caption, a document with its name, a place and a card reach the phone', async () => {
    const connection = await world.connected();
    world.meta.customerSends(ANN, { text: 'Hello' });
    const image = storedFile('image', 'image/png', 'a.png');
    const report = storedFile('document', 'application/pdf', 'report.pdf');
    const parts: Part<StoredFile>[] = [
      { kind: 'file', file: image, caption: 'see' },
      { kind: 'file', file: report },
      { kind: 'location', latitude: 48.2, longitude: 16.4, name: 'Here' },
      { kind: 'contact', name: 'Bob', phones: ['+15550003333'], emails: [] },
    ];
    for (const part of parts) expect(await world.send([part], connection)).toMatchObject({ outcome: 'sent' });
    expect(world.meta.phone(ANN).messages.slice(-4)).toMatchObject([
      { text: 'see', files: [{ kind: 'image', contentType: 'image/png' }] },
      { files: [{ kind: 'document', name: 'report.pdf' }] },
      { location: { latitude: 48.2 } },
      { contact: { name: 'Bob' } },
    ]);
  });
  test('a reply stands under the message it answers', async () => {
    const connection = await world.connected();
    const { id } = world.meta.customerSends(ANN, { text: 'Hello' });
    await world.send([hello], connection, { replyTo: id });
    expect(world.meta.phone(ANN).messages.at(-1)).toMatchObject({ replyTo: id });
  });
  test.each(['answer', 'status'] as const)('a closed window is told in words, by %s', async (way) => {
    const connection = await world.connected();
    world.meta.refusals = way;
    world.meta.customerSends(ANN, { text: 'Hello' });
    world.meta.closeWindow(ANN);
    const outcome = await world.send([hello], connection);
    const why = expect.stringMatching(/^The 24-hour window is closed/);
    if (way === 'answer') expect(outcome).toMatchObject({ outcome: 'refused', code: '131047', why });
    else
      expect(await world.receipts(1)).toMatchObject([
        { status: 'failed', code: '131047', ref: 'dlv_1', why },
      ]);
  });
  test('a revoked token pauses the channel', async () => {
    const connection = await world.connected();
    world.meta.revokeToken(TOKEN);
    expect(await world.send([hello], connection)).toMatchObject({ outcome: 'unauthorized' });
  });
  test('a send that was accepted although its answer got lost settles by its first status', async () => {
    const connection = await world.connected();
    world.meta.customerSends(ANN, { text: 'Hello' });
    world.meta.plan('POST', /\/messages$/, { kind: 'accept_then_drop' });
    await expect(world.send([hello], connection)).rejects.toMatchObject({
      name: 'WireError',
      notSent: false,
    });
    expect(await world.receipts(1)).toMatchObject([{ ref: 'dlv_1', status: 'sent' }, {}]);
    expect(world.meta.accepted).toHaveLength(1);
  });
});
