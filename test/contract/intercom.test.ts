import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { IntercomEmulator } from '../../playground/platforms/intercom.ts';
import type { Connection, Io, MessageDelivery, PlatformAdapter } from '../../server/core/adapter.ts';
import type { Customer, Event, MessageEvent } from '../../server/core/message.ts';
import { type Sent, WireError } from '../../server/core/outcome.ts';
import { createHttp } from '../../server/http/outgoing.ts';
import type { IntercomCredentials } from '../../server/platforms/intercom/app.ts';
import { createIntercom } from '../../server/platforms/intercom/index.ts';
import { testIo } from '../support/io.ts';
import { making } from '../support/making.ts';
import { byPhone, byTelegram, failedStatus, file, link, message } from '../unit/intercom/world.ts';

/** The adapter and a simulated Intercom, with nothing between them but HTTP: our calls out, its webhooks in. */
const PNG = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]);
const MAYA = { id: '8801', name: 'Maya Bright', email: 'maya@acme.example' };

const OTHER_PHONE = { kind: 'phone' as const, scope: '', value: '+15550003333' };

class World {
  readonly intercom = new IntercomEmulator({ recordTo: inject('callsFile'), webhookRetryMs: 50 });
  readonly io: Io = {
    ...testIo(),
    clock: { now: Date.now },
    http: createHttp({ configuredHosts: ['127.0.0.1'] }),
  };
  readonly events: Event[] = [];
  adapter!: PlatformAdapter<IntercomCredentials>;
  connection!: Connection<IntercomCredentials>;
  readonly #server = createServer((request, response) => void this.#webhook(request, response));

  async open(): Promise<void> {
    await this.intercom.listen();
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const ours = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    this.adapter = createIntercom({
      apiUrl: this.intercom.url,
      appUrl: this.intercom.url,
      clientId: 'intercom-client-id',
      clientSecrets: ['intercom-client-secret'],
    });
    this.intercom.addWorkspace({ id_code: 'wk2acme7', name: 'Acme Support', teammates: [MAYA] });
    this.intercom.configureApp({ redirectUrls: [`${ours}/callback`] });
    await this.intercom.subscribeWebhooks(`${ours}/intercom/webhooks`);
    await this.#install();
  }
  async close(): Promise<void> {
    await this.intercom.close();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #install(): Promise<void> {
    const consent = await fetch(`${this.adapter.authorizeUrl('state-1')}&consent=approve`, {
      redirect: 'manual',
    });
    const back = new URL(consent.headers.get('location') ?? '');
    expect(back.searchParams.get('state')).toBe('state-1');
    const installation = await this.adapter.install(back.searchParams.get('code') ?? '', this.io);
    if ('refused' in installation) throw new Error(installation.refused);
    const { externalId, name, credentials, settings } = installation;
    this.connection = {
      workspaceId: 'wsp_1',
      id: 'wsp_1',
      side: 'platform',
      type: 'intercom',
      externalId,
      name,
      credentials,
      settings,
    };
  }

  async #webhook(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const received = await this.adapter.receive(
      {
        method: request.method ?? '',
        url: `https://octopods.test${request.url}`,
        headers: request.headers as Record<string, string>,
        body: Buffer.concat(chunks),
      },
      {
        byId: async () => undefined,
        byExternalId: async (_type, id) => (id === this.connection?.externalId ? this.connection : undefined),
      },
      this.io,
    );
    if ('events' in received) this.events.push(...received.events);
    response.writeHead('reject' in received ? received.reject : 200).end();
  }

  /** Prepares and sends as the relay does, for a customer who has no conversation yet. */
  async firstMessage(customer: Customer = byPhone, text = 'Is my parcel on its way?') {
    const { platformThread: _none, contactId: _neither, ...conversation } = link({ customer });
    const delivery = message({ conversation, opens: true, parts: [{ kind: 'text', text }] });
    const contact = await this.contactFor(delivery);
    if (typeof contact !== 'string') throw new Error(JSON.stringify(contact));
    const sent = await this.send({ ...delivery, prepared: { contact } });
    return { contact, thread: sent.thread ?? '', id: sent.id };
  }
  async contactFor(delivery: MessageDelivery, resumed?: number) {
    const [step] = this.adapter.prepare?.(delivery, this.connection, this.io) ?? [];
    return step?.run({}, making(resumed));
  }
  async send(delivery: MessageDelivery): Promise<Sent> {
    const outcome = await this.adapter.send(delivery, this.connection, this.io);
    if (outcome.outcome !== 'sent') throw new Error(JSON.stringify(outcome));
    return outcome;
  }
  /** The agents' messages that webhooks brought, once all are in. */
  async messages(): Promise<MessageEvent[]> {
    await this.intercom.settled();
    return this.events.filter((event) => event.kind === 'message');
  }
  inbox = () => this.intercom.inbox('wk2acme7');
}

