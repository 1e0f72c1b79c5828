import { expect, test } from 'vitest';
import { SPOTLESS, tally, together } from '../support/tally.ts';

test('what arrived as it was sent is spotless', () => {
  expect(tally(['a', 'b', 'c'], ['a', 'b', 'c'])).toEqual(SPOTLESS);
});

test('a loss, a duplicate, an inversion and a stranger are each seen', () => {
  expect(tally(['a', 'b', 'c'], ['a', 'c']).lost).toEqual(['b']);
  expect(tally(['a', 'b', 'c'], ['a', 'b', 'b', 'c']).twice).toEqual(['b']);
  expect(tally(['a', 'b', 'c'], ['a', 'c', 'b']).inverted).toEqual(['b']);
  expect(tally(['a'], ['a', 'x']).strange).toEqual(['x']);
});

test('one message that jumped the queue is one inversion for each that it overtook', () => {
  expect(tally(['a', 'b', 'c', 'd'], ['d', 'a', 'b', 'c']).inverted).toEqual(['a', 'b', 'c']);
});

test('a duplicate far behind is no inversion as well', () => {
  const seen = tally(['a', 'b', 'c'], ['a', 'b', 'c', 'a']);
  expect(seen).toEqual({ ...SPOTLESS, twice: ['a'] });
});

test('the blots of several conversations are counted together', () => {
  expect(together([tally(['a'], []), tally(['b'], ['b', 'b'])])).toEqual({
    ...SPOTLESS,
    lost: ['a'],
    twice: ['b'],
  });
});
