import type { Digest } from '../../model/digest.js';

/**
 * Where the blobs of an image come from: a registry, a folder or an archive in OCI layout. Everything it gives is
 * unverified; callers verify.
 */
export interface BlobSource {
  /**
   * Resolves a tag, or looks a digest up: the raw bytes of the manifest or index with its media type. At most 4 MiB.
   * @throws {SourceError} `not-found`, `too-large`, and whatever the way there can fail with.
   */
  manifest(reference: string): Promise<{ readonly bytes: Uint8Array; readonly mediaType: string }>;
  /**
   * A blob's bytes from `offset` (default 0) to `sizeBytes`, which is the size of the whole blob.
   * @throws {SourceError} `not-found`, and whatever the way there can fail with.
   */
  blob(
    digest: Digest,
    options: { readonly sizeBytes: number; readonly offset?: number; readonly signal: AbortSignal },
  ): AsyncIterable<Uint8Array>;
}
