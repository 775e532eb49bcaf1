import type { BlobRange } from '../model/layer.js';
import type { BlockImage, Piece } from './block-image.js';
import { endOf, overlap, type Span } from './block-span.js';
import type { EncodeContext } from './context.js';

/** Bytes that are known already, as an image that is data throughout. */
export function bytesImage(bytes: Uint8Array): BlockImage {
  return dataImage(bytes.byteLength, async function* ({ offset, sizeBytes }) {
    yield { offset, bytes: bytes.subarray(offset, offset + sizeBytes) };
  });
}

/** Of which memory does not run full when a part is asked for by itself, and which a disk is quickly filled with. */
const CHUNK_BYTES = 1 << 18;

/** Bytes in the content store, as an image that is data throughout. They are read when they are asked for. */
export function storedImage(range: BlobRange, context: Pick<EncodeContext, 'readInto' | 'signal'>): BlockImage {
  return dataImage(range.sizeBytes, async function* (span) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, span.sizeBytes));
    for (let offset = span.offset; offset < endOf(span); offset += buffer.byteLength) {
      context.signal.throwIfAborted();
      const bytes = buffer.subarray(0, endOf(span) - offset);
      await context.readInto({ blob: range.blob, offset: range.offset + offset, sizeBytes: bytes.byteLength }, bytes);
      yield { offset, bytes };
    }
  });
}

/** So many zeros that are read, or bytes that nobody reads. */
export function emptyImage(sizeBytes: number, kind: 'zero' | 'unused'): BlockImage {
  return {
    sizeBytes,
    extents: sizeBytes === 0 ? [] : [{ offset: 0, sizeBytes, kind }],
    regions: [],
    pieces: async function* () {},
  };
}

function dataImage(sizeBytes: number, read: (span: Span) => AsyncIterable<Piece>): BlockImage {
  const whole = { offset: 0, sizeBytes };
  return {
    sizeBytes,
    extents: sizeBytes === 0 ? [] : [{ ...whole, kind: 'data' }],
    regions: [],
    pieces: async function* (span = whole) {
      const within = overlap(whole, span);
      if (within !== undefined) yield* read(within);
    },
  };
}
