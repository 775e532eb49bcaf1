import { mapInOrder } from '../format/map-in-order.js';
import { release } from '../format/release.js';
import type { EncodeContext, Part } from './context.js';

const CHUNK_BYTES = 1 << 20;
/** Two chunks are read while a third is written by whoever takes them. */
const IN_FLIGHT = 3;

/** The bytes of parts, one behind the other. A chunk is overwritten when the next one is asked for. */
export async function* partBytes(
  parts: AsyncIterable<Part> | Iterable<Part>,
  { readInto, signal }: Pick<EncodeContext, 'readInto' | 'signal'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const rooms: Buffer<ArrayBuffer>[] = [];
  let next = 0;
  const filled = async (part: Part): Promise<Uint8Array> => {
    if ('bytes' in part) return part.bytes;
    const room = next++ % IN_FLIGHT;
    rooms[room] ??= Buffer.allocUnsafeSlow(CHUNK_BYTES);
    const bytes = rooms[room].subarray(0, part.sizeBytes);
    await readInto(part, bytes);
    return bytes;
  };
  try {
    for await (const bytes of mapInOrder(chunksOf(parts), filled, { inFlight: IN_FLIGHT })) {
      signal.throwIfAborted();
      yield bytes;
    }
  } finally {
    release(rooms);
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
