import { constants, crc32, deflateRaw } from 'node:zlib';
import { blocksOf } from './blocks.js';
import { mapInOrder } from './map-in-order.js';

/** Small enough to keep all threads busy, large enough that a sync flush per block costs next to nothing. */
const BLOCK_BYTES = 1 << 20;
/** RFC 1951 section 2: a distance reaches back 32 KiB at the most. */
const WINDOW_BYTES = 32 * 1024;
/** Twice what Node's thread pool runs at once by default; the output does not depend on it. */
const IN_FLIGHT = 8;
/** RFC 1951 sections 3.2.3 and 3.2.6: last block, fixed codes, end of block. */
const LAST_BLOCK = Uint8Array.of(0x03, 0x00);

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
  yield memberHeader();
  yield* mapInOrder(blocks(), (block) => compress(block, options.level), { inFlight: IN_FLIGHT });
  yield Buffer.concat([LAST_BLOCK, memberTrailer(checksum, sizeBytes)]);
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

/** RFC 1952 section 2.3. */
function memberHeader(): Buffer {
  const header = Buffer.alloc(10);
  header[0] = 0x1f; // ID1
  header[1] = 0x8b; // ID2
  header[2] = 8; // CM: deflate
  header[3] = 0; // FLG: no name, no comment, no extra field
  header.writeUInt32LE(0, 4); // MTIME: none
  header[8] = 0; // XFL
  header[9] = 255; // OS: unknown
  return header;
}

/** RFC 1952 section 2.3: CRC32, then ISIZE, which is the size modulo 2^32. */
function memberTrailer(checksum: number, sizeBytes: number): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(checksum, 0);
  trailer.writeUInt32LE(sizeBytes % 2 ** 32, 4);
  return trailer;
}
