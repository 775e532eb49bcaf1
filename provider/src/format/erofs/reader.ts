import { FormatError } from '../error.js';
import { MODE_TYPE } from '../mode.js';
import { EROFS_CHUNK_ENTRY_BYTES, EROFS_HOLE, parseErofsChunkMap } from './chunk-map.js';
import { parseErofsDirectory } from './directory.js';
import { EROFS_BLOCK_BYTES, EROFS_SLOT_BYTES } from './geometry.js';
import { EROFS_INODE_BYTES, type ErofsInode, parseErofsInode } from './inode.js';
import { type ErofsSuperblock, parseErofsSuperblock } from './superblock.js';
import { type ErofsXattr, parseErofsXattrs } from './xattrs.js';

/** Bytes of an image. @throws when there are fewer. */
export type ReadBytes = (offset: number, sizeBytes: number) => Promise<Buffer>;

/** A name in an EROFS, with the inode it leads to. */
export interface ErofsEntry {
  /** Bytes of the path, without a slash before it; empty for the root. */
  readonly path: Buffer;
  /** Names of one inode have the same one. */
  readonly nid: number;
  readonly inode: ErofsInode;
  readonly xattrs: readonly ErofsXattr[];
}

/** Folders within folders, and bytes of one folder: more than any real root has. */
const DEPTH_MAX = 4096;
const DIRECTORY_BYTES_MAX = 1 << 30;

/** Reads an EROFS as it is written here: not compressed, without shared attributes. */
export class ErofsReader {
  readonly superblock: ErofsSuperblock;
  readonly #read: ReadBytes;

  private constructor(superblock: ErofsSuperblock, read: ReadBytes) {
    this.superblock = superblock;
    this.#read = read;
  }

  /** @throws {FormatError} as parseErofsSuperblock(). */
  static async open(read: ReadBytes): Promise<ErofsReader> {
    return new ErofsReader(parseErofsSuperblock(await read(0, EROFS_BLOCK_BYTES)), read);
  }

  /** All names, a folder before what it holds, the names of each folder in the order of their bytes. */
  entries(): AsyncGenerator<ErofsEntry, void, undefined> {
    const { rootNid } = this.superblock;
    return this.#walk(Buffer.alloc(0), { nid: rootNid, above: [] });
  }

  /** The content of an inode: a file's bytes, a symlink's target, a directory's blocks; a block or chunk at a time. */
  async *content({ nid, inode }: Pick<ErofsEntry, 'nid' | 'inode'>): AsyncGenerator<Buffer, void, undefined> {
    const { layout, sizeBytes, xattrBytes } = inode;
    const behind = nid * EROFS_SLOT_BYTES + EROFS_INODE_BYTES + xattrBytes;
    if (layout.kind === 'chunks') {
      const chunkBytes = EROFS_BLOCK_BYTES * 2 ** layout.chunkBits;
      for (let from = 0; from < sizeBytes; from += chunkBytes) {
        const entry = behind + (from / chunkBytes) * EROFS_CHUNK_ENTRY_BYTES;
        const [block = EROFS_HOLE] = parseErofsChunkMap(await this.#read(entry, EROFS_CHUNK_ENTRY_BYTES));
        yield* this.#run(block, Math.min(chunkBytes, sizeBytes - from));
      }
      return;
    }
    if (layout.kind === 'device') return;
    const tailBytes = layout.kind === 'inline' ? sizeBytes % EROFS_BLOCK_BYTES : 0;
    yield* this.#run(layout.startBlock, sizeBytes - tailBytes);
    if (tailBytes > 0) yield await this.#read(behind, tailBytes);
  }

  async *#walk(
    path: Buffer,
    { nid, above }: { readonly nid: number; readonly above: readonly number[] },
  ): AsyncGenerator<ErofsEntry, void, undefined> {
    const entry = { path, nid, ...(await this.#inode(nid)) };
    yield entry;
    if ((entry.inode.mode & MODE_TYPE.mask) !== MODE_TYPE.directory) return;
    if (above.includes(nid) || above.length > DEPTH_MAX || entry.inode.sizeBytes > DIRECTORY_BYTES_MAX) {
      throw new FormatError('malformed', `Cannot read an EROFS: the folder ${nid} lies in itself or is too large`);
    }
    const blocks: Buffer[] = [];
    for await (const bytes of this.content(entry)) blocks.push(bytes);
    for (const child of parseErofsDirectory(Buffer.concat(blocks))) {
      const name = child.name.toString('latin1');
      if (name === '.' || name === '..') continue;
      const parts = path.byteLength === 0 ? [child.name] : [path, Buffer.from('/'), child.name];
      yield* this.#walk(Buffer.concat(parts), { nid: child.nid, above: [...above, nid] });
    }
  }

  async #inode(nid: number): Promise<{ inode: ErofsInode; xattrs: ErofsXattr[] }> {
    const offset = nid * EROFS_SLOT_BYTES;
    const inode = parseErofsInode(await this.#read(offset, EROFS_INODE_BYTES));
    const xattrs = parseErofsXattrs(await this.#read(offset + EROFS_INODE_BYTES, inode.xattrBytes));
    return { inode, xattrs };
  }

  async *#run(block: number, sizeBytes: number): AsyncGenerator<Buffer, void, undefined> {
    const step = 128 * EROFS_BLOCK_BYTES;
    for (let done = 0; done < sizeBytes; done += step) {
      const bytes = Math.min(step, sizeBytes - done);
      yield block === EROFS_HOLE ? Buffer.alloc(bytes) : await this.#read(block * EROFS_BLOCK_BYTES + done, bytes);
    }
  }
}
