import { pipeline, Readable } from 'node:stream';
import { constants, createGunzip, createZstdDecompress } from 'node:zlib';
import { limitStream } from './digest-stream.js';
import { FormatError } from './error.js';
import { type DecompressOptions, decompressXz } from './xz.js';
import { type FramePiece, splitZstdFrames } from './zstd-frames.js';

export type Compression = 'none' | 'gzip' | 'xz' | 'zstd';

/**
 * Gives back what was compressed, in chunks.
 * @throws {FormatError} `truncated`, `corrupt`, `malformed`, `unsupported`; `too-large` beyond `maxBytes`.
 */
export function decompress(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: DecompressOptions & { readonly compression: Compression },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { compression, maxBytes } = options;
  switch (compression) {
    case 'none':
      return limitStream(chunks, { maxBytes, of: 'the data' });
    case 'gzip':
      return limitStream(decompressGzip(chunks, options.signal), { maxBytes, of: 'gzip data' });
    case 'xz':
      return decompressXz(chunks, options);
    case 'zstd':
      return limitStream(decompressZstd(chunks, options.signal), { maxBytes, of: 'zstd data' });
  }
}

async function* decompressGzip(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* through(chunks, createGunzip({ chunkSize: 1 << 18 }), signal);
}

/** Of RFC 8878: windows of more than 128 MiB are refused, since they are memory that the input asks for. */
const MAX_WINDOW_LOG = 27;

async function* decompressZstd(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces = splitZstdFrames(chunks);
  try {
    for (let first = await pieces.next(); first.done !== true; first = await pieces.next()) {
      const params = { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG };
      const frame = createZstdDecompress({ chunkSize: 1 << 18, params });
      yield* through(frameOf(first.value, pieces), frame, signal);
    }
  } finally {
    // Not waited for: an input that is being asked cannot be closed before it answers, which may be never.
    pieces.return().catch(() => undefined);
  }
}

/** The bytes of one frame, whose first piece is known already. */
async function* frameOf(first: FramePiece, pieces: AsyncIterator<FramePiece>): AsyncGenerator<Uint8Array> {
  for (let piece = first; ; ) {
    yield piece.bytes;
    if (piece.endsFrame) return;
    const next = await pieces.next();
    if (next.done === true) return;
    piece = next.value;
  }
}

async function* through(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  transform: NodeJS.ReadWriteStream & { destroy(error?: Error): unknown },
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted();
  const abort = () => transform.destroy(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  // Errors come out where the output is read.
  pipeline(Readable.from(chunks, { objectMode: false }), transform, () => undefined);
  try {
    for await (const chunk of transform) yield chunk as Uint8Array<ArrayBuffer> & string;
  } catch (error) {
    throw failureOf(error);
  } finally {
    signal?.removeEventListener('abort', abort);
    transform.destroy();
  }
}

/** Names what zlib and zstd say; other errors are those of the input. */
function failureOf(error: unknown): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === 'Z_BUF_ERROR') return new FormatError('truncated', 'Cannot decompress gzip data: it ends too early');
  if (code?.startsWith('Z_') === true) return failure('gzip', error);
  if (code?.startsWith('ZSTD_') === true) return failure('zstd', error);
  return error;
}

function failure(kind: string, cause: unknown): FormatError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new FormatError('corrupt', `Cannot decompress ${kind} data: it is damaged (${why})`, { cause });
}
