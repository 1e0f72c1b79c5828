/**
 * Ids that we make. Opaque to everyone else; a prefix says what they name, so a log line can be read.
 * Randomness is handed in (`crypto.getRandomValues`): core touches no globals of the machine.
 */

export type IdKind =
  | 'acc'
  | 'per'
  | 'wsp'
  | 'chn'
  | 'cnv'
  | 'evt'
  | 'dlv'
  | 'med'
  | 'tok'
  | 'ses'
  | 'joi'
  | 'inv'
  | 'wrk';

const ALPHABET = '0123456789abcdefghijklmnopqrstuv';

/** Time first (48 bits), then `bytes` of randomness: sorts by creation, cannot be guessed (10 bytes = 80 bits). */
export function makeId(kind: IdKind, now: number, random: (bytes: number) => Uint8Array): string {
  return `${firstId(kind, now)}${encode(random(10))}`;
}

/** Sorts before every id of this kind made at `ms` or later, and behind all earlier ones. */
export const firstId = (kind: IdKind, ms: number): string =>
  `${kind}_${Math.max(0, Math.floor(ms)).toString(32).padStart(10, '0')}`;

/** No time in it: for what must be unguessable as a whole, such as the channel id of a webhook path (160 bits). */
export const makeSecretId = (kind: IdKind, random: (bytes: number) => Uint8Array): string =>
  `${kind}_${encode(random(20))}`;

/** Base32 (RFC 4648 hex alphabet, lower case), five bits a character. */
function encode(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      text += ALPHABET[(value >>> (bits - 5)) & 31];
      bits -= 5;
    }
  }
  return bits > 0 ? text + ALPHABET[(value << (5 - bits)) & 31] : text;
}
