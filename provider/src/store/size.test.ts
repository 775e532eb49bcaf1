import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatSize, limitOf, parseDuration, parseSize } from './size.js';

describe('parseSize()', () => {
  test.each([
    ['0', 0],
    ['1000000', 1_000_000],
    ['20GB', 20e9],
    ['20g', 20e9],
    ['1.5GiB', 1.5 * 2 ** 30],
    ['500 MB', 500e6],
    ['2Ki', 2048],
    ['3tb', 3e12],
  ])('reads %s', (text, want) => {
    expect(parseSize(text, 'X')).toBe(want);
  });

  test.each(['', 'GB', '-1', '1e9', '20 gigabytes', '0x10', '9'.repeat(30), '1,5GB', 'NaN'])('refuses %j', (text) => {
    expect(() => parseSize(text, 'INGOT_CACHE_MAX_SIZE')).toThrow(
      `Cannot use INGOT_CACHE_MAX_SIZE ${JSON.stringify(text)}: it is not understood; wanted a size such as 20GB`,
    );
  });
});

describe('limitOf()', () => {
  test.each([
    [undefined, 20e9],
    ['5GB', 5e9],
    ['none', undefined],
  ])('of %s is %s', (setting, want) => {
    expect(limitOf(setting)).toBe(want);
  });

  test.each(['0', '0GB', 'off'])('refuses %s', (setting) => {
    expect(() => limitOf(setting)).toThrow(/^Cannot use INGOT_CACHE_MAX_SIZE /);
  });
});

describe('parseDuration()', () => {
  test.each([
    ['30d', 30 * 86_400_000],
    ['12h', 12 * 3_600_000],
    ['2w', 14 * 86_400_000],
    ['1.5 h', 5_400_000],
    ['0s', 0],
  ])('reads %s', (text, want) => {
    expect(parseDuration(text, 'X')).toBe(want);
  });

  test.each(['', '30', 'd', '1y', '-1d'])('refuses %j', (text) => {
    expect(() => parseDuration(text, '--older-than')).toThrow(/^Cannot use --older-than .*wanted a time such as 30d/);
  });
});

describe('formatSize()', () => {
  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [99_949, '99.9 kB'],
    [99_951, '100 kB'],
    [999_600, '1.0 MB'],
    [20e9, '20.0 GB'],
    [5e15, '5000 TB'],
  ])('writes %i as %s', (sizeBytes, want) => {
    expect(formatSize(sizeBytes)).toBe(want);
  });

  test('writes what parseSize() reads, but for the last digit', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 50), (sizeBytes) => {
        expect(Math.abs(parseSize(formatSize(sizeBytes), 'X') - sizeBytes)).toBeLessThanOrEqual(sizeBytes * 0.06);
      }),
    );
  });
});
