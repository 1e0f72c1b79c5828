import { describe, expect, it } from 'vitest';
import type { RemoteFile } from '../../../server/core/message.ts';
import { testIo } from '../../support/io.ts';
import { ACCOUNT, BASIC, connection, twilioSms } from './world.ts';

const picture: RemoteFile = {
  kind: 'image',
  ref: `${ACCOUNT}/Messages/MM1/Media/ME1`,
  name: 'image-1.jpg',
  contentType: 'image/jpeg',
};
const get = (io: ReturnType<typeof testIo>, file = picture) => twilioSms.media?.(file, connection, io);

describe('fetching a file', () => {
  it('proves itself to Twilio and stays on its hosts', async () => {
    const io = testIo();
    io.http.queue(`GET ${picture.ref}`, {
      bytes: new Uint8Array([1, 2]),
      headers: { 'content-type': 'image/jpeg' },
    });
    const fetched = await get(io);
    if (!fetched || 'outcome' in fetched) throw new Error('it was not fetched');
    expect(fetched).toMatchObject({ contentType: 'image/jpeg', name: 'image-1.jpg' });
    const chunks: Uint8Array[] = [];
    for await (const chunk of fetched.body) chunks.push(chunk);
    expect(chunks).toEqual([new Uint8Array([1, 2])]);
    expect(io.http.requests[0]).toMatchObject({
      headers: { authorization: BASIC },
      hosts: ['.twilio.com', '.twiliocdn.com', 's3-external-1.amazonaws.com'],
    });
  });

  it.each(['https://evil.example/x', 'http://api.twilio.com.evil.example/x', 'http://media.twilio.com/x'])(
    'never shows the auth token to %s',
    async (ref) => {
      const io = testIo();
      io.http.queue(`GET ${ref}`, { status: 404 });
      await get(io, { ...picture, ref });
      expect(io.http.requests[0]?.headers).toEqual({});
    },
  );

  it.each([
    [401, 'unauthorized'],
    [404, 'refused'],
    [410, 'refused'],
    [403, 'refused'],
    [429, 'retry'],
    [500, 'retry'],
  ])('%i is %s', async (status, outcome) => {
    const io = testIo();
    io.http.queue(`GET ${picture.ref}`, { status });
    expect(await get(io)).toMatchObject({ outcome, why: expect.stringMatching(/./) });
  });
});
