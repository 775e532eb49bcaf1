import { createHash } from 'node:crypto';
import { blockBytes } from './block-bytes.js';
import type { BlockImage, Region } from './block-image.js';
import { endOf, overlap, type Span } from './block-span.js';
import type { EncodeContext } from './context.js';

/** What clouds address and send a disk by: EBS direct APIs, "BlockSize". */
export const DISK_BLOCK_BYTES = 512 * 1024;
const DIGEST_BYTES = 32;
/** Raised when what is kept under a region's key changes. */
const KEPT = 'block-digests/1/sha256/524288';

/** Blocks that are digested together: those that lie wholly within a region are kept by its key. */
interface Run {
  readonly first: number;
  readonly count: number;
  readonly region?: Region;
}

/**
 * The SHA-256 of each block of 512 KiB of a disk, one behind the other, with zeros for what is not data. Blocks of which
 * nothing is ever read, and those that lie in `without`, have 32 zeros instead.
 */
export async function blockDigests(
  image: BlockImage,
  without: Span | undefined,
  context: EncodeContext,
): Promise<Buffer> {
  const count = Math.ceil(image.sizeBytes / DISK_BLOCK_BYTES);
  const digests = Buffer.alloc(count * DIGEST_BYTES);
  const read = readBlocks(image, without);
  for (const run of runsOf(image, count)) {
    context.signal.throwIfAborted();
    await fill(digests, run, { image, read, context });
  }
  return digests;
}

interface Filling {
  readonly image: BlockImage;
  /** Whether somebody reads something of the block. */
  readonly read: (index: number) => boolean;
  readonly context: EncodeContext;
}

async function fill(digests: Buffer, { first, count, region }: Run, { image, read, context }: Filling): Promise<void> {
  const at = (index: number): Buffer => digests.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
  if (region !== undefined) {
    const name = `${KEPT} ${region.key} ${first * DISK_BLOCK_BYTES - region.offset} ${count}`;
    const range = await context.memo(name, () => digestsOf(image, first, count));
    await context.readInto(range, digests.subarray(first * DIGEST_BYTES, (first + count) * DIGEST_BYTES));
    for (let index = first; index < first + count; index++) if (!read(index)) at(index).fill(0);
    return;
  }
  for (let index = first; index < first + count; index++) {
    if (read(index)) at(index).set(await digestOf(image, index));
  }
}

async function* digestsOf(image: BlockImage, first: number, count: number): AsyncGenerator<Uint8Array> {
  for (let index = first; index < first + count; index++) yield await digestOf(image, index);
}

async function digestOf(image: BlockImage, index: number): Promise<Buffer> {
  const offset = index * DISK_BLOCK_BYTES;
  const sizeBytes = Math.min(DISK_BLOCK_BYTES, image.sizeBytes - offset);
  const hash = createHash('sha256');
  for await (const bytes of blockBytes(image, { offset, sizeBytes })) hash.update(bytes);
  return hash.digest();
}

function* runsOf(image: BlockImage, count: number): Generator<Run> {
  let next = 0;
  for (const region of image.regions) {
    const first = Math.max(next, Math.ceil(region.offset / DISK_BLOCK_BYTES));
    const end = Math.min(count, Math.floor(endOf(region) / DISK_BLOCK_BYTES));
    if (end <= first) continue;
    if (first > next) yield { first: next, count: first - next };
    yield { first, count: end - first, region };
    next = end;
  }
  if (next < count) yield { first: next, count: count - next };
}

function readBlocks(image: BlockImage, without: Span | undefined): (index: number) => boolean {
  const read = new Set<number>();
  for (const extent of image.extents) {
    if (extent.kind === 'unused') continue;
    const last = Math.ceil(endOf(extent) / DISK_BLOCK_BYTES);
    for (let index = Math.floor(extent.offset / DISK_BLOCK_BYTES); index < last; index++) read.add(index);
  }
  return (index) => {
    const block = { offset: index * DISK_BLOCK_BYTES, sizeBytes: DISK_BLOCK_BYTES };
    return read.has(index) && (without === undefined || overlap(block, without) === undefined);
  };
}
