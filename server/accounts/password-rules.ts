/** What an address and a password must be. Length counts, not character classes: NIST SP 800-63B, 3.1.1.2. */
import { type Refused, refusal } from './refusal.ts';

const MIN = 10;
const MAX = 200;
/** What people type first; a longer list would not know much more of what ten characters can be. */
const COMMON = /^(?:password|passwort|qwerty|azerty|letmein|welcome|octopods|1234567890|abcdefghij)[\d!.]*$/i;

/** Lower case, without spaces around; undefined when it is none. */
export function normalEmail(email: string): string | undefined {
  const address = email.trim().toLowerCase();
  return address.length <= 254 &&
    /^[^\s@<>,;:"()[\]\\]+@[^\s@<>,;:"()[\]\\.]+(?:\.[^\s@<>,;:"()[\]\\.]+)+$/.test(address)
    ? address
    : undefined;
}

export function weakPassword(password: string, email: string): Refused | undefined {
  const weak = (why: string) => refusal('invalid', why, 'password');
  if (password.length < MIN) return weak(`A password has at least ${MIN} characters.`);
  if (password.length > MAX) return weak(`A password has at most ${MAX} characters.`);
  if (COMMON.test(password) || /^(.)\1+$/.test(password)) return weak('This password is guessed too easily.');
  const name = email.split('@')[0] ?? '';
  if (name.length > 3 && password.toLowerCase().includes(name))
    return weak('A password must not contain your address.');
  return undefined;
}
