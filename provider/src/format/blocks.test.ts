import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { blocksOf } from './blocks.js';

async function all(blocks: AsyncIterable<Uint8Array>): Promise<Buffer[]> {
  return await Readable.from(blocks).toArray();
}

describe('blocksOf()', () => {
  test('gives the same bytes in full blocks, however they come', async () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 20 }));
    await fc.assert(
      fc.asyncProperty(chunks, fc.integer({ min: 1, max: 16 }), async (pieces, blockBytes) => {
        const blocks = await all(blocksOf(pieces, blockBytes));
        expect(Buffer.concat(blocks).equals(Buffer.concat(pieces))).toBe(true);
        for (const block of blocks.slice(0, -1)) expect(block.length).toBe(blockBytes);
        for (const block of blocks.slice(-1)) expect(block.length).toBeGreaterThan(0);
      }),
    );
  });

  test('gives the same blocks, when they may be overwritten', async () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 20 }));
    await fc.assert(
      fc.asyncProperty(chunks, fc.integer({ min: 1, max: 16 }), async (pieces, blockBytes) => {
        const kept = await all(blocksOf(pieces, blockBytes));
        const reused: Buffer[] = [];
        const reuse = { sizeBytes: Buffer.concat(pieces).length };
        for await (const block of blocksOf(pieces, blockBytes, { reuse })) reused.push(Buffer.from(block));
        expect(reused).toEqual(kept);
      }),
    );
  });

  test('gives no block, when there are no bytes', async () => {
    expect(await all(blocksOf([new Uint8Array()], 4))).toEqual([]);
  });
});
