import type { BlockImage } from './block-image.js';
import { endOf, type Span, wholeOf } from './block-span.js';

const ZEROS = Buffer.alloc(1 << 20);

/**
 * All the bytes of an image, or of a part of it, by offset; what is not data stands as zeros. A chunk may be overwritten
 * when the next one is asked for, and is not to be written to: all zeros are the same megabyte.
 */
export async function* blockBytes(
  image: BlockImage,
  span: Span = wholeOf(image),
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = span.offset;
  for await (const { offset, bytes } of image.pieces(span)) {
    if (offset < at || offset + bytes.byteLength > endOf(span)) {
      throw new RangeError(`Cannot give the bytes of a block image: a piece lies at ${offset}; wanted it behind ${at}`);
    }
    yield* zeros(offset - at);
    yield bytes;
    at = offset + bytes.byteLength;
  }
  yield* zeros(endOf(span) - at);
}

/** So many zeros, in chunks that all share their memory. */
export function* zeros(sizeBytes: number): Generator<Uint8Array, void, undefined> {
  for (let left = sizeBytes; left > 0; left -= ZEROS.byteLength) yield ZEROS.subarray(0, left);
}
