import { expect, test } from 'vitest';
import { didYouMean, nearest } from './suggestion.js';

test.each([
  ['imgae', ['image', 'init', 'name'], ['image']],
  ['read_only', ['readonly', 'rlimits'], ['readonly']],
  ['lightppd', ['lighttpd', 'nginx', 'lightdm'], ['lighttpd']],
  ['x', ['y', 'image'], []],
  ['a'.repeat(200), ['a'.repeat(200)], []],
])('nearest() finds what %j is a misspelling of', (word, candidates, expected) => {
  expect(nearest(word, candidates)).toEqual(expected);
});

test('nearest() gives three at the most, always in the same order', () => {
  const candidates = ['web5', 'web3', 'web1', 'web4', 'web2'];
  expect(nearest('web', candidates)).toEqual(['web1', 'web2', 'web3']);
  expect(nearest('web', candidates.reverse())).toEqual(['web1', 'web2', 'web3']);
});

test('didYouMean() is a part of a sentence', () => {
  expect([[], ['a'], ['a', 'b', 'c']].map(didYouMean)).toEqual(['', '; did you mean a?', '; did you mean a, b or c?']);
});
