/**
 * Passwords at rest: Argon2id where this Node has it (24.7 and later), scrypt before; the parameters are those of
 * https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html. Kept as PHC strings, which name
 * algorithm and parameters, so that both are read for ever and older ones are made anew at the next sign-in.
 */
import * as crypto from 'node:crypto';
import type { Random } from './secrets.ts';

const ARGON = { memory: 19_456, passes: 2, parallelism: 1 };
const SCRYPT = { N: 2 ** 17, r: 8, p: 1 };
const SALT_BYTES = 16;
const TAG_BYTES = 32;

type Derive = (password: string, salt: Uint8Array, parameters: Record<string, number>) => Promise<Buffer>;

const argon2id: Derive = (password, salt, { m = 0, t = 0, p = 0 }) =>
  new Promise((resolve, reject) => {
    const cost = { memory: m, passes: t, parallelism: p, tagLength: TAG_BYTES };
    const input = { message: Buffer.from(password), nonce: salt, ...cost };
    crypto.argon2('argon2id', input, (error, tag) => (error ? reject(error) : resolve(tag)));
  });

const scrypt: Derive = (password, salt, { ln = 0, r = 0, p = 0 }) =>
  new Promise((resolve, reject) => {
    const cost = { N: 2 ** ln, r, p, maxmem: 256 * 2 ** ln * r };
    crypto.scrypt(password, salt, TAG_BYTES, cost, (error, key) => (error ? reject(error) : resolve(key)));
  });

const DERIVES: Record<string, Derive> = { argon2id, scrypt };

const hasArgon = typeof crypto.argon2 === 'function';
const PREFERRED = hasArgon
  ? `$argon2id$v=19$m=${ARGON.memory},t=${ARGON.passes},p=${ARGON.parallelism}`
  : `$scrypt$ln=${Math.log2(SCRYPT.N)},r=${SCRYPT.r},p=${SCRYPT.p}`;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64').replace(/=+$/, '');

export async function hashPassword(password: string, random: Random): Promise<string> {
  const salt = random(SALT_BYTES);
  const { derive, parameters } = read(`${PREFERRED}$$`);
  return `${PREFERRED}$${base64(salt)}$${base64(await derive(normal(password), salt, parameters))}`;
}

/** False also for a hash that is not one (nobody's). Takes as long either way. */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  const { derive, parameters, salt, tag } = read(hash ?? NOBODY);
  const made = await derive(normal(password), salt, parameters);
  return crypto.timingSafeEqual(made, tag) && hash !== undefined;
}

/** A right password that was kept in an older way. */
export const isOutdated = (hash: string): boolean => !hash.startsWith(`${PREFERRED}$`);

/** Takes the place of the hash that an unknown address does not have, so that it costs the same time. */
const NOBODY = `${PREFERRED}$${base64(new Uint8Array(SALT_BYTES))}$${base64(new Uint8Array(TAG_BYTES))}`;

function read(phc: string) {
  const [, name = '', ...rest] = phc.split('$');
  const fields = rest[0]?.startsWith('v=') ? rest.slice(1) : rest;
  const [parameters = '', salt = '', tag = ''] = fields;
  const derive = DERIVES[name];
  if (!derive) throw new Error(`a password is kept by ${name}, which is not known here`);
  return {
    derive,
    parameters: Object.fromEntries(
      parameters.split(',').map((pair) => [pair.split('=')[0] ?? '', Number(pair.split('=')[1])]),
    ),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  };
}

/** The same characters typed on two keyboards: https://www.rfc-editor.org/rfc/rfc8265#section-4.2.1 */
const normal = (password: string): string => password.normalize('NFKC');
