import { describe, expect, it } from 'vitest';
import type { RemoteFile } from '../../../server/core/message.ts';
import { WireError } from '../../../server/core/outcome.ts';
import { testIo } from '../../support/io.ts';
import { API, BOT, connection, TOKEN, telegram } from './world.ts';

const photo: RemoteFile = {
  kind: 'image',
  ref: 'large',
  name: 'photo-57.jpg',
  contentType: 'image/jpeg',
  size: 3,
};
const known = {
  json: { ok: true, result: { file_id: 'large', file_unique_id: 'l', file_path: 'photos/file 1.jpg' } },
};
const FILE = `GET ${API}/file/bot${TOKEN}/photos/file%201.jpg`;

const get = (io: ReturnType<typeof testIo>, file: RemoteFile = photo) =>
  telegram.media?.(file, connection, io);

describe('fetching a file', () => {
  it('asks for its path, then streams it from Telegram’s own host only', async () => {
    const io = testIo();
    io.http.queue(`POST ${BOT}/getFile`, known).queue(FILE, {
      bytes: new Uint8Array([1, 2]),
      headers: { 'content-type': 'application/octet-stream' },
    });
    const fetched = await get(io);
    if (!fetched || 'outcome' in fetched) throw new Error('it was not fetched');
    expect(fetched).toMatchObject({ contentType: 'image/jpeg', name: 'photo-57.jpg' });
    const chunks: Uint8Array[] = [];
    for await (const chunk of fetched.body) chunks.push(chunk);
    expect(chunks).toEqual([new Uint8Array([1, 2])]);
    expect(io.http.requests[0]?.json).toEqual({ file_id: 'large' });
    expect(io.http.requests[1]?.hosts).toEqual(['api.telegram.org']);
    expect(JSON.stringify(fetched)).not.toContain(TOKEN);
  });

  it('says so without asking when the file is larger than bots may fetch', async () => {
    const io = testIo();
    expect(await get(io, { ...photo, size: 20_971_521 })).toMatchObject({
      outcome: 'refused',
      why: expect.stringMatching(/“photo-57.jpg”.*20 MB/),
    });
    expect(io.http.requests).toEqual([]);
  });

  it.each([
    [
      { status: 400, json: { ok: false, error_code: 400, description: 'Bad Request: file is too big' } },
      'refused',
      /20 MB/,
    ],
    [
      {
        status: 400,
        json: {
          ok: false,
          error_code: 400,
          description: 'Bad Request: wrong file_id or the file is temporarily unavailable',
        },
      },
      'refused',
      /./,
    ],
    [
      { status: 401, json: { ok: false, error_code: 401, description: 'Unauthorized' } },
      'unauthorized',
      /token/,
    ],
    [
      {
        status: 429,
        json: {
          ok: false,
          error_code: 429,
          description: 'Too Many Requests',
          parameters: { retry_after: 3 },
        },
      },
      'retry',
      /slowly/,
    ],
    [
      { status: 500, json: { ok: false, error_code: 500, description: 'Internal Server Error' } },
      'retry',
      /./,
    ],
    [{ json: { ok: true, result: { file_id: 'large' } } }, 'refused', /send it again/],
  ])('%j → %s', async (answer, outcome, why) => {
    const io = testIo();
    io.http.queue(`POST ${BOT}/getFile`, answer);
    expect(await get(io)).toMatchObject({ outcome, why: expect.stringMatching(why) });
  });

  it.each([
    [404, 'refused'],
    [502, 'retry'],
    [401, 'unauthorized'],
  ])('a download that ends with %i is %s', async (status, outcome) => {
    const io = testIo();
    io.http.queue(`POST ${BOT}/getFile`, known).queue(FILE, { status });
    expect(await get(io)).toMatchObject({ outcome });
  });

  it('shows no token when the line breaks', async () => {
    const io = testIo();
    io.http
      .queue(`POST ${BOT}/getFile`, known)
      .queue(FILE, new WireError(`reset while reading ${API}/file/bot${TOKEN}/x`, false));
    const failure = await Promise.resolve(get(io)).catch((error) => error);
    expect(failure).toMatchObject({
      notSent: false,
      message: `reset while reading ${API}/file/bot<token>/x`,
    });
  });
});
