import { describe, expect, it } from 'vitest';
import type { RemoteFile } from '../../../server/core/message.ts';
import { testIo } from '../../support/io.ts';
import { making } from '../../support/making.ts';
import { API, connection, filePart, hubspot, message } from './given.ts';

const FILES = `${API}/files/2026-09/files`;

describe('a customer’s files', () => {
  it('are uploaded as private ones, each once and by its place', async () => {
    const io = testIo();
    const steps = hubspot().prepare?.(
      message({ parts: [filePart(), filePart({ name: 'b.jpg' })] }),
      connection(),
      io,
    );
    expect(steps?.map(({ name }) => name)).toEqual(['file:0', 'file:1']);
    io.http.queue(`POST ${FILES}`, { status: 201, json: { id: '61001' } });
    expect(await steps?.[0]?.run({}, making())).toBe('61001');

    const form = io.http.requests[0]?.multipart;
    const file = form?.get('file') as File;
    expect([file.name, file.type, [...new Uint8Array(await file.arrayBuffer())]]).toEqual([
      'bike.jpg',
      'image/jpeg',
      [1, 2, 3],
    ]);
    expect([form?.get('fileName'), form?.get('folderPath')]).toEqual(['bike.jpg', '/octopods/cnv_1']);
    expect(JSON.parse(String(form?.get('options')))).toEqual({
      access: 'PRIVATE',
      duplicateValidationStrategy: 'RETURN_EXISTING',
      duplicateValidationScope: 'EXACT_FOLDER',
    });
    expect(io.http.requests[0]?.headers).toEqual({ authorization: 'Bearer at-1' });
  });

  it('may be uploaded again after a failure', async () => {
    const io = testIo();
    const steps = hubspot().prepare?.(message({ parts: [filePart()] }), connection(), io);
    io.http.queue(`POST ${FILES}`, { status: 500 });
    expect(await steps?.[0]?.run({}, making())).toMatchObject({ outcome: 'retry' });
  });
});

describe('an agent’s files', () => {
  const file = (ref: object): RemoteFile => ({ kind: 'image', ref: JSON.stringify(ref), name: 'label.png' });
  const media = (ref: object, io = testIo()) => hubspot().media?.(file(ref), connection(), io);
  const EVENT_URL = 'https://f.hubspotusercontent-eu1.net/hubfs/label.png';

  it('are opened by a fresh signed URL, on HubSpot’s own hosts only, without our token', async () => {
    const io = testIo();
    const url = 'https://x.fs1.hubspotusercontent-xx9.net/label.png?sig=1';
    io.http
      .queue(`GET ${FILES}/61001/signed-url`, {
        json: { url, expiresAt: '2026-11-02T11:00:00Z', name: 'label', extension: 'png' },
      })
      .queue(`GET ${url}`, { headers: { 'content-type': 'image/png' }, bytes: new Uint8Array([9]) });
    const answer = await media({ fileId: '61001', url: EVENT_URL }, io);
    expect(answer).toMatchObject({ contentType: 'image/png', name: 'label.png' });
    const download = io.http.requests[1];
    expect(download?.headers?.authorization).toBeUndefined();
    expect(download?.hosts).toEqual(
      expect.arrayContaining([
        '.hubspotusercontent-eu1.net',
        '.hubapi.com',
        'x.fs1.hubspotusercontent-xx9.net',
        'api.test',
      ]),
    );
  });

  it('come from the event’s URL where there is no signed one', async () => {
    const io = testIo();
    io.http
      .queue(`GET ${FILES}/61001/signed-url`, { status: 403, json: {} })
      .queue(`GET ${EVENT_URL}`, { bytes: new Uint8Array([9]) });
    expect(await media({ fileId: '61001', url: EVENT_URL }, io)).toHaveProperty('body');
    io.http.queue(`GET ${EVENT_URL}`, { bytes: new Uint8Array([9]) });
    expect(await media({ url: EVENT_URL }, io)).toHaveProperty('body');
  });

  it('never lead to a host that only looks like HubSpot’s', async () => {
    const io = testIo();
    const url = 'https://hubspotusercontent-eu1.net.evil.test/x.png';
    io.http.queue(`GET ${url}`, { bytes: new Uint8Array([9]) });
    await media({ url }, io);
    expect(io.http.requests[0]?.hosts).not.toContain('hubspotusercontent-eu1.net.evil.test');
  });

  it.each([
    [404, 'refused'],
    [401, 'refused'],
    [503, 'retry'],
    [500, 'retry'],
  ])('that answer %i are %s', async (status, outcome) => {
    const io = testIo();
    io.http.queue(`GET ${EVENT_URL}`, { status });
    expect(await media({ url: EVENT_URL }, io)).toMatchObject({ outcome });
  });

  it('that nobody can name are refused', async () => {
    expect(await media({})).toMatchObject({ outcome: 'refused' });
  });
});
