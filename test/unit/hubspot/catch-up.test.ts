import { describe, expect, it } from 'vitest';
import { TEST_NOW, testIo } from '../../support/io.ts';
import { API, channelStore, connection, errorBody, fixture, hubspot } from './given.ts';

const THREADS = `GET ${API}/conversations/conversations/2026-09/threads`;
const SINCE = TEST_NOW - 600_000;
const template = fixture<{ message: Record<string, unknown> }>('outgoing-message').message;
const sent = (id: string, secondsAgo: number, more: object = {}) => ({
  ...template,
  id,
  createdAt: new Date(TEST_NOW - secondsAgo * 1_000).toISOString(),
  ...more,
});
const thread = (id: string, more: object = {}) => ({
  id,
  originalChannelId: '1001',
  latestMessageTimestamp: new Date(TEST_NOW).toISOString(),
  ...more,
});
const catchUp = (io = testIo(), adapter = hubspot()) => adapter.catchUp?.(connection(), SINCE, io);

describe('catching up with HubSpot', () => {
  it('finds what agents wrote on our channels since then, oldest first', async () => {
    const io = testIo();
    const theirs = sent('m3', 20, { direction: 'INCOMING' });
    const ours = sent('m4', 10, { client: { clientType: 'INTEGRATION', integrationAppId: '9009' } });
    const elsewhere = sent('m5', 5, { channelId: '1007' });
    const comment = sent('m6', 4, { type: 'COMMENT' });
    io.http
      .queue(
        `${THREADS}?latestMessageTimestampAfter=2026-11-02T09%3A50%3A00.000Z&sort=latestMessageTimestamp`,
        {
          json: { results: [thread('90210'), thread('90211', { originalChannelId: '1007' })] },
        },
      )
      .queue(`${THREADS}/90210/messages`, {
        json: {
          results: [comment, elsewhere, ours, theirs, sent('m2', 30), sent('m1', 40), sent('m0', 700)],
        },
      });
    expect((await catchUp(io))?.map((event) => 'id' in event && event.id)).toEqual(['m1', 'm2']);
    io.http.done();
  });

  it('makes the same events as the webhook, so that they fall together', async () => {
    const io = testIo();
    io.http
      .queue(THREADS, { json: { results: [thread('90210')] } })
      .queue(`${THREADS}/90210/messages`, { json: { results: [template] } });
    expect(await catchUp(io)).toMatchObject([
      { id: 'msg-501', thread: '90210', route: { channelAccountId: '77001', recipient: '+15550002222' } },
    ]);
  });

  it('follows the pages of threads and messages, and stops where the messages are too old', async () => {
    const io = testIo();
    const next = { paging: { next: { after: 'p2' } } };
    io.http
      .queue(THREADS, { json: { results: [thread('1')], ...next } }, { json: { results: [thread('2')] } })
      .queue(`${THREADS}/1/messages`, { json: { results: [sent('b', 1), sent('a', 2)], ...next } })
      .queue(`${THREADS}/1/messages`, { json: { results: [sent('old', 700)], ...next } })
      .queue(`${THREADS}/2/messages`, { json: { results: [] } });
    expect(await catchUp(io)).toHaveLength(2);
    expect(io.http.requests[1]?.url).toContain('after=p2');
    io.http.done();
  });

  it('fails as a whole when HubSpot refuses a page, and then goes on where it stopped', async () => {
    const io = testIo();
    const adapter = hubspot();
    const threads = { json: { results: [thread('1'), thread('2')] } };
    io.http
      .queue(THREADS, threads)
      .queue(`${THREADS}/1/messages`, { json: { results: [sent('a', 2)] } })
      .queue(`${THREADS}/2/messages`, { status: 429, json: errorBody('rolling_limit') });
    await expect(catchUp(io, adapter)).rejects.toThrow('429');
    io.http.queue(THREADS, threads).queue(`${THREADS}/2/messages`, { json: { results: [sent('b', 1)] } });
    expect((await catchUp(io, adapter))?.map((event) => 'id' in event && event.id)).toEqual(['a', 'b']);
    io.http.done();
  });

  it('asks nothing while no custom channel is registered', async () => {
    const io = testIo();
    expect(await catchUp(io, hubspot({ customChannels: channelStore({}) }))).toEqual([]);
    expect(io.http.requests).toEqual([]);
  });
});
