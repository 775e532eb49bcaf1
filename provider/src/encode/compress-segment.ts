import { gzip } from '../format/gzip.js';
import { mapInOrder } from '../format/map-in-order.js';
import { zstdFrame, zstdFrameOf } from '../format/zstd.js';
import { archiveBuffer, archiveBytes } from './archive.js';
import { type ArchiveEntry, entryBytes } from './archive-chunks.js';
import { type Compression, GZIP_LEVEL, ZSTD_LEVEL } from './compression.js';
import type { EncodeContext } from './context.js';
import type { InitrdSegment } from './initrd-segments.js';

/** As long as the window of zstd's level 3: longer frames gain nothing but need more memory. */
const FRAME_BYTES = 2 << 20;
/** As many as Node's thread pool runs at once by default. */
const FRAMES_IN_FLIGHT = 4;

/**
 * A segment of an initramfs, compressed. The kernel refuses what follows a compressed piece that ends within an entry
 * (`junk at the end of compressed archive`, and boots on without it), so every piece ends between entries: gzip makes
 * one piece of all, zstd one of as many entries as fit in 2 MiB, or of one that is larger.
 */
export function compressSegment(
  segment: InitrdSegment,
  compression: Exclude<Compression, 'none'>,
  context: EncodeContext,
): AsyncIterable<Uint8Array> {
  if (compression === 'gzip') return gzip(archiveBytes(segment, context), { level: GZIP_LEVEL });
  return zstdFrames(segment, context);
}

async function* zstdFrames(
  entries: readonly ArchiveEntry[],
  context: EncodeContext,
): AsyncGenerator<Uint8Array, void, undefined> {
  const frames = mapInOrder(framesOf(entries), (frame) => compressFrame(frame, context), {
    inFlight: FRAMES_IN_FLIGHT,
  });
  for await (const frame of frames) yield* frame;
}

interface Frame {
  readonly entries: readonly ArchiveEntry[];
  readonly sizeBytes: number;
}

/** A frame that is too large for memory is not begun here but when its turn comes. */
async function compressFrame(
  { entries, sizeBytes }: Frame,
  context: EncodeContext,
): Promise<AsyncIterable<Uint8Array> | Iterable<Uint8Array>> {
  if (sizeBytes > FRAME_BYTES) return zstdFrameOf(archiveBytes(entries, context), { level: ZSTD_LEVEL, sizeBytes });
  return [await zstdFrame(await archiveBuffer(entries, context), { level: ZSTD_LEVEL })];
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
