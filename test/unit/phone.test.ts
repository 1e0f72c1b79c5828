import { describe, expect, it } from 'vitest';
import { equivalentNumbers, isE164, nationalDigits, toE164 } from '../../server/core/phone.ts';

describe('phone numbers as identities', () => {
  it.each([
    ['+5511987654321', '+551187654321'],
    ['+5215512345678', '+525512345678'],
    ['+5491123456789', '+541123456789'],
  ])('%s and %s are one person, from either side', (long, short) => {
    expect(equivalentNumbers(long)).toEqual([long, short]);
    expect(equivalentNumbers(short)).toEqual([short, long]);
  });

  it('gives a Brazilian landline and any other country one form only', () => {
    expect(equivalentNumbers('+551132654321')).toEqual(['+551132654321']);
    expect(equivalentNumbers('+15550002222')).toEqual(['+15550002222']);
  });

  it('reads a written number in the country of a known one', () => {
    expect(toE164('(555) 000-2222', '+15550001111')).toBe('+15550002222');
    expect(toE164('030 123456', '+49305551234')).toBe('+4930123456');
    expect(toE164('0049 30 123456', '+15550001111')).toBe('+4930123456');
  });

  it('makes no number of a national one without a country, nor of words', () => {
    expect(toE164('030 123456')).toBeUndefined();
    expect(toE164('call me', '+15550001111')).toBeUndefined();
  });

  it('knows the national digits, and what E.164 looks like', () => {
    expect(nationalDigits('+4930123456')).toBe('30123456');
    expect([isE164('+15550002222'), isE164('15550002222'), isE164('+0123456')]).toEqual([true, false, false]);
  });
});
