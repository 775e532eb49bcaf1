import { FormatError } from './error.js';

/** A piece of one zstd frame. */
export interface FramePiece {
  readonly bytes: Uint8Array;
  /** Whether the frame ends with this piece. */
  readonly endsFrame: boolean;
}

/** RFC 8878 section 3.1.1: Zstandard frames begin with this, little-endian. */
const MAGIC = 0xfd2fb528;
/** Section 3.1.2: skippable frames begin with 0x184D2A50 to 0x184D2A5F. */
const SKIPPABLE = 0x184d2a50;
/** Section 3.1.1.2.2: the block types. */
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

/** What comes next in the input, and how many bytes of it are missing. */
type Part =
  | { readonly name: 'magic' | 'descriptor' | 'header' | 'block' | 'skippable-size'; readonly sizeBytes: number }
  | { readonly name: 'block-body' | 'checksum' | 'skippable-body'; left: number };

/**
 * Finds where the frames of zstd data end, since Node's decompressor stops after the first one without a word.
 * Skippable frames are left out. Pieces are views of the chunks where possible.
 * @throws {FormatError} `malformed`, or `truncated` when the data ends within a frame; damage inside blocks is for the
 *   decompressor to find.
 */
export async function* splitZstdFrames(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<FramePiece, void, undefined> {
  const splitter = new FrameSplitter();
  for await (const chunk of chunks) yield* splitter.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  splitter.finish();
}

const MAGIC_PART: Part = { name: 'magic', sizeBytes: 4 };
const BLOCK_PART: Part = { name: 'block', sizeBytes: 3 };

class FrameSplitter {
  #part: Part = MAGIC_PART;
  /** Bytes of the fixed part that is being read. */
  #held: Buffer = Buffer.alloc(0);
  /** Of the frame that is being read: its last block has been seen; it ends with a checksum. */
  #lastBlock = false;
  #checksum = false;
  #frames = 0;

  *push(chunk: Buffer): Generator<FramePiece> {
    // What of the chunk belongs to the frame that is being read begins here.
    let start = 0;
    for (let at = 0; at < chunk.length; ) {
      const part = this.#part;
      if ('left' in part) {
        const taken = Math.min(part.left, chunk.length - at);
        part.left -= taken;
        at += taken;
        if (part.left > 0) break;
        const ends = this.#endBody(part.name);
        if (part.name === 'skippable-body') start = at;
        else if (ends) {
          yield { bytes: chunk.subarray(start, at), endsFrame: true };
          start = at;
        }
        continue;
      }
      const taken = Math.min(part.sizeBytes - this.#held.length, chunk.length - at);
      this.#held = Buffer.concat([this.#held, chunk.subarray(at, at + taken)]);
      at += taken;
      if (this.#held.length < part.sizeBytes) break;
      const fixed = this.#held;
      this.#held = Buffer.alloc(0);
      const ends = this.#endFixed(part.name, fixed);
      // Kept back until it was clear that a frame begins, for the magic may have begun in the chunk before.
      if (part.name === 'magic') {
        if (this.#part.name === 'descriptor') yield { bytes: fixed, endsFrame: false };
        start = at;
      } else if (part.name === 'skippable-size') start = at;
      else if (ends) {
        yield { bytes: chunk.subarray(start, at), endsFrame: true };
        start = at;
      }
    }
    const inFrame = this.#part.name !== 'magic' && !this.#part.name.startsWith('skippable');
    if (inFrame && start < chunk.length) yield { bytes: chunk.subarray(start), endsFrame: false };
  }

  finish(): void {
    if (this.#part !== MAGIC_PART || this.#held.length > 0 || this.#frames === 0) {
      throw new FormatError('truncated', 'Cannot decompress zstd data: it ends too early');
    }
  }

  /** Reads a fixed part and decides what comes next; returns whether the frame ends here. */
  #endFixed(name: Part['name'], bytes: Buffer): boolean {
    switch (name) {
      case 'magic':
        this.#part = partAfterMagic(bytes.readUInt32LE(0));
        return false;
      case 'skippable-size':
        this.#frames += 1;
        return this.#body('skippable-body', bytes.readUInt32LE(0));
      case 'descriptor':
        return this.#descriptor(bytes[0] ?? 0);
      case 'header':
        this.#part = BLOCK_PART;
        return false;
      default:
        return this.#block(bytes.readUIntLE(0, 3));
    }
  }

  /** Section 3.1.1.1.1: the descriptor says how long the rest of the header is. */
  #descriptor(descriptor: number): boolean {
    const singleSegment = (descriptor & 0x20) !== 0;
    const contentSize = descriptor >> 6;
    const contentSizeBytes = contentSize === 0 ? (singleSegment ? 1 : 0) : 1 << contentSize;
    const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
    this.#checksum = (descriptor & 4) !== 0;
    this.#lastBlock = false;
    const sizeBytes = (singleSegment ? 0 : 1) + dictionaryIdBytes + contentSizeBytes;
    this.#part = { name: 'header', sizeBytes };
    return false;
  }

  /** Section 3.1.1.2: last block (1 bit), type (2 bits), size (21 bits). */
  #block(header: number): boolean {
    const type = (header >> 1) & 3;
    if (type === RESERVED_BLOCK) throw malformed('it has a block of a type that does not exist');
    this.#lastBlock = (header & 1) !== 0;
    return this.#body('block-body', type === RLE_BLOCK ? 1 : header >> 3);
  }

  #body(name: 'block-body' | 'checksum' | 'skippable-body', left: number): boolean {
    this.#part = { name, left };
    return left === 0 && this.#endBody(name);
  }

  #endBody(name: Part['name']): boolean {
    if (name === 'block-body' && !this.#lastBlock) {
      this.#part = BLOCK_PART;
      return false;
    }
    if (name === 'block-body' && this.#checksum) return this.#body('checksum', 4);
    this.#part = MAGIC_PART;
    this.#frames += 1;
    return name !== 'skippable-body';
  }
}

function partAfterMagic(magic: number): Part {
  if (magic === MAGIC) return { name: 'descriptor', sizeBytes: 1 };
  if ((magic & ~0xf) >>> 0 === SKIPPABLE) return { name: 'skippable-size', sizeBytes: 4 };
  throw malformed('it is not zstd data, or something follows its end');
}

function malformed(what: string): FormatError {
  return new FormatError('malformed', `Cannot decompress zstd data: ${what}`);
}
