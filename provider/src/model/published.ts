import type { Format } from './artifact.js';
import type { Digest } from './digest.js';

/**
 * Who says that a published image is needed. An image can be adopted more than once (two stacks, or going back to an older
 * one), so each resource writes a claim of its own, and only the last one that goes takes the image with it.
 */
export interface Claim {
  /** Made by whoever creates the resource; what deletes the resource knows it from the state. */
  readonly nonce: string;
  readonly urn: string;
  /** How many replaced generations of the resource stay. */
  readonly keep: number;
}

/** An artifact under a provider's name. */
export interface Published {
  /** Of the provider: of a file, its absolute path. */
  readonly id: string;
  readonly image: Digest;
  readonly format: Format;
  readonly sizeBytes: number;
  /** Of all its bytes, hexadecimal; images of older versions have none. */
  readonly sha256?: string;
  /** Of a disk that firmware boots: by what its boot can be told from any other, as plain JSON. */
  readonly boot?: unknown;
}

/** What is published, and who still needs it. */
export interface PublishedImage extends Published {
  /** Of resources that use it. */
  readonly claims: readonly Claim[];
  /** Of resources that it was a generation of, and that keep it to go back to. */
  readonly kept: readonly Claim[];
}
