import { createHash, type Hash } from 'node:crypto';
import type { Digest } from '../model/digest.js';
import { FormatError } from './error.js';
import { decodePath } from './path-text.js';
import { TAR_BLOCK_BYTES } from './tar-fields.js';
import { decodeTarHeader, type RawTarHeader } from './tar-reader-header.js';
import { normalizeArchivePath } from './tar-reader-path.js';
import { decodePaxRecords, type PaxRecords, paxNumber, paxXattrs } from './tar-reader-pax.js';
import {
  oldSparseBlock,
  oldSparseHead,
  paxSparseHead,
  type SparseHead,
  SparseMapText,
  sparsePieces,
  type TarSparse,
} from './tar-reader-sparse.js';

export type TarEntryType = 'file' | 'directory' | 'symlink' | 'hardlink' | 'char' | 'block' | 'fifo';

/** One entry of a tar archive. */
export interface TarEntry {
  /** Relative, without `.` and `..`; the empty text is the root itself. Encoded as decodePath() does. */
  readonly path: string;
  readonly type: TarEntryType;
  /** The twelve permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Whole seconds, rounded down. */
  readonly mtimeSeconds: number;
  /** A symlink's target as it is; a hardlink's in the form of `path`. */
  readonly link?: string;
  readonly device?: { readonly major: number; readonly minor: number };
  /** By name, in order. */
  readonly xattrs?: Readonly<Record<string, Uint8Array>>;
  /** Only for a file that is not sparse: where its body lies in the archive, and its digest. */
  readonly content?: { readonly offset: number; readonly sizeBytes: number; readonly sha256: Digest };
  /** Only for a sparse file. */
  readonly sparse?: TarSparse;
}

export interface TarReaderOptions {
  /**
   * Whether the blocks of zeros that end an archive may be missing, and those that fill up its last file. Only for archives whose digest is verified
   * elsewhere, since nothing else would show that the end is missing. Default: they may not.
   */
  readonly endMayBeMissing?: boolean;
  /** Most entries to take. Default: 1 million. */
  readonly maxEntries?: number;
  /** Most bytes that all sparse files together may have, zeros included. Default: 0, which refuses them. */
  readonly maxSparseBytes?: number;
}

const TYPES: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '\0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  // "Contiguous file", to be treated as a file by all who do not know better.
  '7': 'file',
  // A sparse file of GNU tar.
  S: 'file',
};

/** Types that describe the next entry instead of being one. */
type MetaType = 'x' | 'g' | 'L' | 'K';
const META_TYPES = 'xgLK';
const MAX_META_BYTES = 1 << 20;
/** Of all headers of an archive together: names and attributes are kept in memory. */
const MAX_ALL_META_BYTES = 1 << 28;
/** Of the global header, which counts for each entry; writers put one or two there. */
const MAX_GLOBAL_RECORDS = 256;
const MAX_ENTRIES = 1_000_000;
/** Of all sparse files together: their maps are kept in memory. */
const MAX_SPARSE_PIECES = 1_000_000;
/** The one above is "no such id" to the kernel. */
const MAX_ID = 0xfffffffe;

type State =
  | { readonly at: 'header' }
  | { readonly at: 'meta'; readonly type: MetaType; readonly body: Buffer; filled: number }
  | {
      readonly at: 'body';
      readonly entry: TarEntry;
      readonly hash: Hash;
      readonly offset: number;
      readonly sizeBytes: number;
      left: number;
    }
  | { readonly at: 'sparse blocks'; readonly sparse: SparseEntry; readonly numbers: number[] }
  | { readonly at: 'sparse text'; readonly sparse: SparseEntry; readonly map: SparseMapText }
  | { readonly at: 'sparse body'; readonly entry: TarEntry; readonly sizeBytes: number; left: number }
  | { readonly at: 'padding'; left: number }
  | { readonly at: 'zero' }
  | { readonly at: 'end' };

/** A sparse file whose map is not complete yet. */
interface SparseEntry {
  readonly entry: TarEntry;
  readonly head: SparseHead;
  /** What the archive has of it, a map at the beginning included. */
  readonly storedBytes: number;
}

