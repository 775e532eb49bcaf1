import type { Digest } from './digest.js';

/** What its maker says of a container image, as it lies beside it: an in-toto statement. Not looked into. */
export interface Attestation {
  /** Of the bytes. */
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}
