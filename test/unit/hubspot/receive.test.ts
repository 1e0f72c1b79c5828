import { Signature } from '@hubspot/api-client';
import { describe, expect, it } from 'vitest';
import type { FindConnection, WebhookRequest } from '../../../server/core/adapter.ts';
import { TEST_NOW, testIo } from '../../support/io.ts';
import { API, connection, fixture, hubspot, WEBHOOK } from './given.ts';

interface Outgoing {
  portalId: string;
  message: Record<string, unknown>;
}
const outgoing = (more: Record<string, unknown> = {}) => {
  const event = fixture<Outgoing>('outgoing-message');
  return { ...event, message: { ...event.message, ...more } };
};

const find: FindConnection = {
  byId: async () => undefined,
  byExternalId: async (type, id) => (type === 'hubspot' && id === '4711001' ? connection() : undefined),
};

function posted(body: string): WebhookRequest {
  const signature = Signature.getSignature('POST', 'v3', {
    signature: '',
    clientSecret: 'secret-new',
    url: WEBHOOK,
    requestBody: body,
    timestamp: TEST_NOW,
  });
  return {
    method: 'POST',
    url: WEBHOOK,
    headers: { 'x-hubspot-signature-v3': signature, 'x-hubspot-request-timestamp': String(TEST_NOW) },
    body: new TextEncoder().encode(body),
    routeId: 's3cret',
  };
}
const receive = (event: unknown, adapter = hubspot()) =>
  adapter.receive(posted(typeof event === 'string' ? event : JSON.stringify(event)), find, testIo());

describe('HubSpot’s channel webhook', () => {
  it('turns an agent’s message into an event with its text, HTML, files and where it goes', async () => {
    expect(await receive(outgoing())).toEqual({
      events: [
        {
          kind: 'message',
          connection: { workspaceId: 'wsp_1', id: 'wsp_1' },
          id: 'msg-501',
          thread: '90210',
          author: { kind: 'agent', id: 'A-330044', name: 'Mara Lindqvist' },
          parts: [
            {
              kind: 'text',
              text: 'Your order left today.\nIt arrives on Friday.',
              html: '<p>Your order <b>left today</b>.</p><p>It arrives on Friday.</p>',
            },
            {
              kind: 'file',
              file: {
                kind: 'image',
                name: 'label.png',
                ref: '{"fileId":"61001","url":"https://f.hubspotusercontent-eu1.net/hubfs/4711001/label.png"}',
              },
            },
          ],
          at: Date.UTC(2026, 10, 2, 9, 59, 57, 900),
          route: { channelAccountId: '77001', recipient: '+15550002222' },
        },
      ],
    });
  });

  it('refuses an unsigned or stale request with 401, whatever it carries', async () => {
    const request = posted(JSON.stringify(outgoing()));
    const adapter = hubspot();
    const io = testIo();
    expect(await adapter.receive({ ...request, headers: {} }, find, io)).toEqual({ reject: 401 });
    io.clock.advance(300_001);
    expect(await adapter.receive(request, find, io)).toEqual({ reject: 401 });
  });

  it('refuses what is no JSON object with 400', async () => {
    expect(await receive('{"type":')).toEqual({ reject: 400 });
    expect(await receive([outgoing()])).toEqual({ reject: 400 });
  });

  it('answers 200 to a portal that it does not know, and keeps nothing', async () => {
    expect(await receive({ ...outgoing(), portalId: '1' })).toEqual({ events: [] });
  });

  it('takes the portal’s id as text or number, and the type under its older name', async () => {
    const { type, ...event } = fixture('outgoing-message');
    const received = await receive({ ...event, eventType: type, portalId: 4711001 });
    expect(received).toMatchObject({ events: [{ id: 'msg-501' }] });
  });

  it('never sends on what customers wrote or we published ourselves', async () => {
    const ours = { clientType: 'INTEGRATION', integrationAppId: 9009 };
    const another = { clientType: 'INTEGRATION', integrationAppId: 12 };
    expect(await receive(outgoing({ direction: 'INCOMING' }))).toEqual({ events: [] });
    expect(await receive(outgoing({ client: ours }))).toEqual({ events: [] });
    expect(await receive(outgoing({ type: 'COMMENT' }))).toEqual({ events: [] });
    expect(await receive(outgoing({ client: another }))).toMatchObject({ events: [{ id: 'msg-501' }] });
  });

  it('reads every kind of attachment, and says what it cannot carry', async () => {
    const attachments = [
      { type: 'FILE', fileId: 61, fileUsageType: 'VOICE_RECORDING' },
      { type: 'FILE', fileId: '62', fileUsageType: 'OTHER', name: 'ride.MP4' },
      { type: 'FILE', fileId: '63', fileUsageType: 'OTHER', name: 'offer.pdf' },
      { type: 'LOCATION', latitude: 59.3, longitude: 18.1, name: 'Workshop' },
      {
        type: 'CONTACT',
        contactProfile: {
          name: { firstName: 'Bo', lastName: 'Berg' },
          phones: [{ phone: '+4681' }],
          emails: [],
        },
      },
      { type: 'QUICK_REPLIES', quickReplies: [] },
    ];
    expect(await receive(outgoing({ text: ' ', richText: null, attachments }))).toMatchObject({
      events: [
        {
          parts: [
            { kind: 'file', file: { kind: 'voice', ref: '{"fileId":"61"}' } },
            { kind: 'file', file: { kind: 'video' } },
            { kind: 'file', file: { kind: 'document', name: 'offer.pdf' } },
            { kind: 'location', latitude: 59.3, longitude: 18.1, name: 'Workshop' },
            { kind: 'contact', name: 'Bo Berg', phones: ['+4681'], emails: [] },
            { kind: 'other', summary: 'quick replies' },
          ],
        },
      ],
    });
  });

  it('takes pictures out of the text as files', async () => {
    const richText = '<p>Look: <img src="https://f.hubspotusercontent-eu1.net/a.png" alt="bike"></p>';
    expect(await receive(outgoing({ text: 'Look:', richText, attachments: [] }))).toMatchObject({
      events: [
        {
          parts: [
            { kind: 'text', text: 'Look:' },
            {
              kind: 'file',
              file: { kind: 'image', ref: '{"url":"https://f.hubspotusercontent-eu1.net/a.png"}' },
            },
          ],
        },
      ],
    });
  });

  it('marks a message that HubSpot cut, and reads its whole text back', async () => {
    expect(await receive(outgoing({ truncationStatus: 'TRUNCATED' }))).toMatchObject({
      events: [{ partial: true }],
    });
    const io = testIo();
    const path = `${API}/conversations/conversations/2026-09/threads/90210/messages/msg-501/original-content`;
    io.http.queue(`GET ${path}`, { json: { text: 'all of it', richText: '<p>all of it</p>' } });
    const event = { id: 'msg-501', thread: '90210' };
    expect(await hubspot().readBack?.(event, connection(), io)).toEqual([
      { kind: 'text', text: 'all of it', html: '<p>all of it</p>' },
    ]);
  });

  it('keeps what it does not understand, once', async () => {
    const event = { type: 'SOMETHING_NEW', portalId: '4711001' };
    const first = await receive(event);
    expect(first).toMatchObject({ events: [{ kind: 'unparsed', raw: JSON.stringify(event) }] });
    expect(await receive(event)).toEqual(first);
    expect(await receive({ ...outgoing(), message: { id: '' } })).toMatchObject({
      events: [{ kind: 'unparsed', id: 'evt-7f31' }],
    });
  });
});