let world: World;
beforeEach(async () => {
  world = new World();
  await world.open();
});
afterEach(() => world.close());

const following = (thread: string, contact: string, more: Partial<MessageDelivery> = {}) =>
  message({ conversation: link({ platformThread: thread, contactId: contact }), ...more });

describe('installing', () => {
  test('learns the workspace and who installed; the token works until it is uninstalled', async () => {
    expect(world.connection).toMatchObject({
      externalId: 'wk2acme7',
      name: 'Acme Support',
      settings: { region: 'US', admin_id: '8801', admin_name: 'Maya Bright' },
    });
    expect(await world.adapter.probe?.(world.connection, world.io)).toBeUndefined();
    await world.adapter.uninstall(world.connection, world.io);
    expect(await world.adapter.probe?.(world.connection, world.io)).toContain('Install Octopods again');
  });
  test('a code works once', async () => {
    const code = world.intercom.issueCode('wk2acme7');
    expect(await world.adapter.install(code, world.io)).toHaveProperty('externalId');
    expect(await world.adapter.install(code, world.io)).toHaveProperty('refused');
  });
});

describe('in', () => {
  test('a first message makes one contact and one conversation, and no event of its own', async () => {
    const { contact, thread } = await world.firstMessage();
    expect(world.intercom.contacts('wk2acme7')).toMatchObject([
      { id: contact, role: 'lead', phone: '+15550002222', name: 'Ann Example', email: null },
    ]);
    expect(world.inbox()).toMatchObject([{ id: thread }]);
    expect(await world.messages()).toEqual([]);
  });
  test('a customer without a number is found again by our attribute', async () => {
    const { contact } = await world.firstMessage(byTelegram);
    const [made] = world.intercom.contacts('wk2acme7');
    expect(made?.custom_attributes).toEqual({ 'octopods-id': 'telegram:7120001:88' });
    const { contactId: _none, ...conversation } = link({ customer: byTelegram });
    expect(await world.contactFor(message({ conversation }))).toBe(contact);
    expect(world.intercom.contacts('wk2acme7')).toHaveLength(1);
  });
  test('text and files follow in the same conversation', async () => {
    const { contact, thread } = await world.firstMessage();
    const image = file({
      size: PNG.length,
      name: 'roof.png',
      contentType: 'image/png',
      bytes: async () => PNG,
    });
    const parts = [
      { kind: 'text' as const, text: 'Look <here> & there\nhttps://a.example/?a=1&b=2' },
      { kind: 'file' as const, file: image },
    ];
    const sent = await world.send(following(thread, contact, { parts }));
    expect(sent.outcome).toBe('sent');
    const [conversation] = world.inbox();
    expect(JSON.stringify(conversation)).toContain('roof.png');
    expect(JSON.stringify(conversation)).toContain(sent.id);
  });
  test('a contact merged by a teammate is followed, and remembered', async () => {
    const { contact, thread } = await world.firstMessage();
    const user = world.intercom.addContact('wk2acme7', {
      role: 'user',
      external_id: 'u1',
      phone: '+15550002222',
    });
    world.intercom.mergeContacts('wk2acme7', contact, user.id);
    expect(await world.send(following(thread, contact))).toMatchObject({ contact: user.id });
  });
  test('a deleted conversation and a dead token are told apart', async () => {
    const { contact, thread } = await world.firstMessage();
    world.intercom.deleteConversation(thread);
    const reply = following(thread, contact);
    expect(await world.adapter.send(reply, world.connection, world.io)).toMatchObject({
      outcome: 'retry',
      forget: 'thread',
    });
    world.intercom.revokeToken('wk2acme7');
    expect(await world.adapter.send(reply, world.connection, world.io)).toMatchObject({
      outcome: 'unauthorized',
    });
  });
  test('a rate limit says when to come back', async () => {
    const { contact, thread } = await world.firstMessage();
    world.intercom.plan('POST', /reply/, { kind: 'status', status: 429 });
    const outcome = await world.adapter.send(following(thread, contact), world.connection, world.io);
    expect(outcome).toMatchObject({ outcome: 'retry', afterMs: expect.any(Number) });
  });
});

