import type { Digest } from './digest.js';

export type EntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo';

/** Bytes that lie in the content store: `sizeBytes` from `offset` of the blob. */
export interface BlobRange {
  readonly blob: Digest;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** What a tar entry says of itself. Paths are relative, without `.` or `..`, without slashes at either end. */
export interface Attributes {
  /** UTF-8; a byte that is not valid UTF-8 stands as U+DC80..U+DCFF (PEP 383), so that nothing is lost. */
  readonly path: string;
  readonly type: EntryType;
  /** The twelve permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970, whole. */
  readonly mtimeSeconds: number;
  /** Target text of a symlink; path of the other name, in the same form as `path`, for a hardlink. */
  readonly link?: string;
  readonly device?: { readonly major: number; readonly minor: number };
  /** Values in base64, since they are binary. */
  readonly xattrs?: Readonly<Record<string, string>>;
}

export interface LayerEntry extends Attributes {
  /** Only for a file: where its body lies, and the digest of the body. */
  readonly content?: BlobRange & { readonly sha256: Digest };
}

/** An uncompressed archive in the store, with the index of what it holds. Entries are in the archive's order. */
export interface Layer {
  /** Identity: of the uncompressed archive. */
  readonly digest: Digest;
  readonly entries: readonly LayerEntry[];
  /** The package it is, where it is one. */
  readonly package?: {
    readonly name: string;
    readonly version: string;
    /** Maintainer scripts that do more when it is installed than what is known of them. */
    readonly unknownScripts?: readonly string[];
  };
}

/** What an image says about how it is run (OCI image spec 1.1, config.md, "config"). What it does not say is empty. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  /** Each `NAME=value`. */
  readonly env: readonly string[];
  readonly workingDirectory: string;
  readonly user: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Each `80/tcp`; absent where it names none. */
  readonly exposedPorts?: readonly string[];
}

/** A blob of an image, as a registry has it. */
export interface ImageBlob {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly mediaType: string;
}

/** An image as a registry has it, with its blobs in the store. */
export interface ImageBlobs {
  readonly manifest: ImageBlob;
  /** The configuration, then the layers, lowest first; each once. */
  readonly blobs: readonly ImageBlob[];
}

/** What a pin stands for. */
export interface Opened {
  /** Lowest first. */
  readonly layers: readonly Layer[];
  /** Only of a container image. */
  readonly image?: ImageConfig;
}
