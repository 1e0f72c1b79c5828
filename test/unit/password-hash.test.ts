import { randomBytes, scryptSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { hashPassword, isOutdated, verifyPassword } from '../../server/accounts/password-hash.ts';
import { normalEmail, weakPassword } from '../../server/accounts/password-rules.ts';

const random = (bytes: number) => randomBytes(bytes);

it('a password fits its own hash and no other, and two hashes of it differ', async () => {
  const hash = await hashPassword('a walk in the rain', random);
  expect(await verifyPassword('a walk in the rain', hash)).toBe(true);
  expect(await verifyPassword('a walk in the rain ', hash)).toBe(false);
  expect(await hashPassword('a walk in the rain', random)).not.toBe(hash);
  expect(isOutdated(hash)).toBe(false);
});

it('nobody’s password fits nothing', async () => {
  expect(await verifyPassword('', undefined)).toBe(false);
});

it('the same characters typed in another form are the same password', async () => {
  const hash = await hashPassword('grüße vom meer', random);
  expect(await verifyPassword('gru\u0308ße vom meer', hash)).toBe(true);
});

it('a hash made by scrypt, on an older Node, is still read, and made anew', async () => {
  const salt = randomBytes(16);
  const key = scryptSync('a walk in the rain', salt, 32, { N: 2 ** 14, r: 8, p: 1 });
  const plain = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  const hash = `$scrypt$ln=14,r=8,p=1$${plain(salt)}$${plain(key)}`;
  expect(await verifyPassword('a walk in the rain', hash)).toBe(true);
  expect(await verifyPassword('a walk in the sun', hash)).toBe(false);
  expect(isOutdated(hash)).toBe(true);
});

it.each([
  ['short', 'at least 10'],
  ['x'.repeat(201), 'at most 200'],
  ['password123', 'guessed'],
  ['aaaaaaaaaaaa', 'guessed'],
  ['my grace is long', 'your address'],
])('%j is refused', (password, why) => {
  expect(weakPassword(password, 'grace@acme.test')?.why).toContain(why);
});

it.each([
  [' Grace@Acme.Test ', 'grace@acme.test'],
  ['grace', undefined],
  ['grace@acme', undefined],
  ['a@b.c\r\nbcc: evil@b.c', undefined],
  ['a b@acme.test', undefined],
  ['<a@acme.test>', undefined],
])('%j is the address %j', (written, address) => {
  expect(normalEmail(written)).toBe(address);
});
