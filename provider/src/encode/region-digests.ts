import { VERITY_BLOCK_BYTES } from '../format/verity.js';
import type { BlobRange } from '../model/layer.js';
import { BlockDigester } from './block-digester.js';
import type { BlockImage, Piece, Region } from './block-image.js';
import type { EncodeContext } from './context.js';
import { verityLeaves } from './verity-leaves.js';

/** Digests of a region's bytes, in the store. */
export interface RegionDigests {
  /** Of each block of 4096 bytes, salted. */
  readonly leaves: BlobRange;
  /** Of each 512 KiB, counted from the region's begin. */
  readonly blocks: BlobRange;
}

/** Raised when what is kept under a region's key changes. */
const KEPT = 'region-digests 1';
const DIGEST_BYTES = 32;

/**
 * What a hash tree and the description of a disk need to know of a region: both in one pass over its bytes, and kept by
 * its key. `image` holds the region at its offset, whatever else it holds.
 */
export async function regionDigests(
  image: Pick<BlockImage, 'pieces'>,
  region: Region,
  { salt, context }: { readonly salt: Uint8Array; readonly context: EncodeContext },
): Promise<RegionDigests> {
  const leavesBytes = (region.sizeBytes / VERITY_BLOCK_BYTES) * DIGEST_BYTES;
  const name = `${KEPT} ${Buffer.from(salt).toString('hex')} ${region.sizeBytes} ${region.key}`;
  const { blob, offset, sizeBytes } = await context.memo(name, async function* () {
    const blocks = new BlockDigester(region);
    const seen = { pieces: (span?: Pick<Region, 'offset' | 'sizeBytes'>) => passing(image.pieces(span), blocks) };
    yield* verityLeaves(region, { data: seen, salt, signal: context.signal });
    yield blocks.end();
  });
  return {
    leaves: { blob, offset, sizeBytes: leavesBytes },
    blocks: { blob, offset: offset + leavesBytes, sizeBytes: sizeBytes - leavesBytes },
  };
}

async function* passing(pieces: AsyncIterable<Piece>, blocks: BlockDigester): AsyncGenerator<Piece, void, undefined> {
  for await (const piece of pieces) {
    blocks.add(piece);
    yield piece;
  }
}
