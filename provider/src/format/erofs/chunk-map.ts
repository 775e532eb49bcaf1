import { outOfRange } from './field.js';

/** EROFS_BLOCK_MAP_ENTRY_SIZE. */
export const EROFS_CHUNK_ENTRY_BYTES = 4;
/** EROFS_NULL_ADDR: a chunk of zeros that lies nowhere. */
export const EROFS_HOLE = 0xffffffff;

/** What stands behind an inode in chunks, and behind its attributes: the first block of each chunk. */
export function erofsChunkMap(startBlocks: readonly number[]): Buffer {
  const map = Buffer.alloc(startBlocks.length * EROFS_CHUNK_ENTRY_BYTES);
  startBlocks.forEach((block, index) => {
    if (!Number.isInteger(block) || block < 0 || block > EROFS_HOLE) throw outOfRange('blkaddr', block, EROFS_HOLE);
    map.writeUInt32LE(block, index * EROFS_CHUNK_ENTRY_BYTES);
  });
  return map;
}

/** The first block of each chunk, `EROFS_HOLE` for none. */
export function parseErofsChunkMap(map: Buffer): number[] {
  const count = Math.floor(map.byteLength / EROFS_CHUNK_ENTRY_BYTES);
  return Array.from({ length: count }, (_, index) => map.readUInt32LE(index * EROFS_CHUNK_ENTRY_BYTES));
}
