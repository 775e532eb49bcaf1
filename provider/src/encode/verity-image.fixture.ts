import type { BlockImage, Extent, Region } from './block-image.js';

/** Block images in memory, and how they are hashed: for tests only. */
export const BLOCK = 4096;
export const SALT = Buffer.alloc(32, 0xab);
export const UUID = '6d9cfd2b-33b7-4a43-9a5e-0123456789ab';
export const OPTIONS = { salt: SALT, uuid: UUID };

/** Extents of all kinds that do not begin where blocks do, and bytes that are zeros where there is no data. */
export function sparse(): { readonly data: Buffer; readonly extents: readonly Extent[] } {
  const data = noise(400 * BLOCK);
  data.fill(0, 1000, 150 * BLOCK + 7);
  data.fill(0, 300 * BLOCK);
  return {
    data,
    extents: [
      { offset: 0, sizeBytes: 1000, kind: 'data' },
      { offset: 1000, sizeBytes: 140 * BLOCK - 1000, kind: 'unused' },
      { offset: 140 * BLOCK, sizeBytes: 10 * BLOCK + 7, kind: 'zero' },
      { offset: 150 * BLOCK + 7, sizeBytes: 150 * BLOCK - 7, kind: 'data' },
      { offset: 300 * BLOCK, sizeBytes: 100 * BLOCK, kind: 'unused' },
    ],
  };
}

/** An image of what lies in memory; what is not in an extent reads as zeros. */
export function imageOf(
  bytes: Uint8Array,
  rest: { readonly extents?: readonly Extent[]; readonly regions?: readonly Region[]; readonly chunk?: number } = {},
): BlockImage & { readonly asked: number[] } {
  const asked: number[] = [];
  const extents = rest.extents ?? [{ offset: 0, sizeBytes: bytes.length, kind: 'data' as const }];
  return {
    sizeBytes: bytes.length,
    extents,
    regions: rest.regions ?? [],
    asked,
    async *pieces(span = { offset: 0, sizeBytes: bytes.length }) {
      asked.push(span.offset);
      for (const { offset, sizeBytes, kind } of extents) {
        if (kind !== 'data') continue;
        const end = Math.min(offset + sizeBytes, span.offset + span.sizeBytes);
        const shared = Buffer.alloc(rest.chunk ?? 10_000);
        for (let at = Math.max(offset, span.offset); at < end; ) {
          const length = Math.min(shared.length, end - at);
          shared.set(bytes.subarray(at, at + length));
          yield { offset: at, bytes: shared.subarray(0, length) };
          at += length;
        }
      }
    },
  };
}

/** All bytes, or those of a span. */
export async function bytesOf(image: BlockImage, span?: { offset: number; sizeBytes: number }): Promise<Buffer> {
  const bytes = Buffer.alloc(span?.sizeBytes ?? image.sizeBytes);
  for await (const piece of image.pieces(span)) bytes.set(piece.bytes, piece.offset - (span?.offset ?? 0));
  return bytes;
}

/** Bytes that do not repeat. */
export function noise(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  let state = 1;
  for (let i = 0; i + 4 <= sizeBytes; i += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes.writeUInt32LE(state, i);
  }
  return bytes;
}
