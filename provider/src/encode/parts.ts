import { mapInOrder } from '../format/map-in-order.js';
import type { EncodeContext, Part } from './context.js';

const CHUNK_BYTES = 1 << 20;
/** Two chunks are read while a third is written by whoever takes them. */
const IN_FLIGHT = 3;

/** The bytes of parts, one behind the other. A chunk is overwritten when the next one is asked for. */
export async function* partBytes(
  parts: AsyncIterable<Part> | Iterable<Part>,
  { readInto, signal }: Pick<EncodeContext, 'readInto' | 'signal'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const rooms = Array.from({ length: IN_FLIGHT }, () => Buffer.allocUnsafe(CHUNK_BYTES));
  let next = 0;
  const filled = async (part: Part): Promise<Uint8Array> => {
    if ('bytes' in part) return part.bytes;
    const bytes = (rooms[next++ % IN_FLIGHT] as Buffer).subarray(0, part.sizeBytes);
    await readInto(part, bytes);
    return bytes;
  };
  for await (const bytes of mapInOrder(chunksOf(parts), filled, { inFlight: IN_FLIGHT })) {
    signal.throwIfAborted();
    yield bytes;
  }
}

async function* chunksOf(parts: AsyncIterable<Part> | Iterable<Part>): AsyncGenerator<Part, void, undefined> {
  for await (const part of parts) {
    if ('bytes' in part) {
      yield part;
      continue;
    }
    const { blob, offset, sizeBytes } = part;
    for (let done = 0; done < sizeBytes; done += CHUNK_BYTES) {
      yield { blob, offset: offset + done, sizeBytes: Math.min(CHUNK_BYTES, sizeBytes - done) };
    }
  }
}
