import { hash } from 'node:crypto';
import { FormatError } from './error.js';

/**
 * dm-verity with SHA-256 and blocks of 4096 bytes, as the kernel's Documentation/admin-guide/device-mapper/verity.rst
 * and cryptsetup's "DMVerity" page have them: version 1, the salt before the block, levels from the root down.
 */

export const VERITY_BLOCK_BYTES = 4096;
const DIGEST_BYTES = 32;
/** A hash block has as many digests (verity.rst, "Hash Tree"). */
const DIGESTS_PER_BLOCK = VERITY_BLOCK_BYTES / DIGEST_BYTES;
/** The superblock's field has as many bytes. */
const MAX_SALT_BYTES = 256;

/** Hashes blocks with one salt. */
export class VerityHash {
  readonly salt: Uint8Array;
  readonly #salted: Buffer;
  readonly #block: Buffer;
  #zero: Buffer | undefined;

  /** @throws {FormatError} `out-of-range` for a salt of more than 256 bytes. */
  constructor(salt: Uint8Array) {
    if (salt.byteLength > MAX_SALT_BYTES) {
      throw new FormatError('out-of-range', `Cannot use a salt of ${salt.byteLength} bytes; at most 256 fit the field`);
    }
    this.salt = Uint8Array.from(salt);
    this.#salted = Buffer.alloc(salt.byteLength + VERITY_BLOCK_BYTES);
    this.#salted.set(salt);
    this.#block = this.#salted.subarray(salt.byteLength);
  }

  /** Writes the digest of a block to `target` at `offset`. What the block lacks of 4096 bytes counts as zeros. */
  into(target: Buffer, offset: number, block: Uint8Array): void {
    this.#block.set(block);
    if (block.byteLength < VERITY_BLOCK_BYTES) this.#block.fill(0, block.byteLength);
    // A string of 32 characters costs a fifth less than a buffer of 32 bytes.
    target.write(hash('sha256', this.#salted, 'binary'), offset, DIGEST_BYTES, 'latin1');
  }

  /** The digest of a block of zeros. */
  get zero(): Uint8Array {
    if (this.#zero === undefined) {
      this.#zero = Buffer.alloc(DIGEST_BYTES);
      this.into(this.#zero, 0, new Uint8Array());
    }
    return this.#zero;
  }
}

/** Where a level of a tree lies, in blocks from the tree's begin. */
export interface VerityLevel {
  readonly block: number;
  readonly blocks: number;
}

/**
 * The levels of the tree over so many data blocks, the leaves' level first; it lies last. A single data block needs no
 * level: its own digest is the root hash.
 * @throws {FormatError} `out-of-range` for less than one block, or more than a number is exact for.
 */
export function verityLevels(dataBlocks: number): VerityLevel[] {
  if (!Number.isSafeInteger(dataBlocks) || dataBlocks < 1) {
    throw new FormatError('out-of-range', `Cannot make a hash tree over ${dataBlocks} blocks; wanted 1 or more`);
  }
  const sizes: number[] = [];
  for (let count = dataBlocks; count > 1; ) {
    count = Math.ceil(count / DIGESTS_PER_BLOCK);
    sizes.push(count);
  }
  let block = sizes.reduce((sum, size) => sum + size, 0);
  return sizes.map((blocks) => {
    block -= blocks;
    return { block, blocks };
  });
}

/** Takes the digests of a level in order, and holds the digests of their blocks: those of the next level. */
export class VerityFold {
  readonly #hash: VerityHash;
  readonly #block = Buffer.alloc(VERITY_BLOCK_BYTES);
  #filled = 0;
  #folded = Buffer.alloc(VERITY_BLOCK_BYTES);
  #foldedBytes = 0;

  constructor(hashes: VerityHash) {
    this.#hash = hashes;
  }

  add(digests: Uint8Array): void {
    for (let taken = 0; taken < digests.byteLength; ) {
      const part = digests.subarray(taken, taken + VERITY_BLOCK_BYTES - this.#filled);
      this.#block.set(part, this.#filled);
      this.#filled += part.byteLength;
      taken += part.byteLength;
      if (this.#filled === VERITY_BLOCK_BYTES) this.#fold();
    }
  }

  /** Digests of all blocks, the last one filled up with zeros. Nothing can be added afterwards. */
  end(): Buffer {
    if (this.#filled > 0) this.#fold();
    return this.#folded.subarray(0, this.#foldedBytes);
  }

  #fold(): void {
    if (this.#foldedBytes === this.#folded.byteLength) this.#folded = Buffer.concat([this.#folded, this.#folded]);
    this.#hash.into(this.#folded, this.#foldedBytes, this.#block.subarray(0, this.#filled));
    this.#foldedBytes += DIGEST_BYTES;
    this.#filled = 0;
  }
}

/** What lies above the leaves' level. */
export interface VerityTop {
  readonly rootHash: Buffer;
  /** All levels but the leaves', each filled up to a whole block, the root's first: they lie at the tree's begin. */
  readonly upper: Buffer;
}

/**
 * Builds the upper levels.
 * @param digests of the blocks of the leaves' level; of the data block itself where there is only one.
 */
export function verityTop(digests: Buffer, hashes: VerityHash): VerityTop {
  const levels: Buffer[] = [];
  let level = digests;
  while (level.byteLength > DIGEST_BYTES) {
    const whole = Buffer.alloc(Math.ceil(level.byteLength / VERITY_BLOCK_BYTES) * VERITY_BLOCK_BYTES);
    whole.set(level);
    levels.unshift(whole);
    const fold = new VerityFold(hashes);
    fold.add(level);
    level = fold.end();
  }
  return { rootHash: Buffer.from(level), upper: Buffer.concat(levels) };
}

export interface VeritySuperblock {
  /** In its usual notation. */
  readonly uuid: string;
  readonly dataBlocks: number;
  readonly salt: Uint8Array;
}

/**
 * The block before the tree, by which tools know what it is (cryptsetup's "Verity superblock format").
 * @throws {FormatError} `out-of-range` for a UUID or a number that does not fit.
 */
export function veritySuperblock({ uuid, dataBlocks, salt }: VeritySuperblock): Buffer {
  const block = Buffer.alloc(VERITY_BLOCK_BYTES);
  block.write('verity\0\0', 0, 'latin1'); // signature
  block.writeUInt32LE(1, 8); // version of the superblock
  block.writeUInt32LE(1, 12); // hash type: 1, not Chrome OS's 0
  block.set(uuidBytes(uuid), 16);
  block.write('sha256', 32, 'latin1'); // algorithm, 32 bytes
  block.writeUInt32LE(VERITY_BLOCK_BYTES, 64); // of data
  block.writeUInt32LE(VERITY_BLOCK_BYTES, 68); // of hashes
  block.writeBigUInt64LE(BigInt(dataBlocks), 72);
  if (salt.byteLength > MAX_SALT_BYTES) {
    throw new FormatError('out-of-range', `Cannot write a salt of ${salt.byteLength} bytes; at most 256 fit the field`);
  }
  block.writeUInt16LE(salt.byteLength, 80); // salt_size; 6 bytes follow that say nothing
  block.set(salt, 88);
  return block;
}

function uuidBytes(uuid: string): Buffer {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) {
    throw new FormatError('out-of-range', `Cannot write the uuid ${JSON.stringify(uuid)}: wanted 8-4-4-4-12 digits`);
  }
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}
