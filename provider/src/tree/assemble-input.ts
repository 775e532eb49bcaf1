import type { BlobRange, Content, GuestParts, ImageBlobs, ImageConfig, Layer, Lock } from '../model/index.js';

/** All that a tree is made of. */
export interface AssembleInput {
  readonly lock: Lock;
  /** Of packages: `boot/kernel`, and `usr/lib/modules/<release>/…` with modules uncompressed and their indexes. */
  readonly kernel?: Layer;
  /** Packages that Ingot's own init takes binaries from, and which. Absent where the spec brings an init. */
  readonly guest?: GuestParts & { readonly layers: readonly Layer[] };
  /** By reference text: layers, lowest first (for `deb:` one per package, sorted by name). */
  readonly roots: ReadonlyMap<string, readonly Layer[]>;
  /** By reference text, of those that are container images. */
  readonly images?: ReadonlyMap<string, ImageConfig>;
  /** By reference text, of volumes that hold the image itself. */
  readonly imageBlobs?: ReadonlyMap<string, ImageBlobs>;
  /** By index in `lock.spec.files`. */
  readonly files: ReadonlyMap<number, Content>;
  /** By index in `lock.spec.files`, of those that are archives to be unpacked. */
  readonly archives?: ReadonlyMap<number, Layer>;
  /** Files of certificates, by their keys in `lock.files`. */
  readonly certificates?: ReadonlyMap<string, Content>;
  /** Reads from the content store. */
  readonly read: (range: BlobRange) => Promise<Uint8Array>;
}
