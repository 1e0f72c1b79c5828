import { describe, expect, it } from 'vitest';
import type { StatusDelivery } from '../../../server/core/adapter.ts';
import { TEST_NOW, testIo } from '../../support/io.ts';
import { API, connection, conversation, hubspot } from './given.ts';

const MESSAGES = `${API}/conversations/custom-channels/2026-09/1001/messages`;

describe('telling what became of an agent’s message', () => {
  const status = (more: Partial<StatusDelivery>): StatusDelivery => ({
    kind: 'status',
    id: 'dlv_2',
    conversation: conversation({ platformThread: '90210' }),
    prepared: {},
    at: TEST_NOW,
    of: 'msg-501',
    status: 'sent',
    excerpt: 'Your order',
    ...more,
  });

  it.each([
    ['sent', { status: 'sent' }, { statusType: 'SENT' }],
    ['delivered, for which HubSpot has no word', { status: 'delivered' }, { statusType: 'SENT' }],
    ['read', { status: 'read' }, { statusType: 'READ' }],
    [
      'failed, with the reason',
      { status: 'failed', why: 'The window is closed.' },
      { statusType: 'FAILED', errorMessage: 'The window is closed.' },
    ],
    [
      'unknown, never as a success',
      { status: 'unknown' },
      { statusType: 'FAILED', errorMessage: expect.stringMatching(/may have been delivered.*Check.*first/) },
    ],
  ] as const)('%s', async (_, more, json) => {
    const io = testIo();
    io.http.queue(`PATCH ${MESSAGES}/msg-501`, { json: {} });
    expect(await hubspot().send(status(more), connection(), io)).toEqual({ outcome: 'sent', id: 'msg-501' });
    expect(io.http.requests[0]?.json).toEqual(json);
  });

  it('tries again after any failure of HubSpot: a status twice is a status', async () => {
    const io = testIo();
    io.http.queue(`PATCH ${MESSAGES}/msg-501`, { status: 500 });
    expect(await hubspot().send(status({}), connection(), io)).toMatchObject({ outcome: 'retry' });
  });

  it('needs no preparation', () => {
    expect(hubspot().prepare?.(status({}), connection(), testIo())).toEqual([]);
  });
});
