/**
 * The same bytes in blocks of exactly `blockBytes`, the last one perhaps shorter; no block for no bytes. What
 * depends on where chunks end, as compression does, becomes independent of how the bytes were read.
 * The chunks are not altered. Blocks are the caller's to keep, unless `reuse` says how long all chunks are together:
 * then a block may be overwritten when the next one is asked for, and a chunk that is a block already is given on.
 */
export async function* blocksOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  blockBytes: number,
  { reuse }: { readonly reuse?: { readonly sizeBytes: number } } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  let block: Buffer | undefined;
  let filled = 0;
  let left = reuse?.sizeBytes ?? 0;
  for await (const chunk of chunks) {
    const isBlock = chunk.byteLength === Math.min(blockBytes, left);
    left -= chunk.byteLength;
    if (reuse !== undefined && filled === 0 && isBlock && chunk.byteLength > 0) {
      yield chunk;
      continue;
    }
    for (let taken = 0; taken < chunk.byteLength; ) {
      block ??= Buffer.allocUnsafe(blockBytes);
      const piece = chunk.subarray(taken, taken + blockBytes - filled);
      block.set(piece, filled);
      taken += piece.byteLength;
      filled += piece.byteLength;
      if (filled < blockBytes) continue;
      yield block;
      if (reuse === undefined) block = undefined;
      filled = 0;
    }
  }
  if (filled > 0 && block !== undefined) yield block.subarray(0, filled);
}