describe('accepted, but the answer was lost', () => {
  const drop = { kind: 'accept_then_drop' } as const;
  const startedAt = () => Date.now() - 1;

  test('a reply is found, not written twice', async () => {
    const { contact, thread } = await world.firstMessage();
    world.intercom.plan('POST', /reply/, drop);
    const delivery = { ...following(thread, contact), startedAt: startedAt() };
    await expect(world.adapter.send(delivery, world.connection, world.io)).rejects.toMatchObject({
      notSent: false,
    });
    expect(await world.adapter.lookup?.(delivery, world.connection, world.io)).toEqual({
      found: expect.any(String),
    });
  });
  test('a conversation is found by search', async () => {
    const { contact } = await world.firstMessage();
    world.intercom.plan('POST', /\/conversations$/, drop);
    const { platformThread: _none, ...conversation } = link({ contactId: contact });
    const delivery = message({
      conversation,
      opens: true,
      startedAt: startedAt(),
      parts: [{ kind: 'text', text: 'Hello again' }],
    });
    await expect(world.adapter.send(delivery, world.connection, world.io)).rejects.toBeInstanceOf(WireError);
    const found = await world.adapter.lookup?.(delivery, world.connection, world.io);
    const made = world.inbox().find((one) => JSON.stringify(one).includes('Hello again'));
    expect(found).toMatchObject({ thread: made?.id });
  });
  test('a contact is found, and made once', async () => {
    await world.firstMessage();
    for (const customer of [byTelegram, { ...byPhone, identities: [OTHER_PHONE] }]) {
      world.intercom.plan('POST', /\/contacts$/, drop);
      const { contactId: _none, ...conversation } = link({ customer });
      const began = Date.now();
      const before = world.intercom.contacts('wk2acme7').length;
      await expect(world.contactFor(message({ conversation }))).rejects.toMatchObject({ notSent: false });
      const found = await world.contactFor(message({ conversation }), began);
      expect(world.intercom.contacts('wk2acme7').map((contact) => contact.id)).toContain(found);
      expect(world.intercom.contacts('wk2acme7')).toHaveLength(before + 1);
    }
  });
  test('a contact that the index does not show yet is not made again', async () => {
    await world.firstMessage();
    world.intercom.world.timings.contactSearchLagMs = 60_000;
    world.intercom.plan('POST', /\/contacts$/, drop);
    const { contactId: _none, ...conversation } = link({ customer: byTelegram });
    const began = Date.now();
    await expect(world.contactFor(message({ conversation }))).rejects.toMatchObject({ notSent: false });
    expect(await world.contactFor(message({ conversation }), began)).toMatchObject({ outcome: 'retry' });
    expect(world.intercom.contacts('wk2acme7')).toHaveLength(2);
  });
  test('a reply that never arrived is absent', async () => {
    const { contact, thread } = await world.firstMessage();
    world.intercom.plan('POST', /reply/, { kind: 'drop' });
    const delivery = { ...following(thread, contact), startedAt: startedAt() };
    await expect(world.adapter.send(delivery, world.connection, world.io)).rejects.toBeInstanceOf(WireError);
    expect(await world.adapter.lookup?.(delivery, world.connection, world.io)).toBe('absent');
  });
});

