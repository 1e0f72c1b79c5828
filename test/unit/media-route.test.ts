import { randomBytes } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApp } from '../../server/http/app.ts';
import { createMediaRouter } from '../../server/http/media.ts';
import { signMediaToken } from '../../server/http/media-link.ts';
import { createMediaRows } from '../../server/store/media/media-rows.ts';
import { openWorld, WORKSPACE, type World } from '../support/relay-world.ts';

const CONTENT = randomBytes(150_000);
let world: World;
let server: Server;
let origin: string;

beforeAll(async () => {
  world = await openWorld();
  const { io, connections, deps } = world;
  const router = createMediaRouter({ connections, media: deps.media, clock: io.clock });
  server = createServer(createApp({ log: io.log, trustProxy: 0, routers: [{ path: '/', router }] }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await world.close();
});

let made = 0;
/** A stored file; answers its link. */
async function stored(name: string, contentType: string, bytes: Buffer = CONTENT): Promise<string> {
  made += 1;
  await world.customerWrites('', {
    id: `file-${made}`,
    parts: [{ kind: 'file', file: { kind: 'document', ref: 'x' } }],
  });
  const rows = createMediaRows(world.db, world.connections.seal);
  const [row] = await rows.claim(1, 60_000, world.io.clock.now());
  if (!row) throw new Error('no file was waiting');
  const { key } = await world.connections.seal(WORKSPACE);
  async function* body() {
    yield bytes;
  }
  const size = await world.deps.media.files.write(row.id, key, body());
  await rows.stored(row, { name, contentType, size });
  return tokenOf(row.id);
}
const tokenOf = async (id: string): Promise<string> =>
  signMediaToken(await world.connections.seal(WORKSPACE), WORKSPACE, id, world.io.clock.now());
const get = (token: string, init: RequestInit = {}) => fetch(`${origin}/media/${token}`, init);

describe('a media link', () => {
  test('serves the whole file, and says how it may be used', async () => {
    const answer = await get(await stored('photo one.png', 'image/png'));
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer()).equals(CONTENT)).toBe(true);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': '150000',
      'content-disposition': "inline; filename*=UTF-8''photo%20one.png",
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "sandbox; default-src 'none'",
    });
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  test.each([
    ['text/html', 'application/octet-stream'],
    ['image/svg+xml', 'application/octet-stream'],
    ['application/javascript', 'application/octet-stream'],
    ['application/pdf', 'application/pdf'],
    ['text/plain; charset=utf-8', 'text/plain'],
  ])('never lets %s become a page: it is downloaded as %s', async (type, shownAs) => {
    const answer = await get(await stored('x', type));
    expect(answer.headers.get('content-type')?.split(';')[0]).toBe(shownAs);
    expect(answer.headers.get('content-disposition')).toMatch(/^attachment/);
    await answer.arrayBuffer();
  });

  test.each([
    ['bytes=0-99', 0, 99],
    ['bytes=65000-70000', 65_000, 70_000],
    ['bytes=149990-', 149_990, 149_999],
    ['bytes=-10', 149_990, 149_999],
    ['bytes=149990-999999', 149_990, 149_999],
  ])('serves %s', async (range, from, to) => {
    const answer = await get(await stored('a.mp4', 'video/mp4'), { headers: { range } });
    expect(answer.status).toBe(206);
    expect(answer.headers.get('content-range')).toBe(`bytes ${from}-${to}/150000`);
    expect(answer.headers.get('content-length')).toBe(String(to - from + 1));
    expect(Buffer.from(await answer.arrayBuffer()).equals(CONTENT.subarray(from, to + 1))).toBe(true);
  });

  test('says 416 to a range behind the end', async () => {
    const answer = await get(await stored('a.mp4', 'video/mp4'), { headers: { range: 'bytes=150000-' } });
    expect(answer.status).toBe(416);
    expect(answer.headers.get('content-range')).toBe('bytes */150000');
  });

  test.each(['bytes=a-b', 'lines=1-2', 'bytes=0-1,5-6', 'bytes=-'])(
    'serves the whole file for %s',
    async (range) => {
      const answer = await get(await stored('a.mp4', 'video/mp4'), { headers: { range } });
      expect(answer.status).toBe(200);
      await answer.arrayBuffer();
    },
  );

  test('answers HEAD with the headers alone', async () => {
    const answer = await get(await stored('a.png', 'image/png'), { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-length')).toBe('150000');
    expect((await answer.arrayBuffer()).byteLength).toBe(0);
  });

  test('is 405 for everything else', async () => {
    const answer = await get(await stored('a.png', 'image/png'), { method: 'POST' });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });

  test('is 404 after a day', async () => {
    const token = await stored('a.png', 'image/png');
    world.io.clock.advance(24 * 3_600_000 - 2_000);
    expect((await get(token, { method: 'HEAD' })).status).toBe(200);
    world.io.clock.advance(4_000);
    expect((await get(token)).status).toBe(404);
  });

  test('with anything changed is 404', async () => {
    const token = await stored('a.png', 'image/png');
    const [workspace, media, expiry, signature] = token.split('.') as [string, string, string, string];
    const later = (Number.parseInt(expiry, 36) + 3_600).toString(36);
    const other = await stored('b.png', 'image/png');
    for (const changed of [
      [workspace, media, later, signature],
      [workspace, other.split('.')[1], expiry, signature],
      ['wsp_other', media, expiry, signature],
      [workspace, media, expiry, signature.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))],
      [workspace, media, expiry, ''],
      [workspace, media, expiry],
      [workspace, media, expiry, signature, 'more'],
    ])
      expect((await get(changed.join('.'))).status).toBe(404);
    expect((await get(token, { method: 'HEAD' })).status).toBe(200);
  });

  test('of a file that is still being fetched is 404', async () => {
    await world.customerWrites('', {
      id: 'waiting',
      parts: [{ kind: 'file', file: { kind: 'image', ref: 'x' } }],
    });
    const [row] = await world.db.selectFrom('media').select('id').where('state', '=', 'waiting').execute();
    expect((await get(await tokenOf(row?.id ?? ''))).status).toBe(404);
  });

  test('tampered with on the disk breaks off instead of serving something else', async () => {
    const token = await stored('a.png', 'image/png');
    const id = token.split('.')[1] as string;
    const { key } = await world.connections.seal(WORKSPACE);
    async function* body() {
      yield randomBytes(150_000);
    }
    await world.deps.media.files.write(`${id}-other`, key, body());
    const pathOf = (name: string) => join(world.file, '..', 'media', name.slice(-2), name);
    copyFileSync(pathOf(`${id}-other`), pathOf(id));
    await expect(get(token).then((answer) => answer.arrayBuffer())).rejects.toThrow();
  });
});
