import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../model/digest.js';
import type { Content } from '../model/tree.js';
import { spansOf } from './read-spans.js';

const A = sha256('a');
const B = sha256('b');
const at = (blob: typeof A, offset: number, sizeBytes: number) => ({ blob, offset, sizeBytes, sha256: A });

describe('spansOf()', () => {
  test('reads neighbours together, in whichever order they come', () => {
    const contents = [at(A, 9000, 10), at(A, 0, 100), at(A, 612, 50)];
    expect(spansOf(contents)).toEqual([
      { blob: A, offset: 0, sizeBytes: 662, contents: [contents[1], contents[2]] },
      { blob: A, offset: 9000, sizeBytes: 10, contents: [contents[0]] },
    ]);
  });

  test('leaves out what needs no reading', () => {
    expect(spansOf([at(A, 5, 0), { bytes: Buffer.from('x'), sizeBytes: 1, sha256: A }])).toEqual([]);
  });

  test('covers every content once, and joins none beyond 1 MiB, for any contents', () => {
    const content = fc.record({
      blob: fc.constantFrom(A, B),
      offset: fc.nat(3_000_000),
      sizeBytes: fc.integer({ min: 1, max: 1_500_000 }),
      sha256: fc.constant(A),
    });
    fc.assert(
      fc.property(fc.array(content), (contents: Content[]) => {
        const spans = spansOf(contents);
        expect(new Set(spans.flatMap((span) => span.contents))).toEqual(new Set(contents));
        for (const span of spans) {
          for (const inside of span.contents) {
            expect(inside.blob).toBe(span.blob);
            expect(inside.offset).toBeGreaterThanOrEqual(span.offset);
            expect(inside.offset + inside.sizeBytes).toBeLessThanOrEqual(span.offset + span.sizeBytes);
          }
          const longest = Math.max(...span.contents.map(({ sizeBytes }) => sizeBytes));
          expect(span.sizeBytes).toBeLessThanOrEqual(Math.max(1 << 20, longest));
        }
      }),
    );
  });
});
