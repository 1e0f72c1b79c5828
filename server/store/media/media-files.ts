/**
 * The bytes of files, encrypted in chunks of 64 kB under the workspace's data key, each bound to its place: a chunk
 * cannot be cut off, swapped or moved to another file. Capped at 25 MB.
 */

import type { KeyObject } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MAX_MEDIA_BYTES, MediaTooLarge } from '../database/refusals.ts';
import { openBytes, sealBytes } from '../sealing/seal.ts';

const CHUNK = 64 * 1024;
/** version + iv + tag, see seal.ts. */
const OVERHEAD = 29;

export interface MediaFiles {
  /** Streams to disk; answers the size in bytes. Throws `MediaTooLarge` above the cap and leaves nothing behind. */
  write(id: string, key: KeyObject, body: AsyncIterable<Uint8Array>): Promise<number>;
  /** `from`, `to`: bytes, inclusive; the whole file without them. Throws when a chunk was tampered with. */
  read(id: string, key: KeyObject, range?: { from: number; to: number }): AsyncIterable<Buffer>;
  remove(id: string): Promise<void>;
}

/** `folder`: created when it is missing. */
export function createMediaFiles(folder: string): MediaFiles {
  const path = (id: string) => join(folder, id.slice(-2), id);
  return {
    write: async (id, key, body) => {
      await mkdir(join(folder, id.slice(-2)), { recursive: true });
      const part = `${path(id)}.part`;
      const counted = { bytes: 0 };
      try {
        await pipeline(sealChunks(id, key, body, counted), createWriteStream(part, { flush: true }));
        await rename(part, path(id));
      } catch (error) {
        await rm(part, { force: true });
        throw error;
      }
      return counted.bytes;
    },
    read: (id, key, range) => openChunks(path(id), id, key, range),
    remove: (id) => rm(path(id), { force: true }),
  };
}

async function* sealChunks(
  id: string,
  key: KeyObject,
  body: AsyncIterable<Uint8Array>,
  counted: { bytes: number },
): AsyncGenerator<Buffer> {
  let waiting = Buffer.alloc(0);
  let index = 0;
  for await (const piece of body) {
    counted.bytes += piece.byteLength;
    if (counted.bytes > MAX_MEDIA_BYTES) throw new MediaTooLarge('the file is larger than 25 MB');
    waiting = Buffer.concat([waiting, piece]);
    while (waiting.length > CHUNK) {
      yield sealBytes(key, `${id} ${index}`, waiting.subarray(0, CHUNK));
      waiting = waiting.subarray(CHUNK);
      index += 1;
    }
  }
  // The last chunk's name says that it is the last: a file cut at a chunk's edge does not open.
  yield sealBytes(key, `${id} ${index} end`, waiting);
}

async function* openChunks(
  path: string,
  id: string,
  key: KeyObject,
  range?: { from: number; to: number },
): AsyncGenerator<Buffer> {
  const first = range ? Math.floor(range.from / CHUNK) : 0;
  const stream = createReadStream(path, {
    start: first * (CHUNK + OVERHEAD),
    highWaterMark: CHUNK + OVERHEAD,
  });
  let at = first * CHUNK;
  for await (const { sealed, index, last } of sealedChunks(stream, first)) {
    const plain = openBytes(key, `${id} ${index}${last ? ' end' : ''}`, sealed);
    const from = range ? Math.max(0, range.from - at) : 0;
    const to = range ? Math.min(plain.length, range.to - at + 1) : plain.length;
    if (to > from) yield plain.subarray(from, to);
    at += plain.length;
    if (range && at > range.to) return;
  }
}

/** Cuts the stream into sealed chunks; one is the last when nothing follows it. */
async function* sealedChunks(
  stream: Readable,
  first: number,
): AsyncGenerator<{ sealed: Buffer; index: number; last: boolean }> {
  let waiting = Buffer.alloc(0);
  let index = first;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    waiting = Buffer.concat([waiting, piece]);
    while (waiting.length > CHUNK + OVERHEAD) {
      yield { sealed: waiting.subarray(0, CHUNK + OVERHEAD), index, last: false };
      waiting = waiting.subarray(CHUNK + OVERHEAD);
      index += 1;
    }
  }
  yield { sealed: waiting, index, last: true };
}
