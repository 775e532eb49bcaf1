import type { Digest } from '../../model/digest.js';
import type { BlobRange } from '../../model/layer.js';
import { type IndexLines, keyOf, type Line } from './index-lines.js';

/**
 * A file of lines sorted by their key, in which a reader finds a key with one small read.
 *
 *   block…      about 8 KiB of lines each; all lines of one key are in one block
 *   directory   JSON: [[first key, offset, size in bytes]…], in order
 *
 * A line is a key, a tab, and a value, in ASCII or UTF-8. Lines are sorted by their bytes, and since a tab sorts before
 * all that a key is made of, they are sorted by key first. Reading needs to know how large file and directory
 * are, which is remembered beside the digest of the file.
 */
export interface IndexFileLocation {
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly directoryBytes: number;
}

const BLOCK_BYTES = 8192;
/** As much as the store writes at once. */
const PIECE_BYTES = 1 << 18;

type DirectoryEntry = readonly [firstKey: string, offset: number, sizeBytes: number];

/** The bytes of an index file, in chunks; at their end returns how large the directory is. */
export function* encodeIndexFile(lines: IndexLines): Generator<Uint8Array, number, undefined> {
  const directory: [firstKey: string, offset: number, sizeBytes: number][] = [];
  let offset = 0;
  let piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
  let filled = 0;
  let previous: Line | undefined;
  for (const line of lines.sorted()) {
    const block = directory.at(-1);
    // All lines of one key are in one block. Keys are looked at only where one may end: there are few such places.
    if (block === undefined || (block[2] >= BLOCK_BYTES && previous && keyOf(line) !== keyOf(previous))) {
      directory.push([keyOf(line), offset, 0]);
    }
    const sizeBytes = line.end - line.start;
    (directory.at(-1) as [string, number, number])[2] += sizeBytes;
    offset += sizeBytes;
    for (let start = line.start; start < line.end; ) {
      const copied = line.chunk.copy(piece, filled, start, line.end);
      start += copied;
      filled += copied;
      if (filled < PIECE_BYTES) continue;
      yield piece;
      piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
      filled = 0;
    }
    previous = line;
  }
  yield piece.subarray(0, filled);
  const bytes = Buffer.from(JSON.stringify(directory));
  yield bytes;
  return bytes.length;
}

export type ReadRange = (range: BlobRange) => Promise<Uint8Array>;

/** An open index file. Blocks that were read are kept. */
export class IndexFile {
  readonly #read: ReadRange;
  readonly #location: IndexFileLocation;
  readonly #directory: readonly DirectoryEntry[];
  readonly #blocks = new Map<number, Promise<string>>();

  private constructor(read: ReadRange, location: IndexFileLocation, directory: readonly DirectoryEntry[]) {
    this.#read = read;
    this.#location = location;
    this.#directory = directory;
  }

  /** @throws whatever `read` throws, and {SyntaxError} where the file is not an index file. */
  static async open(read: ReadRange, location: IndexFileLocation): Promise<IndexFile> {
    const { digest, sizeBytes, directoryBytes } = location;
    const bytes = await read({ blob: digest, offset: sizeBytes - directoryBytes, sizeBytes: directoryBytes });
    const directory = JSON.parse(Buffer.from(bytes).toString('utf8')) as DirectoryEntry[];
    return new IndexFile(read, location, directory);
  }

  /** The values of a key, sorted; none where there is no such key. */
  async values(key: string): Promise<string[]> {
    const index = this.#blockOf(key);
    if (index < 0) return [];
    const block = await this.#block(index);
    const values: string[] = [];
    const prefix = `${key}\t`;
    let start = block.startsWith(prefix) ? 0 : block.indexOf(`\n${prefix}`) + 1;
    if (start === 0 && !block.startsWith(prefix)) return values;
    while (block.startsWith(prefix, start)) {
      const end = block.indexOf('\n', start);
      values.push(block.slice(start + prefix.length, end));
      start = end + 1;
    }
    return values;
  }

  /** Every key once, in order. Reads the whole file. */
  async *keys(): AsyncGenerator<string, void, undefined> {
    let previous: string | undefined;
    for (const index of this.#directory.keys()) {
      for (const line of (await this.#readBlock(index)).split('\n')) {
        const key = line.slice(0, line.indexOf('\t'));
        if (line !== '' && key !== previous) yield key;
        previous = key;
      }
    }
  }

  /** The last block whose first key is not after the key. */
  #blockOf(key: string): number {
    let low = 0;
    let high = this.#directory.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#directory[middle]?.[0] ?? '') <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  #block(index: number): Promise<string> {
    const known = this.#blocks.get(index);
    if (known !== undefined) return known;
    const block = this.#readBlock(index);
    this.#blocks.set(index, block);
    return block;
  }

  async #readBlock(index: number): Promise<string> {
    const [, offset, sizeBytes] = this.#directory[index] as DirectoryEntry;
    return Buffer.from(await this.#read({ blob: this.#location.digest, offset, sizeBytes })).toString('utf8');
  }
}
