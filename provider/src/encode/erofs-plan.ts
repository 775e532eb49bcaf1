import { type Digest, hexOf } from '../model/digest.js';

export interface ErofsPlanOptions {
  /** Of the image: the identifier of the file system follows from it. */
  readonly name: string;
  /** At most 16 bytes. */
  readonly label: string;
}

/** Of a root, everything but the contents of its files: the bytes beside them, and where they lie. */
export interface ErofsPlan {
  /** Cells and gaps. */
  readonly cellCount: number;
  /** By place. */
  readonly cells: readonly CellPlan[];
}

/** What a cell consists of; all places count from its first byte. Lists of numbers have so many for each item. */
export interface CellPlan {
  readonly place: number;
  /** Of all of this but the place, and the entries of the reads: with the digests of what is read, it decides the bytes. */
  readonly key: Digest;
  /** What in the cell is ever read, by offset: offset and length. What neither stands there nor is read to there is zeros. */
  readonly used: Numbers;
  /** Inodes, directories, targets of symlinks: offset and length. */
  readonly written: Numbers;
  /** Of all that is written, one behind the other. */
  readonly bytes: Buffer;
  /** Parts of files: index of the entry in the tree, where the part begins in the content, length, and offset. */
  readonly reads: Numbers;
  /** What stands in two places: from where, to where, length. Done when all is read. */
  readonly copies: Numbers;
}

export type Numbers = ArrayLike<number>;

/** Numbers of an item in each list. */
export const USED = 2;
export const WRITTEN = 2;
export const READ = 4;
export const COPY = 3;

const NUMBER_BYTES = Float64Array.BYTES_PER_ELEMENT;
const DIGEST_BYTES = 32;
const LISTS = ['used', 'written', 'reads', 'copies'] as const;

/** The plan as bytes to keep, in pieces: how many numbers there are, the numbers, and of each cell its key and what is written. */
export function* encodeErofsPlan({ cellCount, cells }: ErofsPlan): Generator<Buffer, void, undefined> {
  const count = cells.reduce((sum, cell) => sum + LISTS.reduce((own, list) => own + cell[list].length, 6), 3);
  const numbers = new Float64Array(count);
  numbers.set([count, cellCount, cells.length]);
  let at = 3;
  const put = (list: Numbers): void => {
    numbers.set(list, at);
    at += list.length;
  };
  for (const cell of cells) {
    put([cell.place, cell.bytes.byteLength, ...LISTS.map((list) => cell[list].length)]);
    for (const list of LISTS) put(cell[list]);
  }
  yield Buffer.from(numbers.buffer);
  for (const { key, bytes } of cells) {
    yield Buffer.from(hexOf(key), 'hex');
    yield bytes;
  }
}

/**
 * The plan that encodeErofsPlan() made bytes of, which must be known to be unchanged, and lie where numbers can. It goes on
 * using them.
 */
export function decodeErofsPlan(bytes: Buffer): ErofsPlan {
  const [count = 0] = new Float64Array(bytes.buffer, bytes.byteOffset, 1);
  const numbers = new Float64Array(bytes.buffer, bytes.byteOffset, count);
  let at = 1;
  let from = count * NUMBER_BYTES;
  const next = (): number => numbers[at++] as number;
  const [cellCount, cellsInAll] = [next(), next()];
  const cells: CellPlan[] = [];
  for (let index = 0; index < cellsInAll; index += 1) {
    const [place, byteLength] = [next(), next()];
    const [used, written, reads, copies] = [next(), next(), next(), next()];
    const list = (length: number): Float64Array => {
      at += length;
      return numbers.subarray(at - length, at);
    };
    const key: Digest = `sha256:${bytes.toString('hex', from, from + DIGEST_BYTES)}`;
    from += DIGEST_BYTES;
    cells.push({
      ...{ place, key, bytes: bytes.subarray(from, from + byteLength) },
      ...{ used: list(used), written: list(written), reads: list(reads), copies: list(copies) },
    });
    from += byteLength;
  }
  return { cellCount, cells };
}
