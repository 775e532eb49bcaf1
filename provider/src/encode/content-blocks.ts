import type { BlobRange } from '../model/layer.js';
import type { BlockImage, Piece } from './block-image.js';
import { overlap, type Span } from './block-span.js';
import type { EncodeContext } from './context.js';

/** Bytes that are known already, as an image that is data throughout. */
export function bytesImage(bytes: Uint8Array): BlockImage {
  return dataImage(bytes.byteLength, async function* ({ offset, sizeBytes }) {
    yield { offset, bytes: bytes.subarray(offset, offset + sizeBytes) };
  });
}

/** Bytes in the content store, as an image that is data throughout. They are read when they are asked for. */
export function storedImage(range: BlobRange, context: Pick<EncodeContext, 'read'>): BlockImage {
  return dataImage(range.sizeBytes, async function* ({ offset, sizeBytes }) {
    let at = offset;
    for await (const bytes of context.read({ blob: range.blob, offset: range.offset + offset, sizeBytes })) {
      yield { offset: at, bytes };
      at += bytes.byteLength;
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
