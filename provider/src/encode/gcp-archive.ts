import { combineCrc32 } from '../format/crc32-combine.js';
import { gzipName } from '../format/gzip.js';
import { type DeflatedPiece, deflatePiece, gzipMember } from '../format/gzip-member.js';
import { mapInOrder } from '../format/map-in-order.js';
import { oldGnuEndBytes, oldGnuHeader } from '../format/tar-oldgnu.js';
import { blockBytes } from './block-bytes.js';
import type { BlockImage, Region } from './block-image.js';
import { endOf, hasData, type Span, wholeOf } from './block-span.js';
import { GZIP_LEVEL } from './compression.js';
import type { EncodeContext } from './context.js';
import { sliceBlocks } from './slice-blocks.js';

/** What Compute Engine wants in the archive: that name, and a size of whole GiB. */
const DISK_NAME = 'disk.raw';
const MODE = 0o644;
/** Small enough to keep all threads busy, and large enough that starting anew costs little. */
const PIECE_BYTES = 1 << 20;
/** Two more than Node's pool has threads by default. Each has its megabyte twice. */
const IN_FLIGHT = 6;
/** Not worth a blob of its own. */
const SMALL_REGION_BYTES = 1 << 18;
/** Behind a kept region: checksum, size. */
const TRAILER_BYTES = 12;

/**
 * What Compute Engine makes an image of: the disk as `disk.raw` in a tar, old GNU format, in one gzip member. Every MiB is
 * compressed by itself: zeros once for all, and a region once for as long as its key is the same.
 * The bytes follow from the disk, its regions, and the release of zlib.
 */
export function encodeGcpArchive(disk: BlockImage, context: EncodeContext): AsyncIterable<Uint8Array> {
  const buffers = Array.from({ length: IN_FLIGHT }, () => Buffer.allocUnsafe(PIECE_BYTES));
  return gzipMember(piecesOf(disk, { zeros: new Map(), buffers, context }));
}

async function* piecesOf(disk: BlockImage, work: Work): AsyncGenerator<DeflatedPiece, void, undefined> {
  const { sizeBytes } = disk;
  yield await deflate(oldGnuHeader({ name: DISK_NAME, sizeBytes, mode: MODE, mtimeSeconds: 0 }));
  let at = 0;
  for (const region of disk.regions) {
    if (region.sizeBytes < SMALL_REGION_BYTES) continue;
    yield* freshPieces(disk, { ...work, span: { offset: at, sizeBytes: region.offset - at } });
    yield await keptPiece(disk, { ...work, region });
    at = endOf(region);
  }
  yield* freshPieces(disk, { ...work, span: { offset: at, sizeBytes: sizeBytes - at } });
  yield await deflate(Buffer.alloc(oldGnuEndBytes(sizeBytes)));
}

function deflate(bytes: Uint8Array): Promise<DeflatedPiece> {
  return deflatePiece(bytes, { level: GZIP_LEVEL });
}

/** What all of an archive shares. */
interface Work {
  /** By size: all zeros of one size are one piece. */
  readonly zeros: Map<number, Promise<DeflatedPiece>>;
  /** One for each piece in flight; used again and again. */
  readonly buffers: readonly Buffer[];
  readonly context: EncodeContext;
}

/** Cut where a MiB of the disk ends, so that a change in one leaves the others as they were. */
async function* freshPieces(
  disk: BlockImage,
  { span, zeros, buffers, context }: Work & { readonly span: Span },
): AsyncGenerator<DeflatedPiece, void, undefined> {
  let next = 0;
  async function* contents(): AsyncGenerator<Buffer | number> {
    for (let at = span.offset; at < endOf(span); ) {
      context.signal.throwIfAborted();
      const end = Math.min((Math.floor(at / PIECE_BYTES) + 1) * PIECE_BYTES, endOf(span));
      const part = { offset: at, sizeBytes: end - at };
      if (hasData(disk, part)) yield await readInto(buffers[next++ % buffers.length] as Buffer, disk, part);
      else yield part.sizeBytes;
      at = end;
    }
  }
  const compress = (content: Buffer | number): Promise<DeflatedPiece> => {
    if (typeof content !== 'number') return deflate(content);
    const known = zeros.get(content) ?? deflate(Buffer.alloc(content));
    zeros.set(content, known);
    return known;
  };
  yield* mapInOrder(contents(), compress, { inFlight: IN_FLIGHT });
}

async function readInto(buffer: Buffer, disk: BlockImage, part: Span): Promise<Buffer> {
  let at = 0;
  for await (const bytes of blockBytes(disk, part)) {
    buffer.set(bytes, at);
    at += bytes.byteLength;
  }
  return buffer.subarray(0, at);
}

/** A region's compressed bytes, from the store if they are there. */
async function keptPiece(
  disk: BlockImage,
  { region, ...work }: Work & { readonly region: Region },
): Promise<DeflatedPiece> {
  const { context } = work;
  const key = `deflated region\0${gzipName(GZIP_LEVEL)}\0${PIECE_BYTES}\0${region.sizeBytes}\0${region.key}`;
  const range = await context.memo(key, () => compressedRegion(disk, { ...work, region }));
  const body = { ...range, sizeBytes: range.sizeBytes - TRAILER_BYTES };
  const trailer = Buffer.alloc(TRAILER_BYTES);
  await context.readInto({ ...range, offset: endOf(body), sizeBytes: TRAILER_BYTES }, trailer);
  return {
    bytes: context.read(body),
    checksum: trailer.readUInt32LE(0),
    sizeBytes: Number(trailer.readBigUInt64LE(4)),
  };
}

/** Cut from the region's beginning, wherever on the disk that lies. */
async function* compressedRegion(
  disk: BlockImage,
  { region, ...work }: Work & { readonly region: Region },
): AsyncGenerator<Uint8Array, void, undefined> {
  const image = sliceBlocks(disk, region);
  let checksum = 0;
  for await (const piece of freshPieces(image, { ...work, span: wholeOf(image) })) {
    yield* piece.bytes;
    checksum = combineCrc32(checksum, piece.checksum, piece.sizeBytes);
  }
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeUInt32LE(checksum, 0);
  trailer.writeBigUInt64LE(BigInt(region.sizeBytes), 4);
  yield trailer;
}
