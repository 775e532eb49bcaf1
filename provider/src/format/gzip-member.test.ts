import { buffer } from 'node:stream/consumers';
import { crc32, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { combineCrc32 } from './crc32-combine.js';
import { deflatePiece, gzipMember } from './gzip-member.js';

describe('combineCrc32()', () => {
  test('is that of both, for any two', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.uint8Array({ maxLength: 5000 }), (first, second) => {
        const both = crc32(Buffer.concat([first, second]));
        expect(combineCrc32(crc32(first), crc32(second), second.byteLength)).toBe(both);
      }),
    );
  });

  test('is right behind more than 4 GiB', () => {
    // Twice the half is the whole.
    const zeros = (bytes: number): number => {
      if (bytes <= 1 << 20) return crc32(Buffer.alloc(bytes));
      const half = zeros(bytes / 2);
      return combineCrc32(half, half, bytes / 2);
    };
    const size = 2 ** 34;
    expect(combineCrc32(crc32('x'), zeros(size), size)).toBe(
      combineCrc32(combineCrc32(crc32('x'), zeros(size / 2), size / 2), zeros(size / 2), size / 2),
    );
  });
});

describe('gzipMember()', () => {
  test('can be read back, for any pieces at any level', async () => {
    const level = fc.integer({ min: 1, max: 9 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 3000 })), level, async (parts, chosen) => {
        const pieces = await Promise.all(parts.map((part) => deflatePiece(part, { level: chosen })));
        expect(gunzipSync(await buffer(gzipMember(pieces))).equals(Buffer.concat(parts))).toBe(true);
      }),
    );
  });
});
