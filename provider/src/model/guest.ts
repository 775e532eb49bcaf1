/**
 * What a unified kernel image begins with: systemd's EFI stub, from this package. It is pinned with the init's packages,
 * and is no part of the root.
 */
export const BOOT_STUB_PACKAGE = 'systemd-boot-efi';

/** A file that Ingot's own init takes out of a package. */
export interface GuestPick {
  readonly package: string;
  /** Glob over the package's paths, `*` within one segment, such as `usr/lib/*-linux-gnu/libc.so.6`. */
  readonly from: string;
  /** Path in the image. Default: the path in the package. Only where `from` names one file. */
  readonly to?: string;
  /** What alone it is for; absent where it always comes along. */
  readonly for?: GuestPurpose;
}

/** Checking a root block by block; data disks. */
export type GuestPurpose = 'verity' | 'disks';

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

/** A root that the guest brings: what it takes out of packages, and its own files, which win. */
export interface GuestPart {
  readonly picks: readonly GuestPick[];
  readonly files: readonly GuestFile[];
}

/** Ingot's own init. */
export interface GuestParts {
  readonly root: GuestPart;
  /** The small root that finds the root on a disk. */
  readonly initramfs: GuestPart;
}
