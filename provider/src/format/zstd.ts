import { pipeline, Readable } from 'node:stream';
import { constants, createZstdCompress, zstdCompress } from 'node:zlib';
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
const OUTPUT_CHUNK_BYTES = 256 * 1024;

/** The name that goes with artifacts: what decides the bytes, besides the input. */
export function zstdName(level: number): string {
  return `zstd level ${level} (zstd ${process.versions.zstd ?? 'missing'})`;
}

/**
 * One frame with content size and checksum, compressed in one go on the thread pool. Needs about three times the
 * content's size in memory while it runs.
 * @throws {FormatError} `unsupported` where this Node.js has no zstd.
 */
export function zstdFrame(content: Uint8Array, options: ZstdOptions): Promise<Buffer> {
  checkPresent();
  const sizeBytes = content.byteLength;
  // Room for all output at once: with the default of 16 KiB each piece of output is a trip to another thread.
  const settings = { ...frameSettings(sizeBytes, options), chunkSize: outputBound(sizeBytes) };
  return new Promise((resolve, reject) => {
    zstdCompress(content, settings, (error, frame) => (error === null ? resolve(frame) : reject(error)));
  });
}

/**
 * The same for content of any size, one piece after the other, with bounded memory. The bytes do not depend on how
 * the content is cut into chunks, but are other than those of `zstdFrame`.
 * @param options.sizeBytes exact length of the content.
 * @throws {FormatError} `unsupported` where this Node.js has no zstd; and an error of zlib's when the content has
 *   another length.
 */
export async function* zstdFrameOf(
  content: AsyncIterable<Uint8Array>,
  options: ZstdOptions & { readonly sizeBytes: number },
): AsyncGenerator<Buffer, void, undefined> {
  checkPresent();
  const settings = { ...frameSettings(options.sizeBytes, options), chunkSize: OUTPUT_CHUNK_BYTES };
  const compressor = createZstdCompress(settings);
  // The callback has nothing to do: a failure of either side comes out of the loop below.
  pipeline(Readable.from(blocksOf(content, PIECE_BYTES), { objectMode: true }), compressor, () => undefined);
  for await (const chunk of compressor) yield chunk as Buffer;
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

/** At least ZSTD_compressBound of that size, with the frame header and the checksum. */
function outputBound(sizeBytes: number): number {
  return sizeBytes + Math.ceil(sizeBytes / 256) + 1024;
}

function checkPresent(): void {
  if (zstdCompress !== undefined) return;
  throw new FormatError(
    'unsupported',
    `Cannot compress with zstd: Node.js ${process.version} has none; wanted Node.js 22.15 or later`,
    { context: { got: process.version, want: 'v22.15.0' } },
  );
}