describe('out', () => {
  test('an agent’s first answer, hidden in an assignment, is read back with its link and its picture', async () => {
    const { thread } = await world.firstMessage();
    world.intercom.agentReplies(thread, {
      html: '<p>Yes! <a href="https://shop.example/t/77">Track it</a></p>',
      inlineImages: [{ name: 'route.png', contentType: 'image/png', bytes: PNG }],
      attachments: [{ name: 'invoice.pdf', contentType: 'application/pdf', bytes: PNG }],
    });
    const [event, ...more] = await world.messages();
    expect(more).toEqual([]);
    expect(event).toMatchObject({ thread, partial: true, author: { kind: 'agent', name: 'Maya Bright' } });
    const parts = await world.adapter.readBack?.({ id: event?.id ?? '', thread }, world.connection, world.io);
    expect(parts).toMatchObject([
      {
        kind: 'text',
        text: 'Yes! Track it (https://shop.example/t/77)',
        html: expect.stringContaining('<a '),
      },
      { kind: 'file', file: { kind: 'image' } },
      { kind: 'file', file: { kind: 'document', name: 'invoice.pdf' } },
    ]);
    for (const part of Array.isArray(parts) ? parts : []) {
      if (part.kind !== 'file') continue;
      const media = await world.adapter.media?.(part.file, world.connection, world.io);
      const chunks: Uint8Array[] = [];
      if (media && 'body' in media) for await (const chunk of media.body) chunks.push(chunk);
      expect(Buffer.concat(chunks)).toEqual(Buffer.from(PNG));
    }
  });
  test('a reply that closes is one message; a note, a bot and the customer’s own Messenger are none', async () => {
    const { thread } = await world.firstMessage();
    world.intercom.agentReplies(thread, { text: 'Have a nice day', as: 'close' });
    world.intercom.agentReplies(thread, { text: 'difficult person', as: 'note' });
    world.intercom.botReplies(thread, { text: 'I am Fin' });
    world.intercom.contactReplies(thread, 'thanks');
    expect(await world.messages()).toMatchObject([{ parts: [{ text: 'Have a nice day' }] }]);
  });
  test('a webhook sent twice has one id', async () => {
    const { thread } = await world.firstMessage();
    world.intercom.duplicateWebhooks = true;
    world.intercom.agentReplies(thread, { text: 'Once' });
    const ids = (await world.messages()).map((event) => event.id);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });
  test('a failure becomes a note that is not sent out again', async () => {
    const { contact, thread } = await world.firstMessage();
    const conversation = link({ platformThread: thread, contactId: contact });
    const status = failedStatus({ conversation, startedAt: Date.now() });
    expect(await world.adapter.send(status, world.connection, world.io)).toMatchObject({ outcome: 'sent' });
    expect(await world.adapter.lookup?.(status, world.connection, world.io)).toMatchObject({
      found: expect.any(String),
    });
    expect(JSON.stringify(world.inbox())).toContain('Not delivered');
    expect(await world.messages()).toEqual([]);
  });
  test('what a lost webhook would have said is found, with the same id', async () => {
    const { thread } = await world.firstMessage();
    const since = Date.now() - 1_000;
    world.intercom.agentReplies(thread, { text: 'Anyone there?' });
    const [heard] = await world.messages();
    const caught = (await world.adapter.catchUp?.(world.connection, since, world.io)) ?? [];
    expect(caught).toMatchObject([
      { id: heard?.id, thread, parts: [{ kind: 'text', text: 'Anyone there?' }] },
    ]);
  });
  test('a ping is answered', async () => {
    world.intercom.ping('wk2acme7');
    expect(await world.messages()).toEqual([]);
  });
});
