import type { Digest } from '../../model/index.js';
import type { AssembleInput } from '../assemble-input.js';

export type SbomFormat = 'spdx' | 'cyclonedx';

/** What somebody else says is in an image: an in-toto statement that was found beside it. */
export interface Attestation {
  /** Of the statement's bytes. */
  readonly digest: Digest;
  readonly bytes: Uint8Array;
}

/** What an SBOM is made of, besides the tree. */
export interface SbomInput extends AssembleInput {
  /** By reference text, of the container images that have any. */
  readonly attestations?: ReadonlyMap<string, readonly Attestation[]>;
}
