import { createHash, type Hash } from 'node:crypto';
import { zeros } from './block-bytes.js';
import type { Piece } from './block-image.js';
import type { Span } from './block-span.js';

/** What clouds address and send a disk by: EBS direct APIs, "BlockSize". */
export const DISK_BLOCK_BYTES = 512 * 1024;

/** Digests the blocks of 512 KiB of a part of an image, counted from its begin; what no piece has counts as zeros. */
export class BlockDigester {
  readonly #part: Span;
  readonly #digests: Buffer[] = [];
  #hash: Hash = createHash('sha256');
  /** Bytes that are digested. */
  #done = 0;

  constructor(part: Span) {
    this.#part = part;
  }

  /** Pieces come by offset, and lie in the part. */
  add({ offset, bytes }: Piece): void {
    this.#zerosTo(offset - this.#part.offset);
    this.#take(bytes);
  }

  /** All digests, in order. A last block that is shorter has one of what there is. */
  end(): Buffer {
    this.#zerosTo(this.#part.sizeBytes);
    if (this.#done % DISK_BLOCK_BYTES !== 0) this.#digests.push(this.#hash.digest());
    return Buffer.concat(this.#digests);
  }

  #zerosTo(end: number): void {
    for (const bytes of zeros(end - this.#done)) this.#take(bytes);
  }

  #take(bytes: Uint8Array): void {
    for (let taken = 0; taken < bytes.byteLength; ) {
      const part = bytes.subarray(taken, taken + DISK_BLOCK_BYTES - (this.#done % DISK_BLOCK_BYTES));
      this.#hash.update(part);
      this.#done += part.byteLength;
      taken += part.byteLength;
      if (this.#done % DISK_BLOCK_BYTES !== 0) continue;
      this.#digests.push(this.#hash.digest());
      this.#hash = createHash('sha256');
    }
  }
}
