import type { Digest } from '../../model/digest.js';
import { SourceError, type SourceErrorCode } from '../error.js';
import type { BlobSource } from './blob-source.js';

/** The source has done its own waiting and trying again; this is for a blob that breaks off more than once. */
const MAX_BREAKS = 8;
const BROKEN = new Set<SourceErrorCode>(['unreachable', 'timeout']);

/**
 * A blob in one piece: where it breaks off after some bytes came, it is asked for again from there.
 * @throws what the source throws, for a break without a byte in between or after too many breaks.
 */
export async function* resumed(
  source: BlobSource,
  digest: Digest,
  options: { readonly sizeBytes: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  let offset = 0;
  for (let breaks = 0; ; breaks++) {
    const before = offset;
    try {
      for await (const chunk of source.blob(digest, { ...options, offset })) {
        options.signal.throwIfAborted();
        offset += chunk.byteLength;
        yield chunk;
      }
      return;
    } catch (error) {
      const again = error instanceof SourceError && BROKEN.has(error.code) && offset > before && breaks < MAX_BREAKS;
      if (!again) throw error;
    }
  }
}
