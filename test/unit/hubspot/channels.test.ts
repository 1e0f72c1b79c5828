import { describe, expect, it } from 'vitest';
import type { ChannelFacts } from '../../../server/core/channel-facts.ts';
import { WireError } from '../../../server/core/outcome.ts';
import { testIo } from '../../support/io.ts';
import { API, channelStore, connection, errorBody, fixture, hubspot, WEBHOOK } from './given.ts';

const CHANNELS = `${API}/conversations/custom-channels/2026-09`;
const INBOXES = `GET ${API}/conversations/conversations/2026-09/inboxes`;
const ACCOUNTS = `${CHANNELS}/1001/channel-accounts`;
const operator = { developerApiKey: 'dev-key', webhookUrl: WEBHOOK };

const whatsapp = (settings: Record<string, unknown> = {}): ChannelFacts => ({
  id: 'chn_1',
  type: 'whatsapp',
  title: 'WhatsApp',
  name: '+1 555 000 1111',
  externalId: '100200300',
  medium: 'whatsapp',
  settings: { phone: '+15550001111', inbox_id: '310', ...settings },
});
const IDENTIFIER = { type: 'HS_PHONE_NUMBER', value: '+15550001111' };
const account = (more: object = {}) => ({
  id: '77001',
  channelId: '1001',
  inboxId: '310',
  name: '+1 555 000 1111',
  deliveryIdentifier: IDENTIFIER,
  authorized: false,
  archived: false,
  ...more,
});

/** HubSpot's side of registering: what was posted comes back with an id. */
function emptyHubspot() {
  const io = testIo();
  io.http.queue(`GET ${CHANNELS}`, { json: { total: 0, results: [] } });
  for (const id of ['1000', '1001', '1002'])
    io.http.queue(`POST ${CHANNELS}`, ({ json }) => ({ status: 201, json: { id, ...(json as object) } }));
  return io;
}

describe('registering the app’s custom channels', () => {
  it('makes one for each medium and keeps their ids', async () => {
    const io = emptyHubspot();
    const customChannels = channelStore({});
    const ids = { telegram: '1000', whatsapp: '1001', sms: '1002' };
    expect(await hubspot({ ...operator, customChannels }).registerChannels(io)).toEqual(ids);
    expect(Object.fromEntries(customChannels.stored)).toEqual(ids);
    const urls = io.http.requests.map((request) => new URL(request.url).searchParams);
    expect(urls.every((query) => query.get('hapikey') === 'dev-key' && query.get('appId') === '9009')).toBe(
      true,
    );
    expect(io.http.requests.every((request) => !request.headers?.authorization)).toBe(true);
    io.http.done();
  });

  it('lets phones and opaque ids in where the medium has them, as plain words', async () => {
    const io = emptyHubspot();
    await hubspot({ ...operator, customChannels: channelStore({}) }).registerChannels(io);
    const posted = io.http.requests.slice(1).map((request) => request.json as Record<string, object>);
    expect(posted.map(({ capabilities }) => capabilities)).toMatchObject([
      { deliveryIdentifierTypes: ['CHANNEL_SPECIFIC_OPAQUE_ID'], threadingModel: 'DELIVERY_IDENTIFIER' },
      {
        deliveryIdentifierTypes: ['HS_PHONE_NUMBER', 'CHANNEL_SPECIFIC_OPAQUE_ID'],
        allowConversationStart: true,
      },
      {
        deliveryIdentifierTypes: ['HS_PHONE_NUMBER', 'HS_SHORT_CODE', 'CHANNEL_SPECIFIC_OPAQUE_ID'],
        richText: [],
      },
    ]);
    expect(posted.every(({ webhookUrl }) => String(webhookUrl) === WEBHOOK)).toBe(true);
  });

  it('changes nothing when it is repeated, whatever order and keys HubSpot answers with', async () => {
    const first = emptyHubspot();
    const customChannels = channelStore({});
    await hubspot({ ...operator, customChannels }).registerChannels(first);
    const results = first.http.requests.slice(1).map((request, index) => {
      const json = request.json as { capabilities: { allowedFileAttachmentMimeTypes: string[] } };
      const allowedFileAttachmentMimeTypes = json.capabilities.allowedFileAttachmentMimeTypes.toReversed();
      const capabilities = { allowTyping: false, ...json.capabilities, allowedFileAttachmentMimeTypes };
      return { id: `100${index}`, ...json, capabilities };
    });
    const io = testIo();
    io.http.queue(`GET ${CHANNELS}`, { json: { results: results.toReversed() } });
    await hubspot({ ...operator, customChannels }).registerChannels(io);
    io.http.done();
    expect(io.http.requests).toHaveLength(1);
  });

  it('mends what differs instead of making a second one', async () => {
    const io = testIo();
    const old = (id: string, name: string) => ({
      id,
      name,
      webhookUrl: 'https://old.test',
      capabilities: {},
    });
    io.http
      .queue(`GET ${CHANNELS}`, {
        json: {
          results: [old('7', 'Octopods Telegram'), old('8', 'Octopods WhatsApp'), old('9', 'Octopods SMS')],
        },
      })
      .queue(`PATCH ${CHANNELS}/7`, {})
      .queue(`PATCH ${CHANNELS}/8`, {})
      .queue(`PATCH ${CHANNELS}/9`, {});
    const customChannels = channelStore({});
    expect(await hubspot({ ...operator, customChannels }).registerChannels(io)).toEqual({
      telegram: '7',
      whatsapp: '8',
      sms: '9',
    });
    io.http.done();
  });

  it('says what is missing, and what HubSpot refused', async () => {
    await expect(hubspot().registerChannels(testIo())).rejects.toThrow('HUBSPOT_DEVELOPER_API_KEY');
    const io = testIo();
    io.http.queue(`GET ${CHANNELS}`, { status: 401, json: { message: 'The API key provided is invalid.' } });
    await expect(hubspot(operator).registerChannels(io)).rejects.toThrow('The API key provided is invalid');
  });
});

