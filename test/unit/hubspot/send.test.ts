import { describe, expect, it } from 'vitest';
import { WireError } from '../../../server/core/outcome.ts';
import { TEST_NOW, testIo } from '../../support/io.ts';
import {
  API,
  connection,
  conversation,
  errorBody,
  filePart,
  fixture,
  hubspot,
  message,
  telegramConversation,
} from './given.ts';

const MESSAGES = `${API}/conversations/custom-channels/2026-09/1001/messages`;
const THREAD = `GET ${API}/conversations/conversations/2026-09/threads/90210`;
const published = { status: 201, json: fixture('published') };

describe('publishing a customer’s message', () => {
  it('sends every required field, with the delivery as idempotency id', async () => {
    const io = testIo();
    io.http.queue(`POST ${MESSAGES}`, published);
    expect(await hubspot().send(message(), connection(), io)).toEqual({
      outcome: 'sent',
      id: 'msg-900',
      thread: '90210',
      contact: '5001',
    });
    expect(io.http.requests[0]).toMatchObject({ headers: { authorization: 'Bearer at-1' } });
    expect(io.http.requests[0]?.json).toEqual({
      channelAccountId: '77001',
      messageDirection: 'INCOMING',
      integrationIdempotencyId: 'dlv_1',
      senders: [
        { deliveryIdentifier: { type: 'HS_PHONE_NUMBER', value: '+15550002222' }, name: 'Ann Example' },
      ],
      recipients: [{ deliveryIdentifier: { type: 'HS_PHONE_NUMBER', value: '+15550001111' } }],
      text: 'Is my bike ready?',
      timestamp: new Date(TEST_NOW - 1_000).toISOString(),
      attachments: [],
      associateWithContactId: 5001,
    });
    io.http.done();
  });

  it('names files by the ids of their uploads, in order, with a text that is never empty', async () => {
    const io = testIo();
    io.http.queue(`POST ${MESSAGES}`, published);
    const parts = [
      filePart(),
      filePart({ kind: 'voice' }),
      filePart({ kind: 'sticker' }),
      filePart({ kind: 'video' }),
    ];
    const prepared = { 'file:0': '61', 'file:1': '62', 'file:2': '63', 'file:3': '64' };
    await hubspot().send(message({ parts, prepared }), connection(), io);
    expect(io.http.requests[0]?.json).toMatchObject({
      text: ' ',
      attachments: [
        { type: 'FILE', fileId: '61', fileUsageType: 'IMAGE' },
        { type: 'FILE', fileId: '62', fileUsageType: 'VOICE_RECORDING' },
        { type: 'FILE', fileId: '63', fileUsageType: 'STICKER' },
        { type: 'FILE', fileId: '64', fileUsageType: 'OTHER' },
      ],
    });
  });

  it('carries captions as text, places and contact cards in HubSpot’s own form', async () => {
    const io = testIo();
    io.http.queue(`POST ${MESSAGES}`, published);
    const parts = [
      filePart({}, 'my bike'),
      { kind: 'location' as const, latitude: 59.3, longitude: 18.1, name: 'Home' },
      { kind: 'contact' as const, name: 'Bo van Berg', phones: ['+46810000'], emails: ['bo@x.example'] },
    ];
    await hubspot().send(message({ parts, prepared: { 'file:0': '61' } }), connection(), io);
    expect(io.http.requests[0]?.json).toMatchObject({
      text: 'my bike',
      attachments: [
        { type: 'FILE' },
        { type: 'LOCATION', latitude: 59.3, longitude: 18.1, name: 'Home' },
        {
          type: 'CONTACT',
          contactProfile: {
            name: { firstName: 'Bo', lastName: 'van Berg' },
            phones: [{ phone: '+46810000' }],
            emails: [{ email: 'bo@x.example' }],
            urls: [],
            addresses: [],
          },
        },
      ],
    });
  });

  it('names a customer without a number by an opaque id', async () => {
    const io = testIo();
    io.http
      .queue(`POST ${API}/conversations/custom-channels/2026-09/1000/messages`, published)
      .queue(THREAD, { json: { id: '90210', associatedContactId: 'V-8812' } });
    expect(await hubspot().send(message({ conversation: telegramConversation() }), connection(), io)).toEqual(
      {
        outcome: 'sent',
        id: 'msg-900',
        thread: '90210',
      },
    );
    expect(io.http.requests[0]?.json).toMatchObject({
      senders: [{ deliveryIdentifier: { type: 'CHANNEL_SPECIFIC_OPAQUE_ID', value: '52' } }],
    });
    expect(io.http.requests[0]?.json).not.toHaveProperty('associateWithContactId');
  });

  it('learns the contact that HubSpot matched from the thread', async () => {
    const io = testIo();
    io.http
      .queue(`POST ${MESSAGES}`, published)
      .queue(THREAD, { json: { id: '90210', associatedContactId: 5002 } });
    const delivery = message({ conversation: conversation(), prepared: { contact: '' } });
    expect(await hubspot().send(delivery, connection(), io)).toMatchObject({
      outcome: 'sent',
      contact: '5002',
    });
  });

  it('is sent, whatever happens to the look at the thread', async () => {
    const io = testIo();
    io.http.queue(`POST ${MESSAGES}`, published).queue(THREAD, new WireError('timed out', false));
    const delivery = message({ conversation: conversation() });
    expect(await hubspot().send(delivery, connection(), io)).toEqual({
      outcome: 'sent',
      id: 'msg-900',
      thread: '90210',
    });
  });

  it('takes a conflict on its own key for the proof that the message is there', async () => {
    const io = testIo();
    io.http.queue(`POST ${MESSAGES}`, { status: 409, json: { category: 'CONFLICT' } });
    expect(await hubspot().send(message(), connection(), io)).toMatchObject({
      outcome: 'sent',
      thread: '90210',
    });
  });

  it('asks for a new contact when the known one is gone', async () => {
    const io = testIo();
    io.http.queue(`POST ${MESSAGES}`, { status: 400, json: { message: 'Contact 5001 does not exist' } });
    expect(await hubspot().send(message(), connection(), io)).toMatchObject({
      outcome: 'retry',
      forget: 'contact',
    });
  });

  it('says where to mend a channel that has no inbox', async () => {
    const link = conversation();
    const bare = { ...link, channel: { ...link.channel, settings: {} } };
    expect(await hubspot().send(message({ conversation: bare }), connection(), testIo())).toMatchObject({
      outcome: 'refused',
      code: 'not_attached',
    });
  });
});

