import { FormatError } from './error.js';

/**
 * Which FAT a volume of some size has, and where its parts lie: Microsoft's "FAT: General Overview of On-Disk Format"
 * 1.03, "FAT Type Determination" and "FAT Volume Initialization".
 */
export interface FatGeometry {
  readonly type: 'FAT16' | 'FAT32';
  readonly sectors: number;
  readonly clusterBytes: number;
  /** Of data; they are numbered from 2. */
  readonly clusters: number;
  /** Before the first FAT. */
  readonly reservedSectors: number;
  /** Of one FAT. */
  readonly fatSectors: number;
  readonly fatEntryBytes: 2 | 4;
  /** Entries of the root directory where it lies before the clusters: in FAT16. */
  readonly rootEntries: number;
  /** Where cluster 2 lies. */
  readonly dataOffset: number;
}

export const FAT_SECTOR_BYTES = 512;
export const FAT_COPIES = 2;
/** Of one file or folder in a directory. */
export const DIRECTORY_ENTRY_BYTES = 32;

/** "FAT Type Determination": the number of clusters decides the type, and drivers err near these limits. */
const FAT16_CLUSTERS = { least: 4085 + 16, most: 65524 - 16 };
const FAT32_CLUSTERS = { least: 65525 + 16, most: 0x0fff_fff5 };
/** "FAT Volume Initialization", DskTableFAT32: sectors of a volume up to which a cluster has so many. */
const FAT32_CLUSTER_SECTORS = [
  { sectors: 532_480, each: 1 },
  { sectors: 16_777_216, each: 8 },
  { sectors: 33_554_432, each: 16 },
  { sectors: 67_108_864, each: 32 },
  { sectors: 0xffff_ffff, each: 64 },
];
const FAT16_CLUSTER_SECTORS = [1, 2, 4, 8, 16, 32, 64];
/** BPB_RsvdSecCnt: usual for FAT32, which keeps a copy of its first sectors there; and BPB_RootEntCnt for FAT16. */
const RESERVED = { FAT16: 1, FAT32: 32 };
const ROOT_ENTRIES = { FAT16: 512, FAT32: 0 };
/** Clusters then begin where a block of a disk or a page does. */
const DATA_ALIGN_SECTORS = 8;

/**
 * The same for the same size, always.
 * @throws {FormatError} `out-of-range` for a size that is no multiple of 512, less than about 2 MiB, or 2 TiB and more.
 */
export function fatGeometry(sizeBytes: number): FatGeometry {
  const sectors = sizeBytes / FAT_SECTOR_BYTES;
  // BPB_TotSec32.
  if (!Number.isInteger(sectors) || sectors < 1 || sectors > 0xffff_ffff) throw badSize(sizeBytes);
  const each = FAT32_CLUSTER_SECTORS.find((row) => sectors <= row.sectors)?.each ?? 64;
  const large = geometryOf('FAT32', sectors, each);
  if (isWithin(large.clusters, FAT32_CLUSTERS)) return large;
  for (const clusterSectors of FAT16_CLUSTER_SECTORS) {
    const small = geometryOf('FAT16', sectors, clusterSectors);
    if (isWithin(small.clusters, FAT16_CLUSTERS)) return small;
  }
  throw badSize(sizeBytes);
}

function geometryOf(type: FatGeometry['type'], sectors: number, clusterSectors: number): FatGeometry {
  const fatEntryBytes = type === 'FAT32' ? 4 : 2;
  const rootEntries = ROOT_ENTRIES[type];
  // As if all sectors were clusters: some sectors more than are needed, which is allowed.
  const fatSectors = Math.ceil(((sectors / clusterSectors + 2) * fatEntryBytes) / FAT_SECTOR_BYTES);
  const rootSectors = (rootEntries * DIRECTORY_ENTRY_BYTES) / FAT_SECTOR_BYTES;
  const least = RESERVED[type] + FAT_COPIES * fatSectors + rootSectors;
  const align = Math.max(DATA_ALIGN_SECTORS, clusterSectors);
  const dataSector = Math.ceil(least / align) * align;
  return {
    type,
    sectors,
    clusterBytes: clusterSectors * FAT_SECTOR_BYTES,
    clusters: Math.floor((sectors - dataSector) / clusterSectors),
    reservedSectors: RESERVED[type] + dataSector - least,
    fatSectors,
    fatEntryBytes,
    rootEntries,
    dataOffset: dataSector * FAT_SECTOR_BYTES,
  };
}

function isWithin(value: number, range: { readonly least: number; readonly most: number }): boolean {
  return value >= range.least && value <= range.most;
}

function badSize(sizeBytes: number): FormatError {
  return new FormatError(
    'out-of-range',
    `Cannot make a FAT volume of ${sizeBytes} bytes: wanted a multiple of ${FAT_SECTOR_BYTES} from 2.1 MiB to 2 TiB`,
    { context: { property: 'sizeBytes' } },
  );
}
