import { FormatError } from '../error.js';
import { MODE_TYPE } from '../mode.js';
import { type Field, getField, outOfRange, putField } from './field.js';

/** Where the content of an inode lies (`i_format`, bits 1 to 3: EROFS_INODE_FLAT_PLAIN and so on). */
export type ErofsLayout =
  /** In blocks that follow each other, from `startBlock`. */
  | { readonly kind: 'plain'; readonly startBlock: number }
  /** The same, but for what does not fill a block: that stands behind the inode, in the same block as the inode. */
  | { readonly kind: 'inline'; readonly startBlock: number }
  /** In chunks of 2^chunkBits blocks, whose first blocks stand behind the inode (`erofsChunkMap`). */
  | { readonly kind: 'chunks'; readonly chunkBits: number }
  /** Nowhere: a device. */
  | { readonly kind: 'device'; readonly major: number; readonly minor: number };

export interface ErofsInode {
  /** Type and permission bits, as in stat(2). */
  readonly mode: number;
  /** Length of the content: a file's, a symlink's target, a directory's blocks. */
  readonly sizeBytes: number;
  readonly layout: ErofsLayout;
  /** For programs that have only 32 bits for it. */
  readonly inodeNumber: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly linkCount: number;
  /** Of what `erofsXattrs` gives for it, which stands behind the inode; 0 for none. */
  readonly xattrBytes: number;
}

/** sizeof(struct erofs_inode_extended). The compact form has no time of its own and 16 bits for an owner. */
export const EROFS_INODE_BYTES = 64;

/** EROFS_INODE_LAYOUT_EXTENDED: bit 0 of `i_format`. */
const EXTENDED = 1;
const LAYOUT_NUMBER = { plain: 0, device: 0, inline: 2, chunks: 4 } as const;

/** Of struct erofs_inode_extended; what is not here is 0. `i_mtime_nsec` is: images have whole seconds. */
const FIELD = {
  format: { name: 'i_format', offset: 0, sizeBytes: 2 },
  xattrCount: { name: 'i_xattr_icount', offset: 2, sizeBytes: 2 },
  mode: { name: 'i_mode', offset: 4, sizeBytes: 2 },
  size: { name: 'i_size', offset: 8, sizeBytes: 8 },
  startBlock: { name: 'raw_blkaddr', offset: 16, sizeBytes: 4 },
  device: { name: 'rdev', offset: 16, sizeBytes: 4 },
  chunkFormat: { name: 'c.format', offset: 16, sizeBytes: 2 },
  inodeNumber: { name: 'i_ino', offset: 20, sizeBytes: 4 },
  uid: { name: 'i_uid', offset: 24, sizeBytes: 4 },
  gid: { name: 'i_gid', offset: 28, sizeBytes: 4 },
  mtime: { name: 'i_mtime', offset: 32, sizeBytes: 8 },
  linkCount: { name: 'i_nlink', offset: 44, sizeBytes: 4 },
} as const satisfies Record<string, Field>;

/** sizeof(struct erofs_xattr_ibody_header), which `i_xattr_icount` counts as 1; the rest counts by 4 bytes. */
const XATTR_HEADER_BYTES = 12;
/** `c.format`: EROFS_CHUNK_FORMAT_BLKBITS_MASK. */
const CHUNK_BITS_MAX = 0x1f;

/** The inode, 64 bytes. @throws {FormatError} `out-of-range` with the field's name. */
export function erofsInode(inode: ErofsInode): Buffer {
  const target = Buffer.alloc(EROFS_INODE_BYTES);
  putErofsInode(target, inode);
  return target;
}