describe('what HubSpot’s refusals mean', () => {
  it.each([
    [
      'a missing scope names it',
      403,
      errorBody('missing_scopes'),
      {},
      {
        outcome: 'refused',
        code: 'MISSING_SCOPES',
        why: expect.stringContaining('conversations.custom_channels.write'),
      },
    ],
    [
      'a small plan is named',
      403,
      errorBody('plan'),
      {},
      { outcome: 'refused', why: expect.stringContaining('Professional') },
    ],
    ['a lock passes in two seconds', 423, {}, {}, { outcome: 'retry', afterMs: 2_000 }],
    [
      'the rolling limit passes in ten',
      429,
      errorBody('rolling_limit'),
      {},
      { outcome: 'retry', afterMs: 10_000 },
    ],
    [
      'the limit per second passes in one',
      429,
      errorBody('secondly_limit'),
      {},
      { outcome: 'retry', afterMs: 1_000 },
    ],
    [
      'HubSpot’s own word on the wait counts',
      429,
      errorBody('rolling_limit'),
      { 'retry-after': '7' },
      { outcome: 'retry', afterMs: 7_000 },
    ],
    [
      'an account on the move says when it is back',
      477,
      {},
      { 'retry-after': '7200' },
      { outcome: 'retry', afterMs: 7_200_000 },
    ],
    [
      'an account on the move that says nothing gets an hour',
      477,
      {},
      {},
      { outcome: 'retry', afterMs: 3_600_000 },
    ],
    ['503 is a refusal at the door', 503, {}, {}, { outcome: 'retry' }],
    ['after a 502 nobody knows', 502, {}, {}, { outcome: 'unknown' }],
    [
      'a wrong field is refused with HubSpot’s reference',
      400,
      { message: 'Bad timestamp.', correlationId: 'c-1' },
      {},
      { outcome: 'refused', code: '400', why: expect.stringMatching(/Bad timestamp .*c-1/) },
    ],
  ])('%s', async (_, status, json, headers, outcome) => {
    const io = testIo();
    io.http.queue(`POST ${MESSAGES}`, { status, json, headers });
    expect(await hubspot().send(message(), connection(), io)).toMatchObject(outcome);
  });

  it('renews a token that is refused before its time, and gives up when the new one is refused too', async () => {
    const io = testIo();
    const adapter = hubspot();
    const denied = { status: 401, json: { category: 'INVALID_AUTHENTICATION' } };
    io.http.queue(`POST ${MESSAGES}`, denied, denied);
    expect(await adapter.send(message(), connection(), io)).toMatchObject({ outcome: 'retry' });
    expect(await adapter.send(message(), connection(), io)).toMatchObject({ outcome: 'retry' });
    io.http.queue(`POST ${API}/oauth/2026-09/token`, { json: fixture('token') });
    const renewed = await adapter.refresh?.(connection(), io);
    expect(renewed).toMatchObject({ access_token: 'at-granted' });
    io.http.queue(`POST ${MESSAGES}`, denied);
    const next = connection({ access_token: 'at-granted' });
    expect(await adapter.send(message(), next, io)).toMatchObject({ outcome: 'unauthorized' });
  });

  it('forgets a refusal as soon as a call works', async () => {
    const io = testIo();
    const adapter = hubspot();
    io.http.queue(`POST ${MESSAGES}`, { status: 401, json: {} }, published);
    await adapter.send(message(), connection(), io);
    await adapter.send(message(), connection(), io);
    expect(await adapter.refresh?.(connection(), io)).toBeUndefined();
  });

  it('passes a lost answer on as it is', async () => {
    const io = testIo();
    io.http.queue(`POST ${MESSAGES}`, new WireError('timed out', false));
    await expect(hubspot().send(message(), connection(), io)).rejects.toThrow('timed out');
  });
});