/**
 * Makes the index of a tar archive while its bytes pass by: ustar, GNU, pax, and V7. Bodies are digested, never kept; those of
 * sparse files are left to whoever expands them.
 * Give all chunks to `push`, then call `finish`. After an error the reader is of no use.
 */
export class TarReader {
  readonly #options: TarReaderOptions;
  readonly #entries: TarEntry[] = [];
  readonly #block = Buffer.alloc(TAR_BLOCK_BYTES);
  #filled = 0;
  #offset = 0;
  #metaBytes = 0;
  #sparseBytes = 0;
  #sparsePieces = 0;
  #state: State = { at: 'header' };
  #global: Map<string, Buffer> = new Map();
  #pax: PaxRecords | undefined;
  #longName: Buffer | undefined;
  #longLink: Buffer | undefined;

  constructor(options: TarReaderOptions = {}) {
    this.#options = options;
  }

  /** @throws {FormatError} with the entry's path or, where it has none yet, its offset in the message. */
  push(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    for (let done = 0; done < bytes.length; ) {
      const taken = this.#take(bytes.subarray(done));
      done += taken;
      this.#offset += taken;
    }
  }

  /**
   * All entries, in the archive's order.
   * @throws {FormatError} `truncated` when the archive is not complete.
   */
  finish(): readonly TarEntry[] {
    const { at } = this.#state;
    const between = at === 'header' || at === 'zero' || at === 'padding';
    const lenient = this.#options.endMayBeMissing === true && between && this.#filled === 0;
    if (at !== 'end' && !lenient) throw this.#failure('truncated', 'the archive ends before its end mark');
    if (this.#pax !== undefined || this.#longName !== undefined || this.#longLink !== undefined) {
      throw this.#failure('malformed', 'it ends with a header for an entry that is not there');
    }
    return this.#entries;
  }

