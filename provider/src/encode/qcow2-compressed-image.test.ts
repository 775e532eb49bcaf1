import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readQcow2 } from '../format/qcow2.fixture.js';
import { bufferOf, faultsOf, memoryImage } from './block-image.fixture.js';
import type { BlockImage, Region } from './block-image.js';
import { composeBlocks } from './compose-blocks.js';
import { bytesImage } from './content-blocks.js';
import { encodeCompressedQcow2Image } from './qcow2-compressed-image.js';
import { encodeQcow2Image } from './qcow2-image.js';
import { MemoryStore } from './tree.fixture.js';

const KIB = 1024;
/** Becomes a tenth; differs from one cluster to the next. */
const text = (sizeBytes: number): Buffer => {
  const bytes = Buffer.alloc(sizeBytes, 'a text that is repeated, ');
  for (let at = 0; at < sizeBytes; at += 500) bytes.writeUInt32LE(at, at);
  return bytes;
};
const withRegions = (image: BlockImage, regions: readonly Region[]): BlockImage => ({ ...image, regions });

describe('encodeCompressedQcow2Image()', () => {
  test('reads as the disk, for any extents and regions', async () => {
    const kind = fc.constantFrom('data' as const, 'zero' as const, 'unused' as const);
    const extents = fc
      .array(fc.record({ kind, sizeBytes: fc.integer({ min: 1, max: 150 }).map((n) => n * 4096) }), { maxLength: 10 })
      .map((list) => list.filter((extent, index) => extent.kind !== list[index - 1]?.kind))
      .filter((list) => list.every((extent, index) => extent.kind !== list[index - 1]?.kind));
    const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(extents, cuts, fc.boolean(), async (list, sizes, isText) => {
        const noisy = memoryImage(list);
        const whole = await bufferOf(noisy);
        // Text where there is data, so that clusters that become smaller lie beside those that do not.
        if (isText) {
          for (const { kind: own, offset, sizeBytes } of noisy.extents) {
            if (own === 'data') text(sizeBytes & ~65535).copy(whole, offset);
          }
        }
        const data: BlockImage = {
          ...noisy,
          pieces: async function* (span) {
            for await (const { offset, bytes } of noisy.pieces(span)) {
              yield { offset, bytes: whole.subarray(offset, offset + bytes.byteLength) };
            }
          },
        };
        const regions: Region[] = [];
        let offset = 4096;
        for (const size of sizes) {
          const region = { key: `at ${offset}`, offset, sizeBytes: size * 4096 };
          offset += region.sizeBytes + 4096;
          if (offset <= data.sizeBytes) regions.push(region);
        }
        const disk = withRegions(data, regions);
        const file = await encodeCompressedQcow2Image(disk, new MemoryStore().context());
        expect(await faultsOf(file)).toEqual([]);
        expect(readQcow2(await bufferOf(file)).equals(await bufferOf(disk))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('is smaller, and compresses a region once', async () => {
    const region = { key: 'text', offset: 0, sizeBytes: 1024 * KIB };
    const disk = withRegions(bytesImage(text(1024 * KIB)), [region]);
    const store = new MemoryStore();
    const file = await encodeCompressedQcow2Image(disk, store.context());
    const again = await encodeCompressedQcow2Image(disk, store.context());
    expect((await bufferOf(again)).equals(await bufferOf(file))).toBe(true);
    expect(store.made).toHaveLength(1);
    expect(file.sizeBytes).toBeLessThan(encodeQcow2Image(disk).sizeBytes / 2);
  });

  test('has no region without a whole cluster, and no region at all, as it is', async () => {
    const disk = composeBlocks([{ offset: 0, image: bytesImage(text(300 * KIB)) }], {
      sizeBytes: 1024 * KIB,
      between: 'unused',
    });
    const small = withRegions(disk, [{ key: 'small', offset: 4096, sizeBytes: 64 * KIB }]);
    for (const each of [disk, small]) {
      const file = await encodeCompressedQcow2Image(each, new MemoryStore().context());
      expect((await bufferOf(file)).equals(await bufferOf(encodeQcow2Image(each)))).toBe(true);
    }
  });
});