describe('what becomes of a channel account in HubSpot', () => {
  const purged = fixture('account-purged');
  const channelOf = async (workspaceId: string, account: string) =>
    workspaceId === 'wsp_1' && account === '77001' ? { id: 'chn_1' } : undefined;

  it('ends the channel, and not the workspace, when the account is removed', async () => {
    expect(await receive(purged, hubspot({ channelOf }))).toMatchObject({
      events: [
        {
          kind: 'state',
          connection: { workspaceId: 'wsp_1', id: 'chn_1' },
          id: 'evt-90aa',
          value: 'disconnected',
          at: 1793613590000,
        },
      ],
    });
  });

  it('ends it when the account is switched off, and hears the echo of our own changes in silence', async () => {
    const updated = { ...purged, type: 'CHANNEL_ACCOUNT_UPDATED' };
    const adapter = hubspot({ channelOf });
    expect(await receive({ ...updated, authorized: false }, adapter)).toMatchObject({
      events: [{ kind: 'state' }],
    });
    expect(await receive({ ...updated, authorized: true }, adapter)).toEqual({ events: [] });
    expect(await receive({ ...updated, type: 'CHANNEL_ACCOUNT_CREATED' }, adapter)).toEqual({ events: [] });
  });

  it('keeps the news of an account that no channel of ours has', async () => {
    expect(await receive({ ...purged, channelAccountId: '1' }, hubspot({ channelOf }))).toMatchObject({
      events: [{ kind: 'unparsed', why: expect.stringContaining('removed in HubSpot') }],
    });
  });
});
