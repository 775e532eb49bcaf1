import { constants, createZstdCompress, type ZstdCompress } from 'node:zlib';
import { blocksOf } from './blocks.js';
import { FormatError } from './error.js';
import { release } from './release.js';

/** What a frame is made with; RFC 8878 section 3.1.1 describes the result. */
export interface ZstdOptions {
  /** 1 (fast) to 19 (small). */
  readonly level: number;
  /** Exact length of the content. */
  readonly sizeBytes: number;
}

/**
 * A multiple of zstd's blocks of 128 KiB: with other cuts the bytes can come out otherwise (measured, zstd 1.5.7:
 * pieces of 777 bytes against pieces of 64 KiB), with these they are those of all content at once.
 */
export const ZSTD_PIECE_BYTES = 1 << 18;
/** With Node's default of 16 KiB each piece of output is a trip to another thread. The bytes do not depend on it. */
const OUTPUT_CHUNK_BYTES = 1 << 18;

/** The name that goes with artifacts: what decides the bytes, besides the input. */
export function zstdName(level: number): string {
  return `zstd level ${level} (zstd ${process.versions.zstd ?? 'missing'})`;
}

/**
 * One frame with content size and checksum, compressed on the thread pool, one piece after the other, with bounded
 * memory. The bytes do not depend on how the content is cut into chunks. A chunk, of the content as of the frame, may
 * be overwritten when the next one is asked for.
 * @throws {FormatError} `unsupported` where this Node.js has no zstd; an error of zlib's when the content has
 *   another length; and what `content` throws.
 */
export async function* zstdFrame(
  content: AsyncIterable<Uint8Array>,
  options: ZstdOptions,
): AsyncGenerator<Buffer<ArrayBuffer>, void, undefined> {
  const compressor = compressorFor(options);
  // A failure of either side comes out of the loop below.
  const fed = feed(compressor, content, options).catch((error: unknown) => void compressor.destroy(error as Error));
  try {
    let last: Buffer<ArrayBuffer> | undefined;
    for await (const chunk of compressor as AsyncIterable<Buffer<ArrayBuffer>>) {
      yield chunk;
      last = chunk;
      if (chunk.byteOffset + chunk.byteLength === OUTPUT_CHUNK_BYTES) releaseOutput(chunk);
    }
    if (last !== undefined) releaseOutput(last);
  } finally {
    compressor.destroy();
    await fed;
  }
}

/**
 * For chunks that reach the end of their memory, or when nothing follows: until then the compressor goes on in it.
 * Chunks that waited together come as one, in memory of other sizes, and may be in a pool.
 */
function releaseOutput(chunk: Buffer<ArrayBuffer>): void {
  if (chunk.buffer.byteLength === OUTPUT_CHUNK_BYTES) release([chunk]);
}

/** Each piece is taken before the next one is made, so one room is enough for all of them. */
async function feed(
  compressor: ZstdCompress,
  content: AsyncIterable<Uint8Array>,
  { sizeBytes }: { readonly sizeBytes: number },
): Promise<void> {
  // One that is closed while its output waits to be read does not call back.
  const closed = new Promise<never>((_, reject) => {
    compressor.once('close', () => reject(new Error('Cannot compress: the compressor is closed')));
  });
  closed.catch(() => undefined);
  for await (const piece of blocksOf(content, ZSTD_PIECE_BYTES, { reuse: { sizeBytes } })) {
    const taken = new Promise<void>((resolve, reject) => {
      compressor.write(piece, (error) => (error ? reject(error) : resolve()));
    });
    await Promise.race([taken, closed]);
  }
  compressor.end();
}

/** Never with ZSTD_c_nbWorkers: then Node.js loses the end of the output (nodejs/node#59899). */
function compressorFor({ level, sizeBytes }: ZstdOptions): ZstdCompress {
  if (createZstdCompress === undefined) throw noZstd();
  return createZstdCompress({
    chunkSize: OUTPUT_CHUNK_BYTES,
    // Without it the frame header has no content size.
    pledgedSrcSize: sizeBytes,
    params: {
      [constants.ZSTD_c_compressionLevel]: level,
      [constants.ZSTD_c_contentSizeFlag]: 1,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  });
}

function noZstd(): FormatError {
  return new FormatError(
    'unsupported',
    `Cannot compress with zstd: Node.js ${process.version} has none; wanted Node.js 22.15 or later`,
    { context: { got: process.version, want: 'v22.15.0' } },
  );
}
