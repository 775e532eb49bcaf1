import type { Attestation } from '../../model/index.js';
import type { AssembleInput } from '../assemble-input.js';

export type SbomFormat = 'spdx' | 'cyclonedx';

/** What an SBOM is made of, besides the tree. */
export interface SbomInput extends AssembleInput {
  /** By reference text, of the container images that have any. */
  readonly attestations?: ReadonlyMap<string, readonly Attestation[]>;
}
