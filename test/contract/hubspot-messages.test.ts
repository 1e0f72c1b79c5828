/** The HubSpot adapter over the wire: messages both ways and what becomes of them. */
import { describe, expect, it } from 'vitest';
import type { MessageEvent } from '../../server/core/message.ts';
import { isOutcome } from '../../server/core/outcome.ts';
import { filePart } from '../unit/hubspot/given.ts';
import {
  adapter,
  attached,
  deliver,
  emulator,
  io,
  now,
  only,
  PORTAL,
  received,
  thread,
} from './hubspot-world.ts';

describe('HubSpot over the wire: messages in', () => {
  it('stand in the inbox with their files, at the contact who has the number', async () => {
    const world = await attached();
    const contact = emulator.addContact(PORTAL, { firstname: 'Ann', phone: '(555) 000-2222' });
    const outcome = await deliver(world, {
      parts: [{ kind: 'text', text: 'My bike' }, filePart()],
      opens: true,
    });
    expect(outcome).toMatchObject({ outcome: 'sent', thread: thread().id, contact: contact.id });
    expect(thread()).toMatchObject({
      inboxId: '310',
      contact: { id: contact.id },
      messages: [{ direction: 'INCOMING', text: 'My bike', files: [{ name: 'bike.jpg' }] }],
    });
    expect(emulator.contacts(PORTAL)).toHaveLength(1);
  });

  it('tell us the contact that HubSpot made of a new number', async () => {
    const outcome = await deliver(await attached(), { opens: true });
    expect(outcome).toMatchObject({ outcome: 'sent', contact: only(emulator.contacts(PORTAL)).id });
  });

  it('are made once, though the answer to the first try was lost', async () => {
    const world = await attached();
    emulator.plan('POST', /\/messages$/, { kind: 'accept_then_drop' });
    await expect(deliver(world, { opens: true })).rejects.toThrow();
    expect(await deliver(world, { opens: true })).toMatchObject({ outcome: 'sent' });
    expect(thread().messages).toHaveLength(1);
  });

  it('carry places and contact cards', async () => {
    const outcome = await deliver(await attached(), {
      parts: [
        { kind: 'location', latitude: 59.3, longitude: 18.1 },
        { kind: 'contact', name: 'Bo Berg', phones: ['+46810000'], emails: [] },
      ],
    });
    expect(outcome).toMatchObject({ outcome: 'sent' });
  });
});

describe('HubSpot over the wire: agents', () => {
  /** A conversation that an agent can answer. */
  async function answered(text = 'It is ready.') {
    const world = await attached();
    await deliver(world, { opens: true });
    const png = new Uint8Array([137, 80, 78, 71]);
    const reply = emulator.agentReplies(thread().id, {
      text,
      richText: `<p>${text}</p>`,
      files: [{ name: 'bill.png', contentType: 'image/png', bytes: png }],
    });
    emulator.agentReplies(thread().id, { text: 'he is always late', comment: true });
    const events = (await received(world)).filter((event): event is MessageEvent => event.kind === 'message');
    return { ...world, reply, event: only(events) };
  }

  it('are heard once, signed, with their file; comments are not', async () => {
    const { event, reply, portal, link } = await answered();
    expect(event).toMatchObject({
      id: reply.id,
      thread: thread().id,
      author: { kind: 'agent', name: 'Mara Lindqvist' },
      parts: [
        { kind: 'text', text: 'It is ready.' },
        { kind: 'file', file: { kind: 'image', name: 'bill.png' } },
      ],
      route: {
        recipient: '+15550002222',
        channelAccountId: (link.channel.settings.hubspot as { channel_account_id: string })
          .channel_account_id,
      },
    });
    const part = event.parts[1];
    const media = part?.kind === 'file' ? await adapter.media?.(part.file, portal, io) : undefined;
    if (!media || isOutcome(media)) throw new Error('no file');
    const bytes: number[] = [];
    for await (const chunk of media.body) bytes.push(...chunk);
    expect([media.contentType, bytes]).toEqual(['image/png', [137, 80, 78, 71]]);
  });

  it('are heard of afterwards just the same when the webhook was lost', async () => {
    const { event, portal } = await answered();
    expect(await adapter.catchUp?.(portal, now - 60_000, io)).toEqual([event]);
    expect(await adapter.catchUp?.(portal, now + 1, io)).toEqual([]);
  });

  it.each([
    ['delivered', undefined, 'SENT'],
    ['read', undefined, 'READ'],
    ['failed', 'The window is closed.', 'FAILED'],
    ['unknown', undefined, 'FAILED'],
  ] as const)('read what became of their message: %s', async (status, why, shown) => {
    const { portal, link, reply } = await answered();
    const outcome = await adapter.send(
      {
        kind: 'status',
        id: 'dlv_9',
        conversation: link,
        prepared: {},
        at: now,
        of: reply.id,
        status,
        ...(why ? { why } : {}),
        excerpt: 'It is',
      },
      portal,
      io,
    );
    expect(outcome).toEqual({ outcome: 'sent', id: reply.id });
    const message = thread().messages.find((one) => one.id === reply.id);
    expect(message?.status).toMatchObject({ statusType: shown, ...(why ? { errorMessage: why } : {}) });
  });

  it('who switch a channel off are noticed', async () => {
    const world = await attached();
    const account = only([...emulator.portal(PORTAL).accounts.keys()]);
    emulator.disconnectAccount(account);
    expect(await received(world)).toMatchObject([
      { kind: 'unparsed', why: expect.stringContaining('switched off') },
    ]);
  });
});
