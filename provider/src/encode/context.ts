import type { BlobRange } from '../model/layer.js';

/** What an encoder works with. */
export interface EncodeContext {
  /** Reads from the content store, in chunks. */
  readonly read: (range: BlobRange) => AsyncIterable<Uint8Array>;
  /**
   * Where the bytes of that name lie in the content store: made if they are not there. A name says all that decides
   * the bytes. Called for several names at a time.
   */
  readonly memo: (key: string, make: () => AsyncIterable<Uint8Array>) => Promise<BlobRange>;
  readonly signal: AbortSignal;
}

/** One file of an artifact. Nothing is read or compressed before its bytes are taken. */
export interface EncodedFile {
  /** As in ArtifactFile: `kernel`, `initrd`, `cmdline`, `tar`. */
  readonly role: string;
  /** Can be called again, and gives the same bytes each time. */
  readonly bytes: () => AsyncIterable<Uint8Array>;
}