  /** Takes what the state can use of some bytes, at least one. */
  #take(bytes: Buffer): number {
    const state = this.#state;
    switch (state.at) {
      case 'header':
      case 'zero':
        return this.#takeBlock(bytes, (block, offset) => this.#header(block, offset));
      case 'sparse blocks':
        return this.#takeBlock(bytes, (block, offset) => this.#sparseBlock(state, block, offset));
      case 'sparse text':
        return this.#takeBlock(bytes, (block, offset) => this.#sparseText(state, block, offset));
      case 'sparse body': {
        const taken = Math.min(bytes.length, state.left);
        state.left -= taken;
        if (state.left === 0) this.#endSparse(state);
        return taken;
      }
      case 'meta': {
        const taken = bytes.copy(state.body, state.filled);
        state.filled += taken;
        if (state.filled === state.body.length) this.#endMeta(state);
        return taken;
      }
      case 'body': {
        const part = bytes.length <= state.left ? bytes : bytes.subarray(0, state.left);
        state.hash.update(part);
        state.left -= part.length;
        if (state.left === 0) this.#endBody(state);
        return part.length;
      }
      case 'padding': {
        const taken = Math.min(bytes.length, state.left);
        state.left -= taken;
        if (state.left === 0) this.#state = { at: 'header' };
        return taken;
      }
      case 'end':
        // Writers fill up to a whole record; nothing after the end mark means anything.
        return bytes.length;
    }
  }

  #takeBlock(bytes: Buffer, use: (block: Buffer, offset: number) => void): number {
    if (this.#filled === 0 && bytes.length >= TAR_BLOCK_BYTES) {
      use(bytes.subarray(0, TAR_BLOCK_BYTES), this.#offset);
      return TAR_BLOCK_BYTES;
    }
    const taken = bytes.copy(this.#block, this.#filled);
    this.#filled += taken;
    if (this.#filled === TAR_BLOCK_BYTES) {
      this.#filled = 0;
      use(this.#block, this.#offset + taken - TAR_BLOCK_BYTES);
    }
    return taken;
  }

  #header(block: Buffer, offset: number): void {
    const raw = this.#explain(() => decodeTarHeader(block), `the entry at ${offset}`);
    if (raw === null) {
      this.#state = { at: this.#state.at === 'zero' ? 'end' : 'zero' };
      return;
    }
    if (this.#state.at === 'zero') throw this.#failure('malformed', `there is a lone block of zeros before ${offset}`);
    if (META_TYPES.includes(raw.typeflag)) this.#beginMeta(raw, offset);
    else this.#beginEntry(raw, { block, offset: offset + TAR_BLOCK_BYTES });
  }

  #beginMeta(raw: RawTarHeader, offset: number): void {
    if (raw.sizeBytes > MAX_META_BYTES) {
      throw this.#failure('too-large', `the header at ${offset} has ${raw.sizeBytes} bytes; at most ${MAX_META_BYTES}`);
    }
    this.#countMeta(raw.sizeBytes);
    const state = { at: 'meta', type: raw.typeflag as MetaType, body: Buffer.alloc(raw.sizeBytes), filled: 0 } as const;
    this.#state = state;
    if (raw.sizeBytes === 0) this.#endMeta(state);
  }

  #countMeta(sizeBytes: number): void {
    this.#metaBytes += sizeBytes;
    if (this.#metaBytes <= MAX_ALL_META_BYTES) return;
    throw this.#failure('too-large', `its extended headers have more than ${MAX_ALL_META_BYTES} bytes`);
  }

  #endMeta(state: { readonly type: MetaType; readonly body: Buffer }): void {
    const { type, body } = state;
    // GNU tar ends its long names with a NUL.
    const name = body.at(-1) === 0 ? body.subarray(0, -1) : body;
    if (type === 'L') this.#longName = name;
    else if (type === 'K') this.#longLink = name;
    else {
      const records = this.#explain(() => decodePaxRecords(body), `the header before ${this.#offset}`);
      if (type === 'x') this.#pax = records;
      else this.#setGlobal(records);
    }
    this.#pad(body.length);
  }

  #setGlobal(records: PaxRecords): void {
    this.#global = merged(this.#global, records);
    if (this.#global.size <= MAX_GLOBAL_RECORDS) return;
    throw this.#failure('too-large', `its global header has more than ${MAX_GLOBAL_RECORDS} records`);
  }

  #beginEntry(raw: RawTarHeader, { block, offset }: { readonly block: Buffer; readonly offset: number }): void {
    const pax = this.#pax === undefined ? this.#global : merged(this.#global, this.#pax);
    const given = textRecord(pax, 'path') ?? this.#longName ?? raw.name;
    const head = this.#explain(
      () => (raw.typeflag === 'S' ? oldSparseHead(block) : paxSparseHead(pax)),
      `the entry ${JSON.stringify(decodePath(given))}`,
    );
    const name = head?.name ?? given;
    const linkname = textRecord(pax, 'linkpath') ?? this.#longLink ?? raw.linkname;
    this.#pax = undefined;
    this.#longName = undefined;
    this.#longLink = undefined;
    if (this.#entries.length === (this.#options.maxEntries ?? MAX_ENTRIES)) {
      throw this.#failure('too-large', `it has more than ${this.#entries.length} entries`);
    }
    const { entry, sizeBytes } = this.#explain(
      () => entryOf({ raw, pax, name, linkname }),
      `the entry ${JSON.stringify(decodePath(name))}`,
    );
    if (head !== undefined) {
      this.#beginSparse({ entry, head, storedBytes: sizeBytes }, offset);
      return;
    }
    if (entry.type !== 'file') {
      this.#entries.push(entry);
      this.#state = { at: 'header' };
      return;
    }
    const state = { at: 'body', entry, hash: createHash('sha256'), offset, sizeBytes, left: sizeBytes } as const;
    this.#state = { ...state };
    if (sizeBytes === 0) this.#endBody(state);
  }

  #endBody(state: Extract<State, { at: 'body' }>): void {
    const { entry, hash, offset, sizeBytes } = state;
    this.#entries.push({ ...entry, content: { offset, sizeBytes, sha256: `sha256:${hash.digest('hex')}` } });
    this.#pad(sizeBytes);
  }

  #beginSparse(sparse: SparseEntry, offset: number): void {
    const { entry, head } = sparse;
    const { maxSparseBytes = 0 } = this.#options;
    this.#sparseBytes += head.sizeBytes;
    if (entry.type !== 'file') throw this.#ofEntry(entry, 'malformed', `it is a sparse ${entry.type}`);
    if (maxSparseBytes === 0)
      throw this.#ofEntry(entry, 'unsupported', 'it is a sparse file; make the archive without --sparse');
    if (this.#sparseBytes > maxSparseBytes) {
      const what = `its sparse files have more than ${maxSparseBytes} bytes`;
      throw this.#failure('too-large', `${what} with ${JSON.stringify(entry.path)}`);
    }
    if (head.more === 'none') this.#sparseBody(sparse, { numbers: head.numbers, mapBytes: 0, offset });
    else if (head.more === 'blocks') this.#state = { at: 'sparse blocks', sparse, numbers: [...head.numbers] };
    else this.#state = { at: 'sparse text', sparse, map: new SparseMapText() };
  }

  #sparseBlock(state: Extract<State, { at: 'sparse blocks' }>, block: Buffer, offset: number): void {
    const { sparse, numbers } = state;
    this.#countMeta(TAR_BLOCK_BYTES);
    this.#countPieces(numbers.length / 2);
    const more = this.#explain(
      () => {
        const part = oldSparseBlock(block);
        numbers.push(...part.numbers);
        return part.more;
      },
      `the entry ${JSON.stringify(sparse.entry.path)}`,
    );
    if (!more) this.#sparseBody(sparse, { numbers, mapBytes: 0, offset: offset + TAR_BLOCK_BYTES });
  }

  #sparseText(state: Extract<State, { at: 'sparse text' }>, block: Buffer, offset: number): void {
    const { sparse, map } = state;
    this.#countMeta(TAR_BLOCK_BYTES);
    const numbers = this.#explain(() => map.push(block), `the entry ${JSON.stringify(sparse.entry.path)}`);
    if (map.sizeBytes > Math.min(MAX_META_BYTES, sparse.storedBytes)) {
      throw this.#ofEntry(sparse.entry, 'malformed', 'its sparse map does not end where it should');
    }
    if (numbers === undefined) return;
    this.#sparseBody(sparse, { numbers, mapBytes: map.sizeBytes, offset: offset + TAR_BLOCK_BYTES });
  }

  #countPieces(more: number): void {
    if (this.#sparsePieces + more <= MAX_SPARSE_PIECES) return;
    throw this.#failure('too-large', `its sparse files have more than ${MAX_SPARSE_PIECES} parts`);
  }

  /** @param found the whole map, how much of the body it took, and where the rest of the body begins. */
  #sparseBody(
    { entry, head, storedBytes }: SparseEntry,
    found: { readonly numbers: readonly number[]; readonly mapBytes: number; readonly offset: number },
  ): void {
    const { sizeBytes } = head;
    const { numbers, mapBytes, offset } = found;
    const left = storedBytes - mapBytes;
    const pieces = this.#explain(
      () => sparsePieces({ sizeBytes, numbers }, { offset, sizeBytes: left }),
      `the entry ${JSON.stringify(entry.path)}`,
    );
    this.#countPieces(pieces.length);
    this.#sparsePieces += pieces.length;
    const state = { at: 'sparse body', entry: { ...entry, sparse: { sizeBytes, pieces } }, sizeBytes: left } as const;
    this.#state = { ...state, left };
    if (left === 0) this.#endSparse(state);
  }

  #endSparse({ entry, sizeBytes }: { readonly entry: TarEntry; readonly sizeBytes: number }): void {
    this.#entries.push(entry);
    this.#pad(sizeBytes);
  }

  #pad(sizeBytes: number): void {
    const left = (TAR_BLOCK_BYTES - (sizeBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES;
    this.#state = left === 0 ? { at: 'header' } : { at: 'padding', left };
  }

  /** Runs a decoder that says what is wrong, and adds where. */
  #explain<T>(decode: () => T, where: string): T {
    try {
      return decode();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      throw new FormatError(error.code, `Cannot read ${where} of the tar archive: ${error.message}`, {
        context: error.context,
      });
    }
  }

  #ofEntry({ path }: TarEntry, code: 'malformed' | 'unsupported', what: string): FormatError {
    return new FormatError(code, `Cannot read the entry ${JSON.stringify(path)} of the tar archive: ${what}`);
  }

  #failure(code: 'malformed' | 'truncated' | 'too-large', what: string): FormatError {
    return new FormatError(code, `Cannot read the tar archive: ${what}`);
  }
}

