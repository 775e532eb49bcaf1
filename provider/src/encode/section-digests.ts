import { createHash, type Hash } from 'node:crypto';
import type { PlacedSection } from '../format/uki.js';

/** Takes the bytes of a file in their order, and holds the SHA-256 of each of its sections. */
export class SectionDigests {
  readonly #sections: readonly (PlacedSection & { readonly hash: Hash })[];
  #at = 0;

  constructor(sections: readonly PlacedSection[]) {
    this.#sections = sections.map((section) => ({ ...section, hash: createHash('sha256') }));
  }

  add(chunk: Uint8Array): void {
    for (const { offset, sizeBytes, hash } of this.#sections) {
      const from = Math.max(offset - this.#at, 0);
      const to = Math.min(offset + sizeBytes - this.#at, chunk.byteLength);
      if (from < to) hash.update(chunk.subarray(from, to));
    }
    this.#at += chunk.byteLength;
  }

  /** By name, in the order of the sections. To be asked once. */
  end(): { readonly name: string; readonly sha256: string }[] {
    return this.#sections.map(({ name, hash }) => ({ name, sha256: hash.digest('hex') }));
  }
}
