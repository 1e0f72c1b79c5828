/**
 * Content at rest: AES-256-GCM under the workspace's data key (about 3 µs for a message; a JWE by a library costs 50).
 * Layout: version (1 byte) · iv (12) · tag (16) · ciphertext. The row's own id is the additional data, so a sealed
 * value cannot be moved to another row.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { random } from '../database/random.ts';

const VERSION = 1;
const IV = 12;
const HEAD = 1 + IV + 16;

export interface Seal {
  seal(rowId: string, value: unknown): Buffer;
  /** Throws when the value was tampered with or belongs to another row. */
  open<Value>(rowId: string, sealed: Uint8Array): Value;
  /** A keyed hash for look-ups of what must not be readable (phone numbers, message ids). 22 characters, 132 bits. */
  hash(...words: string[]): string;
  /** The raw data key, for the media store's chunks. */
  key: KeyObject;
}

export function createSeal(dataKey: Uint8Array): Seal {
  const key = createSecretKey(dataKey);
  const hashKey = createSecretKey(
    Buffer.from(hkdfSync('sha256', dataKey, '', 'octopods look-up hashes', 32)),
  );
  return {
    key,
    seal: (rowId, value) => sealBytes(key, rowId, Buffer.from(JSON.stringify(value))),
    open: <Value>(rowId: string, sealed: Uint8Array) =>
      JSON.parse(openBytes(key, rowId, sealed).toString('utf8')) as Value,
    hash: (...words) =>
      createHmac('sha256', hashKey).update(words.join('\u0000')).digest('base64url').slice(0, 22),
  };
}

export function sealBytes(key: KeyObject, aad: string, plain: Uint8Array): Buffer {
  const iv = random(IV);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(aad));
  const body = cipher.update(plain);
  cipher.final();
  // Memory of its own: out of the shared pool, all of the pool would be copied when it goes to another thread.
  const sealed = Buffer.allocUnsafeSlow(HEAD + body.length);
  sealed[0] = VERSION;
  sealed.set(iv, 1);
  sealed.set(cipher.getAuthTag(), 1 + IV);
  sealed.set(body, HEAD);
  return sealed;
}

export function openBytes(key: KeyObject, aad: string, sealed: Uint8Array): Buffer {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes.length < HEAD || bytes[0] !== VERSION) throw new Error('not a sealed value');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 13));
  decipher.setAAD(Buffer.from(aad));
  decipher.setAuthTag(bytes.subarray(13, HEAD));
  return Buffer.concat([decipher.update(bytes.subarray(HEAD)), decipher.final()]);
}
