import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DER_TAG,
  derBitString,
  derInteger,
  derObjectIdentifier,
  derOctetString,
  derSequence,
  derSetOf,
  derTime,
  readDer,
  readDerMembers,
} from './der.js';
import { FormatError } from './error.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('DER', () => {
  // Values and octets as X.690 and RFC 5280 give them, or as openssl's asn1parse reads them.
  test.each([
    ['a small number', derInteger(5), '020105'],
    ['a number whose first bit is set', derInteger(128), '02020080'],
    ['a number with leading zeros', derInteger(Buffer.from('00007f01', 'hex')), '02027f01'],
    ['zero', derInteger(Buffer.alloc(4)), '020100'],
    ['an object identifier', derObjectIdentifier('1.2.840.113549'), '06062a864886f70d'],
    ['one with a large arc', derObjectIdentifier('2.16.840.1.101.3.4.2.1'), '0609608648016503040201'],
    ['bits', derBitString(Buffer.from('06', 'hex'), 1), '03020106'],
    [
      'a time before 2050',
      derTime(Date.UTC(2049, 11, 31, 23, 59, 59) / 1000),
      `170d${hex(Buffer.from('491231235959Z'))}`,
    ],
    ['a time from 2050 on', derTime(Date.UTC(2050, 0, 1) / 1000), `180f${hex(Buffer.from('20500101000000Z'))}`],
    ['a set, sorted', derSetOf(derInteger(3), derInteger(1)), '3106020101020103'],
  ])('writes %s', (_, bytes, want) => {
    expect(hex(bytes)).toBe(want);
  });

  test.each([0, 1, 127, 128, 255, 256, 65_535, 65_536, 70_000])('reads back %i bytes', (sizeBytes) => {
    const bytes = derSequence(derOctetString(Buffer.alloc(sizeBytes, 7)), derInteger(1));
    const outer = readDer(bytes, 0);
    expect(outer).toMatchObject({ tag: DER_TAG.sequence, offset: 0, end: bytes.length });
    const [first, second, ...rest] = readDerMembers(bytes, outer);
    expect(rest).toEqual([]);
    expect(first && first.end - first.contentOffset).toBe(sizeBytes);
    expect(second && hex(bytes.subarray(second.offset, second.end))).toBe('020101');
  });

  test.each(['', '30', '3080', '308500000000ff', '3003', '30020201', '3084ffffffff', '30820'])('refuses %s', (text) => {
    const bytes = Buffer.from(text, 'hex');
    expect(() => readDerMembers(bytes, readDer(bytes, 0))).toThrow(FormatError);
  });

  test('refuses or reads, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          for (const { end } of readDerMembers(bytes, readDer(bytes, 0))) expect(end).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
    );
  });
});
