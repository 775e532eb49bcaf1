/** A part of a disk or partition, and what whoever reads the disk does with it. */
export interface Extent {
  readonly offset: number;
  readonly sizeBytes: number;
  /**
   * `data`: bytes that are read. `zero`: zeros that are read, such as a free slot of a table. `unused`: never read by
   * anyone, so what lies there does not matter; only these may be left out of an upload, since what is not written to
   * the snapshot of an encrypted volume reads as garbage.
   */
  readonly kind: 'data' | 'zero' | 'unused';
}

/** A part of a block image whose bytes follow from its key alone. What is computed of them is kept by that key. */
export interface Region {
  readonly key: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** Bytes at their place. */
export interface Piece {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** Where regions begin and end: at multiples of it. */
export const REGION_ALIGN_BYTES = 4096;

/** What is addressed by blocks: a file system, a hash tree, a partition, a disk. Nothing is read before it is asked for. */
export interface BlockImage {
  readonly sizeBytes: number;
  /** All of it, without gaps, by offset; neighbours differ in kind. */
  readonly extents: readonly Extent[];
  /** By offset; what lies between them is cheap to make. Each begins and ends at a multiple of REGION_ALIGN_BYTES. */
  readonly regions: readonly Region[];
  /**
   * The bytes of the data extents, or of what of them lies within the span, by offset. Can be called again, and gives
   * the same bytes. A piece may be overwritten when the next one is asked for.
   */
  readonly pieces: (span?: { readonly offset: number; readonly sizeBytes: number }) => AsyncIterable<Piece>;
}
