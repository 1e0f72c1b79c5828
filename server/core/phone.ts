/**
 * Phone numbers as identities: E.164 with plus, and the cases in which one person is known by two such numbers.
 * Numbering plans come from libphonenumber (tables, no I/O).
 */
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import type { Customer } from './message.ts';

/**
 * The numbers under which the same person may be written down, the given one first. Three countries have two forms in
 * daily use, and WhatsApp reports one while address books hold the other:
 * - Brazil's mobile numbers got a ninth digit in front (2012–2016): +55 AA XXXXXXXX = +55 AA 9XXXXXXXX.
 * - Mexico dropped the 1 after the country code (2019): +52 1 XXXXXXXXXX = +52 XXXXXXXXXX.
 * - Argentina's mobiles carry a 9 when called from abroad: +54 9 XXXXXXXXXX = +54 XXXXXXXXXX.
 */
export function equivalentNumbers(e164: string): string[] {
  const other = TWINS.map(([form, twin]) => (form.test(e164) ? e164.replace(form, twin) : undefined)).find(
    (number) => number !== undefined,
  );
  return other === undefined ? [e164] : [e164, other];
}

const TWINS: [form: RegExp, twin: string][] = [
  [/^\+55(\d{2})9([6-9]\d{7})$/, '+55$1$2'],
  [/^\+55(\d{2})([6-9]\d{7})$/, '+55$19$2'],
  [/^\+521(\d{10})$/, '+52$1'],
  [/^\+52([2-9]\d{9})$/, '+521$1'],
  [/^\+549(\d{10})$/, '+54$1'],
  [/^\+54([1-8]\d{9})$/, '+549$1'],
];

export const isE164 = (value: string): boolean => /^\+[1-9]\d{5,14}$/.test(value);

/** The digits without the country code: `305551234` of `+49305551234`; undefined where the country is not known. */
export const nationalDigits = (e164: string): string | undefined =>
  parsePhoneNumberFromString(e164)?.nationalNumber;

/** As people read it: `+1 555 000 2222`. What is no known number stays as it is. */
export function displayPhone(e164: string): string {
  const known = displayed.get(e164);
  if (known !== undefined) return known;
  const made = parsePhoneNumberFromString(e164)?.formatInternational() ?? e164;
  if (displayed.size >= MAX_DISPLAYED) displayed.clear();
  displayed.set(e164, made);
  return made;
}

/** The customer with an address as people read it. */
export const recognisable = (customer: Customer): Customer => ({
  ...customer,
  address: isE164(customer.address) ? displayPhone(customer.address) : customer.address,
});

// Every message of a customer asks again, and looking into the numbering plans takes 50 µs, a third of a webhook.
const MAX_DISPLAYED = 10_000;
const displayed = new Map<string, string>();

/**
 * A number as people write it, as E.164. One without a country code is read as a number of the country that `like`
 * (E.164) belongs to; undefined when that makes no number.
 */
export function toE164(written: string, like?: string): string | undefined {
  const text = written.trim().replace(/^00/, '+');
  const callingCode = like === undefined ? undefined : parsePhoneNumberFromString(like)?.countryCallingCode;
  return callingCode === undefined
    ? parsePhoneNumberFromString(text)?.number
    : parsePhoneNumberFromString(text, { defaultCallingCode: callingCode })?.number;
}