interface EntryParts {
  readonly raw: RawTarHeader;
  readonly pax: PaxRecords;
  readonly name: Buffer;
  readonly linkname: Buffer;
}

function entryOf({ raw, pax, name, linkname }: EntryParts): { entry: TarEntry; sizeBytes: number } {
  const type = typeOf(raw, name);
  const path = normalizeArchivePath(name);
  if (path === '' && type !== 'directory') throw new FormatError('malformed', 'it has no path');
  const sizeBytes = paxNumber(pax, 'size') ?? raw.sizeBytes;
  // A hardlink's size is that of the other name, with no body here; for the rest it has no meaning that all agree on.
  if (type !== 'file' && type !== 'hardlink' && sizeBytes !== 0) {
    throw new FormatError('malformed', `it is a ${type}, yet has a body of ${sizeBytes} bytes`);
  }
  const xattrs = paxXattrs(pax);
  const entry: TarEntry = {
    path,
    type,
    mode: permissionsOf(raw.mode),
    uid: idOf('uid', paxNumber(pax, 'uid') ?? raw.uid),
    gid: idOf('gid', paxNumber(pax, 'gid') ?? raw.gid),
    mtimeSeconds: paxNumber(pax, 'mtime') ?? raw.mtimeSeconds,
    ...(type === 'symlink' ? { link: symlinkTarget(linkname) } : {}),
    ...(type === 'hardlink' ? { link: hardlinkTarget(linkname) } : {}),
    ...(type === 'char' || type === 'block' ? { device: { major: raw.deviceMajor, minor: raw.deviceMinor } } : {}),
    ...(xattrs === undefined ? {} : { xattrs }),
  };
  return { entry, sizeBytes };
}

