/** A file that Ingot's own init takes out of a package. */
export interface GuestPick {
  readonly package: string;
  /** Glob over the package's paths, `*` within one segment, such as `usr/lib/*-linux-gnu/libc.so.6`. */
  readonly from: string;
  /** Path in the image. Default: the path in the package. Only where `from` names one file. */
  readonly to?: string;
}

/** A file, link or folder that Ingot's own init brings along: exactly one of `bytes`, `link` and `directory`. */
export interface GuestFile {
  /** Relative, without slashes at either end. */
  readonly path: string;
  readonly mode: number;
  readonly bytes?: Uint8Array;
  /** Target text of a symbolic link. */
  readonly link?: string;
  readonly directory?: true;
}
