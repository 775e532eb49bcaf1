/**
 * A root is laid out in cells of 512 KiB, which is what clouds compare and send: EBS direct APIs' block size, and a
 * multiple of every other.
 */
export const EROFS_CELL_BYTES = 512 * 1024;
export const EROFS_CELL_BLOCKS = EROFS_CELL_BYTES / 4096;
/** `chunkBits` of a file that lies in cells. */
export const EROFS_CELL_BITS = Math.log2(EROFS_CELL_BLOCKS);
/** What has so many blocks, half a cell, lies in one of its own. */
export const EROFS_WHOLE_BLOCKS = EROFS_CELL_BLOCKS / 2;
