import type { Digest } from './digest.js';

/** Output formats that exist today. */
export type Format = 'kernel+initrd' | 'tar';

/** One file of an artifact, as it lies on disk. */
export interface ArtifactFile {
  /** What it is to whoever uses it: `kernel`, `initrd`, `cmdline`, `tar`. */
  readonly role: string;
  /** Absolute path in the cache. Never changed once it is there. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly digest: Digest;
}

/** Bytes of an image in one format. */
export interface Artifact {
  readonly format: Format;
  /** The lock digest of the image it is of. */
  readonly image: Digest;
  /** Name and version of the compressor, which with the lock digest and the format decides the bytes. */
  readonly compressor: string;
  readonly files: readonly ArtifactFile[];
}
