import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readQcow2 } from '../format/qcow2.fixture.js';
import { bufferOf, digestOf, faultsOf, memoryImage } from './block-image.fixture.js';
import { encodeQcow2Image } from './qcow2-image.js';
import { sliceBlocks } from './slice-blocks.js';

const KIND = fc.constantFrom('data', 'zero', 'unused');

describe('encodeQcow2Image()', () => {
  test('reads as the disk, for any extents', async () => {
    const extents = fc
      .array(fc.record({ kind: KIND, sizeBytes: fc.integer({ min: 1, max: 600 }).map((n) => n * 512) }), {
        maxLength: 12,
      })
      .map((list) => list.filter(({ kind }, index) => kind !== list[index - 1]?.kind))
      .filter((list) => list.every(({ kind }, index) => kind !== list[index - 1]?.kind));
    await fc.assert(
      fc.asyncProperty(extents, async (list) => {
        const disk = memoryImage(list as Parameters<typeof memoryImage>[0]);
        const file = encodeQcow2Image(disk);
        expect(await faultsOf(file)).toEqual([]);
        expect(readQcow2(await bufferOf(file)).equals(await bufferOf(disk))).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  test('gives any part of the file', async () => {
    const disk = memoryImage([
      { kind: 'data', sizeBytes: 300_032 },
      { kind: 'zero', sizeBytes: 1 << 20 },
      { kind: 'data', sizeBytes: 100_352 },
      { kind: 'unused', sizeBytes: 300_032 },
      { kind: 'data', sizeBytes: 512 },
    ]);
    const file = encodeQcow2Image(disk);
    const whole = await bufferOf(file);
    const part = fc.tuple(fc.nat({ max: file.sizeBytes }), fc.nat({ max: file.sizeBytes }));
    await fc.assert(
      fc.asyncProperty(part, async ([one, other]) => {
        const [from, to] = [Math.min(one, other), Math.max(one, other)];
        const slice = sliceBlocks(file, { offset: from, sizeBytes: to - from });
        expect(await faultsOf(slice)).toEqual([]);
        expect((await bufferOf(slice)).equals(whole.subarray(from, to))).toBe(true);
      }),
    );
  });

  test('takes no place for what is not data', () => {
    const disk = memoryImage([
      { kind: 'data', sizeBytes: 100_352 },
      { kind: 'unused', sizeBytes: 100 * 512 * 1024 },
      { kind: 'data', sizeBytes: 16_896 },
    ]);
    expect(encodeQcow2Image(disk).sizeBytes).toBe((5 + 2 + 1) * 65_536);
  });

  test('stays as it is', async () => {
    const disk = memoryImage([
      { kind: 'zero', sizeBytes: 1 << 20 },
      { kind: 'data', sizeBytes: 1 << 20 },
    ]);
    expect(await digestOf(encodeQcow2Image(disk))).toMatchInlineSnapshot(
      `"d358411969b1d3ac6ef960efe3996f45cbf8050676607da563cd8074c0ee866b"`,
    );
  });
});
