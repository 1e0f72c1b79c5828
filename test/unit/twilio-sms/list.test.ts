import { describe, expect, it } from 'vitest';
import { WireError } from '../../../server/core/outcome.ts';
import { TEST_NOW, testIo } from '../../support/io.ts';
import type { Answer } from '../../support/scripted-http.ts';
import {
  ACCOUNT,
  CUSTOMER,
  connection,
  delivery,
  image,
  NUMBER,
  SERVICE,
  serviceConnection,
  twilioSms,
} from './world.ts';

const rfc2822 = (at: number) => new Date(at).toUTCString().replace('GMT', '+0000');
const page = (messages: object[], next_page_uri: string | null = null): Answer => ({
  json: { messages, next_page_uri },
});

describe('was it accepted after all?', () => {
  const startedAt = TEST_NOW;
  const message = delivery([{ kind: 'text', text: 'see you at 5' }], { startedAt });
  const listed = (more: object = {}) => ({
    sid: 'SM1',
    direction: 'outbound-api',
    body: 'see you at 5',
    num_media: '0',
    status: 'queued',
    date_created: rfc2822(startedAt + 1000),
    date_sent: null,
    ...more,
  });
  const LIST = `GET ${ACCOUNT}/Messages.json?To=%2B15550002222&From=%2B15550001111&PageSize=50`;

  const lookup = async (...pages: Answer[]) => {
    const io = testIo();
    pages.forEach((answer, index) => {
      io.http.queue(index === 0 ? LIST : 'GET https://api.twilio.com/next', answer);
    });
    const found = await twilioSms.lookup?.(message, connection, io);
    io.http.done();
    return found;
  };

  it('a queued message with the same words, made since then, is ours', async () => {
    expect(await lookup(page([listed()]))).toEqual({ found: 'SM1' });
  });

  it('a trial account’s words in front do not hide it', async () => {
    expect(
      await lookup(page([listed({ body: 'Sent from your Twilio trial account - see you at 5' })])),
    ).toEqual({
      found: 'SM1',
    });
  });

  it.each([
    ['other words', { body: 'see you at 6' }],
    ['a file that ours has not', { num_media: '1' }],
    ['the customer’s own', { direction: 'inbound' }],
    ['an older one', { date_created: rfc2822(startedAt - 60_000) }],
  ])('%s is not', async (_what, more) => {
    expect(await lookup(page([listed(more)]))).toBe('absent');
  });

  it('of two, the first one made is ours: the later belongs to a later send', async () => {
    const later = listed({ sid: 'SM2', date_created: rfc2822(startedAt + 9000) });
    expect(await lookup(page([later, listed()]))).toEqual({ found: 'SM1' });
  });

  it('reads on until before the time of the send, and no further', async () => {
    const noise = listed({ sid: 'SM3', body: 'x' });
    const old = listed({ date_created: rfc2822(startedAt - 60_000) });
    expect(await lookup(page([noise], '/next'), page([listed(), old], '/never-read'))).toEqual({
      found: 'SM1',
    });
  });

  it('what cannot be read is no proof of absence', async () => {
    await expect(lookup({ status: 500 })).rejects.toThrow('500');
    await expect(lookup(page([listed({ body: 'x' })], '/next'), { status: 429 })).rejects.toThrow('429');
    const io = testIo();
    io.http.queue(LIST, new WireError('timeout', false));
    await expect(twilioSms.lookup?.(message, connection, io)).rejects.toThrow('timeout');
    expect(await lookup({ status: 401 })).toMatchObject({ outcome: 'unauthorized' });
  });

  it('a message with files only is found by their number', async () => {
    const io = testIo();
    io.http.queue(LIST, page([listed({ body: '', num_media: '2' })]));
    const files = delivery([image('a'), image('b')], { startedAt });
    expect(await twilioSms.lookup?.(files, connection, io)).toEqual({ found: 'SM1' });
  });

  it('a Messaging Service chooses the number, so only the recipient is asked for', async () => {
    const io = testIo();
    io.http.queue(
      `GET ${ACCOUNT}/Messages.json?To=%2B15550002222&PageSize=50`,
      page([listed({ from: '+15550009999' })]),
    );
    expect(await twilioSms.lookup?.(message, serviceConnection, io)).toEqual({ found: 'SM1' });
  });
});

