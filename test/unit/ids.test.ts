import { describe, expect, it } from 'vitest';
import { makeId, makeSecretId } from '../../server/core/ids.ts';

const random = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes));

describe('ids', () => {
  it('sort by the time they were made', () => {
    const ids = [1, 2, 1_700_000_000_000, 1_900_000_000_000].map((now) => makeId('evt', now, random));
    expect([...ids].sort()).toEqual(ids);
  });
  it('never repeat within one millisecond', () => {
    const ids = new Set(Array.from({ length: 5_000 }, () => makeId('dlv', 1_700_000_000_000, random)));
    expect(ids.size).toBe(5_000);
  });
  it('of a webhook path hold at least 128 random bits', () => {
    const body = makeSecretId('chn', random).slice('chn_'.length);
    expect(body.length * 5).toBeGreaterThanOrEqual(128);
  });
});
