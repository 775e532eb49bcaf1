import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { veritySuperblock } from '../format/verity.js';
import { sha256 } from '../model/digest.js';
import type { Piece, Region } from './block-image.js';
import { MemoryStore } from './tree.fixture.js';
import { BLOCK, bytesOf, imageOf, noise, OPTIONS, SALT, sparse, UUID } from './verity-image.fixture.js';
import { verityImage } from './verity-image.js';

describe('verityImage()', () => {
  test('counts what is not data as zeros, and does not read it', async () => {
    const { data, extents } = sparse();
    const want = await verityImage(imageOf(data), OPTIONS, new MemoryStore().context());
    const made = await verityImage(imageOf(data, { extents }), OPTIONS, new MemoryStore().context());
    expect(made.rootHash).toBe(want.rootHash);
    expect(Buffer.compare(await bytesOf(made.hashTree), await bytesOf(want.hashTree))).toBe(0);
  });

  test('keeps the digests of a region by its key, and hashes what lies between regions each time', async () => {
    const store = new MemoryStore();
    const data = noise(600 * BLOCK);
    const regions: Region[] = [
      { key: 'a', offset: 10 * BLOCK, sizeBytes: 200 * BLOCK },
      { key: 'b', offset: 210 * BLOCK, sizeBytes: 300 * BLOCK },
    ];
    const plain = await verityImage(imageOf(data), OPTIONS, store.context());
    expect(store.made).toEqual([]);
    const cold = await verityImage(imageOf(data, { regions }), OPTIONS, store.context());
    expect(store.made).toHaveLength(2);
    const image = imageOf(data, { regions });
    const warm = await verityImage(image, OPTIONS, store.context());
    expect(store.made).toHaveLength(2);
    expect(image.asked).toEqual([0, 510 * BLOCK]);
    expect([cold.rootHash, warm.rootHash]).toEqual([plain.rootHash, plain.rootHash]);
    const whole = await bytesOf(plain.hashTree);
    expect(Buffer.compare(await bytesOf(warm.hashTree), whole)).toBe(0);
    for (const [offset, sizeBytes] of [
      [0, 4096],
      [5000, 9000],
      [BLOCK * 2, 1],
      [whole.length - 5000, 5000],
    ] as const) {
      const part = await bytesOf(warm.hashTree, { offset, sizeBytes });
      expect(Buffer.compare(part, whole.subarray(offset, offset + sizeBytes))).toBe(0);
    }
    await verityImage(imageOf(data, { regions }), { ...OPTIONS, salt: Buffer.from('other') }, store.context());
    expect(store.made).toHaveLength(4);
  });

  test('changes the tree only where the data changed', async () => {
    const data = noise(40_000 * BLOCK);
    const before = await verityImage(imageOf(data, { chunk: 1 << 20 }), OPTIONS, new MemoryStore().context());
    data[20_000 * BLOCK] = (data[20_000 * BLOCK] as number) ^ 1;
    const after = await verityImage(imageOf(data, { chunk: 1 << 20 }), OPTIONS, new MemoryStore().context());
    const [one, other] = [await bytesOf(before.hashTree), await bytesOf(after.hashTree)];
    const changed = Array.from({ length: one.length / BLOCK }, (_, block) => block).filter(
      (block) => one.compare(other, block * BLOCK, (block + 1) * BLOCK, block * BLOCK, (block + 1) * BLOCK) !== 0,
    );
    // The root's level, the one under it, and the leaves.
    expect(changed).toEqual([1, 2 + Math.floor(20_000 / 128 / 128), 5 + Math.floor(20_000 / 128)]);
  });

  test('gives the same tree, however the pieces are cut', async () => {
    const data = noise(140 * BLOCK);
    const want = (await verityImage(imageOf(data), OPTIONS, new MemoryStore().context())).rootHash;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1000, max: 300_000 }), async (chunk) => {
        const made = await verityImage(imageOf(data, { chunk }), OPTIONS, new MemoryStore().context());
        expect(made.rootHash).toBe(want);
      }),
      { numRuns: 20 },
    );
  });

  test('refuses what is no whole number of blocks, regions out of place, and pieces that overlap', async () => {
    const context = new MemoryStore().context();
    await expect(verityImage(imageOf(new Uint8Array(5000)), OPTIONS, context)).rejects.toThrow('multiple of 4096');
    await expect(verityImage(imageOf(new Uint8Array()), OPTIONS, context)).rejects.toThrow('multiple of 4096');
    const regions = [{ key: 'a', offset: 100, sizeBytes: BLOCK }];
    await expect(verityImage(imageOf(noise(4 * BLOCK), { regions }), OPTIONS, context)).rejects.toThrow('region a');
    const pieces = async function* (): AsyncGenerator<Piece> {
      yield { offset: 0, bytes: noise(2 * BLOCK) };
      yield { offset: BLOCK + 4, bytes: noise(100) };
    };
    await expect(verityImage({ ...imageOf(noise(4 * BLOCK)), pieces }, OPTIONS, context)).rejects.toThrow('overlaps');
  });

  test('keeps its bytes from version to version', async () => {
    const made = await verityImage(imageOf(noise(300 * BLOCK)), OPTIONS, new MemoryStore().context());
    expect(made.rootHash).toBe('069d5f50f8e07abba140854d2fdad813e95a1f045601d5af4debb337cdde10ae');
    expect(sha256(await bytesOf(made.hashTree))).toBe(
      'sha256:4bd51b975011542fc5591b9b2cf4893dda34b16b13cd27c2c899e0b948aa5668',
    );
  });

  test('says which value does not fit', async () => {
    const long = { salt: Buffer.alloc(257), uuid: UUID };
    await expect(verityImage(imageOf(noise(BLOCK)), long, new MemoryStore().context())).rejects.toThrow('salt');
    expect(() => veritySuperblock({ uuid: 'x', dataBlocks: 1, salt: SALT })).toThrow('uuid');
  });
});
