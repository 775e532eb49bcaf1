import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormatError } from './error.js';
import { peOf } from './pe.fixture.js';
import { readPe } from './pe.js';

const OPTIONAL = 0x80 + 24;

/** A copy with a field of its own. */
function withField(offset: number, value: number, bytes = 4): Buffer {
  const pe = peOf();
  pe.writeUIntLE(value, offset, bytes);
  return pe;
}

describe('readPe()', () => {
  test('gives sections in the order of their headers, and where fields lie', () => {
    expect(readPe(peOf())).toMatchObject({
      machine: 0x8664,
      sectionAlignment: 0x1000,
      fileAlignment: 0x200,
      headersBytes: 0x400,
      dllCharacteristics: 0x160,
      checksumOffset: OPTIONAL + 64,
      certificateEntryOffset: OPTIONAL + 144,
      sections: [
        { name: '.text', virtualSizeBytes: 700, virtualAddress: 0x1000, rawOffset: 0x400, rawSizeBytes: 0x400 },
        { name: '.sbat', virtualAddress: 0x2000, rawOffset: 0x800, rawSizeBytes: 0x200 },
      ],
    });
    expect(readPe(peOf())).not.toHaveProperty('certificates');
  });

  test('gives where signatures lie', () => {
    const pe = Buffer.concat([peOf(), Buffer.alloc(64)]);
    pe.writeUInt32LE(pe.length - 64, OPTIONAL + 144);
    pe.writeUInt32LE(64, OPTIONAL + 148);
    expect(readPe(pe).certificates).toEqual({ offset: pe.length - 64, sizeBytes: 64 });
  });

  test.each([
    ['nothing', Buffer.alloc(0), 'headers go on'],
    ['no MZ', Buffer.alloc(1000), 'MZ'],
    ['a signature far away', withField(0x3c, 0xffff_fff0), 'headers go on'],
    ['no signature', withField(0x3c, 0x90), 'no PE signature'],
    ['no sections', withField(0x86, 0, 2), '0 sections'],
    ['too many sections', withField(0x86, 65535, 2), '65535 sections'],
    ['32 bits', withField(OPTIONAL, 0x10b, 2), '64 bits'],
    ['a short data directory', withField(OPTIONAL + 108, 4), 'data directory'],
    ['a short optional header', withField(0x80 + 20, 112, 2), 'data directory'],
    ['headers longer than the file', withField(OPTIONAL + 60, 0x7fff_ffff), 'headers have'],
    ['headers shorter than the table', withField(OPTIONAL + 60, 8), 'headers have'],
    ['an alignment that is none', withField(OPTIONAL + 36, 0x201), 'FileAlignment'],
    ['a large alignment', withField(OPTIONAL + 32, 0x8000_0000), 'SectionAlignment'],
    ['a section behind the end', withField(OPTIONAL + 240 + 16, 0xffff_ffff), 'ends behind'],
    ['signatures behind the end', withField(OPTIONAL + 144, 0xffff_fff0), 'certificate table'],
    ['signatures within the headers', withField(OPTIONAL + 144, 16), 'certificate table'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => readPe(bytes)).toThrow(FormatError);
    expect(() => readPe(bytes)).toThrow(message);
  });

  test('refuses or reads, whatever the bytes are', () => {
    const pe = peOf();
    fc.assert(
      fc.property(fc.nat(pe.length - 1), fc.nat(255), fc.nat(pe.length), (at, value, length) => {
        const bytes = Buffer.from(pe.subarray(0, length));
        if (at < length) bytes[at] = value;
        try {
          for (const { rawOffset, rawSizeBytes } of readPe(bytes).sections) {
            if (rawSizeBytes > 0) expect(rawOffset + rawSizeBytes).toBeLessThanOrEqual(bytes.length);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
