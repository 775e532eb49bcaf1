import type { Digest } from './digest.js';

/** Output formats, in the order in which they are told. */
export const FORMATS = [
  'tar',
  'oci',
  'oci-archive',
  'docker-archive',
  'kernel+initrd',
  'tar-kernel-initrd',
  'kernel+erofs',
  'raw-efi',
  'qcow2-efi',
  'iso-efi',
  'aws',
  'gcp',
] as const;
export type Format = (typeof FORMATS)[number];

/** Formats that firmware boots by itself. */
export const DISK_FORMATS: readonly Format[] = ['raw-efi', 'qcow2-efi', 'iso-efi', 'aws', 'gcp'];

/** One file of an artifact, as it lies on disk. */
export interface ArtifactFile {
  /** What it is to whoever uses it: `kernel`, `initrd`, `cmdline`, `erofs`, `disk`, the name of a format; a path in a folder. */
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
