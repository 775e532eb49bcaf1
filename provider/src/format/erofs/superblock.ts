import { crc32c } from '../crc32c.js';
import { FormatError } from '../error.js';
import { type Field, getField, outOfRange, putField } from './field.js';
import { EROFS_BLOCK_BITS, EROFS_BLOCK_BYTES } from './geometry.js';

export interface ErofsSuperblock {
  /** Number of the root's inode; it must lie in the first 2 MiB, since the field has 16 bits. */
  readonly rootNid: number;
  /** Of all inodes. */
  readonly inodeCount: number;
  /** Of the whole file system, in 4096 bytes each. */
  readonly blockCount: number;
  /** 16 bytes, in the order in which they are written as text. */
  readonly uuid: Uint8Array;
  /** At most 16 bytes. */
  readonly label: Uint8Array;
  /** Whether a file lies in chunks: Linux before 5.15 does not read those. */
  readonly hasChunks: boolean;
}

/** EROFS_SUPER_OFFSET: room for a boot sector before it. */
const SUPER_OFFSET = 1024;
/** EROFS_SUPER_MAGIC_V1. */
const MAGIC = 0xe0f5e1e2;
/** EROFS_FEATURE_COMPAT_SB_CHKSUM. */
const COMPAT_CHECKSUM = 0x1;
/** EROFS_FEATURE_COMPAT_MTIME: the time in an inode is that of the content. */
const COMPAT_MTIME = 0x2;
/** EROFS_FEATURE_INCOMPAT_CHUNKED_FILE. */
const INCOMPAT_CHUNKS = 0x4;

/** Of struct erofs_super_block; what is not here is 0. `meta_blkaddr` 0: a nid counts from the start of the image. */
const FIELD = {
  magic: { name: 'magic', offset: 0, sizeBytes: 4 },
  checksum: { name: 'checksum', offset: 4, sizeBytes: 4 },
  compat: { name: 'feature_compat', offset: 8, sizeBytes: 4 },
  blockBits: { name: 'blkszbits', offset: 12, sizeBytes: 1 },
  rootNid: { name: 'root_nid', offset: 14, sizeBytes: 2 },
  inodes: { name: 'inos', offset: 16, sizeBytes: 8 },
  blocks: { name: 'blocks', offset: 36, sizeBytes: 4 },
  metaBlock: { name: 'meta_blkaddr', offset: 40, sizeBytes: 4 },
  incompat: { name: 'feature_incompat', offset: 80, sizeBytes: 4 },
} as const satisfies Record<string, Field>;
/** `uuid`, `volume_name`: 16 bytes each. */
const UUID_OFFSET = 48;
const LABEL_OFFSET = 64;
const TEXT_BYTES = 16;

/**
 * Block 0 of an EROFS. Nothing else may lie in it, since the checksum covers it to its end.
 * @throws {FormatError} `out-of-range` with the field's name.
 */
export function erofsSuperblock(superblock: ErofsSuperblock): Buffer {
  const { uuid, label, hasChunks } = superblock;
  if (uuid.byteLength !== TEXT_BYTES) throw outOfRange('uuid', `${uuid.byteLength} bytes`, TEXT_BYTES);
  if (label.byteLength > TEXT_BYTES) throw outOfRange('volume_name', `${label.byteLength} bytes`, TEXT_BYTES);
  const block = Buffer.alloc(EROFS_BLOCK_BYTES);
  const target = block.subarray(SUPER_OFFSET);
  putField(target, FIELD.magic, MAGIC);
  putField(target, FIELD.compat, COMPAT_CHECKSUM | COMPAT_MTIME);
  putField(target, FIELD.blockBits, EROFS_BLOCK_BITS);
  putField(target, FIELD.rootNid, superblock.rootNid);
  putField(target, FIELD.inodes, superblock.inodeCount);
  putField(target, FIELD.blocks, superblock.blockCount);
  putField(target, FIELD.incompat, hasChunks ? INCOMPAT_CHUNKS : 0);
  target.set(uuid, UUID_OFFSET);
  target.set(label, LABEL_OFFSET);
  putField(target, FIELD.checksum, checksumOf(target));
  return block;
}

/**
 * What block 0 says.
 * @throws {FormatError} `malformed`, `corrupt` when the checksum is wrong, or `unsupported` for what is not written here.
 */
export function parseErofsSuperblock(block: Buffer): ErofsSuperblock {
  const source = block.subarray(SUPER_OFFSET, EROFS_BLOCK_BYTES);
  if (block.byteLength < EROFS_BLOCK_BYTES || getField(source, FIELD.magic) !== MAGIC) {
    throw new FormatError('malformed', 'Cannot read an EROFS: there is no superblock; wanted one at byte 1024');
  }
  const blockBits = getField(source, FIELD.blockBits);
  const incompat = getField(source, FIELD.incompat);
  const metaBlock = getField(source, FIELD.metaBlock);
  if (blockBits !== EROFS_BLOCK_BITS || (incompat & ~INCOMPAT_CHUNKS) !== 0 || metaBlock !== 0) {
    const got = `blkszbits ${blockBits}, feature_incompat ${incompat}, meta_blkaddr ${metaBlock}`;
    throw new FormatError('unsupported', `Cannot read an EROFS: it has ${got}; wanted one that was written by Ingot`);
  }
  const hasChecksum = (getField(source, FIELD.compat) & COMPAT_CHECKSUM) !== 0;
  if (hasChecksum && checksumOf(source) !== getField(source, FIELD.checksum)) {
    throw new FormatError('corrupt', 'Cannot read an EROFS: the checksum of its superblock is wrong');
  }
  const label = source.subarray(LABEL_OFFSET, LABEL_OFFSET + TEXT_BYTES);
  const end = label.indexOf(0);
  return {
    rootNid: getField(source, FIELD.rootNid),
    inodeCount: getField(source, FIELD.inodes),
    blockCount: getField(source, FIELD.blocks),
    uuid: source.subarray(UUID_OFFSET, UUID_OFFSET + TEXT_BYTES),
    label: end < 0 ? label : label.subarray(0, end),
    hasChunks: (incompat & INCOMPAT_CHUNKS) !== 0,
  };
}

/**
 * Of all from the superblock to the end of its block, with 0 in place of the checksum; without the inversion at the end,
 * as the kernel's crc32c() has it.
 */
function checksumOf(source: Buffer): number {
  const { offset, sizeBytes } = FIELD.checksum;
  const covered = Buffer.from(source).fill(0, offset, offset + sizeBytes);
  return ~crc32c(covered) >>> 0;
}
