import { FormatError } from '../error.js';
import { MODE_TYPE } from '../mode.js';
import { outOfRange } from './field.js';
import { EROFS_BLOCK_BYTES } from './geometry.js';

/** A name in a directory. */
export interface ErofsDirent {
  readonly name: Buffer;
  readonly nid: number;
  /** Of the inode; only its type is used. */
  readonly mode: number;
}

/** struct erofs_dirent: `nid` 8, `nameoff` 2, `file_type` 1, `reserved` 1. */
const DIRENT_BYTES = 12;
/** EROFS_NAME_LEN. */
const NAME_MAX = 255;

/** `file_type`: EROFS_FT_REG_FILE and so on. */
const FILE_TYPE: ReadonlyMap<number, number> = new Map([
  [MODE_TYPE.file, 1],
  [MODE_TYPE.directory, 2],
  [MODE_TYPE.char, 3],
  [MODE_TYPE.block, 4],
  [MODE_TYPE.fifo, 5],
  [MODE_TYPE.socket, 6],
  [MODE_TYPE.symlink, 7],
]);

/**
 * Length of the directory with names of these lengths, which come in the order of their bytes, `.` and `..` among them.
 * Names do not go on in another block.
 */
export function erofsDirectoryBytes(nameLengths: Iterable<number>): number {
  let full = 0;
  let used = 0;
  for (const length of nameLengths) {
    const added = DIRENT_BYTES + length;
    if (used + added > EROFS_BLOCK_BYTES) {
      full += EROFS_BLOCK_BYTES;
      used = 0;
    }
    used += added;
  }
  return full + used;
}

/**
 * The content of a directory: in each block first the entries, then their names. The names must come in the order of
 * their bytes, `.` and `..` among them: the kernel looks by bisection, for the block and within it.
 * @throws {FormatError} `out-of-range` for a name that is empty, too long, or holds a slash or a NUL; `malformed` when they are not in order.
 */
export function erofsDirectory(entries: readonly ErofsDirent[]): Buffer {
  entries.forEach(({ name }, index) => {
    checkName(name);
    const before = entries[index - 1]?.name;
    if (before !== undefined && Buffer.compare(before, name) >= 0) {
      throw new FormatError('malformed', 'Cannot write a directory of an EROFS: wanted each name once, in byte order');
    }
  });
  const content = Buffer.alloc(erofsDirectoryBytes(entries.map(({ name }) => name.byteLength)));
  let start = 0;
  for (let first = 0; first < entries.length; start += EROFS_BLOCK_BYTES) {
    const count = countInBlock(entries, first);
    let nameOffset = count * DIRENT_BYTES;
    entries.slice(first, first + count).forEach(({ name, nid, mode }, index) => {
      const at = start + index * DIRENT_BYTES;
      content.writeUInt32LE(nid % 2 ** 32, at);
      content.writeUInt32LE(Math.floor(nid / 2 ** 32), at + 4);
      content.writeUInt16LE(nameOffset, at + 8);
      content.writeUInt8(FILE_TYPE.get(mode & MODE_TYPE.mask) ?? 0, at + 10);
      content.set(name, start + nameOffset);
      nameOffset += name.byteLength;
    });
    first += count;
  }
  return content;
}

/** What a directory holds. @throws {FormatError} `malformed`. */
export function parseErofsDirectory(content: Buffer): (Pick<ErofsDirent, 'name' | 'nid'> & { fileType: number })[] {
  const entries: (Pick<ErofsDirent, 'name' | 'nid'> & { fileType: number })[] = [];
  for (let start = 0; start < content.byteLength; start += EROFS_BLOCK_BYTES) {
    const block = content.subarray(start, start + EROFS_BLOCK_BYTES);
    const namesAt = block.byteLength < DIRENT_BYTES ? 0 : block.readUInt16LE(8);
    const count = namesAt / DIRENT_BYTES;
    if (!Number.isInteger(count) || count < 1 || namesAt > block.byteLength) throw badDirectory(start);
    for (let index = 0; index < count; index += 1) {
      const at = index * DIRENT_BYTES;
      const from = block.readUInt16LE(at + 8);
      // The last name ends at the first NUL, or with the block.
      const to = index + 1 < count ? block.readUInt16LE(at + DIRENT_BYTES + 8) : endOfText(block, from);
      if (from < namesAt || to <= from || to > block.byteLength) throw badDirectory(start + at);
      const nid = block.readUInt32LE(at) + block.readUInt32LE(at + 4) * 2 ** 32;
      entries.push({ name: block.subarray(from, to), nid, fileType: block.readUInt8(at + 10) });
    }
  }
  return entries;
}

function countInBlock(entries: readonly ErofsDirent[], first: number): number {
  let used = 0;
  let last = first;
  for (; last < entries.length; last += 1) {
    used += DIRENT_BYTES + (entries[last] as ErofsDirent).name.byteLength;
    if (used > EROFS_BLOCK_BYTES) break;
  }
  return last - first;
}

function checkName(name: Buffer): void {
  if (name.byteLength === 0 || name.byteLength > NAME_MAX) throw outOfRange('name (bytes)', name.byteLength, NAME_MAX);
  if (name.includes(0) || name.includes('/')) throw outOfRange('name', JSON.stringify(name.toString()), NAME_MAX);
}

function endOfText(block: Buffer, from: number): number {
  const end = block.indexOf(0, from);
  return end < 0 ? block.byteLength : end;
}

function badDirectory(offset: number): FormatError {
  return new FormatError('malformed', `Cannot read a directory of an EROFS: what stands at ${offset} is no entry`);
}
