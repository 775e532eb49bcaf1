import type { Compression } from '../../format/decompress.js';

/** What compressed data begins with: RFC 1952 section 2.3.1, RFC 8878 section 3.1.1, The .xz File Format 2.1.1.1. */
const MAGICS: readonly (readonly [Compression, Buffer])[] = [
  ['gzip', Buffer.from([0x1f, 0x8b, 0x08])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
  ['xz', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
];
const LONGEST = 6;

/**
 * How some bytes are compressed in truth: media types are often wrong about it, and the digest of the uncompressed
 * bytes shows in the end who was right. Zstd data that begins with a skippable frame is known by its media type alone.
 */
export async function sniffed(
  chunks: AsyncIterable<Uint8Array>,
  told: Compression,
): Promise<{ readonly chunks: AsyncIterable<Uint8Array>; readonly compression: Compression }> {
  const input = chunks[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  while (heldBytes < LONGEST) {
    const next = await input.next();
    if (next.done === true) break;
    held.push(next.value);
    heldBytes += next.value.byteLength;
  }
  const all = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* held;
      for (let next = await input.next(); next.done !== true; next = await input.next()) yield next.value;
    } finally {
      await input.return?.();
    }
  };
  return { chunks: all(), compression: compressionOf(Buffer.concat(held), told) };
}

export function compressionOf(start: Uint8Array, told: Compression): Compression {
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength);
  for (const [compression, magic] of MAGICS) if (bytes.subarray(0, magic.length).equals(magic)) return compression;
  return told === 'zstd' ? told : 'none';
}
