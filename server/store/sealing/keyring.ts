/**
 * The key ring (`OCTOPODS_KEYS`) wraps one data key per workspace as a JWE, so that rotation re-wraps keys and never
 * rows, and archiving a workspace destroys its content by destroying one key.
 */
import { createHash, randomBytes } from 'node:crypto';
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';

export interface KeyRing {
  /** Wraps with the first key. */
  wrap(dataKey: Uint8Array): Promise<string>;
  /** Unwraps with whichever key wrapped it; throws when that key is not in the ring any more. */
  unwrap(wrapped: string): Promise<Uint8Array>;
  /** Wrapped by the first key. */
  isCurrent(wrapped: string): boolean;
  /** Wrapped by one of the keys. */
  holds(wrapped: string): boolean;
  /** For a new workspace. */
  newDataKey(): Uint8Array;
}

/** `keys`: 32 bytes each; the first encrypts, all decrypt. */
export function createKeyRing(keys: Uint8Array[]): KeyRing {
  const ring = keys.map((key) => ({ kid: fingerprint(key), key }));
  const first = ring[0];
  if (!first) throw new Error('the key ring is empty');
  return {
    wrap: (dataKey) =>
      new CompactEncrypt(dataKey)
        .setProtectedHeader({ alg: 'A256GCMKW', enc: 'A256GCM', kid: first.kid })
        .encrypt(first.key),
    unwrap: async (wrapped) => {
      const { plaintext } = await compactDecrypt(wrapped, (header) => {
        const entry = ring.find((one) => one.kid === header.kid);
        if (!entry)
          throw new Error(`OCTOPODS_KEYS does not hold the key ${header.kid} that wrapped this data key`);
        return entry.key;
      });
      return plaintext;
    },
    isCurrent: (wrapped) => decodeProtectedHeader(wrapped).kid === first.kid,
    holds: (wrapped) => ring.some(({ kid }) => decodeProtectedHeader(wrapped).kid === kid),
    newDataKey: () => randomBytes(32),
  };
}

/** Names a key without telling anything about it. */
const fingerprint = (key: Uint8Array): string =>
  createHash('sha256').update(key).digest('base64url').slice(0, 10);