describe('attaching a channel to an inbox', () => {
  it('makes an authorised account in the chosen inbox, and keeps what sending needs', async () => {
    const io = testIo();
    io.http
      .queue(INBOXES, { json: fixture('inboxes') })
      .queue(
        `GET ${ACCOUNTS}?deliveryIdentifierType=HS_PHONE_NUMBER&deliveryIdentifierValue=%2B15550001111`,
        {
          json: { total: 0, results: [] },
        },
      )
      .queue(`POST ${ACCOUNTS}`, { status: 201, json: account({ authorized: true }) });
    expect(await hubspot().attachChannel?.(connection(), whatsapp(), io)).toEqual({
      ok: true,
      settings: {
        inbox_id: '310',
        inbox_name: 'Service',
        hubspot: {
          custom_channel_id: '1001',
          channel_account_id: '77001',
          inbox_id: '310',
          identifier: IDENTIFIER,
        },
      },
    });
    expect(io.http.requests.at(-1)?.json).toEqual({
      inboxId: '310',
      name: '+1 555 000 1111',
      authorized: true,
      deliveryIdentifier: IDENTIFIER,
    });
    io.http.done();
  });

  it.each([
    ['missing', undefined, 'Choose the inbox'],
    ['foreign', '999', 'no inbox with the id 999'],
  ])('lists the inboxes when the choice is %s', async (_, inbox_id, words) => {
    const io = testIo();
    io.http.queue(INBOXES, { json: fixture('inboxes') });
    const answer = await hubspot().attachChannel?.(connection(), whatsapp({ inbox_id }), io);
    expect(answer).toMatchObject({
      ok: false,
      field: 'settings.inbox_id',
      why: expect.stringContaining(words),
    });
    expect(answer).toMatchObject({ why: expect.stringContaining('310 (Service), 320 (Repairs, help desk)') });
  });

  it('takes an inbox id that was given as a number', async () => {
    const io = testIo();
    io.http
      .queue(INBOXES, { json: fixture('inboxes') })
      .queue(`GET ${ACCOUNTS}`, { json: { results: [] } })
      .queue(`POST ${ACCOUNTS}`, { status: 201, json: account({ inboxId: '320' }) });
    expect(await hubspot().attachChannel?.(connection(), whatsapp({ inbox_id: 320 }), io)).toMatchObject({
      ok: true,
      settings: { inbox_id: '320' },
    });
  });

  it('authorises an account that is there already instead of doubling it', async () => {
    const io = testIo();
    io.http
      .queue(INBOXES, { json: fixture('inboxes') })
      .queue(`GET ${ACCOUNTS}`, { json: { results: [account()] } })
      .queue(`PATCH ${ACCOUNTS}/77001`, { json: account({ authorized: true }) });
    expect(await hubspot().attachChannel?.(connection(), whatsapp(), io)).toMatchObject({ ok: true });
    expect(io.http.requests.at(-1)?.json).toMatchObject({ authorized: true });
    io.http.done();
  });

  it('does not pretend to move an account between inboxes', async () => {
    const io = testIo();
    io.http
      .queue(INBOXES, { json: fixture('inboxes') })
      .queue(`GET ${ACCOUNTS}`, { json: { results: [account({ inboxId: '320' })] } });
    expect(await hubspot().attachChannel?.(connection(), whatsapp(), io)).toMatchObject({
      ok: false,
      field: 'settings.inbox_id',
      why: expect.stringMatching(/already connected to the inbox 320.*Settings → Inbox/),
    });
    io.http.done();
  });

  it('says which plan is needed where HubSpot refuses custom channels', async () => {
    const io = testIo();
    io.http
      .queue(INBOXES, { json: fixture('inboxes') })
      .queue(`GET ${ACCOUNTS}`, { status: 403, json: errorBody('plan') });
    expect(await hubspot().attachChannel?.(connection(), whatsapp(), io)).toMatchObject({
      ok: false,
      why: expect.stringContaining('Professional or higher'),
    });
  });

  it('leaves a HubSpot that cannot be reached to the caller: that is nobody’s wrong field', async () => {
    const io = testIo();
    io.http.queue(INBOXES, new WireError('timed out', false));
    await expect(hubspot().attachChannel?.(connection(), whatsapp(), io)).rejects.toThrow(WireError);
  });

  it('says who has to register the custom channel while nobody can', async () => {
    const io = testIo();
    io.http.queue(INBOXES, { json: fixture('inboxes') });
    const adapter = hubspot({ customChannels: channelStore({}) });
    expect(await adapter.attachChannel?.(connection(), whatsapp(), io)).toMatchObject({
      ok: false,
      why: expect.stringContaining('npm run octopods -- hubspot channels register'),
    });
  });

  it('registers the custom channels by itself where the developer key is at hand', async () => {
    const io = testIo();
    io.http.queue(INBOXES, { json: fixture('inboxes') }).queue(`GET ${CHANNELS}`, { json: { results: [] } });
    for (const id of ['1000', '1001', '1002'])
      io.http.queue(`POST ${CHANNELS}`, { status: 201, json: { id, name: id } });
    io.http
      .queue(`GET ${ACCOUNTS}`, { json: { results: [] } })
      .queue(`POST ${ACCOUNTS}`, { status: 201, json: account() });
    const adapter = hubspot({ ...operator, customChannels: channelStore({}) });
    expect(await adapter.attachChannel?.(connection(), whatsapp(), io)).toMatchObject({ ok: true });
    io.http.done();
  });

  it.each([
    ['a Telegram bot', 'telegram', '8', {}, { type: 'CHANNEL_SPECIFIC_OPAQUE_ID', value: '8' }],
    ['an SMS number', 'sms', '+15550001111', {}, { type: 'HS_PHONE_NUMBER', value: '+15550001111' }],
    ['a short code', 'sms', '24273', {}, { type: 'HS_SHORT_CODE', value: '24273' }],
    ['a messaging service', 'sms', 'MG00aa', {}, { type: 'CHANNEL_SPECIFIC_OPAQUE_ID', value: 'MG00aa' }],
  ])('names %s as HubSpot can', async (_, medium, externalId, more, identifier) => {
    const io = testIo();
    const channel = { ...whatsapp(more), medium, externalId, settings: { inbox_id: '310' } };
    const id = medium === 'telegram' ? '1000' : '1002';
    io.http
      .queue(INBOXES, { json: fixture('inboxes') })
      .queue(`GET ${CHANNELS}/${id}/channel-accounts`, { json: { results: [] } })
      .queue(`POST ${CHANNELS}/${id}/channel-accounts`, { status: 201, json: account() });
    expect(await hubspot().attachChannel?.(connection(), channel, io)).toMatchObject({
      settings: { hubspot: { identifier } },
    });
  });
});

describe('detaching a channel', () => {
  it('switches its account off', async () => {
    const io = testIo();
    io.http.queue(`PATCH ${ACCOUNTS}/77001`, { json: account() });
    const hubspotFacts = {
      custom_channel_id: '1001',
      channel_account_id: '77001',
      inbox_id: '310',
      identifier: IDENTIFIER,
    };
    await hubspot().detachChannel?.(connection(), whatsapp({ hubspot: hubspotFacts }), io);
    expect(io.http.requests[0]?.json).toEqual({ authorized: false });
    io.http.done();
  });

  it('asks for nothing where nothing was attached', async () => {
    const io = testIo();
    await hubspot().detachChannel?.(connection(), whatsapp(), io);
    expect(io.http.requests).toEqual([]);
  });
});