/** Writes the inode into the first 64 bytes, which are zeros. @throws {FormatError} `out-of-range` with the field's name. */
export function putErofsInode(target: Buffer, inode: ErofsInode): void {
  const { layout, xattrBytes, mtimeSeconds } = inode;
  putField(target, FIELD.format, EXTENDED | (LAYOUT_NUMBER[layout.kind] << 1));
  putField(target, FIELD.xattrCount, xattrBytes === 0 ? 0 : (xattrBytes - XATTR_HEADER_BYTES) / 4 + 1);
  putField(target, FIELD.mode, inode.mode);
  putField(target, FIELD.size, inode.sizeBytes);
  if (layout.kind === 'device') putField(target, FIELD.device, deviceNumber(layout));
  else if (layout.kind === 'chunks') putField(target, FIELD.chunkFormat, chunkFormat(layout.chunkBits));
  else putField(target, FIELD.startBlock, layout.startBlock);
  putField(target, FIELD.inodeNumber, inode.inodeNumber);
  putField(target, FIELD.uid, inode.uid);
  putField(target, FIELD.gid, inode.gid);
  // The kernel takes the number as one with a sign: there are files from before 1970.
  if (!Number.isSafeInteger(mtimeSeconds)) throw outOfRange(FIELD.mtime.name, mtimeSeconds, Number.MAX_SAFE_INTEGER);
  target.writeUInt32LE(mtimeSeconds >>> 0, FIELD.mtime.offset);
  target.writeInt32LE(Math.floor(mtimeSeconds / 2 ** 32), FIELD.mtime.offset + 4);
  putField(target, FIELD.linkCount, inode.linkCount);
}

/** What an inode says. @throws {FormatError} `unsupported` for the compact form or a compressed layout. */
export function parseErofsInode(source: Buffer): ErofsInode {
  const format = getField(source, FIELD.format);
  const xattrCount = getField(source, FIELD.xattrCount);
  const mode = getField(source, FIELD.mode);
  const mtime = FIELD.mtime.offset;
  return {
    mode,
    sizeBytes: getField(source, FIELD.size),
    layout: parseLayout(source, { format, mode }),
    inodeNumber: getField(source, FIELD.inodeNumber),
    uid: getField(source, FIELD.uid),
    gid: getField(source, FIELD.gid),
    mtimeSeconds: source.readInt32LE(mtime + 4) * 2 ** 32 + source.readUInt32LE(mtime),
    linkCount: getField(source, FIELD.linkCount),
    xattrBytes: xattrCount === 0 ? 0 : XATTR_HEADER_BYTES + (xattrCount - 1) * 4,
  };
}

function parseLayout(
  source: Buffer,
  { format, mode }: { readonly format: number; readonly mode: number },
): ErofsLayout {
  const number = format >> 1;
  const type = mode & MODE_TYPE.mask;
  if ((format & EXTENDED) !== 0 && (type === MODE_TYPE.char || type === MODE_TYPE.block)) {
    const device = getField(source, FIELD.device);
    return { kind: 'device', major: (device >>> 8) & 0xfff, minor: (device & 0xff) | ((device >>> 12) & 0xfff00) };
  }
  const startBlock = getField(source, FIELD.startBlock);
  if (format === (EXTENDED | (LAYOUT_NUMBER.plain << 1))) return { kind: 'plain', startBlock };
  if (format === (EXTENDED | (LAYOUT_NUMBER.inline << 1))) return { kind: 'inline', startBlock };
  const chunks = getField(source, FIELD.chunkFormat);
  if (format === (EXTENDED | (LAYOUT_NUMBER.chunks << 1)) && chunks <= CHUNK_BITS_MAX) {
    return { kind: 'chunks', chunkBits: chunks };
  }
  const got = `i_format ${format} (layout ${number})`;
  throw new FormatError('unsupported', `Cannot read an inode of an EROFS: it has ${got}; wanted an uncompressed one`);
}

/** The kernel's new_encode_dev(): 12 bits of major number, 20 of minor number. */
function deviceNumber({ major, minor }: { readonly major: number; readonly minor: number }): number {
  const fits = Number.isInteger(major) && major >= 0 && major <= 0xfff;
  if (!fits) throw outOfRange('rdev (major number)', major, 0xfff);
  if (!Number.isInteger(minor) || minor < 0 || minor > 0xfffff) throw outOfRange('rdev (minor number)', minor, 0xfffff);
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

function chunkFormat(chunkBits: number): number {
  if (chunkBits > CHUNK_BITS_MAX) throw outOfRange(FIELD.chunkFormat.name, chunkBits, CHUNK_BITS_MAX);
  return chunkBits;
}
