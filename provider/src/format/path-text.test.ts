import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { comparePaths, decodePath, encodePath } from './path-text.js';

describe('decodePath()', () => {
  test.each([
    ['ASCII', Buffer.from('usr/bin/env'), 'usr/bin/env'],
    ['UTF-8', Buffer.from('höhe/日本/😀'), 'höhe/日本/😀'],
    ['Latin-1', Buffer.from('caf\xe9', 'latin1'), 'caf\udce9'],
    ['a byte-order mark, which is part of the name', Buffer.from([0xef, 0xbb, 0xbf, 0x61]), '\ufeffa'],
    ['an overlong slash', Buffer.from([0xc0, 0xaf]), '\udcc0\udcaf'],
    ['an encoded surrogate', Buffer.from([0xed, 0xb2, 0x80]), '\udced\udcb2\udc80'],
    ['a sequence that is cut off', Buffer.from([0x61, 0xe6, 0x97]), 'a\udce6\udc97'],
    ['valid after invalid', Buffer.from([0xff, 0xc3, 0xa4, 0xff]), '\udcffä\udcff'],
  ])('gives text that keeps every byte, for %s', (_, bytes, text) => {
    expect(decodePath(bytes)).toBe(text);
    expect(encodePath(text)).toEqual(bytes);
  });

  test('is undone by encodePath(), for any bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        (bytes) => Buffer.compare(encodePath(decodePath(bytes)), bytes) === 0,
      ),
    );
  });

  test('never gives the same text for different bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 4 });
    fc.assert(
      fc.property(
        bytes,
        bytes,
        (left, right) => (decodePath(left) === decodePath(right)) === (Buffer.compare(left, right) === 0),
      ),
    );
  });
});

describe('encodePath()', () => {
  test.each(['\ud800', 'a\udfff', '\udc7f', '\udd00'])('throws for a surrogate that stands for no byte: %j', (text) => {
    expect(() => encodePath(text)).toThrow(RangeError);
  });
});

describe('comparePaths()', () => {
  test('orders by bytes where UTF-16 would order otherwise', () => {
    // U+FF5E is 0xef…, U+1F600 is 0xf0… in UTF-8, but 0xd83d in UTF-16.
    expect(comparePaths('\uff5e', '\u{1f600}')).toBeLessThan(0);
    expect(comparePaths('a', 'a')).toBe(0);
    expect(comparePaths('a.b', 'a/b')).toBeLessThan(0);
  });
});
