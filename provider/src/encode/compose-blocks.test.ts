import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blockBytes } from './block-bytes.js';
import { bufferOf, faultsOf, memoryImage, noise } from './block-image.fixture.js';
import type { Extent } from './block-image.js';
import { composeBlocks, concatenateBlocks } from './compose-blocks.js';
import { bytesImage } from './content-blocks.js';
import { sliceBlocks } from './slice-blocks.js';

const KINDS = ['data', 'zero', 'unused'] as const;
/** Neighbours differ in kind, as the contract wants it. */
const extents = fc
  .array(fc.record({ kind: fc.constantFrom(...KINDS), sizeBytes: fc.integer({ min: 1, max: 250_000 }) }), {
    maxLength: 6,
  })
  .map((list) => list.filter((extent, index) => extent.kind !== list[index - 1]?.kind))
  .filter((list) => list.every((extent, index) => extent.kind !== list[index - 1]?.kind));

describe('memoryImage()', () => {
  test('keeps the contract', async () => {
    const list: Omit<Extent, 'offset'>[] = [
      { kind: 'data', sizeBytes: 300_000 },
      { kind: 'unused', sizeBytes: 5 },
    ];
    expect(await faultsOf(memoryImage(list))).toEqual([]);
  });
});

describe('blockBytes()', () => {
  test('gives data at its place and zeros for the rest, also more than a megabyte', async () => {
    const image = composeBlocks([{ offset: 3_000_000, image: bytesImage(Buffer.from('data')) }], {
      sizeBytes: 4_000_000,
      between: 'unused',
    });
    const all = await bufferOf(image);
    expect(all.subarray(3_000_000, 3_000_004).toString()).toBe('data');
    expect(all.fill(0, 3_000_000, 3_000_004).every((byte) => byte === 0)).toBe(true);
  });

  test('gives a part alone, when asked for it', async () => {
    const chunks: Uint8Array[] = [];
    const image = concatenateBlocks([bytesImage(Buffer.from('one')), bytesImage(Buffer.from('two'))]);
    for await (const chunk of blockBytes(image, { offset: 2, sizeBytes: 3 })) chunks.push(Buffer.from(chunk));
    expect(Buffer.concat(chunks).toString()).toBe('etw');
  });

  test('refuses an image whose pieces are not by offset', async () => {
    const image = bytesImage(Buffer.alloc(8));
    const pieces = async function* () {
      yield { offset: 4, bytes: Buffer.alloc(4) };
      yield { offset: 0, bytes: Buffer.alloc(4) };
    };
    await expect(bufferOf({ ...image, pieces })).rejects.toThrow('a piece lies at 0; wanted it behind 8');
  });
});

describe('composeBlocks()', () => {
  test('keeps the contract and the bytes, for any parts at any places', async () => {
    const part = fc.record({ list: extents, gap: fc.integer({ min: 0, max: 9000 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 4 }), fc.constantFrom('zero', 'unused'), async (parts, between) => {
        let end = 0;
        const placed = parts.map(({ list, gap }, seed) => {
          const image = memoryImage(list, { seed });
          const offset = end + gap;
          end = offset + image.sizeBytes;
          return { offset, image };
        });
        const whole = composeBlocks(placed, { sizeBytes: end + 10, between: between as 'zero' });
        expect(await faultsOf(whole)).toEqual([]);
        const expected = Buffer.alloc(end + 10);
        for (const { offset, image } of placed) expected.set(await bufferOf(image), offset);
        expect((await bufferOf(whole)).equals(expected)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('moves regions along, and drops those of a part at an odd place', () => {
    const image = memoryImage([{ kind: 'data', sizeBytes: 12288 }], {
      regions: [{ key: 'a', offset: 4096, sizeBytes: 8192 }],
    });
    const placed = [
      { offset: 8192, image },
      { offset: 20481, image },
    ];
    expect(composeBlocks(placed, { sizeBytes: 40960, between: 'zero' }).regions).toEqual([
      { key: 'a', offset: 12288, sizeBytes: 8192 },
    ]);
  });

  test.each([
    [[0, 5], 20],
    [[0, 15], 20],
    [[10, 0], 20],
  ])('refuses parts of 10 bytes at %j of %d', (offsets, sizeBytes) => {
    const parts = offsets.map((offset) => ({ offset, image: bytesImage(Buffer.alloc(10)) }));
    expect(() => composeBlocks(parts, { sizeBytes, between: 'zero' })).toThrow(
      /Cannot place a block image of 10 bytes/,
    );
  });
});

describe('sliceBlocks()', () => {
  test('keeps the contract and the bytes, for any part', async () => {
    const place = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(extents, place, async (list, [from, length]) => {
        const image = memoryImage(list);
        const offset = Math.floor(from * image.sizeBytes);
        const sizeBytes = Math.floor(length * (image.sizeBytes - offset));
        const slice = sliceBlocks(image, { offset, sizeBytes });
        expect(await faultsOf(slice)).toEqual([]);
        const expected = (await bufferOf(image)).subarray(offset, offset + sizeBytes);
        expect((await bufferOf(slice)).equals(expected)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('keeps the regions that lie wholly in it', () => {
    const regions = [0, 4096, 8192].map((offset) => ({ key: `at ${offset}`, offset, sizeBytes: 4096 }));
    const image = memoryImage([{ kind: 'data', sizeBytes: 12288 }], { regions });
    expect(sliceBlocks(image, { offset: 4096, sizeBytes: 8000 }).regions).toEqual([
      { key: 'at 4096', offset: 0, sizeBytes: 4096 },
    ]);
    expect(sliceBlocks(image, { offset: 1, sizeBytes: 12000 }).regions).toEqual([]);
  });

  test('refuses a part that is not within the image', () => {
    expect(() => sliceBlocks(bytesImage(noise(10, 1)), { offset: 5, sizeBytes: 6 })).toThrow('it has 10');
  });
});
