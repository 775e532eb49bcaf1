import { FormatError } from './error.js';

/** Bytes that can be read at any place, wherever they lie. Readers of archives take one of these. */
export interface ByteSource {
  readonly sizeBytes: number;
  /** Exactly the bytes asked for. Callers ask for nothing beyond the end. */
  read(offset: number, sizeBytes: number): Promise<Uint8Array>;
}

/** Bytes in memory as a source. Reads are views, not copies. */
export function sourceOf(bytes: Uint8Array): ByteSource {
  return {
    sizeBytes: bytes.byteLength,
    read: async (offset, sizeBytes) => bytes.subarray(offset, offset + sizeBytes),
  };
}

/**
 * A part of a source as a source of its own.
 * @throws {FormatError} `truncated` when the source does not have that part.
 */
export function sliceOf(
  source: ByteSource,
  range: { readonly offset: number; readonly sizeBytes: number },
): ByteSource {
  const { offset, sizeBytes } = range;
  if (offset < 0 || sizeBytes < 0 || offset + sizeBytes > source.sizeBytes) {
    throw new FormatError(
      'truncated',
      `Cannot read ${sizeBytes} bytes from ${offset}: the input ends at ${source.sizeBytes}`,
    );
  }
  return { sizeBytes, read: (at, length) => source.read(offset + at, length) };
}

/** The whole of a source, in order, in chunks of at most `chunkBytes` (default 256 KiB). */
export async function* chunksOf(source: ByteSource, chunkBytes = 1 << 18): AsyncGenerator<Uint8Array, void, undefined> {
  for (let offset = 0; offset < source.sizeBytes; offset += chunkBytes) {
    yield await source.read(offset, Math.min(chunkBytes, source.sizeBytes - offset));
  }
}
