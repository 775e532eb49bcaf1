import type { BlobRange } from '../model/layer.js';
import type { BlockImage } from './block-image.js';

/** What an encoder works with. */
export interface EncodeContext {
  /** Reads from the content store, in chunks. */
  readonly read: (range: BlobRange) => AsyncIterable<Uint8Array>;
  /** Reads from the content store into bytes that are as long as the range. Called for several ranges at a time. */
  readonly readInto: (range: BlobRange, target: Uint8Array) => Promise<void>;
  /**
   * Where the bytes of that name lie in the content store: made if they are not there. A name says all that decides
   * the bytes, of which a chunk may be overwritten when the next one is asked for. Called for several names at a time.
   */
  readonly memo: (key: string, make: () => AsyncIterable<Uint8Array>) => Promise<BlobRange>;
  readonly signal: AbortSignal;
}

export interface BytesOptions {
  /** Whether a chunk may be overwritten when the next one is asked for: memory then stays as it is. */
  readonly reuse?: boolean;
  /**
   * Whether the store's word is enough that bodies are what the tree says: it has compared each blob with its digest.
   * For what is given away at once; what is kept under a name is compared once more.
   */
  readonly trusting?: boolean;
}

/** What a file is put together from: bytes that lie in the content store, or a few that are known. */
export type Part = BlobRange | { readonly bytes: Uint8Array };

/** One file of an artifact. Nothing is read or compressed before its bytes are taken. */
export interface EncodedFile {
  /** As in ArtifactFile. */
  readonly role: string;
  /** Can be called again, and gives the same bytes each time. */
  readonly bytes: (options?: BytesOptions) => AsyncIterable<Uint8Array>;
  /** Where the same bytes lie, if not in one piece: made where they are not there. Whoever trusts the store may copy them. */
  readonly parts?: () => AsyncIterable<Part> | Iterable<Part>;
  /** Of a disk: what its bytes are and which of them are zeros or unused, so that it can be written without those. */
  readonly image?: BlockImage;
}
