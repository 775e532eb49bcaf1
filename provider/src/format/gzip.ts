import { constants, crc32, deflateRaw } from 'node:zlib';
import { blocksOf } from './blocks.js';
import { gzipEnd, gzipStart } from './gzip-member.js';
import { mapInOrder } from './map-in-order.js';

/** Small enough to keep all threads busy, large enough that a sync flush per block costs next to nothing. */
const BLOCK_BYTES = 1 << 20;
/** RFC 1951 section 2: a distance reaches back 32 KiB at the most. */
const WINDOW_BYTES = 32 * 1024;
/** Twice what Node's thread pool runs at once by default; the output does not depend on it. */
const IN_FLIGHT = 8;

/** The name that goes with artifacts: what decides the bytes, besides the input. */
export function gzipName(level: number): string {
  return `gzip level ${level} (zlib ${process.versions.zlib})`;
}

/**
 * One gzip member (RFC 1952), compressed in blocks on the thread pool. The same input gives the same bytes with
 * one release of zlib, however it is cut into chunks and however many threads there are.
 * @param options.level 1 (fast) to 9 (small).
 */
export async function* gzip(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: { readonly level: number },
): AsyncGenerator<Buffer, void, undefined> {
  let checksum = 0;
  let sizeBytes = 0;
  async function* blocks(): AsyncGenerator<Block> {
    let dictionary: Uint8Array | undefined;
    for await (const bytes of blocksOf(content, BLOCK_BYTES)) {
      checksum = crc32(bytes, checksum);
      sizeBytes += bytes.byteLength;
      yield { bytes, dictionary };
      dictionary = bytes.subarray(-WINDOW_BYTES);
    }
  }
  yield gzipStart();
  yield* mapInOrder(blocks(), (block) => compress(block, options.level), { inFlight: IN_FLIGHT });
  yield gzipEnd({ checksum, sizeBytes });
}

interface Block {
  readonly bytes: Uint8Array;
  /** The last bytes of the block before, which this one may refer to. */
  readonly dictionary: Uint8Array | undefined;
}

function compress(block: Block, level: number): Promise<Buffer> {
  const options = {
    level,
    finishFlush: constants.Z_SYNC_FLUSH,
    chunkSize: BLOCK_BYTES,
    ...(block.dictionary === undefined ? {} : { dictionary: block.dictionary }),
  };
  return new Promise((resolve, reject) => {
    deflateRaw(block.bytes, options, (error, compressed) => (error === null ? resolve(compressed) : reject(error)));
  });
}
