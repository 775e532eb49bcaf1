import { constants, createZstdCompress, type ZstdCompress } from 'node:zlib';
import { blocksOf } from './blocks.js';
import { FormatError } from './error.js';

/** What a frame is made with; RFC 8878 section 3.1.1 describes the result. */
export interface ZstdOptions {
  /** 1 (fast) to 19 (small). */
  readonly level: number;
}

/**
 * How the input of a streamed frame is cut: with other cuts the bytes can come out otherwise (measured, zstd 1.5.7:
 * pieces of 777 bytes against pieces of 64 KiB).
 */
const PIECE_BYTES = 1 << 20;
/** With Node's default of 16 KiB each piece of output is a trip to another thread. The bytes do not depend on it. */
const OUTPUT_CHUNK_BYTES = 1 << 18;

/** The name that goes with artifacts: what decides the bytes, besides the input. */
export function zstdName(level: number): string {
  return `zstd level ${level} (zstd ${process.versions.zstd ?? 'missing'})`;
}

/**
 * One frame with content size and checksum, compressed on the thread pool, in pieces that are the caller's own. The
 * content must stay as it is until then. Needs about twice its size in memory while it runs.
 * @throws {FormatError} `unsupported` where this Node.js has no zstd.
 */
export async function zstdFrame(content: Uint8Array, options: ZstdOptions): Promise<Buffer<ArrayBuffer>[]> {
  const compressor = compressorFor(content.byteLength, options);
  compressor.end(content);
  return (await compressor.toArray()) as Buffer<ArrayBuffer>[];
}

/**
 * The same for content of any size, one piece after the other, with bounded memory. The bytes do not depend on how
 * the content is cut into chunks, but are other than those of `zstdFrame`. A chunk of the content may be overwritten
 * when the next one is asked for.
 * @param options.sizeBytes exact length of the content.
 * @throws {FormatError} `unsupported` where this Node.js has no zstd; an error of zlib's when the content has
 *   another length; and what `content` throws.
 */
export async function* zstdFrameOf(
  content: AsyncIterable<Uint8Array>,
  options: ZstdOptions & { readonly sizeBytes: number },
): AsyncGenerator<Buffer, void, undefined> {
  const compressor = compressorFor(options.sizeBytes, options);
  // A failure of either side comes out of the loop below.
  const fed = feed(compressor, content).catch((error: unknown) => void compressor.destroy(error as Error));
  try {
    for await (const chunk of compressor) yield chunk as Buffer;
  } finally {
    compressor.destroy();
    await fed;
  }
}

/** Each piece is taken before the next one is made, so one room is enough for all of them. */
async function feed(compressor: ZstdCompress, content: AsyncIterable<Uint8Array>): Promise<void> {
  // One that is closed while its output waits to be read does not call back.
  const closed = new Promise<never>((_, reject) => {
    compressor.once('close', () => reject(new Error('Cannot compress: the compressor is closed')));
  });
  closed.catch(() => undefined);
  for await (const piece of blocksOf(content, PIECE_BYTES, { reuse: true })) {
    const taken = new Promise<void>((resolve, reject) => {
      compressor.write(piece, (error) => (error ? reject(error) : resolve()));
    });
    await Promise.race([taken, closed]);
  }
  compressor.end();
}

function compressorFor(sizeBytes: number, options: ZstdOptions): ZstdCompress {
  if (createZstdCompress === undefined) throw noZstd();
  return createZstdCompress({ ...frameSettings(sizeBytes, options), chunkSize: OUTPUT_CHUNK_BYTES });
}

/** Never ZSTD_c_nbWorkers: with it Node.js loses the end of the output (nodejs/node#59899). */
function frameSettings(sizeBytes: number, options: ZstdOptions) {
  return {
    // Without it the frame header has no content size, not even when all input is there at once.
    pledgedSrcSize: sizeBytes,
    params: {
      [constants.ZSTD_c_compressionLevel]: options.level,
      [constants.ZSTD_c_contentSizeFlag]: 1,
      [constants.ZSTD_c_checksumFlag]: 1,
    },
  };
}

function noZstd(): FormatError {
  return new FormatError(
    'unsupported',
    `Cannot compress with zstd: Node.js ${process.version} has none; wanted Node.js 22.15 or later`,
    { context: { got: process.version, want: 'v22.15.0' } },
  );
}
