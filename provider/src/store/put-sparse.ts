import type { TarSparse } from '../format/tar-reader-sparse.js';
import type { Digest } from '../model/digest.js';
import type { BlobRange, LayerEntry } from '../model/layer.js';
import type { Store } from './store.js';
import { STREAM_CHUNK_BYTES } from './write-blob.js';

export interface PutSparseOptions {
  /** The blob that the pieces lie in. */
  readonly archive: Digest;
  /** Where to read that from. Default: the store. */
  readonly stream?: (range: BlobRange) => AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
}

/** Stores a sparse file of an archive as it is to be, with its zeros. */
export async function putSparse(
  store: Store,
  { sizeBytes, pieces }: TarSparse,
  { archive, signal, stream = (range) => store.stream(range, signal) }: PutSparseOptions,
): Promise<NonNullable<LayerEntry['content']>> {
  const whole = async function* (): AsyncGenerator<Uint8Array> {
    let done = 0;
    for (const piece of pieces) {
      yield* zeros(piece.at - done);
      yield* stream({ blob: archive, offset: piece.offset, sizeBytes: piece.sizeBytes });
      done = piece.at + piece.sizeBytes;
    }
    yield* zeros(sizeBytes - done);
  };
  const stored = await store.put(whole(), { ...(signal === undefined ? {} : { signal }), expect: { sizeBytes } });
  return { blob: stored.digest, offset: 0, sizeBytes, sha256: stored.digest };
}

const ZEROS = Buffer.alloc(STREAM_CHUNK_BYTES);

function* zeros(sizeBytes: number): Generator<Uint8Array> {
  for (let left = sizeBytes; left > 0; left -= ZEROS.length) yield ZEROS.subarray(0, Math.min(left, ZEROS.length));
}
