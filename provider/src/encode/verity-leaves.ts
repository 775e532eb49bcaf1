import { VERITY_BLOCK_BYTES, VerityHash } from '../format/verity.js';
import type { BlockImage, Piece } from './block-image.js';
import type { Span } from './block-span.js';
import { EncodeError } from './error.js';

const DIGEST_BYTES = 32;
/** Digests that are made and handed on at once. */
const BATCH_BLOCKS = 2048;

/**
 * The digests of the blocks of a part of an image, in order, in batches: the leaves of its hash tree. What is not data
 * counts as zeros.
 * @throws {EncodeError} `corrupt` when pieces overlap.
 */
export async function* verityLeaves(
  part: Span,
  {
    data,
    salt,
    signal,
  }: { readonly data: Pick<BlockImage, 'pieces'>; readonly salt: Uint8Array; readonly signal: AbortSignal },
): AsyncGenerator<Buffer, void, undefined> {
  const hashes = new VerityHash(salt);
  const blocks = part.sizeBytes / VERITY_BLOCK_BYTES;
  const open = Buffer.alloc(VERITY_BLOCK_BYTES);
  let batch = Buffer.allocUnsafe(Math.min(BATCH_BLOCKS, blocks) * DIGEST_BYTES);
  let done = 0;
  let openBytes = 0;
  const full: Buffer[] = [];
  const put = (block: Uint8Array | undefined): void => {
    const at = (done % BATCH_BLOCKS) * DIGEST_BYTES;
    if (block === undefined) batch.set(hashes.zero, at);
    else hashes.into(batch, at, block);
    done++;
    if (done % BATCH_BLOCKS !== 0) return;
    full.push(batch);
    batch = Buffer.allocUnsafe(Math.min(BATCH_BLOCKS, blocks - done) * DIGEST_BYTES);
  };
  /** Ends the open block, and passes over blocks of zeros until that one begins. */
  const reach = (block: number): void => {
    if (openBytes > 0 && done < block) {
      put(open.subarray(0, openBytes));
      openBytes = 0;
    }
    while (done < block) put(undefined);
  };
  for await (const piece of data.pieces({ offset: part.offset, sizeBytes: part.sizeBytes })) {
    signal.throwIfAborted();
    const { bytes } = piece;
    for (let taken = 0; taken < bytes.byteLength; ) {
      const at = piece.offset - part.offset + taken;
      const within = at % VERITY_BLOCK_BYTES;
      const block = (at - within) / VERITY_BLOCK_BYTES;
      if (at < 0 || at >= part.sizeBytes || block < done || (block === done && within < openBytes))
        throw misplaced(piece);
      reach(block);
      const slice = bytes.subarray(taken, taken + VERITY_BLOCK_BYTES - within);
      taken += slice.byteLength;
      if (slice.byteLength === VERITY_BLOCK_BYTES) {
        put(slice);
        continue;
      }
      open.fill(0, openBytes, within);
      open.set(slice, within);
      openBytes = within + slice.byteLength;
    }
    yield* full.splice(0);
  }
  reach(blocks);
  yield* full.splice(0);
  if (done % BATCH_BLOCKS !== 0) yield batch.subarray(0, (done % BATCH_BLOCKS) * DIGEST_BYTES);
}

function misplaced({ offset }: Piece): EncodeError {
  return new EncodeError(
    'corrupt',
    `Cannot make a hash tree: the piece at ${offset} overlaps the one before it or lies outside of what was asked for`,
  );
}
