import { createHash } from 'node:crypto';
import { blockBytes } from './block-bytes.js';
import type { BlockImage, Extent, Region } from './block-image.js';
import { endOf, overlap } from './block-span.js';

/** Bytes that no two seeds share, the same in each run. */
export function noise(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(sizeBytes);
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) | 1;
  for (let at = 0; at < sizeBytes; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  return bytes;
}

/**
 * An image in memory of extents that follow each other; data is noise that depends on the seed, and comes in pieces of
 * at most 100,000 bytes, all in the same memory.
 */
export function memoryImage(
  extents: readonly Omit<Extent, 'offset'>[],
  { seed = 1, regions = [] }: { readonly seed?: number; readonly regions?: readonly Region[] } = {},
): BlockImage {
  let sizeBytes = 0;
  const placed = extents.map((extent) => {
    const offset = sizeBytes;
    sizeBytes += extent.sizeBytes;
    return { ...extent, offset };
  });
  const bytes = noise(sizeBytes, seed);
  const reused = Buffer.alloc(100_000);
  return {
    sizeBytes,
    extents: placed,
    regions,
    pieces: async function* (span = { offset: 0, sizeBytes }) {
      for (const extent of placed) {
        const common = extent.kind === 'data' ? overlap(extent, span) : undefined;
        for (let at = common?.offset ?? 0; common !== undefined && at < endOf(common); at += reused.byteLength) {
          const length = Math.min(reused.byteLength, endOf(common) - at);
          reused.set(bytes.subarray(at, at + length));
          yield { offset: at, bytes: reused.subarray(0, length) };
        }
      }
    },
  };
}

/** All bytes of an image that fits into memory. */
export async function bufferOf(image: BlockImage): Promise<Buffer> {
  const buffer = Buffer.alloc(image.sizeBytes);
  let at = 0;
  for await (const bytes of blockBytes(image)) {
    buffer.set(bytes, at);
    at += bytes.byteLength;
  }
  return buffer;
}

export async function digestOf(image: BlockImage): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of blockBytes(image)) hash.update(bytes);
  return hash.digest('hex');
}

/** What is wrong with an image by its contract: gaps, neighbours of one kind, pieces outside data, regions at odd places. */
export async function faultsOf(image: BlockImage): Promise<string[]> {
  const faults: string[] = [];
  let end = 0;
  let kind: string | undefined;
  for (const extent of image.extents) {
    if (extent.offset !== end) faults.push(`gap before ${extent.offset}`);
    if (extent.kind === kind) faults.push(`two of kind ${kind} at ${extent.offset}`);
    if (extent.sizeBytes <= 0) faults.push(`empty extent at ${extent.offset}`);
    end = endOf(extent);
    kind = extent.kind;
  }
  if (end !== image.sizeBytes) faults.push(`extents end at ${end} of ${image.sizeBytes}`);
  end = 0;
  for (const region of image.regions) {
    if (region.offset % 4096 !== 0 || region.sizeBytes % 4096 !== 0) faults.push(`region ${region.key} is not aligned`);
    if (region.offset < end || endOf(region) > image.sizeBytes) faults.push(`region ${region.key} is out of place`);
    end = endOf(region);
  }
  const data = image.extents.filter((extent) => extent.kind === 'data');
  let read = 0;
  end = 0;
  for await (const { offset, bytes } of image.pieces()) {
    const piece = { offset, sizeBytes: bytes.byteLength };
    if (offset < end) faults.push(`piece at ${offset} is out of order`);
    const covered = data.reduce((sum, extent) => sum + (overlap(extent, piece)?.sizeBytes ?? 0), 0);
    if (covered !== piece.sizeBytes) faults.push(`piece at ${offset} is not data`);
    read += piece.sizeBytes;
    end = endOf(piece);
  }
  const wanted = data.reduce((sum, extent) => sum + extent.sizeBytes, 0);
  if (read !== wanted) faults.push(`pieces have ${read} of ${wanted} bytes of data`);
  return faults;
}
