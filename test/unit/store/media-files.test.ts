import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MAX_MEDIA_BYTES, MediaTooLarge } from '../../../server/store/database/refusals.ts';
import { createMediaFiles, type MediaFiles } from '../../../server/store/media/media-files.ts';

const CHUNK = 64 * 1024;
/** What each chunk carries besides its content: version, iv, tag. */
const SEALED = CHUNK + 29;
const key = createSecretKey(randomBytes(32));
let folder: string;
let files: MediaFiles;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'octopods-media-'));
  files = createMediaFiles(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** In pieces of odd sizes, as a network delivers. */
async function* pieces(bytes: Buffer, size = 10_007): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
async function read(id: string, range?: { from: number; to: number }): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of files.read(id, key, range)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
const pathOf = (id: string): string => join(folder, id.slice(-2), id);
const rewrite = (id: string, change: (bytes: Buffer) => Buffer): void =>
  writeFileSync(pathOf(id), change(readFileSync(pathOf(id))));

describe('a file in the media store', () => {
  test.each([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 200_001])(
    'of %i bytes comes back as it was',
    async (size) => {
      const bytes = randomBytes(size);
      expect(await files.write('med_1', key, pieces(bytes))).toBe(size);
      expect((await read('med_1')).equals(bytes)).toBe(true);
    },
  );

  test('can be read in ranges, across chunks', async () => {
    const bytes = randomBytes(3 * CHUNK + 500);
    await files.write('med_1', key, pieces(bytes));
    for (const [from, to] of [
      [0, 0],
      [10, 20],
      [CHUNK - 1, CHUNK],
      [CHUNK, 2 * CHUNK - 1],
      [5, 3 * CHUNK + 10],
      [3 * CHUNK, 3 * CHUNK + 499],
    ] as const)
      expect((await read('med_1', { from, to })).equals(bytes.subarray(from, to + 1))).toBe(true);
  });

  test('does not lie open on the disk', async () => {
    const text = Buffer.from('a very private letter '.repeat(10));
    await files.write('med_1', key, pieces(text));
    expect(readFileSync(pathOf('med_1')).includes('private letter')).toBe(false);
  });

  test('with two chunks swapped does not open', async () => {
    await files.write('med_1', key, pieces(randomBytes(3 * CHUNK)));
    rewrite('med_1', (bytes) =>
      Buffer.concat([
        bytes.subarray(SEALED, 2 * SEALED),
        bytes.subarray(0, SEALED),
        bytes.subarray(2 * SEALED),
      ]),
    );
    await expect(read('med_1')).rejects.toThrow();
  });

  test.each([1, 2])('cut off behind chunk %i does not open', async (chunks) => {
    await files.write('med_1', key, pieces(randomBytes(3 * CHUNK)));
    rewrite('med_1', (bytes) => bytes.subarray(0, chunks * SEALED));
    await expect(read('med_1')).rejects.toThrow();
  });

  test('with something appended does not open', async () => {
    await files.write('med_1', key, pieces(randomBytes(CHUNK)));
    rewrite('med_1', (bytes) => Buffer.concat([bytes, bytes]));
    await expect(read('med_1')).rejects.toThrow();
  });

  test('does not open under another file’s name', async () => {
    await files.write('med_1', key, pieces(randomBytes(100)));
    await files.write('med_2', key, pieces(randomBytes(100)));
    writeFileSync(pathOf('med_2'), readFileSync(pathOf('med_1')));
    await expect(read('med_2')).rejects.toThrow();
  });

  test('of exactly 25 MB is kept; one byte more is refused and leaves nothing behind', async () => {
    const most = Buffer.alloc(MAX_MEDIA_BYTES, 7);
    expect(await files.write('med_ok', key, pieces(most, 1 << 20))).toBe(MAX_MEDIA_BYTES);
    const more = pieces(Buffer.concat([most, Buffer.of(1)]), 1 << 20);
    await expect(files.write('med_no', key, more)).rejects.toThrow(MediaTooLarge);
    expect(readdirSync(folder, { recursive: true }).filter((one) => String(one).includes('med_no'))).toEqual(
      [],
    );
  });

  test('whose download broke off leaves nothing behind', async () => {
    async function* broken(): AsyncIterable<Uint8Array> {
      yield randomBytes(CHUNK * 2);
      throw new Error('connection lost');
    }
    await expect(files.write('med_1', key, broken())).rejects.toThrow('connection lost');
    await expect(read('med_1')).rejects.toThrow();
    expect(readdirSync(join(folder, '_1'))).toEqual([]);
  });

  test('is gone once it was removed, and removing it twice is fine', async () => {
    await files.write('med_1', key, pieces(randomBytes(10)));
    await files.remove('med_1');
    await files.remove('med_1');
    await expect(read('med_1')).rejects.toThrow();
  });
});
