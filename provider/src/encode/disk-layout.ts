import { GPT_TAIL_SECTORS, type Gpt, SECTOR_BYTES } from '../format/gpt.js';
import { type Guid, guidOfName } from '../format/guid.js';
import type { Platform } from '../model/platform.js';
import type { BlockImage } from './block-image.js';
import { endOf, type Span } from './block-span.js';
import { upToDouble, upToEighth, upToMultiple } from './quantize.js';

/** What a partition is for. They lie on the disk in this order, so that what grows most comes last. */
export type PartitionRole = 'metadata' | 'esp' | 'verity' | 'root';

export interface DiskOptions {
  /** Of the image, and of the output format: what all identifiers are made of. */
  readonly name: string;
  readonly format: string;
  readonly platform: Platform;
  /** What describes the rest: lock, contents, digests of blocks. */
  readonly metadata?: BlockImage;
  readonly esp: BlockImage;
  /** The hash tree of the root. */
  readonly verity?: BlockImage;
  readonly root?: BlockImage;
  /** Room behind the last partition. Default: none. */
  readonly addBytes?: number;
  /** The whole is a multiple of this, itself a multiple of 1 MiB, which is the default. */
  readonly sizeMultipleBytes?: number;
}

/** A partition's place, which may be larger than what is in it. */
export interface Partition extends Span {
  readonly role: PartitionRole;
}

export interface DiskLayout {
  readonly sizeBytes: number;
  readonly gpt: Gpt;
  /** By offset. */
  readonly partitions: readonly (Partition & { readonly image: BlockImage })[];
}

const MIB = 1 << 20;
/** Where partitions begin: blocks of a cloud's snapshot (512 KiB) and of any disk divide it. */
export const DISK_ALIGN_BYTES = MIB;
const ORDER: readonly PartitionRole[] = ['metadata', 'esp', 'verity', 'root'];
/** What is never less, so that a root that grows does not move itself: the tree of 2 GiB of root has 16 MiB. */
const LEAST_BYTES = 16 * MIB;

/** UAPI Discoverable Partitions Specification, "Defined Partition Type UUIDs"; UEFI 2.10 section 5.3.3 for the ESP. */
const ESP_TYPE: Guid = 'c12a7328-f81f-11d2-ba4b-00a0c93ec93b';
const ROOT_TYPES: Readonly<Record<Platform, { readonly root: Guid; readonly verity: Guid }>> = {
  'linux/amd64': {
    root: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
    verity: '2c7357ed-ebd2-46d9-aec1-23d437ec2bf5',
  },
  'linux/arm64': {
    root: 'b921b045-1df0-41c3-af44-4c6f280d3fae',
    verity: 'df3300ce-d69f-4c92-978c-9bfb0f38d820',
  },
};
/** Ingot's own, chosen once: guidOfName('ingot metadata partition'). */
export const METADATA_TYPE: Guid = 'b83cb774-f354-8bf7-8917-de5ddab0a00e';

const LABELS: Readonly<Record<PartitionRole, string>> = {
  metadata: 'ingot-metadata',
  esp: 'esp',
  verity: 'root-verity',
  root: 'root',
};
/** Discoverable Partitions Specification, "Partition Attribute Flags": bit 60, read-only. */
const READ_ONLY = 1n << 60n;

/**
 * Where everything on a disk lies. Places depend on sizes by steps alone: a root that grows by some blocks moves nothing.
 * Identifiers depend on name and format, and not on what is in the image.
 */
export function diskLayout(options: DiskOptions): DiskLayout {
  const partitions: DiskLayout['partitions'][number][] = [];
  let end = DISK_ALIGN_BYTES;
  for (const role of ORDER) {
    const image = options[role];
    if (image === undefined) continue;
    const sizeBytes = placeBytes(role, image.sizeBytes);
    partitions.push({ role, offset: end, sizeBytes, image });
    end += sizeBytes;
  }
  const { addBytes = 0, sizeMultipleBytes = DISK_ALIGN_BYTES } = options;
  const sizeBytes = upToMultiple(end + addBytes + GPT_TAIL_SECTORS * SECTOR_BYTES, sizeMultipleBytes);
  const gpt = {
    diskGuid: guidOf('disk', options),
    sectors: sizeBytes / SECTOR_BYTES,
    partitions: partitions.map((partition) => ({
      typeGuid: typeOf(partition.role, options.platform),
      guid: partitionGuid(partition.role, options),
      name: LABELS[partition.role],
      startLba: partition.offset / SECTOR_BYTES,
      endLba: endOf(partition) / SECTOR_BYTES - 1,
      ...(partition.role === 'esp' ? {} : { attributes: READ_ONLY }),
    })),
  };
  return { sizeBytes, gpt, partitions };
}

/** What `PARTUUID=` names on a kernel's command line. Known before the disk is made. */
export function partitionGuid(role: PartitionRole, image: { readonly name: string; readonly format: string }): Guid {
  return guidOf(`partition ${role}`, image);
}

function guidOf(what: string, { name, format }: { readonly name: string; readonly format: string }): Guid {
  return guidOfName(`ingot ${what}\0${format}\0${name}`);
}

function placeBytes(role: PartitionRole, sizeBytes: number): number {
  if (role === 'root') return upToEighth(sizeBytes);
  if (role === 'esp') return upToMultiple(sizeBytes, DISK_ALIGN_BYTES);
  return upToDouble(sizeBytes, LEAST_BYTES);
}

function typeOf(role: PartitionRole, platform: Platform): Guid {
  if (role === 'metadata') return METADATA_TYPE;
  return role === 'esp' ? ESP_TYPE : ROOT_TYPES[platform][role];
}
