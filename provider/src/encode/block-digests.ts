import { BlockDigester, DISK_BLOCK_BYTES } from './block-digester.js';
import type { BlockImage, Region } from './block-image.js';
import { endOf, overlap, type Span } from './block-span.js';
import type { EncodeContext } from './context.js';
import { regionDigests } from './region-digests.js';

export { DISK_BLOCK_BYTES } from './block-digester.js';

export interface BlockDigestsOptions {
  /** A part that has zeros instead of digests. */
  readonly without?: Span | undefined;
  /** Of the hash tree over the same regions: what was kept when that was made is not made again. */
  readonly salt: Uint8Array;
}

const DIGEST_BYTES = 32;

/** Blocks that are digested together: those of a region are kept by its key. */
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
  { without, salt }: BlockDigestsOptions,
  context: EncodeContext,
): Promise<Buffer> {
  const digests = Buffer.alloc(Math.ceil(image.sizeBytes / DISK_BLOCK_BYTES) * DIGEST_BYTES);
  const isRead = readBlocks(image, without);
  for (const { first, count, region } of runsOf(image, isRead)) {
    context.signal.throwIfAborted();
    const target = digests.subarray(first * DIGEST_BYTES, (first + count) * DIGEST_BYTES);
    const at = (index: number): Buffer => target.subarray(index * DIGEST_BYTES, (index + 1) * DIGEST_BYTES);
    if (region === undefined) {
      target.set(await digestsOf(image, { first, count }));
      continue;
    }
    await context.readInto((await regionDigests(image, region, { salt, context })).blocks, target);
    for (let index = 0; index < count; index += 1) if (!isRead(first + index)) at(index).fill(0);
  }
  return digests;
}

async function digestsOf(image: BlockImage, { first, count }: Run): Promise<Buffer> {
  const offset = first * DISK_BLOCK_BYTES;
  const span = { offset, sizeBytes: Math.min(count * DISK_BLOCK_BYTES, image.sizeBytes - offset) };
  const digester = new BlockDigester(span);
  for await (const piece of image.pieces(span)) digester.add(piece);
  return digester.end();
}

/** All blocks that are to be digested. A region that does not consist of whole blocks is digested each time. */
function* runsOf(image: BlockImage, isRead: (index: number) => boolean): Generator<Run> {
  const end = Math.ceil(image.sizeBytes / DISK_BLOCK_BYTES);
  let next = 0;
  for (const region of image.regions) {
    const [first, count] = [region.offset / DISK_BLOCK_BYTES, region.sizeBytes / DISK_BLOCK_BYTES];
    if (!Number.isInteger(first) || !Number.isInteger(count) || count === 0) continue;
    yield* runsBetween({ next, end: first }, isRead);
    yield { first, count, region };
    next = first + count;
  }
  yield* runsBetween({ next, end }, isRead);
}

function* runsBetween(
  { next, end }: { readonly next: number; readonly end: number },
  isRead: (index: number) => boolean,
): Generator<Run> {
  for (let first = next; first < end; first += 1) {
    let count = 0;
    while (first + count < end && isRead(first + count)) count += 1;
    if (count > 0) yield { first, count };
    first += count;
  }
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
