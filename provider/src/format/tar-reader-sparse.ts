import { FormatError } from './error.js';
import { TAR_BLOCK_BYTES } from './tar-fields.js';
import { tarNumber } from './tar-reader-header.js';
import type { PaxRecords } from './tar-reader-pax.js';

/** A part of a sparse file that lies in the archive; what is between such parts are zeros. */
export interface TarPiece {
  /** Where it belongs in the file. */
  readonly at: number;
  /** Where it lies in the archive. */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** A sparse file as it lies in an archive. */
export interface TarSparse {
  /** Of the whole file, zeros included. */
  readonly sizeBytes: number;
  /** In the order of the file, none of them empty. */
  readonly pieces: readonly TarPiece[];
}

/** The map of a sparse file as it is written: offset, length, offset, length … */
export type SparseNumbers = readonly number[];

/** What the records of a header, or a block, say of a sparse file. */
export interface SparseHead {
  readonly sizeBytes: number;
  readonly numbers: SparseNumbers;
  /** Where more of the map is: in blocks of the old format that follow, or as text where the body begins. */
  readonly more: 'none' | 'blocks' | 'body';
  /** In place of the entry's own, which is made up. */
  readonly name?: Buffer;
}

const LF = 0x0a;
/** GNU tar manual, "Basic Tar Format", struct sparse: an offset and a length. */
const OLD_NUMBER_BYTES = 12;

/**
 * The part of an old GNU header (type `S`) that concerns the map: GNU tar manual, "Basic Tar Format", struct
 * oldgnu_header.
 * @throws {FormatError} `malformed`.
 */
export function oldSparseHead(block: Buffer): SparseHead {
  return {
    sizeBytes: tarNumber(block, { field: 'realsize', offset: 483, length: 12 }),
    numbers: oldNumbers(block, { offset: 386, pairs: 4 }),
    more: block[482] === 0 ? 'none' : 'blocks',
  };
}

/** One of the blocks that follow such a header ("struct sparse_header"), and whether another one follows. */
export function oldSparseBlock(block: Buffer): { readonly numbers: SparseNumbers; readonly more: boolean } {
  return { numbers: oldNumbers(block, { offset: 0, pairs: 21 }), more: block[504] !== 0 };
}

function oldNumbers(block: Buffer, { offset, pairs }: { offset: number; pairs: number }): number[] {
  const numbers: number[] = [];
  for (let index = 0; index < 2 * pairs; index++) {
    const place = { field: 'sparse map', offset: offset + index * OLD_NUMBER_BYTES, length: OLD_NUMBER_BYTES };
    numbers.push(tarNumber(block, place));
  }
  return numbers;
}

/**
 * What pax records say of a sparse file: GNU tar manual, "Storing Sparse Files", versions 0.0, 0.1 and 1.0. `undefined`
 * where they say nothing.
 * @throws {FormatError} `malformed`, `unsupported`.
 */
export function paxSparseHead(records: PaxRecords): SparseHead | undefined {
  const keywords = [...records.keys()];
  if (records.has('SCHILY.realsize')) throw new FormatError('unsupported', 'it is a sparse file of star');
  if (!keywords.some((keyword) => keyword.startsWith('GNU.sparse.'))) return undefined;
  const text = (keyword: string) => records.get(`GNU.sparse.${keyword}`)?.toString('latin1');
  const name = records.get('GNU.sparse.name');
  const version = `${text('major') ?? 0}.${text('minor') ?? 0}`;
  if (version === '1.0') {
    const sizeBytes = decimal(text('realsize'), 'realsize');
    return { sizeBytes, numbers: [], more: 'body', ...(name === undefined ? {} : { name }) };
  }
  if (version !== '0.0' && version !== '0.1') {
    throw new FormatError('unsupported', `it is a sparse file of the unknown version ${JSON.stringify(version)}`);
  }
  const map = text('map') ?? '';
  const numbers = map === '' ? [] : map.split(',').map((number) => decimal(number, 'map'));
  const pairs = decimal(text('numblocks'), 'numblocks');
  if (numbers.length !== 2 * pairs) {
    throw malformed(`its sparse map has ${numbers.length} numbers; its header says ${2 * pairs}`);
  }
  const sizeBytes = decimal(text('size'), 'size');
  return { sizeBytes, numbers, more: 'none', ...(name === undefined ? {} : { name }) };
}

/**
 * The map at the beginning of a body ("Storing Sparse Files", version 1.0): how many pairs, then the pairs, each number
 * on its line, filled up to whole blocks.
 */
export class SparseMapText {
  readonly #blocks: Buffer[] = [];
  #lines = 0;
  /** Of the whole map, when the first one is known. */
  #wantedLines: number | undefined;

  /** How much of the body it has taken. */
  get sizeBytes(): number {
    return this.#blocks.length * TAR_BLOCK_BYTES;
  }

  /**
   * Takes the next block, and gives the numbers when that was the last one.
   * @throws {FormatError} `malformed`.
   */
  push(block: Buffer): SparseNumbers | undefined {
    // A copy, since the block is part of a chunk that will be gone.
    this.#blocks.push(Buffer.from(block));
    for (const byte of block) if (byte === LF) this.#lines += 1;
    this.#wantedLines ??= 1 + 2 * decimal(block.toString('latin1', 0, Math.max(0, block.indexOf(LF))), 'map');
    if (this.#lines < this.#wantedLines) return undefined;
    const lines = Buffer.concat(this.#blocks).toString('latin1').split('\n', this.#wantedLines);
    return lines.slice(1).map((line) => decimal(line, 'map'));
  }
}

/**
 * Where the parts of a sparse file lie, from its map.
 * @param place where the body lies in the archive, without a map, and how much of it there is.
 * @throws {FormatError} `malformed` where the parts overlap, are out of order, or are not what lies in the archive.
 */
export function sparsePieces(
  { sizeBytes, numbers }: Pick<SparseHead, 'sizeBytes' | 'numbers'>,
  place: { readonly offset: number; readonly sizeBytes: number },
): TarPiece[] {
  const pieces: TarPiece[] = [];
  let end = 0;
  let { offset } = place;
  for (let index = 0; index + 1 < numbers.length; index += 2) {
    const at = numbers[index] as number;
    const length = numbers[index + 1] as number;
    // Marks a hole at the end, and fills up the map of an old header.
    if (length === 0) continue;
    if (at < end || at > sizeBytes - length) throw malformed('the parts of its sparse map overlap, or pass its end');
    pieces.push({ at, offset, sizeBytes: length });
    end = at + length;
    offset += length;
  }
  const stored = offset - place.offset;
  if (stored === place.sizeBytes) return pieces;
  throw malformed(`its sparse map tells of ${stored} bytes; the archive has ${place.sizeBytes}`);
}

function decimal(text: string | undefined, what: string): number {
  if (text === undefined || !/^\d{1,15}$/.test(text)) throw malformed(`its sparse ${what} is not a number`);
  return Number(text);
}

function malformed(what: string): FormatError {
  return new FormatError('malformed', what);
}
