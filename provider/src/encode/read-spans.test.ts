import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../model/digest.js';
import type { BlobRange } from '../model/layer.js';
import { spansOf } from './read-spans.js';

const A = sha256('a');
const B = sha256('b');
const at = (blob: typeof A, offset: number, sizeBytes: number) => ({ blob, offset, sizeBytes, sha256: A });

describe('spansOf()', () => {
  test('reads neighbours together, in whichever order they come', () => {
    const contents = [at(A, 9000, 10), at(A, 0, 100), at(A, 612, 50)];
    expect(spansOf(contents)).toEqual([
      { blob: A, offset: 0, sizeBytes: 662, parts: [contents[1], contents[2]] },
      { blob: A, offset: 9000, sizeBytes: 10, parts: [contents[0]] },
    ]);
  });

  test('leaves out what needs no reading', () => {
    expect(spansOf([at(A, 5, 0)])).toEqual([]);
  });

  test('covers every range once, and joins none beyond 1 MiB, for any ranges', () => {
    const content = fc.record({
      blob: fc.constantFrom(A, B),
      offset: fc.nat(3_000_000),
      sizeBytes: fc.integer({ min: 1, max: 1_500_000 }),
      sha256: fc.constant(A),
    });
    fc.assert(
      fc.property(fc.array(content), (contents: BlobRange[]) => {
        const spans = spansOf(contents);
        expect(new Set(spans.flatMap((span) => span.parts))).toEqual(new Set(contents));
        for (const span of spans) {
          for (const inside of span.parts) {
            expect(inside.blob).toBe(span.blob);
            expect(inside.offset).toBeGreaterThanOrEqual(span.offset);
            expect(inside.offset + inside.sizeBytes).toBeLessThanOrEqual(span.offset + span.sizeBytes);
          }
          const longest = Math.max(...span.parts.map(({ sizeBytes }) => sizeBytes));
          expect(span.sizeBytes).toBeLessThanOrEqual(Math.max(1 << 20, longest));
        }
      }),
    );
  });
});