describe('catching up', () => {
  const since = TEST_NOW - 3_600_000;
  const inbound = (sid: string, more: object = {}) => ({
    sid,
    direction: 'inbound',
    from: CUSTOMER,
    to: NUMBER,
    body: 'hello',
    num_media: '0',
    date_sent: rfc2822(TEST_NOW - 60_000),
    messaging_service_sid: null,
    ...more,
  });
  const LIST = `GET ${ACCOUNT}/Messages.json?To=%2B15550001111&DateSent%3E=2026-11-02T09%3A00%3A00Z&PageSize=1000`;

  it('finds what came in, under the ids that the webhook would have had', async () => {
    const io = testIo();
    io.http.queue(LIST, page([inbound('SM2'), { ...inbound('SM9'), direction: 'outbound-api' }], '/next'));
    io.http.queue(
      'GET https://api.twilio.com/next',
      page([inbound('SM1', { date_sent: rfc2822(TEST_NOW - 120_000) })]),
    );
    expect(await twilioSms.catchUp?.(connection, since, io)).toMatchObject([
      { id: 'SM1', at: TEST_NOW - 120_000 },
      {
        kind: 'message',
        id: 'SM2',
        thread: CUSTOMER,
        parts: [{ kind: 'text', text: 'hello' }],
        at: TEST_NOW - 60_000,
      },
    ]);
    io.http.done();
  });

  it('oldest first, though Twilio lists the newest first: the second alone does not tell', async () => {
    const io = testIo();
    io.http.queue(LIST, page([inbound('SM3'), inbound('SM2'), inbound('SM1')]));
    const events = await twilioSms.catchUp?.(connection, since, io);
    expect(events?.map((event) => 'id' in event && event.id)).toEqual(['SM1', 'SM2', 'SM3']);
  });

  it('with their files', async () => {
    const io = testIo();
    io.http.queue(LIST, page([inbound('MM1', { num_media: '1', body: '' })]));
    io.http.queue(`GET ${ACCOUNT}/Messages/MM1/Media.json`, {
      json: { media_list: [{ sid: 'ME1', content_type: 'image/png' }] },
    });
    expect(await twilioSms.catchUp?.(connection, since, io)).toMatchObject([
      {
        id: 'MM1',
        parts: [
          {
            kind: 'file',
            file: { kind: 'image', ref: `${ACCOUNT}/Messages/MM1/Media/ME1`, name: 'image-1.png' },
          },
        ],
      },
    ]);
  });

  it('leaves out what is older than asked for: Twilio may filter by day only', async () => {
    const io = testIo();
    io.http.queue(LIST, page([inbound('SM1', { date_sent: rfc2822(since - 60_000) })]));
    expect(await twilioSms.catchUp?.(connection, since, io)).toEqual([]);
  });

  it('of a Messaging Service, to any of its numbers', async () => {
    const io = testIo();
    const mine = inbound('SM1', { to: '+15550009999', messaging_service_sid: SERVICE });
    io.http.queue(`GET ${ACCOUNT}/Messages.json?DateSent`, page([mine, inbound('SM2')]));
    expect(await twilioSms.catchUp?.(serviceConnection, since, io)).toMatchObject([{ id: 'SM1' }]);
  });

  it('fails rather than pass half a list for a whole one', async () => {
    const io = testIo();
    io.http
      .queue(LIST, page([inbound('SM1')], '/next'))
      .queue('GET https://api.twilio.com/next', { status: 500 });
    await expect(twilioSms.catchUp?.(connection, since, io)).rejects.toThrow(/did not list/);
  });
});
