import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDependency, isMetBy, MAX_DEPENDENCY_LENGTH, parseDependencies } from './dependency.js';

describe('parseDependencies()', () => {
  test.each([
    ['', ''],
    ['libc6', 'libc6'],
    ['libc6 (>= 2.39), zlib1g(>=1:1.2.0)', 'libc6 (>= 2.39), zlib1g (>= 1:1.2.0)'],
    ['a | b (= 1) |c', 'a | b (= 1) | c'],
    ['perl:any (>> 5), python3:native', 'perl:any (>> 5), python3:native'],
    ['a (< 1), b (> 1)', 'a (<= 1), b (>= 1)'],
    ['a [amd64], b [!amd64] | c, d [arm64], e [linux-any], f [!arm64 !i386]', 'a, c, e, f'],
    ['a <!nocheck>, b <cross>, c <cross !x> <!stage1>', 'a, c'],
    ['a (>= 1) [any] <!nodoc>', 'a (>= 1)'],
    ['a,\n b,\n', 'a, b'],
  ])('reads %j', (field, expected) => {
    expect(parseDependencies(field, 'amd64').map(formatDependency).join(', ')).toBe(expected);
  });

  test.each([
    ['a b', '"a b" is not a package name with an optional version'],
    ['a (>= )', '"=" is not a version'],
    ['a (~ 1)', '"a (~ 1)" is not a package name with an optional version'],
    ['a (= 1/2)', '"1/2" is not a version'],
    ['../a', '"../a" is not a package name with an optional version'],
    [Array(10_002).fill('a').join('|'), 'more than 10000 packages are named'],
    ['a'.repeat(MAX_DEPENDENCY_LENGTH + 1), `at most ${MAX_DEPENDENCY_LENGTH} are read`],
  ])('refuses what is wrong, case %$', (field, message) => {
    expect(() => parseDependencies(field, 'amd64')).toThrow(message);
  });

  test('takes back what formatDependency() wrote, for any dependency', () => {
    const alternative = fc.record({
      name: fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{1,9}$/),
      version: fc.record({
        relation: fc.constantFrom('<<' as const, '<=' as const, '=' as const, '>=' as const, '>>' as const),
        version: fc.stringMatching(/^[0-9][0-9a-z.+~]{0,5}$/),
      }),
    });
    const field = fc.array(fc.array(alternative, { minLength: 1, maxLength: 3 }), { maxLength: 4 });
    fc.assert(
      fc.property(field, (dependencies) => {
        const text = dependencies.map(formatDependency).join(', ');
        expect(parseDependencies(text, 'amd64')).toEqual(dependencies);
      }),
    );
  });

  test('throws SyntaxError and nothing else, in linear time, for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'ab1:()<>=[]!|, \n') }), (text) => {
        try {
          parseDependencies(text, 'amd64');
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError);
        }
      }),
    );
    expect(() => parseDependencies(`a ${'<'.repeat(50_000)}`, 'amd64')).toThrow(SyntaxError);
    expect(() => parseDependencies(`a ${'<b> '.repeat(50_000)}!`, 'amd64')).toThrow(SyntaxError);
    expect(() => parseDependencies(`a${' '.repeat(100_000)}!`, 'amd64')).toThrow(SyntaxError);
  });
});

describe('isMetBy()', () => {
  test.each([
    ['a', { name: 'a', version: '1' }, true],
    ['a (>= 2)', { name: 'a', version: '1' }, false],
    ['a (>= 2)', { name: 'a', version: '2.0' }, true],
    ['b', { name: 'a', version: '1' }, false],
  ])('compares %s with %j: %s', (text, found, expected) => {
    const [[alternative] = []] = parseDependencies(text, 'amd64');
    expect(alternative && isMetBy(alternative, found)).toBe(expected);
  });
});
