/**
 * The same bytes in blocks of exactly `blockBytes`, the last one perhaps shorter; no block for no bytes. What
 * depends on where chunks end, as compression does, becomes independent of how the bytes were read.
 * The chunks are not altered. Blocks are the caller's to keep, unless they may be overwritten when the next one is
 * asked for: then memory stays as it is, and chunks that are blocks already are given on.
 */
export async function* blocksOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  blockBytes: number,
  options: { readonly reuse?: boolean } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  let block: Buffer | undefined;
  let filled = 0;
  for await (const chunk of chunks) {
    if (options.reuse === true && filled === 0 && chunk.byteLength === blockBytes) {
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
      if (options.reuse !== true) block = undefined;
      filled = 0;
    }
  }
  if (filled > 0 && block !== undefined) yield block.subarray(0, filled);
}
