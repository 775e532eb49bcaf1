import { constants, crc32, deflateRaw } from 'node:zlib';
import { combineCrc32 } from './crc32-combine.js';

/** A piece of a gzip member, compressed by itself: it can be kept, and used again wherever its bytes stand. */
export interface DeflatedPiece {
  /** RFC 1951 blocks that end at a byte, none of them the last, and refer to nothing before them. */
  readonly bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** Of what was compressed. */
  readonly checksum: number;
  /** Of what was compressed. */
  readonly sizeBytes: number;
}

/** RFC 1951 sections 3.2.3 and 3.2.6: last block, fixed codes, end of block. */
const LAST_BLOCK = Uint8Array.of(0x03, 0x00);
/** What zlib asks for at a time. Four times as much makes a process 40 MB larger, and nothing faster. */
const OUTPUT_BYTES = 1 << 18;

/** Compresses on the thread pool. @param options.level 1 (fast) to 9 (small). */
export function deflatePiece(content: Uint8Array, options: { readonly level: number }): Promise<DeflatedPiece> {
  const flushed = { level: options.level, finishFlush: constants.Z_SYNC_FLUSH, chunkSize: OUTPUT_BYTES };
  const checksum = crc32(content);
  return new Promise((resolve, reject) => {
    deflateRaw(content, flushed, (error, bytes) =>
      error === null ? resolve({ bytes: [bytes], checksum, sizeBytes: content.byteLength }) : reject(error),
    );
  });
}

/** One gzip member (RFC 1952) of the pieces, in their order. */
export async function* gzipMember(
  pieces: AsyncIterable<DeflatedPiece> | Iterable<DeflatedPiece>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let checksum = 0;
  let sizeBytes = 0;
  yield gzipStart();
  for await (const piece of pieces) {
    yield* piece.bytes;
    checksum = combineCrc32(checksum, piece.checksum, piece.sizeBytes);
    sizeBytes += piece.sizeBytes;
  }
  yield gzipEnd({ checksum, sizeBytes });
}

/** What a member begins with: RFC 1952 section 2.3. */
export function gzipStart(): Buffer {
  const header = Buffer.alloc(10);
  header[0] = 0x1f; // ID1
  header[1] = 0x8b; // ID2
  header[2] = 8; // CM: deflate
  header[3] = 0; // FLG: no name, no comment, no extra field
  header.writeUInt32LE(0, 4); // MTIME: none
  header[8] = 0; // XFL
  header[9] = 255; // OS: unknown
  return header;
}

/** What a member ends with: the last block; then RFC 1952 section 2.3, CRC32 and ISIZE, the size modulo 2^32. */
export function gzipEnd({ checksum, sizeBytes }: { readonly checksum: number; readonly sizeBytes: number }): Buffer {
  const end = Buffer.alloc(LAST_BLOCK.byteLength + 8);
  end.set(LAST_BLOCK);
  end.writeUInt32LE(checksum, LAST_BLOCK.byteLength);
  end.writeUInt32LE(sizeBytes % 2 ** 32, LAST_BLOCK.byteLength + 4);
  return end;
}
