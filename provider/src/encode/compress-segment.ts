import { gzip } from '../format/gzip.js';
import { mapInOrder } from '../format/map-in-order.js';
import { release } from '../format/release.js';
import { ZSTD_PIECE_BYTES, zstdFrame } from '../format/zstd.js';
import { archiveBytes, type ChunkRoom, chunkRooms } from './archive.js';
import { type ArchiveEntry, entryBytes } from './archive-chunks.js';
import { type Compression, GZIP_LEVEL, ZSTD_LEVEL } from './compression.js';
import type { EncodeContext } from './context.js';
import type { InitrdSegment } from './initrd-segments.js';
import { Rooms } from './rooms.js';

/** As long as the window of zstd's level 3: longer frames gain nothing, and are no longer kept in memory. */
const FRAME_BYTES = 2 << 20;
/** Of one segment: compressed, or waiting for the one before. */
const FRAMES_IN_FLIGHT = 4;
/** Of all segments together: a compressor takes 4 MB. */
const COMPRESSORS = 3;
/** One piece is read while another is compressed. */
const PIECES_IN_FLIGHT = 2;

type FrameRooms = Rooms<readonly ChunkRoom[]>;

/** Where pieces of frames are put together, for all segments that are compressed at once. */
export function frameRooms(): FrameRooms {
  return new Rooms<readonly ChunkRoom[]>(() => chunkRooms(PIECES_IN_FLIGHT, ZSTD_PIECE_BYTES), { count: COMPRESSORS });
}

interface SegmentOptions {
  readonly compression: Exclude<Compression, 'none'>;
  readonly rooms: FrameRooms;
}

/**
 * A segment of an initramfs, compressed. The kernel refuses what follows a compressed piece that ends within an entry
 * (`junk at the end of compressed archive`, and boots on without it), so every piece ends between entries: gzip makes
 * one piece of all, zstd one of as many entries as fit in 2 MiB, or of one that is larger. A chunk is gone when the
 * next one is asked for.
 */
export function compressSegment(
  segment: InitrdSegment,
  { compression, rooms }: SegmentOptions,
  context: EncodeContext,
): AsyncIterable<Uint8Array> {
  if (compression === 'gzip') return gzip(archiveBytes(segment, context), { level: GZIP_LEVEL });
  return zstdFrames(segment, rooms, context);
}

async function* zstdFrames(
  entries: readonly ArchiveEntry[],
  rooms: FrameRooms,
  context: EncodeContext,
): AsyncGenerator<Uint8Array, void, undefined> {
  const compress = (frame: Frame) => compressFrame(frame, rooms, context);
  for await (const frame of mapInOrder(framesOf(entries), compress, { inFlight: FRAMES_IN_FLIGHT })) yield* frame;
}

interface Frame {
  readonly entries: readonly ArchiveEntry[];
  readonly sizeBytes: number;
}

/** A frame that is too large for memory is not begun here but when its turn comes. */
async function compressFrame(
  frame: Frame,
  rooms: FrameRooms,
  context: EncodeContext,
): Promise<AsyncIterable<Uint8Array> | Iterable<Uint8Array>> {
  const chunks = frameBytes(frame, rooms, context);
  if (frame.sizeBytes > FRAME_BYTES) return chunks;
  const kept: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of chunks) kept.push(new Uint8Array(chunk));
  return released(kept);
}

async function* frameBytes(
  { entries, sizeBytes }: Frame,
  all: FrameRooms,
  context: EncodeContext,
): AsyncGenerator<Uint8Array, void, undefined> {
  const rooms = await all.take();
  try {
    yield* zstdFrame(archiveBytes(entries, context, { rooms }), { level: ZSTD_LEVEL, sizeBytes });
  } finally {
    all.give(rooms);
  }
}

function* released(chunks: readonly Uint8Array<ArrayBuffer>[]): Generator<Uint8Array> {
  for (const chunk of chunks) {
    yield chunk;
    release([chunk]);
  }
}

function* framesOf(entries: Iterable<ArchiveEntry>): Generator<Frame> {
  let frame: ArchiveEntry[] = [];
  let sizeBytes = 0;
  for (const entry of entries) {
    const size = entryBytes(entry);
    if (frame.length > 0 && sizeBytes + size > FRAME_BYTES) {
      yield { entries: frame, sizeBytes };
      frame = [];
      sizeBytes = 0;
    }
    frame.push(entry);
    sizeBytes += size;
  }
  if (frame.length > 0) yield { entries: frame, sizeBytes };
}