function typeOf(raw: RawTarHeader, name: Buffer): TarEntryType {
  const type = TYPES[raw.typeflag];
  if (type === undefined) {
    throw new FormatError('unsupported', `its type ${JSON.stringify(raw.typeflag)} is not known`);
  }
  // V7 tar had no type for folders.
  return type === 'file' && name.at(-1) === 0x2f && raw.typeflag !== '7' ? 'directory' : type;
}

/** Some writers put the file type (S_IFMT) above the permissions; anything above that is damage. */
function permissionsOf(mode: number): number {
  if (mode > 0o177777) throw new FormatError('malformed', `its mode ${mode.toString(8)} is none`);
  return mode & 0o7777;
}

function idOf(field: 'uid' | 'gid', id: number): number {
  if (id > MAX_ID) throw new FormatError('malformed', `its ${field} ${id} is above ${MAX_ID}`);
  return id;
}

function symlinkTarget(linkname: Buffer): string {
  if (linkname.length === 0) throw new FormatError('malformed', 'it is a symlink to nothing');
  if (linkname.includes(0)) throw new FormatError('malformed', 'its target holds a NUL byte');
  return decodePath(linkname);
}

function hardlinkTarget(linkname: Buffer): string {
  const target = normalizeArchivePath(linkname);
  if (target === '') throw new FormatError('malformed', 'it is a hardlink to nothing');
  return target;
}

/** The value of a record; an empty one means that the header's field counts again. */
function textRecord(records: PaxRecords, keyword: string): Buffer | undefined {
  const value = records.get(keyword);
  return value === undefined || value.length === 0 ? undefined : value;
}

function merged(below: PaxRecords, above: PaxRecords): Map<string, Buffer> {
  return new Map([...below, ...above]);
}
