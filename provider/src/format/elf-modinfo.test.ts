import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { elfModule } from './elf-modinfo.fixture.js';
import { readModinfo } from './elf-modinfo.js';
import { FormatError } from './error.js';

const modinfo = [
  ['license', 'GPL'],
  ['alias', 'pci:v00001AF4d*'],
  ['alias', 'with=equals'],
  ['depends', ''],
  ['author', 'Jörg'],
] as const;
const elf = elfModule({ modinfo, exports: ['one'], imports: ['two'] });

/** A copy with a number changed; `bytes` is the width of the field. */
function changed(at: number, value: number | bigint, bytes: 1 | 2 | 8): Buffer {
  const copy = Buffer.from(elf);
  if (bytes === 8) copy.writeBigUInt64LE(BigInt(value), at);
  else copy.writeUIntLE(Number(value), at, bytes);
  return copy;
}

describe('readModinfo()', () => {
  test('gives pairs in their order', () => {
    expect(readModinfo(elf)).toEqual(modinfo);
    expect(readModinfo(elfModule({ modinfo: [] }))).toEqual([]);
  });

  test('gives nothing for an ELF file without sections', () => {
    expect(readModinfo(changed(60, 0, 2))).toEqual([]);
  });

  const table = Number(elf.readBigUInt64LE(40));
  test.each([
    ['malformed', 'no ELF file', Buffer.alloc(1000, 'x')],
    ['malformed', 'the beginning of one', elf.subarray(0, 63)],
    ['unsupported', '32 bits', changed(4, 1, 1)],
    ['unsupported', 'big-endian', changed(5, 2, 1)],
    ['truncated', 'a section table beyond the end', changed(40, elf.length, 8)],
    ['truncated', 'a section table beyond all numbers', changed(40, 0xffff_ffff_ffff_ffffn, 8)],
    ['truncated', 'more sections than there are', changed(60, 0xffff, 2)],
    ['malformed', 'section headers of another size', changed(58, 40, 2)],
    ['malformed', 'no section of names', changed(62, 9999, 2)],
    ['truncated', 'a section beyond the end', changed(table + 64 + 32, elf.length, 8)],
    ['truncated', 'a section beyond all numbers', changed(table + 64 + 24, 0xffff_ffff_ffff_ffffn, 8)],
  ])('throws %s for %s', (code, _, bytes) => {
    expect(() => readModinfo(bytes)).toThrow(FormatError);
    expect(() => readModinfo(bytes)).toThrow(expect.objectContaining({ code }));
  });

  test('throws nothing but FormatError, whatever bytes are changed', () => {
    const change = fc.record({ at: fc.nat(elf.length - 1), to: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const copy = Buffer.from(elf);
        for (const { at, to } of changes) copy[at] = to;
        try {
          readModinfo(copy);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
