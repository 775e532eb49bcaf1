/**
 * Numbers of the on-disk format that its parts share. Names such as `i_format` are those of the kernel's
 * fs/erofs/erofs_fs.h, "core" is its Documentation/filesystems/erofs.rst.
 */

/** `blkszbits` 12: the size that every kernel with EROFS reads, whatever its pages. */
export const EROFS_BLOCK_BYTES = 4096;
export const EROFS_BLOCK_BITS = 12;

/** Inodes begin at multiples of it; the number of one (`nid`) is its offset in slots (core, "inode slot"). */
export const EROFS_SLOT_BYTES = 32;
export const EROFS_BLOCK_SLOTS = EROFS_BLOCK_BYTES / EROFS_SLOT_BYTES;
