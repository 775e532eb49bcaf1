import { mapInOrder } from '../format/map-in-order.js';
import {
  VERITY_BLOCK_BYTES,
  VerityFold,
  VerityHash,
  verityLevels,
  veritySuperblock,
  verityTop,
} from '../format/verity.js';
import type { BlobRange } from '../model/layer.js';
import type { BlockImage, Region } from './block-image.js';
import { concatenateBlocks } from './compose-blocks.js';
import { bytesImage, storedImage } from './content-blocks.js';
import type { EncodeContext } from './context.js';
import { EncodeError } from './error.js';
import { regionDigests } from './region-digests.js';
import { verityLeaves } from './verity-leaves.js';

export interface VerityOptions {
  /** At most 256 bytes; the same from build to build, since a new one changes every block of the tree. */
  readonly salt: Uint8Array;
  /** Of the tree, for tools. */
  readonly uuid: string;
}

export interface VerityImage {
  /** 64 hexadecimal digits. */
  readonly rootHash: string;
  /** Superblock and tree. The tree begins at block 1. */
  readonly hashTree: BlockImage;
  /** Of data, each of 4096 bytes. */
  readonly blocks: number;
  readonly saltHex: string;
}

const REGIONS_IN_FLIGHT = 2;

/**
 * The dm-verity hash tree over a block image, with SHA-256 and blocks of 4096 bytes, as `veritysetup format` makes it.
 * What is not data counts as zeros and is not read: the table that is mounted says `ignore_zero_blocks`, so blocks that
 * nobody wrote are zeros to whoever reads them. Digests of a region's blocks are kept by its key.
 * @throws {EncodeError} `unrepresentable` for an image that is no whole number of blocks, or has none.
 */
export async function verityImage(
  data: BlockImage,
  options: VerityOptions,
  context: EncodeContext,
): Promise<VerityImage> {
  const blocks = data.sizeBytes / VERITY_BLOCK_BYTES;
  if (!Number.isSafeInteger(blocks) || blocks < 1) {
    throw new EncodeError(
      'unrepresentable',
      `Cannot make a hash tree over ${data.sizeBytes} bytes: wanted a multiple of ${VERITY_BLOCK_BYTES}, and not 0`,
    );
  }
  const hashes = new VerityHash(options.salt);
  const saltHex = Buffer.from(options.salt).toString('hex');
  const fold = new VerityFold(hashes);
  const leaves: Leaves[] = [];
  const made = mapInOrder(partsOf(data), (part) => leavesOf(part, { data, salt: options.salt, context }), {
    inFlight: REGIONS_IN_FLIGHT,
  });
  for await (const part of made) {
    context.signal.throwIfAborted();
    leaves.push(part);
    for await (const digests of readLeaves(part, context)) fold.add(digests);
  }
  const levels = verityLevels(blocks);
  const leafLevel = levels[0];
  const only = leaves[0];
  const folded = leafLevel === undefined && only !== undefined ? await collect(readLeaves(only, context)) : fold.end();
  const { rootHash, upper } = verityTop(folded, hashes);
  const superblock = veritySuperblock({ uuid: options.uuid, dataBlocks: blocks, salt: options.salt });
  const parts = [
    bytesImage(Buffer.concat([superblock, upper])),
    // What is left of the last block of leaves are zeros, and they are hashed with it.
    ...(leafLevel === undefined ? [] : leaves.map((part) => leavesImage(part, context))),
  ];
  const sizeBytes = superblock.byteLength + upper.byteLength + (leafLevel?.blocks ?? 0) * VERITY_BLOCK_BYTES;
  return { rootHash: rootHash.toString('hex'), hashTree: concatenateBlocks(parts, sizeBytes), blocks, saltHex };
}

function leavesImage(leaves: Leaves, context: EncodeContext): BlockImage {
  return 'bytes' in leaves ? bytesImage(leaves.bytes) : storedImage(leaves, context);
}

/** A part of the data whose digests are made together: a region, or what lies between two. */
interface Part {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly key?: string;
}

/** Digests of a part's blocks, in order: in the store, or here. */
type Leaves = BlobRange | { readonly bytes: Buffer; readonly sizeBytes: number };

function* partsOf({ regions, sizeBytes }: BlockImage): Generator<Part> {
  let end = 0;
  for (const region of regions) {
    checkRegion(region, { end, sizeBytes });
    if (region.offset > end) yield { offset: end, sizeBytes: region.offset - end };
    if (region.sizeBytes > 0) yield region;
    end = region.offset + region.sizeBytes;
  }
  if (end < sizeBytes) yield { offset: end, sizeBytes: sizeBytes - end };
}

function checkRegion(region: Region, { end, sizeBytes }: { readonly end: number; readonly sizeBytes: number }): void {
  const { offset, key } = region;
  const aligned = offset % VERITY_BLOCK_BYTES === 0 && region.sizeBytes % VERITY_BLOCK_BYTES === 0;
  if (aligned && offset >= end && offset + region.sizeBytes <= sizeBytes) return;
  throw new EncodeError(
    'unrepresentable',
    `Cannot make a hash tree over the region ${key}: it lies at ${offset} and has ${region.sizeBytes} bytes; wanted ` +
      'regions in order, of whole blocks, within the image',
  );
}

interface Hashing {
  readonly data: BlockImage;
  readonly salt: Uint8Array;
  readonly context: EncodeContext;
}

async function leavesOf(part: Part, { data, salt, context }: Hashing): Promise<Leaves> {
  const { key, offset, sizeBytes } = part;
  if (key !== undefined) return (await regionDigests(data, { key, offset, sizeBytes }, { salt, context })).leaves;
  const bytes = await collect(verityLeaves(part, { data, salt, signal: context.signal }));
  return { bytes, sizeBytes: bytes.byteLength };
}

function readLeaves(leaves: Leaves, context: EncodeContext): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  return 'bytes' in leaves ? [leaves.bytes] : context.read(leaves);
}

async function collect(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(Uint8Array.from(chunk));
  return Buffer.concat(all);
}
