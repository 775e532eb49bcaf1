import { FormatError } from './error.js';
import { FAT_COPIES, FAT_SECTOR_BYTES, type FatGeometry } from './fat-geometry.js';

/** The first sectors: Microsoft's "FAT: General Overview of On-Disk Format" 1.03, "Boot Sector and BPB Structure". */

export interface FatIdentity {
  /** BS_VolID, 32 bits. */
  readonly volumeId: number;
  /** At most 11 characters: what a short name may have, and blanks. */
  readonly label: string;
}

/** The root of FAT32, "BPB_RootClus". */
export const ROOT_CLUSTER = 2;
/** "BPB_Media": a disk that is not removed. The first entry of the FAT says it too. */
export const MEDIA = 0xf8;
/** "BPB_FSInfo", "BPB_BkBootSec". */
const FS_INFO_SECTOR = 1;
const BACKUP_SECTOR = 6;
const LABEL = /^[A-Z0-9!#$%&'()@^_`{}~ -]{1,11}$/;
const SIGNATURE = 0xaa55;

/**
 * What the volume begins with: one sector in FAT16; in FAT32 eight, with the copies and what is free.
 * @throws {FormatError} `out-of-range`, with the field's name.
 */
export function bootSectors(
  geometry: FatGeometry,
  { identity, used }: { readonly identity: FatIdentity; readonly used: number },
): Buffer {
  checkIdentity(identity);
  const boot = bootSector(geometry, identity);
  if (geometry.type === 'FAT16') return boot;
  const sectors = Buffer.alloc((BACKUP_SECTOR + 2) * FAT_SECTOR_BYTES);
  const info = fsInfo(geometry, used);
  for (const sector of [0, BACKUP_SECTOR]) {
    boot.copy(sectors, sector * FAT_SECTOR_BYTES);
    info.copy(sectors, (sector + FS_INFO_SECTOR) * FAT_SECTOR_BYTES);
  }
  return sectors;
}

function bootSector(geometry: FatGeometry, { volumeId, label }: FatIdentity): Buffer {
  const { sectors, fatSectors } = geometry;
  const isLarge = geometry.type === 'FAT32';
  const boot = Buffer.alloc(FAT_SECTOR_BYTES);
  boot.set(isLarge ? [0xeb, 0x58, 0x90] : [0xeb, 0x3c, 0x90], 0); // BS_jmpBoot
  boot.write('MSWIN4.1', 3, 'latin1'); // BS_OEMName: "this setting … is least likely to cause compatibility problems"
  boot.writeUInt16LE(FAT_SECTOR_BYTES, 11); // BPB_BytsPerSec
  boot.writeUInt8(geometry.clusterBytes / FAT_SECTOR_BYTES, 13); // BPB_SecPerClus
  boot.writeUInt16LE(geometry.reservedSectors, 14); // BPB_RsvdSecCnt
  boot.writeUInt8(FAT_COPIES, 16); // BPB_NumFATs
  boot.writeUInt16LE(geometry.rootEntries, 17); // BPB_RootEntCnt
  const isShort = !isLarge && sectors < 0x1_0000;
  boot.writeUInt16LE(isShort ? sectors : 0, 19); // BPB_TotSec16
  boot.writeUInt8(MEDIA, 21); // BPB_Media
  boot.writeUInt16LE(isLarge ? 0 : fatSectors, 22); // BPB_FATSz16
  boot.writeUInt16LE(63, 24); // BPB_SecPerTrk, BPB_NumHeads: only for interrupt 13
  boot.writeUInt16LE(255, 26);
  boot.writeUInt32LE(0, 28); // BPB_HiddSec: only for interrupt 13, and the volume does not know where it lies
  boot.writeUInt32LE(isShort ? 0 : sectors, 32); // BPB_TotSec32
  if (isLarge) {
    boot.writeUInt32LE(fatSectors, 36); // BPB_FATSz32
    boot.writeUInt16LE(0, 40); // BPB_ExtFlags: the FATs are copies of each other
    boot.writeUInt16LE(0, 42); // BPB_FSVer: 0.0
    boot.writeUInt32LE(ROOT_CLUSTER, 44); // BPB_RootClus
    boot.writeUInt16LE(FS_INFO_SECTOR, 48); // BPB_FSInfo
    boot.writeUInt16LE(BACKUP_SECTOR, 50); // BPB_BkBootSec
  }
  // The same fields, elsewhere.
  const rest = isLarge ? 64 : 36;
  boot.writeUInt8(0x80, rest); // BS_DrvNum
  boot.writeUInt8(0x29, rest + 2); // BS_BootSig: the next three are there
  boot.writeUInt32LE(volumeId, rest + 3); // BS_VolID
  boot.write(label.padEnd(11), rest + 7, 'latin1'); // BS_VolLab
  boot.write(geometry.type.padEnd(8), rest + 18, 'latin1'); // BS_FilSysType
  boot.writeUInt16LE(SIGNATURE, 510);
  return boot;
}

/** "FAT32 FSInfo Sector Structure". */
function fsInfo({ clusters }: FatGeometry, used: number): Buffer {
  const info = Buffer.alloc(FAT_SECTOR_BYTES);
  info.writeUInt32LE(0x4161_5252, 0); // FSI_LeadSig
  info.writeUInt32LE(0x6141_7272, 484); // FSI_StrucSig
  info.writeUInt32LE(clusters - used, 488); // FSI_Free_Count
  info.writeUInt32LE(ROOT_CLUSTER, 492); // FSI_Nxt_Free: where to begin to look
  info.writeUInt32LE(0xaa55_0000, 508); // FSI_TrailSig
  return info;
}

function checkIdentity({ volumeId, label }: FatIdentity): void {
  const refuse = (field: string, problem: string): never => {
    throw new FormatError('out-of-range', `Cannot make a FAT volume: ${field} ${problem}`, {
      context: { property: field },
    });
  };
  if (!Number.isInteger(volumeId) || volumeId < 0 || volumeId > 0xffff_ffff)
    refuse('volumeId', `${volumeId} does not fit; wanted 32 bits`);
  if (!LABEL.test(label)) refuse('label', `is ${JSON.stringify(label)}; wanted 1 to 11 of A-Z, 0-9 and a few signs`);
}
