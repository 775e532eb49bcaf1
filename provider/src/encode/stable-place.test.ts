import { describe, expect, it } from 'vitest';
import { firstFree, hashOfText, placeOfHash, quantise } from './stable-place.js';

const NAMES = Array.from({ length: 2000 }, (_, index) => `usr/share/name ${index}`);

describe('placeOfHash()', () => {
  it('gives each place about as many', () => {
    const counts = new Array<number>(10).fill(0);
    for (const name of NAMES)
      counts[placeOfHash(hashOfText(name), 10)] = (counts[placeOfHash(hashOfText(name), 10)] ?? 0) + 1;
    for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(60);
  });

  it('moves only to the new place, when there is one more', () => {
    const moved = NAMES.map((name) => [placeOfHash(hashOfText(name), 10), placeOfHash(hashOfText(name), 11)]).filter(
      ([before, after]) => before !== after,
    );
    expect(moved.every(([, after]) => after === 10)).toBe(true);
    expect(moved.length).toBeLessThan(2 * (NAMES.length / 11));
  });
});

describe('firstFree()', () => {
  it('gives every place, and undefined when none is free', () => {
    for (const count of [1, 2, 7, 100]) {
      const free = new Set(Array.from({ length: count }, (_, place) => place));
      while (free.size > 0) free.delete(firstFree(12345, count, (place) => free.has(place)) as number);
      expect(firstFree(12345, count, (place) => free.has(place))).toBeUndefined();
    }
  });
});

describe('quantise()', () => {
  it.each([
    [0, 3, 0],
    [7.2, 3, 8],
    [9, 3, 9],
    [17, 3, 18],
    [129, 3, 144],
    [256, 3, 256],
    [5, 1, 6],
  ])('makes %d with %d bits %d', (number, bits, wanted) => {
    expect(quantise(number, bits)).toBe(wanted);
  });
});
